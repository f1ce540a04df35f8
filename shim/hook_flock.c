/* SPDX-License-Identifier: MIT */
/* hook_flock.c - the entry points of the family flock. */
#include "config.h"

#include "shim/filelock.h"
#include "shim/heir.h"

/* The lock became another one, or was lost on the way to that. */
static int changed(int fd, int result, bool counts)
{
	unsigned wanted = SEEN_WRITE | SEEN_UNKNOWN | (counts ? SEEN_READ : 0);

	if (!(filelock_seen(fd, SEEN_FLOCK) & wanted))
		tie_cut(fd, TIE_FLOCK);
	return result;
}

static int lock(int fd, int operation, const struct shim_rule *rule,
		const char *path)
{
	struct filelock lock = {
		.fd = fd,
		.rule = rule,
		.path = path,
		.kind = SEEN_FLOCK,
		.tie = TIE_FLOCK,
		.never = operation & LOCK_NB,
		.deadline = PL_NEVER,
		.operation = operation & ~LOCK_NB,
	};
	bool shared = lock.operation == LOCK_SH;
	bool counts = !shared || (rule && !rule->bypass_shared);

	if (rule && counts)
		filelock_begin(&lock);
	if (filelock_is_tied(fd, TIE_FLOCK)) {
		filelock_tell_parent(&lock);
		return changed(fd, filelock_real(&lock), counts);
	}
	if (rule && counts)
		return filelock_take_tied(&lock);
	return REAL(flock)(fd, operation);
}

/* Also in a signal handler that interrupts the shim. */
static int unlock(int fd, int operation)
{
	bool has_ties = tie_next(0, ~0u) >= 0 && shim_same_process();
	struct shim_hold *hold = has_ties ? tie_find(fd, TIE_FLOCK) : NULL;
	int result;

	/* What this process has started may wait for the file, and must not go
	 * on as inside when it gets that: see filelock.c. */
	if (hold && hold_tell_end(hold, true))
		heir_forget(hold);
	result = REAL(flock)(fd, operation);
	if (result < 0 && hold)
		hold_tell_end(hold, false);
	if (result == 0 && has_ties) {
		tie_cut(fd, TIE_FLOCK);
		filelock_untie(fd, TIE_FLOCK, SEEN_READ | SEEN_WRITE);
	}
	return result;
}

SHIM_HOOK int flock(int fd, int operation)
{
	const struct shim_rule *rule;
	int kind = operation & ~LOCK_NB;
	char path[PATH_MAX];
	int result;

	if (!shim_family_has_rules(SHIM_FLOCK))
		return REAL(flock)(fd, operation);
	if (kind == LOCK_UN)
		return unlock(fd, operation);
	if (kind != LOCK_EX && kind != LOCK_SH)
		return REAL(flock)(fd, operation);
	rule = fd_rule(SHIM_FLOCK, fd, path);
	/* O_PATH is refused whoever has a lock. */
	if ((!rule && !tie_has(fd)) || REAL(fcntl)(fd, F_GETFL) & O_PATH ||
	    !shim_enter())
		return REAL(flock)(fd, operation);
	result = lock(fd, operation, rule, path);
	shim_leave();
	return result;
}
