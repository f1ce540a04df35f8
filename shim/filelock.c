/* SPDX-License-Identifier: MIT */
/* filelock.c - to take a lock on an open file: the portlock, then the real one.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <sys/stat.h>

#include "shim/filelock.h"

/* Pauses between tries for a real lock that ends at a deadline, as the kernel
 * knows no such wait. */
#define PAUSE_FIRST PL_MSEC
#define PAUSE_LAST (50 * PL_MSEC)

void filelock_begin(struct filelock *lock)
{
	lock->deadline = pl_deadline_after(lock->rule->timeout_ms);
}

/* ---- the real lock -------------------------------------------------------------- */

static int call(const struct filelock *lock, bool never)
{
	struct flock64 range = lock->range;
	bool whole_file = lock->kind[0] == SEEN_FLOCK[0];
	bool of_process = lock->kind[0] == SEEN_POSIX[0];

	if (whole_file)
		return REAL(flock)(lock->fd,
				   lock->operation | (never ? LOCK_NB : 0));
	if (of_process)
		return filelock_control(lock->fd,
					never ? F_SETLK64 : F_SETLKW64, &range);
	return filelock_control(lock->fd, never ? F_OFD_SETLK : F_OFD_SETLKW,
				&range);
}

/* What the program is told of a wait that ended: a try failed as a try. */
static int fail(const struct filelock *lock, int error)
{
	if (lock->never)
		error = EAGAIN;
	errno = error == ETIMEDOUT ? ENOLCK : error;
	return -1;
}

/* Signals are as the mask says, or as they are for NULL. */
static int rest(int64_t *pause, int64_t deadline, const sigset_t *mask)
{
	int64_t end = pl_now(CLOCK_MONOTONIC) + *pause;
	int error, cancel;

	if (*pause < PAUSE_LAST)
		*pause = *pause * 2 < PAUSE_LAST ? *pause * 2 : PAUSE_LAST;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	do
		error = pl_poll_with(NULL, 0, end < deadline ? end : deadline,
				     mask);
	while (error == -EINTR && shim_all_handlers_restart());
	pthread_setcancelstate(cancel, NULL);
	return error;
}

int filelock_real(const struct filelock *lock)
{
	int64_t pause = PAUSE_FIRST;
	int error = errno;

	if (lock->deadline == PL_NEVER)
		return call(lock, lock->never);
	while (call(lock, true) < 0) {
		if (errno != EAGAIN && errno != EACCES)
			return -1;
		if (pl_expired(lock->deadline))
			return fail(lock, ETIMEDOUT);
		if (rest(&pause, lock->deadline, NULL) < 0)
			return fail(lock, EINTR);
	}
	errno = error;
	return 0;
}

/* ---- the real lock, inside of what an ancestor holds ----------------------------- */

/* What we have by way of the open file becomes another kind of lock, and seems
 * to be of our own then.  Returns whether we have any. */
static bool tell_if_shared(const struct filelock *lock,
			   const struct shim_hold *hold)
{
	unsigned seen = filelock_seen(lock->fd, lock->kind);
	unsigned wanted = lock->operation & LOCK_EX ? SEEN_WRITE : SEEN_READ;
	bool shared = seen & (SEEN_READ | SEEN_WRITE);

	if (shared && !(seen & wanted))
		hold_tell_locker(hold, lock->fd);
	return shared;
}

/* 0: it is ours and we are inside; 1: we are not any more; or -1, errno. */
static int try_inside(const struct filelock *lock, struct shim_hold *hold)
{
	bool shared = tell_if_shared(lock, hold);

	if (call(lock, true) < 0)
		return -1;
	if (hold_is_inside(hold, !shared))
		return 0;
	REAL(flock)(lock->fd, LOCK_UN);
	return 1;
}

/*
 * On this host the real lock keeps the others out, but none of the cluster.  If
 * the ancestor has it itself, it ends with what we are inside of: so we ask for
 * both by turns, and once more when we have it.  Who lets go of it has told so
 * before (hold_tell_end()), and of who dies no descriptors are to be seen any
 * more.
 */
static int await_inside(const struct filelock *lock, struct shim_hold *hold,
			const sigset_t *mask)
{
	int64_t pause = PAUSE_FIRST;
	int error = errno, result;

	while ((result = try_inside(lock, hold)) < 0) {
		if (errno != EAGAIN || lock->never)
			return -1;
		if (pl_expired(lock->deadline))
			return fail(lock, ETIMEDOUT);
		if (rest(&pause, lock->deadline, mask) < 0)
			return fail(lock, EINTR);
		if (!hold_is_inside(hold, true)) {
			result = 1;
			break;
		}
	}
	errno = error;
	return result;
}

/* A handler that ran while we look would end no wait, so it runs in a rest. */
static int real_inside(const struct filelock *lock, struct shim_hold *hold)
{
	sigset_t all, mask;
	int result;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &mask);
	result = await_inside(lock, hold, &mask);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return result;
}

/* ---- the portlock ---------------------------------------------------------------- */

enum manner { WAIT, TRY, TRY_OR_GO_WITHOUT };

/*
 * How the portlock may be asked for with what is locked already: its holder
 * could be waiting for just that.
 */
static enum manner manner_of(const struct filelock *lock)
{
	unsigned seen = filelock_seen(lock->fd, lock->kind);

