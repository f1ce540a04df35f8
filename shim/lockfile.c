/* SPDX-License-Identifier: MIT */
/* lockfile.c - to make a lock file, with or without waiting for it.
 *
 * Who asks for the lock of a file that it has not opened yet waits for its
 * turn.  Who has opened it before gets what it would get without us, EEXIST,
 * unless the lock's maker is dead, or the rule says that it reads it anew.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>

#include "shim/lockfile.h"

static int create_at_once(struct lockfile_call *call,
			  struct lockfile_entry *entry,
			  struct lockfile_seen *seen)
{
	int result = lockfile_make(call, entry);

	if (result < 0 && errno == EEXIST) {
		if (lockfile_look(entry) == LOCKFILE_DEAD)
			result = lockfile_make(call, entry);
		else
			errno = EEXIST;
	}
	if (result < 0 || lockfile_seen_recheck(seen, entry->path))
		return result;
	shim_log(SHIM_LOCKFILE, entry->path,
		 "refused, as what it protects was opened before and has "
		 "changed since");
	/* As if it had been there.  What was linked has another name. */
	entry->marked = false;
	if (call->names)
		lockfile_take_mark(entry->path);
	lockfile_unmake(call, entry->path, result);
	errno = EEXIST;
	return -1;
}

static int create(struct lockfile_call *call, struct lockfile_entry *entry)
{
	const struct shim_rule *rule = NULL;
	struct lockfile_seen *seen;

	if (path_resolve(call->directory, call->path, entry->path,
			 &entry->base))
		rule = shim_rule_find(SHIM_LOCKFILE, entry->path);
	if (!rule)
		return call->make(call);
	seen = rule->unguarded ? NULL : lockfile_seen_find(entry->path);
	return seen ? create_at_once(call, entry, seen)
		    : lockfile_wait(call, entry, rule);
}

int lockfile_create(struct lockfile_call *call)
{
	struct lockfile_entry *entry;
	int result, error, cancel;

	if (!lockfile_fits(call->path) || !shim_enter())
		return call->make(call);
	/* A wait that is cancelled would keep its turn for ever. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	entry = lockfile_claim();
	result = entry ? create(call, entry) : call->make(call);
	error = errno;
	if (entry)
		lockfile_settle(entry);
	pthread_setcancelstate(cancel, NULL);
	shim_leave();
	errno = error;
	return result;
}
