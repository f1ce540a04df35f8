/* SPDX-License-Identifier: MIT */
/* cmd_run.c - portlock run: holds a lock while a command runs. */
#include "config.h"

#include <ctype.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cli/cli.h"
#include "lib/cli/run.h"
#include "lib/etcd/protocol.h"

#define EXAMPLE "portlock run nightly-backup -- rsync -a /home /backup"

static int take_timeout(struct request *request, const char *value)
{
	request->timeout = value;
	return take_seconds(&verb_run, value, &request->timeout_ms);
}

static int take_status(struct request *request, const char *value)
{
	char *end;
	long status = strtol(value, &end, 10);

	if (!isdigit((unsigned char)*value) || *end || status > 255)
		return misuse(&verb_run, "'%s' is no exit status: use 0 to 255",
			      value);
	request->conflict_status = (int)status;
	return 0;
}

static int take_ttl(struct request *request, const char *value)
{
	char *end;
	long ttl = strtol(value, &end, 10);

	if (!isdigit((unsigned char)*value) || *end || ttl < SESSION_TTL_MIN ||
	    ttl > SESSION_TTL_MAX)
		return misuse(&verb_run,
			      "'%s' is no time for a lease: use %d to %d "
			      "(seconds)",
			      value, SESSION_TTL_MIN, SESSION_TTL_MAX);
	request->ttl_s = (int)ttl;
	return 0;
}

static int take_on_lost(struct request *request, const char *value)
{
	if (strcmp(value, "kill") != 0 && strcmp(value, "warn") != 0)
		return misuse(&verb_run,
			      "'%s' is nothing to do when the lock is lost: "
			      "use kill or warn",
			      value);
	request->on_lost = value;
	return 0;
}

enum { ENDPOINTS = 256, PREFIX, TTL, ON_LOST };

static int take_etcd_option(struct request *request, int option,
			    const char *value)
{
	switch (option) {
	case ENDPOINTS:
		request->foreign = "--endpoints";
		request->endpoints = value;
		return 0;
	case PREFIX:
		request->foreign = "--prefix";
		request->prefix = value;
		return 0;
	case TTL:
		request->foreign = "--ttl";
		return take_ttl(request, value);
	default:
		request->foreign = "--on-lost";
		return take_on_lost(request, value);
	}
}

static int take_option(struct request *request, int option, const char *value)
{
	switch (option) {
	case 't':
		return take_timeout(request, value);
	case 'n':
		request->nonblock = true;
		return 0;
	case 'E':
		return take_status(request, value);
	case 'T':
		request->transport = value;
		return 0;
	case 'v':
		request->verbose = true;
		return 0;
	default:
		return take_etcd_option(request, option, value);
	}
}

/* Returns 0, or the status to exit with; -1: exit with 0. */
static int take_options(struct request *request, int argc, char **argv)
{
	static const char short_options[] = "+:t:nE:vh";
	static const struct option options[] = {
		{ "timeout", required_argument, NULL, 't' },
		{ "nonblock", no_argument, NULL, 'n' },
		{ "conflict-exit-code", required_argument, NULL, 'E' },
		{ "transport", required_argument, NULL, 'T' },
		{ "endpoints", required_argument, NULL, ENDPOINTS },
		{ "prefix", required_argument, NULL, PREFIX },
		{ "ttl", required_argument, NULL, TTL },
		{ "on-lost", required_argument, NULL, ON_LOST },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option, status = 0;

	while (status == 0 && (option = getopt_long(argc, argv, short_options,
						    options, NULL)) != -1) {
		if (option == 'h') {
			status = print_help(&verb_run);
			return status ? status : -1;
		}
		if (option == '?' || option == ':')
			status = misuse_of_option(&verb_run, argv,
						  short_options, option);
		else
			status = take_option(request, option, optarg);
	}
	if (status == 0 && request->nonblock && request->timeout)
		status = misuse(&verb_run, "-n does not wait at all and -t "
					   "does: use one of them");
	return status;
}

static int take_arguments(struct request *request, char **argv)
{
	/* "run -n -- sleep 5": sleep is no key. */
	bool early = strcmp(argv[optind - 1], "--") == 0;

	request->key = argv[optind];
	request->command = argv + optind + (request->key != NULL);
	if (!request->key || strcmp(request->key, "--") == 0 ||
	    (early &&
	     (!*request->command || strcmp(*request->command, "--") != 0)))
		return misuse(&verb_run,
			      "KEY or COMMAND is missing, as in: " EXAMPLE);
	if (!*request->key)
		return misuse(&verb_run, "the KEY is empty: a key is any other "
					 "text, as in: " EXAMPLE);
	return take_command(&verb_run, &request->command, EXAMPLE);
}

/*
 * Closed standard descriptors must not become sockets of the lock, which a
 * message would then be written into.  The command finds them closed.
 */
static void occupy_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static int run(int argc, char **argv)
{
	struct request request = { .timeout_ms = -1,
				   .conflict_status = EXIT_BUSY };
	int status = take_options(&request, argc, argv);

	if (status < 0)
		return 0;
	if (status == 0)
		status = take_arguments(&request, argv);
	if (status)
		return status;
	occupy_standard_descriptors();
	return run_locked(&request);
}

const struct verb verb_run = {
	.name = "run",
	.summary = "hold a lock while a command runs",
	.help = "Usage: portlock run [OPTION]... KEY -- COMMAND [ARGUMENT]...\n"
		"Waits for the lock named KEY, holds it while COMMAND runs, "
		"and exits as COMMAND\n"
		"did. PORTLOCK_TOKEN in COMMAND's environment is a number "
		"that grows with each\n"
		"grant of the lock.\n\n"
		"  -t, --timeout SECONDS          wait no longer (fractions "
		"are allowed)\n"
		"  -n, --nonblock                 do not wait\n"
		"  -E, --conflict-exit-code CODE  exit with CODE, not 1, when "
		"the lock is not to\n"
		"                                 be had (0 to 255)\n"
		"      --transport NAME           tcp (default), unix, or "
		"etcd: a lock of many hosts\n"
		"      --endpoints URLS           of etcd, with commas "
		"between them\n"
		"      --prefix TEXT              how etcd's keys begin\n"
		"      --ttl SECONDS              how long etcd keeps the "
		"lock of a host that it\n"
		"                                 does not hear of (5 to "
		"3600)\n"
		"      --on-lost ACTION           if etcd's lock is lost: "
		"kill COMMAND and what it\n"
		"                                 has started (default), or "
		"warn\n"
		"  -v, --verbose                  after a second of waiting, "
		"tell for whom\n"
		"  -h, --help                     print this and exit\n\n"
		"Exit status: that of COMMAND, 128 + N if signal N killed it; "
		"1 lock not to be\n"
		"had, 64 misuse, 71 system error, 74 lock lost, 126 COMMAND "
		"cannot be run, 127 not\nfound.\n\n"
		"  " EXAMPLE "\n",
	.options = "-t SECONDS, -n, -E CODE, --transport NAME, --endpoints "
		   "URLS, --prefix TEXT, --ttl SECONDS, --on-lost ACTION, -v "
		   "or --help",
	.run = run,
};
