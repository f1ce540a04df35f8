/* SPDX-License-Identifier: MIT */
/* lock.c - the handle: the public functions over acquire and hand-over. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "probe.h"
#include "session.h"

/* A cancelled wait would leave its descriptors in a dead stack frame. */
struct pl_entry pl_enter(void)
{
	struct pl_entry entry = { .saved_errno = errno };

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &entry.cancel_state);
	return entry;
}

int pl_leave(const struct pl_entry *entry, int error)
{
	pthread_setcancelstate(entry->cancel_state, NULL);
	errno = entry->saved_errno;
	return pl_error_filter(error);
}

int pl_lock_init(struct portlock_lock *lock, const char *key,
		 const struct portlock_options *options)
{
	static const struct pl_bundle none = PL_BUNDLE_NONE;
	struct portlock_options known;
	enum pl_transport transport;
	int error = 0;

	if (!key || !*key || pl_options_read(&known, options) < 0 ||
	    pl_options_transport(&transport, &known) < 0)
		return -EINVAL;
	memset(lock, 0, sizeof(*lock));
	pl_address_of_key(&lock->address, key);
	if (transport == PL_ETCD)
		error = pl_cluster_make(&lock->cluster, &lock->address, key,
					&known);
	if (error < 0)
		return error;
	lock->transport = transport;
	lock->timeout_ms = known.timeout_ms;
	lock->sleep = known.sleep_ms * PL_MSEC;
	lock->bundle = none;
	lock->parked = none;
	atomic_init(&lock->session, -1);
	atomic_init(&lock->timer, -1);
	for (int i = 0; i < PL_PARTINGS; i++)
		atomic_init(&lock->parting[i], -1);
	pl_process_check();
	error = pl_registry_add(lock);
	if (error < 0)
		pl_cluster_free(lock->cluster);
	return error;
}

int portlock_open(portlock_t **lock, const char *key,
		  const struct portlock_options *options)
{
	struct pl_entry entry = pl_enter();
	struct portlock_lock *made;
	int error;

	if (!lock)
		return pl_leave(&entry, -EINVAL);
	*lock = NULL;
	made = pl_ops->calloc(1, sizeof(*made));
	if (!made)
		return pl_leave(&entry, -ENOMEM);
	error = pl_lock_init(made, key, options);
	if (error == 0)
		*lock = made;
	else
		pl_ops->free(made);
	return pl_leave(&entry, error);
}

static int acquire(portlock_t *lock, int64_t timeout_ms, bool interruptible)
{
	struct pl_entry entry = pl_enter();
	struct pl_wait how;
	int error;

	if (!lock)
		return pl_leave(&entry, -EINVAL);
	how = (struct pl_wait){ .deadline = pl_deadline_after(timeout_ms),
				.sleep = lock->sleep,
				.queue = timeout_ms != 0,
				.interruptible = interruptible,
				.signs_rarely = true,
				.watch = -1 };
	error = pl_acquire(lock, &how);
	return pl_leave(&entry, error == -EBUSY ? -ETIMEDOUT : error);
}

int portlock_acquire(portlock_t *lock)
{
	return acquire(lock, lock ? lock->timeout_ms : 0, false);
}

int portlock_acquire_for(portlock_t *lock, int64_t timeout_ms)
{
	return acquire(lock, timeout_ms, false);
}

int portlock_acquire_interruptible(portlock_t *lock, int64_t timeout_ms)
{
	return acquire(lock, timeout_ms, true);
}

int portlock_try_lock(portlock_t *lock)
{
	static const struct pl_wait once = { .signs_rarely = true,
					     .watch = -1 };
	struct pl_entry entry = pl_enter();

	return pl_leave(&entry, lock ? pl_acquire(lock, &once) : -EINVAL);
}

/*
 * Takes the bundle out of the handle: of several callers, a signal handler's
 * included, one gets it.  The owner is gone before the hand-over begins, as
 * the next holder may be another thread with this very handle.
 */
static bool take(struct portlock_lock *lock, struct pl_bundle *bundle,
		 uint64_t *token)
{
	static const struct pl_bundle none = PL_BUNDLE_NONE;
	uint64_t owner = atomic_load(&lock->owner);

	do
		if (owner == 0 || owner == PL_RELEASING)
			return false;
	while (!atomic_compare_exchange_weak(&lock->owner, &owner,
					     PL_RELEASING));
	*bundle = lock->bundle;
	*token = atomic_exchange(&lock->token, 0);
	lock->bundle = none;
	pl_lock_show(lock);
	atomic_store(&lock->owner, 0);
	return true;
}

void pl_lock_show(struct portlock_lock *lock)
{
	atomic_store(&lock->session, lock->bundle.session);
	atomic_store(&lock->timer, lock->bundle.timer);
}

bool pl_is_held(const struct portlock_lock *lock)
{
	uint64_t owner = atomic_load(&lock->owner);

	return owner != 0 && owner != PL_RELEASING && pl_process_is_ours();
}

bool pl_is_sure(const struct portlock_lock *lock)
{
	uint64_t token;
	bool runs;

	if (lock->transport != PL_ETCD)
		return pl_is_held(lock);
	/* Another thread may let go meanwhile and take it again, and the number
	 * be another descriptor's. */
	do {
		token = atomic_load(&lock->token);
		runs = pl_timer_runs(atomic_load(&lock->timer));
	} while (token != atomic_load(&lock->token));
	return runs && pl_is_held(lock);
}

static void release(struct portlock_lock *lock)
{
	struct pl_bundle bundle;
	uint64_t token;
	bool crowded;

	pl_process_check();
	pl_window_open();
	if (take(lock, &bundle, &token)) {
		crowded = atomic_load(&lock->parting[PL_CAME]) >= 0;
		pl_probe_release(lock->address.name, token);
		pl_session_part(lock, &bundle);
		pl_gate_hand_over(&bundle, &lock->address, token, crowded,
				  &lock->parting[PL_WENT]);
	}
	pl_window_close();
}

int pl_lock_give(struct portlock_lock *lock, int socket)
{
	struct pl_bundle bundle;
	int error = -ENOLCK;
	uint64_t token;

	pl_window_open();
	if (take(lock, &bundle, &token)) {
		error = pl_grant_send(socket, &bundle, token);
		if (error == 0) {
			pl_bundle_close(&bundle);
		} else {
			lock->bundle = bundle;
			pl_lock_show(lock);
			atomic_store(&lock->token, token);
			atomic_store(&lock->owner, pl_thread());
		}
	}
	pl_window_close();
	return error;
}

int portlock_release(portlock_t *lock)
{
	struct pl_entry entry = pl_enter();

	if (lock)
		release(lock);
	return pl_leave(&entry, lock ? 0 : -EINVAL);
}

void pl_lock_fini(struct portlock_lock *lock)
{
	release(lock);
	pl_window_open();
	for (int i = 0; i < PL_PARTINGS; i++)
		pl_part(-1, &lock->parting[i]);
	pl_bundle_close(&lock->parked);
	pl_window_close();
	pl_registry_remove(lock);
	pl_cluster_free(lock->cluster);
	lock->cluster = NULL;
}

void portlock_close(portlock_t *lock)
{
	struct pl_entry entry = pl_enter();

	if (lock) {
		pl_lock_fini(lock);
		pl_ops->free(lock);
	}
	pl_leave(&entry, 0);
}
