/* SPDX-License-Identifier: MIT */
/* actor.c - what a process of a scene does when it is told. */
#include "config.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cast.h"
#include "lib/internal.h"
#include "support/impostor.h"

struct part {
	struct cast *cast;
	uid_t user;
	bool may_fail;
};

static portlock_t *lock;

/* Whether it holds, and whether somebody else does: counted by us. */
static bool counted;

static void count(struct stage *stage)
{
	bool holds = portlock_has_locked(lock);

	if (holds && !counted && atomic_fetch_add(&stage->holders, 1) > 0)
		atomic_fetch_add(&stage->violations, 1);
	if (!holds && counted)
		atomic_fetch_sub(&stage->holders, 1);
	counted = holds;
}

/* Before a release: afterwards the next one may be counted before us. */
static void uncount(struct stage *stage)
{
	if (counted)
		atomic_fetch_sub(&stage->holders, 1);
	counted = false;
}

static bool is_inside(const struct pl_address *address, pid_t holder)
{
	(void)address;
	(void)holder;
	return false;
}

static int look(int64_t timeout_ms)
{
	struct pl_wait how = { .deadline = pl_deadline_after(timeout_ms),
			       .sleep = lock->sleep,
			       .queue = timeout_ms != 0,
			       .watch = -1,
			       .is_inside = is_inside };
	int error = pl_acquire(lock, &how);

	return error == -EALREADY ? error : pl_error_filter(error);
}

static int move(void)
{
	int gate = lock->bundle.gate;
	bool moved = pl_registry_move(gate);

	require(moved == (lock->bundle.gate != gate));
	return !moved;
}

static int pass_to_self(void)
{
	int pair[2];
	int error;

	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	error = pl_lock_give(lock, pair[0]);
	require(portlock_has_locked(lock) == (error < 0));
	if (error == 0)
		error = pl_lock_adopt(lock, pair[1]);
	/* Else the socket is the handle's. */
	if (error < 0)
		close(pair[1]);
	close(pair[0]);
	return pl_error_filter(error);
}

static int acquire(enum order order, int64_t timeout_ms)
{
	int error;

	if (order == LOOK)
		error = look(timeout_ms);
	else if (order == TRY)
		error = portlock_try_lock(lock);
	else if (order == ALERT)
		error = portlock_acquire_interruptible(lock, timeout_ms);
	else
		error = portlock_acquire_for(lock, timeout_ms);
	require(portlock_has_locked(lock) == (error == 0));
	require((portlock_token(lock) != 0) == (error == 0));
	return error;
}

static int open_one(const struct cast *cast)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	int error;

	options.transport = cast->transport;
	error = portlock_open(&lock, cast->key.text, &options);
	require((lock != NULL) == (error == 0));
	return error;
}

static int release(void)
{
	int error = portlock_release(lock);

	require(!portlock_has_locked(lock) && portlock_token(lock) == 0);
	return error;
}

static int obey(const struct cast *cast, enum order order, int64_t number)
{
	switch (order) {
	case OPEN:
		return open_one(cast);
	case ACQUIRE:
	case TRY:
	case LOOK:
	case ALERT:
		return acquire(order, number);
	case RELEASE:
		return release();
	case CLOSE:
		portlock_close(lock);
		lock = NULL;
		return 0;
	case MOVE:
		return move();
	case PASS:
		return pass_to_self();
	case FDS:
		return open_fds(0);
	}
	return -1;
}

static void act(struct child *parent, void *argument)
{
	struct part *part = argument;
	struct cast *cast = part->cast;
	int64_t order, number;

	if (part->user)
		become_user(part->user);
	if (part->may_fail)
		faults_use(&cast->stage->faults);
	while (hear_or_end(parent, &order)) {
		int result;

		number = hear(parent);
		if (order == RELEASE || order == CLOSE || order == PASS)
			uncount(cast->stage);
		errno = EXDEV;
		result = obey(cast, (enum order)order, number);
		require(errno == EXDEV || order == FDS || order == MOVE ||
			order == LOOK || order == PASS);
		count(cast->stage);
		say(parent, result);
	}
}

struct child *cast_start(struct cast *cast, uid_t user, bool may_fail)
{
	struct part part = { cast, user, may_fail };

	return child_start(act, &part);
}
