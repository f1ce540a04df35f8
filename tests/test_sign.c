/* SPDX-License-Identifier: MIT */
/* test_sign.c - what a holder writes on its gate, and when it does not. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/internal.h"
#include "support/support.h"

#define TIME INT64_C(5000000000000) /* of CLOCK_BOOTTIME, ns */

static struct pl_ops ops;
static int64_t now;

static int tell_time(clockid_t clock, struct timespec *time)
{
	if (clock != CLOCK_BOOTTIME)
		return clock_gettime(clock, time);
	time->tv_sec = now / 1000000000;
	time->tv_nsec = now % 1000000000;
	return 0;
}

static int setup(void **state)
{
	ops = pl_libc_ops;
	ops.clock_gettime = tell_time;
	pl_ops = &ops;
	now = TIME;
	return key_setup(state);
}

static int teardown(void **state)
{
	pl_ops = &pl_libc_ops;
	return key_teardown(state);
}

static bool read_signature(const portlock_t *lock, struct pl_signature *read)
{
	struct statx gate;

	require(statx(lock->bundle.gate, "", AT_EMPTY_PATH,
		      STATX_ATIME | STATX_MTIME, &gate) == 0);
	return pl_sign_read(&gate, read);
}

static void assert_signed(const portlock_t *lock, int ports)
{
	struct pl_signature read;

	assert_true(read_signature(lock, &read));
	assert_int_equal(read.token, portlock_token(lock));
	assert_int_equal(read.ports, ports);
	assert_int_equal(read.pid, getpid());
}

static void of_either_transport(void **state)
{
	const struct key *key = *state;
	portlock_t *tcp = open_lock(key->text, "tcp");
	portlock_t *local = open_lock(key->text, "unix");

	assert_int_equal(portlock_acquire(tcp), 0);
	assert_signed(tcp, 2);
	portlock_release(tcp);
	assert_int_equal(portlock_acquire(local), 0);
	assert_signed(local, 0);
	portlock_close(tcp);
	portlock_close(local);
}

static void not_in_a_busy_loop(void **state)
{
	const struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "unix");
	struct pl_signature read;

	assert_int_equal(portlock_acquire(lock), 0);
	portlock_release(lock);
	now += PL_MSEC - 1;
	assert_int_equal(portlock_try_lock(lock), 0);
	assert_false(read_signature(lock, &read));
	portlock_release(lock);
	now += 1;
	assert_int_equal(portlock_acquire(lock), 0);
	assert_signed(lock, 0);
	portlock_close(lock);
}

/* A waiter that is granted the lock at the very time of its last grant. */
static void queue_again(struct child *parent, void *key)
{
	portlock_t *lock = open_lock(key, "unix");
	struct pl_signature read;

	require(portlock_acquire(lock) == 0);
	portlock_release(lock);
	say(parent, 0);
	hear(parent);
	require(portlock_acquire_for(lock, -1) == 0);
	require(read_signature(lock, &read));
	require(read.token == portlock_token(lock) && read.pid == getpid());
	portlock_close(lock);
}

/* Else the signature of the holder before would stay. */
static void always_after_another_holder(void **state)
{
	struct key *key = *state;
	struct child *other = child_start(queue_again, key->text);
	portlock_t *lock = open_lock(key->text, "unix");

	hear(other);
	assert_int_equal(portlock_acquire(lock), 0);
	say(other, 0);
	wait_for_queue(key->text, 1);
	portlock_close(lock);
	assert_int_equal(child_end(other), 0);
}

static int status_of(int fd)
{
	return fcntl(fd, F_GETFL) & (O_NONBLOCK | O_APPEND);
}

static void as_ending_where_it_is_about_to_end(void **state)
{
	const struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "unix");
	int fd;

	assert_int_equal(portlock_acquire(lock), 0);
	assert_int_equal(status_of(lock->bundle.gate), PL_GOES_ON);
	pl_sign_ending(lock, true);
	assert_signed(lock, 0);
	assert_int_equal(status_of(lock->bundle.gate), PL_ENDING);
	pl_sign_ending(lock, false);
	assert_int_equal(status_of(lock->bundle.gate), PL_GOES_ON);
	if (geteuid() == 0) {
		require(seteuid(65534) == 0);
		pl_sign_ending(lock, true);
		require(seteuid(0) == 0);
		assert_int_equal(status_of(lock->bundle.gate), PL_ENDING);
	}
	/* The number is a file's by now. */
	fd = memfd_create("file", MFD_CLOEXEC);
	require(fd >= 0);
	require(dup2(fd, lock->bundle.gate) >= 0);
	pl_sign_ending(lock, true);
	assert_int_equal(status_of(fd), 0);
	close(fd);
	portlock_close(lock);
}

static struct pl_signature found;
static bool is_found;

static int look_and_listen(int fd, int backlog)
{
	struct statx gate;

	require(statx(fd, "", AT_EMPTY_PATH, STATX_ATIME | STATX_MTIME,
		      &gate) == 0);
	is_found = pl_sign_read(&gate, &found);
	return listen(fd, backlog);
}

/* Who is started by one that waits for the cluster must not take that for a
 * holder: so before anybody can connect. */
static void as_a_waiter_before_a_cluster_is_asked(void **state)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	portlock_t *lock;

	setenv("PORTLOCK_SESSION", "/dev/null/none", 1);
	options.transport = "etcd";
	ops.listen = look_and_listen;
	assert_int_equal(portlock_open(&lock, key_text(state), &options), 0);
	assert_int_equal(portlock_try_lock(lock), -ENOSYS);
	assert_true(is_found);
	assert_int_equal(found.token, 0);
	assert_int_equal(found.pid, getpid());
	portlock_close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(of_either_transport, setup,
						teardown),
		cmocka_unit_test_setup_teardown(not_in_a_busy_loop, setup,
						teardown),
		cmocka_unit_test_setup_teardown(always_after_another_holder,
						setup, teardown),
		cmocka_unit_test_setup_teardown(
			as_ending_where_it_is_about_to_end, setup, teardown),
		cmocka_unit_test_setup_teardown(
			as_a_waiter_before_a_cluster_is_asked, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
