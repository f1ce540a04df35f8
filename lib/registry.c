/* SPDX-License-Identifier: MIT */
/* registry.c - the handles and attempts of this process: who must let go in a
 * forked child, and which thread holds which key.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "internal.h"

#define BUCKETS 1024

/* Recursive: a fork handler of another library may call in while our prepare
 * handler, on the same thread, holds it. */
static pthread_mutex_t mutex = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

static struct portlock_lock *handles[BUCKETS]; /* by first port */
static struct pl_attempt *attempts;
static atomic_uint epoch;

static struct portlock_lock **bucket_of(const struct pl_address *address)
{
	return &handles[address->first_port % BUCKETS];
}

unsigned pl_epoch(void)
{
	return atomic_load(&epoch);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		pl_ops->close(*fd);
	*fd = -1;
}

static void forget_handle(struct portlock_lock *lock)
{
	pl_bundle_close(&lock->bundle);
	for (int i = 0; i < PL_PARTINGS; i++)
		pl_part(-1, &lock->parting[i]);
	pl_bundle_close(&lock->parked);
	pl_lock_show(lock);
	atomic_store(&lock->token, 0);
	atomic_store(&lock->owner, 0);
}

static void forget_attempt(struct pl_attempt *attempt)
{
	pl_bundle_close(&attempt->bundle);
	close_fd(&attempt->socket);
}

/* The child of a fork holds nothing: it closes its copies, so that the names
 * are free as soon as the parent lets go. */
static void forget_all(void)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct portlock_lock *lock = handles[i]; lock;
		     lock = lock->next)
			forget_handle(lock);
	for (struct pl_attempt *attempt = attempts; attempt;
	     attempt = attempt->next)
		forget_attempt(attempt);
	attempts = NULL;
	atomic_fetch_add(&epoch, 1);
	pl_process_claim();
}

static void fresh_mutex(void)
{
	static const pthread_mutex_t unlocked =
		PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

	memcpy(&mutex, &unlocked, sizeof(mutex));
}

static void before_fork(void)
{
	pthread_mutex_lock(&mutex);
	pl_windows_stop();
}

static void after_fork_in_parent(void)
{
	pl_windows_resume();
	pthread_mutex_unlock(&mutex);
}

static void after_fork_in_child(void)
{
	int cancel;

	/* fork() is no point where a thread is cancelled, close() is one. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	forget_all();
	pthread_setcancelstate(cancel, NULL);
	/* libc refuses the unlock, as the thread that locked it in the parent
	 * had another number; tools that watch mutexes want to see it. */
	pthread_mutex_unlock(&mutex);
	fresh_mutex();
	pl_windows_resume();
	/* Threads that were about to wait for this fork had announced
	 * themselves. */
	pl_windows_reset();
}

void pl_process_check(void)
{
	if (pl_process_is_ours())
		return;
	/* A child that ran no fork handlers (_Fork, clone): the only thread of
	 * its process, with the parent's memory as of some moment. */
	fresh_mutex();
	pl_windows_reset();
	forget_all();
}

static int handlers_error;

static void install_handlers(void)
{
	handlers_error = -pthread_atfork(before_fork, after_fork_in_parent,
					 after_fork_in_child);
	pl_process_begin();
}

int pl_registry_add(struct portlock_lock *lock)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct portlock_lock **bucket = bucket_of(&lock->address);

	pthread_once(&once, install_handlers);
	if (handlers_error < 0)
		return handlers_error;
	pthread_mutex_lock(&mutex);
	lock->previous = NULL;
	lock->next = *bucket;
	if (lock->next)
		lock->next->previous = lock;
	*bucket = lock;
	pthread_mutex_unlock(&mutex);
	return 0;
}

void pl_registry_remove(struct portlock_lock *lock)
{
	pthread_mutex_lock(&mutex);
	if (lock->next)
		lock->next->previous = lock->previous;
	if (lock->previous)
		lock->previous->next = lock->next;
	else
		*bucket_of(&lock->address) = lock->next;
	pthread_mutex_unlock(&mutex);
}

/* Whether the calling thread holds the address's key. */
static bool is_held_by_caller(const struct pl_address *address)
{
	uint64_t self = pl_thread();

	for (struct portlock_lock *lock = *bucket_of(address); lock;
	     lock = lock->next)
		if (atomic_load(&lock->owner) == self &&
		    strcmp(lock->address.name, address->name) == 0)
			return true;
	return false;
}

int pl_registry_begin(struct pl_attempt *attempt,
		      const struct pl_address *address)
{
	*attempt =
		(struct pl_attempt){ .socket = -1, .bundle = PL_BUNDLE_NONE };
	pthread_mutex_lock(&mutex);
	if (is_held_by_caller(address)) {
		pthread_mutex_unlock(&mutex);
		return -EDEADLK;
	}
	attempt->epoch = pl_epoch();
	attempt->next = attempts;
	if (attempt->next)
		attempt->next->previous = attempt;
	attempts = attempt;
	pthread_mutex_unlock(&mutex);
	return 0;
}

void pl_registry_end(struct pl_attempt *attempt)
{
	pl_window_open();
	forget_attempt(attempt);
	pl_window_close();

	pthread_mutex_lock(&mutex);
	/* A fork in a signal handler made this the child, with an empty list. */
	if (attempt->epoch == pl_epoch()) {
		if (attempt->next)
			attempt->next->previous = attempt->previous;
		if (attempt->previous)
			attempt->previous->next = attempt->next;
		else
			attempts = attempt->next;
	}
	pthread_mutex_unlock(&mutex);
}

static bool move_fd(int *slot, int fd)
{
	int copy;

	if (*slot != fd)
		return false;
	copy = pl_ops->dup(fd);
	if (copy < 0)
		return false;
	*slot = copy;
	pl_ops->close(fd);
	return true;
}

static bool move_in_bundle(struct pl_bundle *bundle, int fd)
{
	bool moved = move_fd(&bundle->gate, fd);

	for (int i = 0; i < PL_QUORUM && !moved; i++)
		moved = move_fd(&bundle->ports[i], fd);
	return moved || move_fd(&bundle->session, fd) ||
	       move_fd(&bundle->timer, fd);
}

static bool move_parting(atomic_int *parting, int fd)
{
	int copy = atomic_load(parting);

	if (!move_fd(&copy, fd))
		return false;
	atomic_store(parting, copy);
	return true;
}

static bool move_in_handle(struct portlock_lock *lock, int fd)
{
	bool moved = move_in_bundle(&lock->bundle, fd) ||
		     move_in_bundle(&lock->parked, fd);

	if (moved)
		pl_lock_show(lock);
	for (int i = 0; i < PL_PARTINGS && !moved; i++)
		moved = move_parting(&lock->parting[i], fd);
	return moved;
}

bool pl_registry_move_one(atomic_int *place, int fd)
{
	bool moved;

	before_fork();
	moved = move_parting(place, fd);
	after_fork_in_parent();
	return moved;
}

bool pl_registry_move(int fd)
{
	bool moved = false;

	/* As for a fork: nobody else is using a descriptor.  Who sleeps on one
	 * sleeps on the open file and looks at the number again afterwards. */
	before_fork();
	for (size_t i = 0; i < BUCKETS && !moved; i++)
		for (struct portlock_lock *lock = handles[i]; lock && !moved;
		     lock = lock->next)
			moved = move_in_handle(lock, fd);
	for (struct pl_attempt *attempt = attempts; attempt && !moved;
	     attempt = attempt->next)
		moved = move_in_bundle(&attempt->bundle, fd) ||
			move_fd(&attempt->socket, fd);
	after_fork_in_parent();
	return moved;
}
