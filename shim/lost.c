/* SPDX-License-Identifier: MIT */
/* lost.c - tells portlock-guard which locks of a cluster this process holds.
 *
 * The guard is started with the first of them and ends with this process, with
 * its exec, or when a child of fork is a process of its own: that one holds
 * nothing, and has a guard of its own when it does.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/session.h"
#include "shim/lost.h"
#include "shim/lost/protocol.h"

#define PROGRAM PKGLIBEXECDIR "/portlock-guard"

/* How long to wait for a guard that does not read. */
#define PATIENCE (5000 * PL_MSEC)

/* The guard of this process: NONE, or one that is started now, or runs. */
enum { NONE, STARTING, RUNNING };

static atomic_int state;
static atomic_int leash = -1;
static _Atomic(struct lost_page *) page;
static _Atomic uint64_t numbers; /* of holds */

/* Of guards, here and in the processes that this is a fork of: slots of former
 * ones mean nothing. */
static atomic_uint generation;
#define GENERATIONS (UINT32_MAX / LOST_SLOTS / 2)

/* ---- the guard ----------------------------------------------------------- */

static const char *program(void)
{
	const char *path = shim_variable("PORTLOCK_GUARD");

	return path && *path ? path : PROGRAM;
}

/* What it is to inherit, but the leash.  Returns how many there are. */
static int prepare(int fds[3], int end)
{
	struct lost_page *made;
	int memory = (int)syscall(SYS_memfd_create, "portlock", 1U);

	if (memory < 0)
		return -errno;
	fds[0] = end;
	fds[1] = memory;
	fds[2] = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (ftruncate(memory, sizeof(*made)) < 0)
		return -errno;
	made = mmap(NULL, sizeof(*made), PROT_READ | PROT_WRITE, MAP_SHARED,
		    memory, 0);
	if (made == MAP_FAILED)
		return -errno;
	atomic_store(&page, made);
	return fds[2] < 0 ? 2 : 3;
}

static void forget(void)
{
	struct lost_page *old = atomic_exchange(&page, NULL);
	int fd = atomic_exchange(&leash, -1);

	if (fd >= 0)
		pl_ops->close(fd);
	if (old)
		munmap(old, sizeof(*old));
}

/*
 * The leash has a lower number than what the locks are: an exec closes from
 * below, and the guard must not find a leash without a lock.
 */
static int start(void)
{
	int ends[2], fds[3] = { -1, -1, -1 }, count, error;

	if (pl_ops->socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			       ends) < 0)
		return -errno;
	count = prepare(fds, ends[1]);
	error = count < 0 ? count : pl_spawn(program(), fds, count);
	pl_ops->close(ends[1]);
	for (int i = 1; i < 3; i++)
		if (fds[i] >= 0)
			REAL(close)(fds[i]);
	atomic_store(&leash, shim_fd_below(ends[0]));
	if (error < 0)
		forget();
	return error;
}

