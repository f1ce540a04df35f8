/* SPDX-License-Identifier: MIT */
/* run_lock.c - portlock run: gets the lock, or says why not. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <portlock/portlock.h>

#include "lib/cli/run.h"
#include "lib/cli/show/show.h"
#include "lib/cli/supervise.h"
#include "lib/session.h"

/* How long a cluster that does not answer keeps us from our end. */
#define FINISH_MS 1000

#define WRONG_SETTING "a setting of etcd is not as it must be: "

/* ---- the handle ------------------------------------------------------------ */

static const char *transport_of_request(const struct request *request)
{
	const char *environment = getenv("PORTLOCK_TRANSPORT");

	if (request->transport)
		return request->transport;
	return environment && *environment ? environment : "tcp";
}

static bool is_etcd(const struct request *request)
{
	return strcmp(transport_of_request(request), "etcd") == 0;
}

static int check_transport(const struct request *request)
{
	const char *name = transport_of_request(request);
	bool known = is_etcd(request) || strcmp(name, "tcp") == 0 ||
		     strcmp(name, "unix") == 0;

	if (!known && request->transport)
		return misuse(&verb_run,
			      "unknown transport '%s': use tcp, unix or etcd",
			      name);
	if (!known)
		return misuse(&verb_run,
			      "PORTLOCK_TRANSPORT in the environment is '%s': "
			      "use tcp, unix or etcd",
			      name);
	if (request->foreign && !is_etcd(request))
		return misuse(&verb_run,
			      "%s is for transport etcd and this is %s: add "
			      "--transport etcd",
			      request->foreign, name);
	return 0;
}

/* What portlock-session is not even told. */
static void explain_settings(const char *key)
{
	char detail[PL_DETAIL_SIZE], text[SHOWN_SIZE];
	size_t length = strlen(key);

	if (pl_cluster_wrong_variable(detail)) {
		show_text(text, detail, NO_LIMIT);
		complain("%s: " WRONG_SETTING "%s", key, text);
	} else {
		complain("%.40s%s: a key and the settings of etcd have at most "
			 "%d bytes, and this key alone has %zu",
			 key, length > 40 ? "..." : "", SESSION_CONFIGURE_MAX,
			 length);
	}
}

static int open_lock(portlock_t **lock, const struct request *request)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	int status = check_transport(request), error;

	if (status)
		return status;
	options.transport = request->transport;
	options.endpoints = request->endpoints;
	options.prefix = request->prefix;
	options.ttl_s = request->ttl_s;
	error = portlock_open(lock, request->key, &options);
	if (error == -EINVAL && is_etcd(request))
		explain_settings(request->key);
	else if (error)
		complain("%s: %s", request->key, portlock_strerror(error));
	return error ? EXIT_SYSTEM : 0;
}

/* Where the lock is; only by transport tcp its ports are asked for. */
static void find_place(struct place *place, const struct request *request,
		       portlock_t *lock)
{
	bool has_ports = strcmp(transport_of_request(request), "tcp") == 0;
	uint16_t ports[PORTLOCK_PORTS];

	place->gate = portlock_gate(lock);
	portlock_ports(lock, ports);
	place->first_port = has_ports ? ports[0] : 0;
	place->cluster = is_etcd(request) ? lock : NULL;
}

/* ---- the lock ---------------------------------------------------------------- */

/* What is seen on this host, or has been heard of the cluster. */
static void find_reason(char text[SENTENCE_SIZE], const struct place *place,
			int error)
{
	bool busy = error == -ETIMEDOUT || error == -EBUSY;
	char detail[SENTENCE_SIZE];

	if (busy && explain_busy(text, place))
		return;
	explain_cluster(detail, place);
	if (error == -EINVAL && *detail) /* the key and all else is right */
		snprintf(text, SENTENCE_SIZE, WRONG_SETTING "%.1100s", detail);
	else if (busy && place->cluster && !*detail)
		strcpy(text, "other hosts of the cluster have it");
	else
		snprintf(text, SENTENCE_SIZE, "%s%s%.1100s",
			 portlock_strerror(error), *detail ? ": " : "", detail);
}

static int explain_failure(const struct request *request,
			   const struct place *place, int error)
{
	bool busy = error == -ETIMEDOUT || error == -EBUSY;
	char text[SENTENCE_SIZE];

	find_reason(text, place, error);
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

/* ---- under it ------------------------------------------------------------------ */

/* What is left of the lease when the lock counts as lost, the margin, is for
 * the end of the command and, half of it, for that of who does not obey. */
static int grace_of(const struct request *request)
{
	const char *variable = getenv("PORTLOCK_ETCD_TTL");
	int ttl = request->ttl_s;

	if (ttl == 0 && variable)
		ttl = atoi(variable);
	if (ttl < SESSION_TTL_MIN || ttl > SESSION_TTL_MAX)
		ttl = SESSION_TTL_DEFAULT;
	return SESSION_MARGIN(ttl) / 2;
}

static int run_under(portlock_t *lock, const struct request *request)
{
	bool warns = request->on_lost && strcmp(request->on_lost, "warn") == 0;
	const struct guard guard = {
		.key = request->key,
		.lost = portlock_lost_fd(lock),
		.ends_group = is_etcd(request) && !warns,
		.grace_ms = grace_of(request),
	};

	return supervise(lock, request->command, &guard);
}

int run_locked(const struct request *request)
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
		       : run_under(lock, request);
	/* A container may end with us, and the helper with it. */
	pl_session_finish(lock, FINISH_MS);
	portlock_close(lock);
	return status;
}
