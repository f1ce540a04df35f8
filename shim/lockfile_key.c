/* SPDX-License-Identifier: MIT */
/* lockfile_key.c - an explicit key=: who makes a file has it as long as the
 * file is there, like the holder of any other lock with that key.
 *
 * A hold and not the turnstile, as one process may have several files, and
 * locks of other families, under one key.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "shim/hold.h"
#include "shim/lockfile.h"

static bool look(const struct lockfile_entry *entry, uint64_t *identity)
{
	struct statx now;

	if (statx(AT_FDCWD, entry->path, AT_SYMLINK_NOFOLLOW, LOCKFILE_IDENTITY,
		  &now) < 0)
		return false;
	*identity = lockfile_identity(&now);
	return true;
}

bool lockfile_is_gone(const struct lockfile_entry *entry)
{
	uint64_t identity;

	return look(entry, &identity) ? identity != entry->identity
				      : errno == ENOENT || errno == ENOTDIR;
}

bool lockfile_key_take(struct lockfile_entry *entry,
		       const struct shim_rule *rule, int64_t deadline,
		       bool never)
{
	const struct hold_wait wait = {
		.scope = HOLD_BY_THREAD,
		.never = never,
		.interruptible = true,
		.deadline = deadline,
	};
	struct shim_hold *hold = hold_get(rule, entry->path);
	int result;

	if (!hold)
		return hold_missing(rule, &wait) >= 0;
	/* Or we would wait no more, and nobody else get it. */
	lockfile_forget_gone(hold);
	result = hold_take(hold, rule, &wait);
	hold_put(hold);
	if (result == 0)
		entry->hold = hold;
	if (result == -EBUSY)
		shim_log(rule->family, entry->path,
			 "refused, as somebody else has its key");
	return result >= 0;
}

void lockfile_key_settle(struct lockfile_entry *entry, int result)
{
	int error = errno;

	/* It may have no mark, and is to be known again when it goes. */
	if (result < 0 || (!entry->marked && !look(entry, &entry->identity)))
		lockfile_key_drop(entry);
	errno = error;
}

void lockfile_key_drop(struct lockfile_entry *entry)
{
	struct shim_hold *hold = entry->hold;

	entry->hold = NULL;
	if (hold)
		hold_drop(hold);
}
