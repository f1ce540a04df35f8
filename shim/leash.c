/* SPDX-License-Identifier: MIT */
/* leash.c - the guard of this process: it is started, told, and gone.
 *
 * It is started with the first lock of a cluster and ends with this process,
 * with its exec, or when a child of fork is a process of its own: that one holds
 * nothing, and has a guard of its own when it does.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/session.h"
#include "shim/leash.h"

#define PROGRAM PKGLIBEXECDIR "/portlock-guard"

/* How long to wait for a guard that does not read. */
#define PATIENCE (5000 * PL_MSEC)

/* The guard of this process: NONE, or one that is started now, or runs. */
enum { NONE, STARTING, RUNNING };

static atomic_int state;
static atomic_int leash = -1;
static _Atomic(struct lost_page *) page;

/* Of guards, here and in the processes that this is a fork of: slots of former
 * ones mean nothing.  Pages know theirs. */
static atomic_uint generation;
#define GENERATIONS (UINT32_MAX / LOST_SLOTS / 2)

/* ---- the guard ----------------------------------------------------------- */

const char *leash_program(void)
{
	const char *path = shim_variable("PORTLOCK_GUARD");

	return path && *path ? path : PROGRAM;
}

/* Memory that is shared counts as a file: -EFBIG by RLIMIT_FSIZE. */
static int grow(int memory, off_t size)
{
	struct shim_quiet quiet;
	int error;

	shim_quiet_begin(&quiet);
	error = ftruncate(memory, size) < 0 ? -errno : 0;
	shim_quiet_end(&quiet);
	return error;
}

/* What it is to inherit, but the leash.  Returns how many there are. */
static int prepare(int fds[3], int end, struct lost_page **made)
{
	int memory = (int)syscall(SYS_memfd_create, "portlock", 1U), error;

	if (memory < 0)
		return -errno;
	fds[0] = end;
	fds[1] = memory;
	fds[2] = (int)syscall(SYS_pidfd_open, getpid(), 0);
	error = grow(memory, sizeof(**made));
	if (error < 0)
		return error;
	*made = mmap(NULL, sizeof(**made), PROT_READ | PROT_WRITE, MAP_SHARED,
		     memory, 0);
	if (*made == MAP_FAILED) {
		*made = NULL;
		return -errno;
	}
	(*made)->first = (atomic_fetch_add(&generation, 1) % GENERATIONS + 1) *
			 LOST_SLOTS;
	return fds[2] < 0 ? 2 : 3;
}

/*
 * The leash has a lower number than what the locks are: an exec closes from
 * below, and the guard must not find a leash without a lock.  The page of a
 * guard that was killed stays where it is: other threads may be looking at it.
 * So may they at the new one, which is not to be seen before it is to stay.
 */
static int start(void)
{
	int ends[2], fds[3] = { -1, -1, -1 }, count, error;
	struct lost_page *made = NULL;

	if (pl_ops->socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			       ends) < 0)
		return -errno;
	count = prepare(fds, ends[1], &made);
	error = count < 0 ? count : pl_spawn(leash_program(), fds, count);
	pl_ops->close(ends[1]);
	for (int i = 1; i < 3; i++)
		if (fds[i] >= 0)
			REAL(close)(fds[i]);
	if (error == 0) {
		atomic_store(&page, made);
		atomic_store(&leash, shim_fd_below(ends[0]));
		return 0;
	}
	pl_ops->close(ends[0]);
	if (made)
		munmap(made, sizeof(*made));
	return error;
}

int leash_guard(void)
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
		error = start();
		atomic_store(&state, error < 0 ? NONE : RUNNING);
		pl_window_close();
	}
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return error;
}

/* ---- slots of the page ---------------------------------------------------- */

/* Where that slot is; NULL: it is a former guard's. */
static _Atomic uint64_t *slot_at(unsigned slot)
{
	struct lost_page *held = atomic_load(&page);

	return held && slot - held->first < LOST_SLOTS
		       ? &held->held[slot - held->first]
		       : NULL;
}

void leash_give_slot(unsigned slot)
{
	_Atomic uint64_t *held = slot_at(slot);

	if (held)
		atomic_store(held, 0);
}

unsigned leash_claim_slot(uint64_t number)
{
	struct lost_page *held = atomic_load(&page);

	for (unsigned i = 0; held && i < LOST_SLOTS; i++) {
		uint64_t none = 0;

		if (atomic_compare_exchange_strong(&held->held[i], &none,
						   number))
			return held->first + i;
	}
	return 0;
}

