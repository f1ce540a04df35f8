/* SPDX-License-Identifier: MIT */
/* cmd_wait.c - portlock wait: until a lock is free, without taking it.
 *
 * Only who joins the queue is woken, and would get the lock; so the kernel's
 * table is looked at again and again.
 */
#include "config.h"

#include <getopt.h>
#include <string.h>
#include <time.h>

#include "lib/cli/show/show.h"
#include "lib/look/table.h"

#define FIRST_PAUSE PL_MSEC
#define LONGEST_PAUSE (50 * PL_MSEC)

/* Whether the gate is bound: 1, 0, or -errno. */
static int is_held(const char *gate)
{
	struct table table;
	int result = table_read(&table, gate);

	if (result < 0)
		return result;
	result = table.gate_count > 0;
	table_free(&table);
	return result;
}

/* As is_held(), 0 or at the deadline. */
static int wait_until_free(const char *gate, int64_t deadline)
{
	int64_t pause = FIRST_PAUSE;
	int result;

	while ((result = is_held(gate)) > 0 && !pl_expired(deadline)) {
		int64_t end = pl_now(CLOCK_MONOTONIC) + pause;

		pl_poll(NULL, 0, end < deadline ? end : deadline);
		pause = 2 * pause < LONGEST_PAUSE ? 2 * pause : LONGEST_PAUSE;
	}
	return result;
}

static int wait_for(const char *key, const char *timeout, int64_t timeout_ms)
{
	struct pl_address address;
	struct place place = { .gate = address.name };
	char text[SENTENCE_SIZE];
	int held;

	pl_address_of_key(&address, key);
	held = wait_until_free(address.name, pl_deadline_after(timeout_ms));
	if (held == 0)
		return 0;
	if (held < 0) {
		complain("cannot read the kernel's socket tables: %s",
			 strerror(-held));
		return EXIT_SYSTEM;
	}
	if (!explain_busy(text, &place))
		strcpy(text, "somebody has it");
	complain("%s: not free within %s s: %s", key, timeout, text);
	return EXIT_BUSY;
}

static int run(int argc, char **argv)
{
	static const char short_options[] = ":t:h";
	static const struct option options[] = {
		{ "timeout", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *timeout = NULL;
	int64_t timeout_ms = -1;
	int option, status = 0;

	while (status == 0 && (option = getopt_long(argc, argv, short_options,
						    options, NULL)) != -1) {
		if (option == 'h')
			return print_help(&verb_wait);
		if (option == 't') {
			timeout = optarg;
			status = take_seconds(&verb_wait, timeout, &timeout_ms);
		} else {
			status = misuse_of_option(&verb_wait, argv,
						  short_options, option);
		}
	}
	if (status)
		return status;
	status = take_key(&verb_wait, argv + optind, "nightly-backup");
	return status ? status : wait_for(argv[optind], timeout, timeout_ms);
}

const struct verb verb_wait = {
	.name = "wait",
	.summary = "wait until a lock is free, without taking it",
	.help = "Usage: portlock wait KEY [-t SECONDS]\n"
		"Waits until nobody holds the lock named KEY, or waits for "
		"it in its queue.\n\n"
		"  -t, --timeout SECONDS  wait no longer (fractions are "
		"allowed)\n"
		"  -h, --help             print this and exit\n\n"
		"It does not take the lock: when it ends, somebody else can "
		"have it again. To do\n"
		"something while nobody has it, use 'portlock run'.\n\n"
		"Exit status: 0 free, 1 not in time, 64 misuse, 71 system "
		"error.\n",
	.options = "-t SECONDS or --help, or '--' before a KEY that begins "
		   "with '-'",
	.run = run,
};