/* 0 when it runs. */
static int have_guard(void)
{
	sigset_t all, mask;
	int now = NONE, error = 0;

	/* A signal handler of this thread would wait for itself. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &mask);
	while (!atomic_compare_exchange_strong(&state, &now, STARTING) &&
	       now == STARTING) {
		sched_yield();
		now = NONE;
	}
	if (now == NONE) {
		pl_window_open();
		atomic_fetch_add(&generation, 1);
		error = start();
		atomic_store(&state, error < 0 ? NONE : RUNNING);
		pl_window_close();
	}
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return error;
}

/* The guard has gone: the next lock needs another one.  What is held already
 * nobody watches any more. */
static void lose_guard(void)
{
	int running = RUNNING;

	if (!atomic_compare_exchange_strong(&state, &running, STARTING))
		return;
	shim_log_line("portlock-guard", program(),
		      "has ended; what is held is not watched any more");
	pl_window_open();
	pl_ops->close(atomic_exchange(&leash, -1));
	atomic_store(&state, NONE);
	pl_window_close();
}

/* ---- what it is told ------------------------------------------------------ */

/* A watch's slot: how it is known that it is one of this guard's page. */
static unsigned first_slot(void)
{
	return (atomic_load(&generation) % GENERATIONS + 1) * LOST_SLOTS;
}

static void give_slot(unsigned slot)
{
	struct lost_page *held = atomic_load(&page);
	unsigned index = slot - first_slot();

	if (held && index < LOST_SLOTS)
		atomic_store(&held->held[index], 0);
}

/* One for the number, or 0. */
static unsigned claim_slot(uint64_t number)
{
	struct lost_page *held = atomic_load(&page);

	for (unsigned i = 0; held && i < LOST_SLOTS; i++) {
		uint64_t none = 0;

		if (atomic_compare_exchange_strong(&held->held[i], &none,
						   number))
			return first_slot() + i;
	}
	return 0;
}

static size_t fill(struct lost_message *message,
		   const struct portlock_lock *lock,
		   const struct shim_rule *rule)
{
	const char *place = rule->log ? rule->log : shim_log_place();
	size_t size = sizeof(message->text);
	int length;

	if (!place || strcmp(place, "none") == 0)
		place = "";
	message->since = atomic_load(&lock->token);
	message->patience_ms = (uint32_t)lock->cluster->margin_ms / 2;
	message->kills = !rule->warns;
	length = snprintf(message->text, size,
			  "%s%cportlock[%d] %s: %s: ", place, '\0',
			  (int)getpid(), shim_family_name(rule->family),
			  lock->address.name + strlen(PL_GATE_PREFIX));
	return LOST_HEAD + (size_t)length + 1;
}

/* With the timer that the lock has now: 0 or -errno. */
static int send_once(const struct lost_message *message, size_t size,
		     const struct portlock_lock *lock)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr aligned;
	} control = { .bytes = { 0 } };
	struct iovec data = { (void *)message, size };
	struct msghdr whole = { .msg_iov = &data,
				.msg_iovlen = 1,
				.msg_control = &control,
				.msg_controllen = sizeof(control) };
	struct cmsghdr *part = CMSG_FIRSTHDR(&whole);
	int timer, error = 0;

	part->cmsg_level = SOL_SOCKET;
	part->cmsg_type = SCM_RIGHTS;
	part->cmsg_len = CMSG_LEN(sizeof(timer));
	/* Both numbers stay what they are. */
	pl_window_open();
	timer = atomic_load(&lock->timer);
	memcpy(CMSG_DATA(part), &timer, sizeof(timer));
	if (sendmsg(atomic_load(&leash), &whole, MSG_NOSIGNAL | MSG_DONTWAIT) <
	    0)
		error = -errno;
	pl_window_close();
	return error;
}

static int tell(const struct lost_message *message, size_t size,
		const struct portlock_lock *lock)
{
	int64_t deadline = pl_now(CLOCK_MONOTONIC) + PATIENCE;
	int error;

	while ((error = send_once(message, size, lock)) == -EAGAIN &&
	       !pl_expired(deadline)) {
		struct pollfd room = { .fd = atomic_load(&leash),
				       .events = POLLOUT };

		pl_poll(&room, 1, deadline);
	}
	return error;
}

/* 0, or -EPIPE: the guard has ended; or another -errno. */
static int watch_once(struct lost_watch *watch, struct portlock_lock *lock,
		      const struct shim_rule *rule)
{
	struct lost_message message;
	size_t size = fill(&message, lock, rule);
	int error = have_guard();
	unsigned slot;

	if (error < 0)
		return error;
	message.number = atomic_fetch_add(&numbers, 1) + 1;
	slot = claim_slot(message.number);
	if (!slot)
		return -ENOLCK;
	message.slot = slot - first_slot();
	/* Before it is sent, so that a release that comes in between, in a
	 * signal handler, ends it. */
	give_slot(atomic_exchange(&watch->slot, slot));
	error = tell(&message, size, lock);
	if (error < 0)
		lost_watch_end(watch);
	return error;
}

static void complain(const struct shim_rule *rule, int error)
{
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
	case -EACCES:
	case -ENOEXEC:
		shim_log_rule(rule, program(), "is not there or cannot be run");
		break;
	default:
		shim_log_rule(rule, program(),
			      portlock_strerror(pl_error_filter(error)));
	}
}

bool lost_watch_begin(struct lost_watch *watch, struct portlock_lock *lock,
		      const struct shim_rule *rule)
{
	int saved_errno = errno, error;

	if (!shim_rule_is_etcd(rule) || lock->transport != PL_ETCD)
		return true;
	error = watch_once(watch, lock, rule);
	if (error == -EPIPE || error == -ECONNRESET) {
		lose_guard();
		error = watch_once(watch, lock, rule);
	}
	/* A signal handler has released it in between. */
	if (!pl_is_held(lock)) {
		lost_watch_end(watch);
		error = 0;
	}
	if (error < 0)
		complain(rule, error);
	errno = saved_errno;
	/* To warn is nothing that a lock depends on. */
	return error == 0 || rule->warns;
}

void lost_watch_end(struct lost_watch *watch)
{
	give_slot(atomic_exchange(&watch->slot, 0));
}

/* ---- processes and numbers ----------------------------------------------- */

bool lost_move(int fd)
{
	return fd >= 0 && pl_registry_move_one(&leash, fd);
}

static void after_fork_in_child(void)
{
	forget();
	atomic_store(&state, NONE);
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, after_fork_in_child);
}
