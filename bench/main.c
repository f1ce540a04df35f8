/* SPDX-License-Identifier: MIT */
/* main.c - portlock-bench: locks, measured side by side. */
#include "config.h"

#include "bench/calls.h"
#include "bench/report.h"
#include "bench/run.h"

int main(int argc, char **argv)
{
	struct results results = { 0 };
	struct options options;
	int status;

	calls_main(argc, argv);
	options_read(&options, argc, argv);
	report_begin(&options);
	run_all(&options, &results);
	status = report_end(&results);
	results_free(&results);
	return status;
}
