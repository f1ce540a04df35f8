/* SPDX-License-Identifier: MIT */
/* main.c - portlock-bench: locks, measured side by side. */
#include "config.h"

#include "bench/report.h"
#include "bench/run.h"

int main(int argc, char **argv)
{
	struct results results = { 0 };
	struct options options;

	options_read(&options, argc, argv);
	run_all(&options, &results);
	report_table(stdout, &options, &results);
	results_free(&results);
	return 0;
}
