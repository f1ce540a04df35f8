/* SPDX-License-Identifier: MIT */
/* main.c - portlock-bench: locks, measured side by side. */
#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include "bench/calls.h"
#include "bench/report.h"
#include "bench/run.h"

/* One that is closed is filled, with what cannot be used: a file that is opened
 * later would be taken for it, and get the table or an error into it. */
static void fill_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null",
			     fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
	struct results results = { 0 };
	struct options options;
	int status;

	fill_standard_files();
	calls_main(argc, argv);
	options_read(&options, argc, argv);
	report_begin(&options);
	run_all(&options, &results);
	status = report_end(&results);
	results_free(&results);
	return status;
}
