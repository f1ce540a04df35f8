/* SPDX-License-Identifier: MIT */
/* run.h - what portlock run was asked for. */
#ifndef PORTLOCK_CLI_RUN_H
#define PORTLOCK_CLI_RUN_H

#include <stdbool.h>
#include <stdint.h>

struct request {
	const char *key;
	char **command;
	const char *transport; /* NULL: the default */
	const char *timeout;   /* as it was given; NULL: it was not */
	int64_t timeout_ms;    /* negative: for ever */
	bool nonblock;
	bool verbose;
	int conflict_status;
	/* For transport etcd; NULL or 0: the default. */
	const char *endpoints, *prefix;
	int ttl_s;
	const char *on_lost; /* "kill", "warn" */
	const char *foreign; /* an option that is for etcd only; NULL: none */
};

/* ---- run_lock.c ------------------------------------------------------------ */

/* Gets the lock and runs the command under it; the status to exit with. */
int run_locked(const struct request *request);

#endif
