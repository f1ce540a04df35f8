/* SPDX-License-Identifier: MIT */
/* cmd_run.c - portlock run: holds a lock while a command runs. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <portlock/portlock.h>

#include "lib/cli/show/show.h"
#include "lib/cli/supervise.h"

#define EXAMPLE "portlock run nightly-backup -- rsync -a /home /backup"

struct request {
	const char *key;
	char **command;
	const char *transport; /* NULL: the default */
	const char *timeout;   /* as it was given; NULL: it was not */
	int64_t timeout_ms;    /* negative: for ever */
	bool nonblock;
	bool verbose;
	int conflict_status;
};

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

/* Returns 0, or the status to exit with; -1: exit with 0. */
static int take_options(struct request *request, int argc, char **argv)
{
	static const char short_options[] = "+:t:nE:vh";
	static const struct option options[] = {
		{ "timeout", required_argument, NULL, 't' },
		{ "nonblock", no_argument, NULL, 'n' },
		{ "conflict-exit-code", required_argument, NULL, 'E' },
		{ "transport", required_argument, NULL, 'T' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option, status = 0;

	while (status == 0 && (option = getopt_long(argc, argv, short_options,
						    options, NULL)) != -1) {
		switch (option) {
		case 't':
			status = take_timeout(request, optarg);
			break;
		case 'n':
			request->nonblock = true;
			break;
		case 'E':
			status = take_status(request, optarg);
			break;
		case 'T':
			request->transport = optarg;
			break;
		case 'v':
			request->verbose = true;
			break;
		case 'h':
			status = print_help(&verb_run);
			return status ? status : -1;
		default:
			status = misuse_of_option(&verb_run, argv,
						  short_options, option);
		}
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

static int open_lock(portlock_t **lock, const struct request *request)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	const char *environment = getenv("PORTLOCK_TRANSPORT");
	int error;

	options.transport = request->transport;
	error = portlock_open(lock, request->key, &options);
	if (error == -EINVAL && request->transport)
		return misuse(&verb_run,
			      "unknown transport '%s': use tcp or unix",
			      request->transport);
	if (error == -EINVAL && environment)
		return misuse(&verb_run,
			      "PORTLOCK_TRANSPORT in the environment is '%s': "
			      "use tcp or unix",
			      environment);
	if (error)
		complain("%s: %s", request->key, portlock_strerror(error));
	return error ? EXIT_SYSTEM : 0;
}

/* Where the lock is; by transport unix, its ports are not asked for. */
static void find_place(struct place *place, const struct request *request,
		       const portlock_t *lock)
{
	const char *transport = request->transport;
	uint16_t ports[PORTLOCK_PORTS];

	if (!transport)
		transport = getenv("PORTLOCK_TRANSPORT");
	place->gate = portlock_gate(lock);
	portlock_ports(lock, ports);
	place->first_port =
		transport && strcmp(transport, "unix") == 0 ? 0 : ports[0];
}

static int explain_failure(const struct request *request,
			   const struct place *place, int error)
{
	bool busy = error == -ETIMEDOUT || error == -EBUSY;
	char text[SENTENCE_SIZE];

	if (!busy || !explain_busy(text, place))
		snprintf(text, sizeof(text), "%s", portlock_strerror(error));
	if (error == -ETIMEDOUT)
		complain("%s: not available within %s s: %s", request->key,
			 request->timeout, text);
	else
		complain("%s: %s", request->key, text);
	return busy ? request->conflict_status : EXIT_SYSTEM;
}

/* Until we hold the lock, signals do to us what they did. */
static int acquire(const struct request *request, const struct place *place,
		   portlock_t *lock)
{
	struct waiting *waiting = NULL;
	int error;

	if (request->nonblock)
		return portlock_try_lock(lock);
	if (request->verbose)
		waiting = waiting_begin(request->key, place);
	error = portlock_acquire_for(lock, request->timeout_ms);
	waiting_end(waiting);
	return error;
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

static int run_locked(const struct request *request)
{
	portlock_t *lock;
	struct place place;
	int status = open_lock(&lock, request);
	int error;

	if (status)
		return status;
	find_place(&place, request, lock);
	error = acquire(request, &place, lock);
	status = error ? explain_failure(request, &place, error)
		       : supervise(lock, request->command);
	portlock_close(lock);
	return status;
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
		"      --transport NAME           tcp (default) or unix\n"
		"  -v, --verbose                  after a second of waiting, "
		"tell for whom\n"
		"  -h, --help                     print this and exit\n\n"
		"Exit status: that of COMMAND, 128 + N if signal N killed it; "
		"1 lock not to be\n"
		"had, 64 misuse, 71 system error, 126 COMMAND cannot be run, "
		"127 not found.\n\n"
		"  " EXAMPLE "\n",
	.options = "-t SECONDS, -n, -E CODE, --transport NAME, -v or --help",
	.run = run,
};