uint64_t leash_number(unsigned slot)
{
	_Atomic uint64_t *held = slot_at(slot);

	return held ? atomic_load(held) : 0;
}

uint32_t leash_index(unsigned slot)
{
	return slot % LOST_SLOTS;
}

/* Of several threads that find it gone the first one is right; it may have
 * started the next one when the others come. */
static void lose(unsigned slot)
{
	int running = RUNNING;

	if (!atomic_compare_exchange_strong(&state, &running, STARTING))
		return;
	if (!slot_at(slot)) {
		atomic_store(&state, RUNNING);
		return;
	}
	shim_log_line("portlock-guard", leash_program(),
		      "has ended; what is held is not watched any more");
	pl_window_open();
	pl_ops->close(atomic_exchange(&leash, -1));
	atomic_store(&state, NONE);
	pl_window_close();
}

void leash_lose(unsigned slot)
{
	sigset_t all, mask;

	/* As in leash_guard(). */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &mask);
	lose(slot);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

/* ---- what it is told ------------------------------------------------------ */

/* Both kinds of numbers stay what they are, in a window. */
static int list_fds(const struct leash_load *load, int fds[LOST_FDS_MAX])
{
	if (load->message->kind == LOST_HELD) {
		fds[0] = atomic_load(&load->lock->timer);
		return 1;
	}
	fds[0] = load->lock->bundle.session;
	fds[1] = load->file;
	fds[2] = load->mark;
	return 3;
}

/* Where they are: some threads' stacks have no room for a copy. */
static size_t list_parts(const struct leash_load *load, struct iovec parts[3])
{
	parts[0] =
		(struct iovec){ (void *)load->message, sizeof(*load->message) };
	if (load->message->kind != LOST_HELD)
		return 1;
	parts[1] =
		(struct iovec){ (void *)load->place, strlen(load->place) + 1 };
	parts[2] =
		(struct iovec){ (void *)load->start, strlen(load->start) + 1 };
	return 3;
}

/* By that leash, unless there is another one by now: that of a guard whose page
 * has another hold there. */
static int send_by(int fd, const struct leash_load *load,
		   const struct msghdr *whole)
{
	if (fd < 0 || !slot_at(load->slot))
		return -EPIPE;
	if (sendmsg(fd, whole, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return 0;
	return errno == EBADF && atomic_load(&leash) != fd ? -EPIPE : -errno;
}

/* With what the lock has now: 0 or -errno. */
static int send_once(const struct leash_load *load)
{
	int fds[LOST_FDS_MAX];
	union {
		char bytes[CMSG_SPACE(sizeof(fds))];
		struct cmsghdr aligned;
	} control = { .bytes = { 0 } };
	struct iovec data[3];
	struct msghdr whole = { .msg_iov = data,
				.msg_iovlen = list_parts(load, data),
				.msg_control = &control };
	struct cmsghdr *part = &control.aligned;
	size_t size;
	int error;

	pl_window_open();
	size = (size_t)list_fds(load, fds) * sizeof(fds[0]);
	whole.msg_controllen = CMSG_SPACE(size);
	part->cmsg_level = SOL_SOCKET;
	part->cmsg_type = SCM_RIGHTS;
	part->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(part), fds, size);
	error = send_by(atomic_load(&leash), load, &whole);
	pl_window_close();
	return error;
}

int leash_tell(const struct leash_load *load)
{
	int64_t deadline = pl_now(CLOCK_MONOTONIC) + PATIENCE;
	int error;

	while ((error = send_once(load)) == -EAGAIN && !pl_expired(deadline)) {
		struct pollfd room = { .fd = atomic_load(&leash),
				       .events = POLLOUT };

		pl_poll(&room, 1, deadline);
	}
	return error;
}

bool leash_wake(void)
{
	int error = errno;
	bool there;

	/* If there is no room for it, the guard has more to read. */
	pl_window_open();
	there = send(atomic_load(&leash), "", 1, MSG_NOSIGNAL | MSG_DONTWAIT) ==
			1 ||
		errno == EAGAIN;
	pl_window_close();
	errno = error;
	return there;
}

/* ---- processes and numbers ----------------------------------------------- */

bool leash_move(int fd)
{
	return fd >= 0 && pl_registry_move_one(&leash, fd);
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

static void after_fork_in_child(void)
{
	int cancel = shim_whole_begin();

	forget();
	shim_whole_end(cancel);
	atomic_store(&state, NONE);
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, after_fork_in_child);
}
