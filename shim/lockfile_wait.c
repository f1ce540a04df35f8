/* SPDX-License-Identifier: MIT */
/* lockfile_wait.c - the wait for a lock file to go away.
 *
 * Only the holder of the turnstile, or of the rule's own key, gets here.  What it waits for, whichever is
 * first: the token comes free, as the maker died or removed the file; or, after
 * a while, inotify says that the file changed, as somebody else removed it.
 * Not at once, because the kernel takes some 10 ms to close an inotify
 * instance: the entry keeps the one that it needed once.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "shim/lockfile.h"

#define PATIENCE (20 * PL_MSEC) /* without inotify */
#define PAUSE_FIRST (PL_MSEC / 20)
#define PAUSE_LAST (10 * PL_MSEC)
/* Where there is no inotify: each look leaves a dead connection in the queue
 * of the token until the maker lets it go. */
#define PAUSE_QUEUED (100 * PL_MSEC)

struct wait {
	struct lockfile_entry *entry;
	int64_t deadline;
	int64_t patience; /* until when */
	int64_t pause;
	int64_t look_again; /* of the call */
	bool watched; /* inotify has the file, as it was at the last look */
	bool uninterruptible;
};

static bool open_watch(struct lockfile_entry *entry)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int hidden;

	if (fd < 0)
		return false;
	/* The program's file shall have the number that it would have had. */
	hidden = pl_ops->dup(fd);
	REAL(close)(fd);
	entry->watch = hidden + 1;
	return hidden >= 0;
}

static bool watch_file(struct lockfile_entry *entry)
{
	const uint32_t events = IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |
				IN_ONESHOT | IN_DONT_FOLLOW;
	char old[4096] __attribute__((aligned(8)));

	if (!entry->watch && !open_watch(entry))
		return false;
	if (inotify_add_watch(entry->watch - 1, entry->path, events) < 0)
		return false;
	/* Also what has just come: the caller looks again before it sleeps. */
	while (read(entry->watch - 1, old, sizeof(old)) > 0)
		continue;
	return true;
}

/* Until when this sleep may last. */
static int64_t end_of_sleep(struct wait *wait, bool queued)
{
	int64_t now = pl_now(CLOCK_MONOTONIC), end;

	if (wait->watched && !wait->look_again)
		return wait->deadline;
	if (wait->watched) {
		end = now + wait->look_again;
	} else if (queued && now < wait->patience) {
		end = wait->patience;
	} else if (queued) {
		end = now + PAUSE_QUEUED;
	} else {
		end = now + wait->pause;
		if (wait->pause < PAUSE_LAST)
			wait->pause *= 2;
	}
	return end < wait->deadline ? end : wait->deadline;
}

/*
 * The signal handler that just ran may count on our end, as Python's does.
 * False: it wants no end, and the ones after it neither.
 */
static bool ends_by_signal(struct wait *wait)
{
	if (!wait->uninterruptible)
		wait->uninterruptible = shim_all_handlers_restart();
	return !wait->uninterruptible;
}

/* The waits return false if a signal ends them for good. */

static bool wait_for_change(struct wait *wait)
{
	struct pollfd change = { .fd = wait->entry->watch - 1,
				 .events = POLLIN };

	return pl_poll(&change, wait->watched ? 1 : 0,
		       end_of_sleep(wait, false)) != -EINTR ||
	       !ends_by_signal(wait);
}

static bool wait_for_maker(struct wait *wait)
{
	const struct pl_wait how = {
		.deadline = end_of_sleep(wait, true),
		.sleep = PAUSE_LAST,
		.queue = true,
		.interruptible = !wait->uninterruptible,
		.watch = wait->watched ? wait->entry->watch - 1 : -1,
	};
	int error = lockfile_outlive(wait->entry, &how);

	switch (error) {
	case 0:
	case -ETIMEDOUT:
	case -ECANCELED:
		return true;
	case -EINTR:
		return !ends_by_signal(wait);
	default:
		return wait_for_change(wait);
	}
}

/* The file is there.  False: to wait for it makes no sense. */
static bool sleep_once(struct wait *wait)
{
	switch (lockfile_look(wait->entry)) {
	case LOCKFILE_OURS:
		return false;
	case LOCKFILE_DEAD:
		return true;
	case LOCKFILE_ALIVE:
		return wait_for_maker(wait);
	default:
		return wait_for_change(wait);
	}
}

/* At the deadline.  A dead maker's file still goes. */
static bool give_up(const struct wait *wait)
{
	if (lockfile_look(wait->entry) == LOCKFILE_DEAD)
		return false;
	shim_log(SHIM_LOCKFILE, wait->entry->path,
		 "still there at the end of the rule's timeout");
	return true;
}

static int wait_and_create(struct lockfile_call *call, struct wait *wait)
{
	bool hopeless = false;
	int result;

	while ((result = lockfile_make(call, wait->entry)) < 0 &&
	       errno == EEXIST) {
		if (!hopeless && pl_expired(wait->deadline))
			hopeless = give_up(wait);
		if (hopeless) {
			errno = EEXIST;
			break;
		}
		if (!wait->watched &&
		    pl_now(CLOCK_MONOTONIC) >= wait->patience) {
			wait->watched = watch_file(wait->entry);
			/* Look again: it may have gone before. */
			if (wait->watched)
				continue;
		}
		hopeless = !sleep_once(wait);
		wait->watched = false;
	}
	return result;
}

static bool take_turn(struct wait *wait, const struct shim_rule *rule)
{
	struct lockfile_entry *entry = wait->entry;
	struct pl_wait how = {
		.deadline = wait->deadline,
		.sleep = PAUSE_LAST,
		.queue = rule->timeout_ms != 0,
		.interruptible = true,
		.watch = -1,
		.is_inside = shim_is_inside,
	};
	int error;

	if (shim_lock_init(&entry->turnstile, rule, entry->path) < 0)
		return false;
	entry->has_turnstile = true;
	error = pl_acquire(&entry->turnstile, &how);
	if (error == -EINTR && !ends_by_signal(wait)) {
		/* For good, or a timer would cost us our place in the queue
		 * again and again. */
		how.interruptible = false;
		error = pl_acquire(&entry->turnstile, &how);
	}
	/* Inside of what an ancestor has, or we ourselves, there is no turn. */
	return error == 0 || error == -EALREADY || error == -EDEADLK;
}

int lockfile_wait(struct lockfile_call *call, struct lockfile_entry *entry,
		  const struct shim_rule *rule)
{
	struct wait wait = {
		.entry = entry,
		.deadline = pl_deadline_after(rule->timeout_ms),
		.pause = PAUSE_FIRST,
		.look_again = call->look_again,
	};

	if (rule->key) {
		if (!lockfile_key_take(entry, rule, wait.deadline,
				       rule->timeout_ms == 0)) {
			errno = EEXIST;
			return -1;
		}
	} else if (!take_turn(&wait, rule)) {
		/* Without a turn there is one try, as without us. */
		return lockfile_make(call, entry);
	}
	wait.patience = pl_now(CLOCK_MONOTONIC) + PATIENCE;
	return wait_and_create(call, &wait);
}
