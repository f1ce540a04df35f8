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
#include <string.h>

#include "shim/lockfile.h"
#include "shim/recent.h"

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

/* A key= that somebody else has is as a file that is there. */
static int try_at_once(struct lockfile_call *call, struct lockfile_entry *entry,
		       const struct shim_rule *rule, struct lockfile_seen *seen)
{
	if (!rule->key || lockfile_key_take(entry, rule, PL_NEVER, true))
		return create_at_once(call, entry, seen);
	errno = EEXIST;
	return -1;
}

/* Before the real call: the moment is over when that returns. */
static const struct shim_rule *find_rule(const struct lockfile_call *call,
					 struct lockfile_entry *entry,
					 uint64_t moment)
{
	const struct shim_rule *rule;

	if (!path_resolve(call->directory, call->path, entry->path,
			  &entry->base))
		return NULL;
	rule = shim_rule_find(SHIM_LOCKFILE, entry->path);
	if (!rule)
		recent_note(moment);
	return rule;
}

static int create(struct lockfile_call *call, struct lockfile_entry *entry,
		  uint64_t moment)
{
	const struct shim_rule *rule = find_rule(call, entry, moment);
	struct lockfile_seen *seen;
	int result;

	if (!rule)
		return call->make(call);
	seen = rule->unguarded ? NULL : lockfile_seen_find(entry->path);
	result = seen ? try_at_once(call, entry, rule, seen)
		      : lockfile_wait(call, entry, rule);
	lockfile_key_settle(entry, result);
	return result;
}

int lockfile_obtain(struct lockfile_call *call)
{
	struct lockfile_entry *entry;
	int result, error, cancel;
	uint64_t moment;

	if (!lockfile_fits(call->path))
		return call->make(call);
	moment = recent_path(RECENT_MADE, call->directory, call->path,
			     strlen(call->path));
	if (recent_has(moment) || !shim_enter())
		return call->make(call);
	/* A wait that is cancelled would keep its turn for ever. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	entry = lockfile_claim();
	result = entry ? create(call, entry, moment) : call->make(call);
	error = errno;
	if (entry)
		lockfile_settle(entry);
	pthread_setcancelstate(cancel, NULL);
	shim_leave();
	errno = error;
	return result;
}
