/* SPDX-License-Identifier: MIT */
/* lockfile.c - to make a lock file, with or without waiting for it.
 *
 * Who asks for the lock of a file that it has not opened yet waits for its
 * turn.  Who has opened it before gets what it would get without us, EEXIST,
 * unless the lock's maker is dead.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "shim/lockfile.h"

/* The file is made, but the caller must not have it: as if it had been there. */
static int take_back(struct lockfile_call *call, struct lockfile_entry *entry,
		     int fd)
{
	if (call->stream)
		fclose(call->stream);
	else if (call->opens)
		REAL(close)(fd);
	REAL(remove)(entry->path);
	errno = EEXIST;
	return -1;
}

static int create_at_once(struct lockfile_call *call,
			  struct lockfile_entry *entry,
			  struct lockfile_seen *seen)
{
	int result = call->make(call);

	if (result < 0 && errno == EEXIST &&
	    lockfile_look(entry) == LOCKFILE_DEAD)
		result = call->make(call);
	if (result < 0 || lockfile_seen_recheck(seen, entry->path))
		return result;
	shim_log(SHIM_LOCKFILE, entry->path,
		 "refused, as what it protects was opened before and has "
		 "changed since");
	return take_back(call, entry, result);
}

/* *made: the entry's file is there, marked. */
static int create(struct lockfile_call *call, struct lockfile_entry *entry,
		  bool *made)
{
	const struct shim_rule *rule = NULL;
	struct lockfile_seen *seen;
	int result;

	if (lockfile_resolve(call->directory, call->path, entry->path,
			     &entry->base))
		rule = shim_rule_find(SHIM_LOCKFILE, entry->path);
	if (!rule)
		return call->make(call);
	seen = lockfile_seen_find(entry->path);
	result = seen ? create_at_once(call, entry, seen)
		      : lockfile_wait(call, entry, rule);
	*made = result >= 0 && (call->opens || call->makes_directory) &&
		lockfile_mark(entry, call->opens ? result : -1);
	return result;
}

int lockfile_create(struct lockfile_call *call)
{
	struct lockfile_entry *entry;
	bool made = false;
	int result, error, cancel;

	if (!lockfile_fits(call->path) || !shim_enter())
		return call->make(call);
	/* A wait that is cancelled would keep its turn for ever. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	entry = lockfile_claim();
	result = entry ? create(call, entry, &made) : call->make(call);
	error = errno;
	if (entry)
		lockfile_settle(entry, made);
	pthread_setcancelstate(cancel, NULL);
	shim_leave();
	errno = error;
	return result;
}