	/* It has it, from a parent or a program before us. */
	if (seen & SEEN_WRITE)
		return TRY_OR_GO_WITHOUT;
	/* The kernel finds who waits for each other (EDEADLK), if they wait
	 * there.  The holds are of other files: this one has none. */
	if (lock->kind[0] == SEEN_POSIX[0] && lock->deadline == PL_NEVER &&
	    filelock_owns())
		return lock->never ? TRY : TRY_OR_GO_WITHOUT;
	if (!(seen & SEEN_READ))
		return WAIT;
	/* flock() lets go of a lock before it waits for another kind of it. */
	if (lock->kind[0] == SEEN_FLOCK[0]) {
		REAL(flock)(lock->fd, LOCK_UN);
		return WAIT;
	}
	/* fcntl() does not. */
	return lock->never ? TRY : TRY_OR_GO_WITHOUT;
}

static int take_hold(const struct filelock *lock, struct shim_hold *hold)
{
	bool try = lock->never && lock->deadline == PL_NEVER;
	enum manner manner = try ? TRY : manner_of(lock);
	struct hold_wait wait = {
		.scope = lock->kind[0] == SEEN_POSIX[0] ? HOLD_BY_PROCESS
							: HOLD_BY_THREAD,
		.never = manner != WAIT,
		.interruptible = true,
		.deadline = lock->deadline,
	};
	int result = hold_take(hold, lock->rule, &wait);

	if (result != -EBUSY)
		return result;
	if (try)
		manner = manner_of(lock);
	if (manner != TRY_OR_GO_WITHOUT)
		return result;
	shim_log_rule(lock->rule, lock->path,
		      "no wait for the portlock, with a lock held already");
	/* Who has it may be on another host. */
	return shim_rule_is_etcd(lock->rule) ? -ETIMEDOUT : HOLD_WITHOUT;
}

static void cancelled(void *argument)
{
	struct shim_hold *hold = argument;

	if (hold)
		hold_drop(hold);
}

/* As hold_take(); or the real lock is taken as well, and that is all; or that
 * failed, with errno. */
#define INSIDE 2
#define FAILED 3

/*
 * Who was inside may have been so until just now: then it is asked for again,
 * but not for ever, as it may also be that it cannot be told.  No other ancestor
 * has had it since we started.
 */
static int take_hold_or_inside(const struct filelock *lock,
			       struct shim_hold *hold)
{
	bool may_end =
		lock->kind[0] == SEEN_FLOCK[0] && shim_rule_is_etcd(lock->rule);
	bool ended = false;

	for (;;) {
		int result = take_hold(lock, hold);

		if (result != HOLD_WITHOUT || !may_end)
			return result;
		if (!hold_is_inside(hold, true)) {
			if (ended)
				return result;
			ended = true;
			continue;
		}
		ended = false;
		result = real_inside(lock, hold);
		if (result <= 0)
			return result < 0 ? FAILED : INSIDE;
	}
}

int filelock_take(const struct filelock *lock, struct shim_hold **hold)
{
	static const struct hold_wait none = { .never = false };
	struct shim_hold *wanted = hold_get(lock->rule, lock->path);
	int result = hold_missing(lock->rule, &none);

	*hold = NULL;
	if (wanted) {
		result = take_hold_or_inside(lock, wanted);
		hold_put(wanted);
	}
	if (result == INSIDE || result == FAILED)
		return result == INSIDE ? 0 : -1;
	if (result < 0)
		return fail(lock, -result);
	if (result == 0)
		*hold = wanted;
	pthread_cleanup_push(cancelled, *hold);
	/* Before the real lock is there to be left to others. */
	if (*hold && lock->kind[0] == SEEN_FLOCK[0])
		hold_outlive(*hold, lock->fd);
	result = filelock_real(lock);
	pthread_cleanup_pop(0);
	if (result < 0 && *hold) {
		hold_drop(*hold);
		*hold = NULL;
	}
	return result;
}

bool filelock_is_tied(int fd, enum tie_kind tie)
{
	return tie_find(fd, tie) || tie_expects(fd, tie);
}

void filelock_tell_parent(const struct filelock *lock)
{
	struct shim_hold *hold = tie_expected(lock->fd, lock->tie);

	if (hold)
		tell_if_shared(lock, hold);
}

int filelock_take_tied(const struct filelock *lock)
{
	struct shim_hold *hold;
	int result = filelock_take(lock, &hold);

	if (hold && !tie_make(lock->fd, lock->tie, hold))
		hold_drop(hold);
	return result;
}

static bool is_same_file(int one, int other)
{
	struct stat64 first, second;

	return fstat64(one, &first) == 0 && fstat64(other, &second) == 0 &&
	       first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/* Copies from before the lock, or before this program, have no tie in common
 * with the descriptor that it was taken by.  So the kernel is asked. */
void filelock_untie(int fd, enum tie_kind tie, unsigned wanted)
{
	const char *kind = tie == TIE_FLOCK ? SEEN_FLOCK : SEEN_OFD;
	int other = -1, error = errno;

	while ((other = tie_next((unsigned)(other + 1), ~0u)) >= 0)
		if (filelock_is_tied(other, tie) && is_same_file(fd, other) &&
		    !(filelock_seen(other, kind) & (wanted | SEEN_UNKNOWN)))
			tie_cut(other, tie);
	errno = error;
}
