/* SPDX-License-Identifier: MIT */
/* test_limits.c - no descriptor is free, or too many are on their way. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/impostor.h"
#include "support/support.h"

#define LIMIT 64

/* ---- a process with just so many descriptors ----------------------------- */

static int fillers[LIMIT];
static int filler_count;

static void give_back(int count)
{
	while (count-- > 0)
		close(fillers[--filler_count]);
}

/* After this the process can have that many descriptors more. */
static void leave_free(int count)
{
	struct rlimit limit;
	int fd;

	require(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = LIMIT;
	require(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		fillers[filler_count++] = fd;
	require(errno == EMFILE && filler_count > count);
	give_back(count);
}

struct demand {
	const char *key;
	const char *transport;
	int spare; /* descriptors that are free when it acquires */
};

/* Acquires with few descriptors, then, when told, with enough. */
static void acquire_with_few(struct child *parent, void *argument)
{
	struct demand *demand = argument;
	portlock_t *lock = open_lock(demand->key, demand->transport);

	leave_free(demand->spare);
	say(parent, portlock_acquire_for(lock, -1));
	say(parent, portlock_has_locked(lock));
	portlock_release(lock);
	give_back(filler_count);
	hear(parent);
	say(parent, portlock_acquire_for(lock, -1));
	portlock_close(lock);
}

/* The lock comes from the test and goes back to it. */
static void acquire_between(struct child *parent, void *key)
{
	portlock_t *lock = open_lock(key, "unix");

	hear(parent);
	say(parent, portlock_acquire_for(lock, -1));
	hear(parent);
	wait_for_queue(key, 1);
	say(parent, portlock_release(lock));
	hear(parent);
	leave_free(0);
	say(parent, portlock_acquire_for(lock, -1));
	portlock_close(lock);
}

static void assert_a_free_lock_needs(const struct key *key,
				     const char *transport, int needed)
{
	for (int spare = 0; spare <= needed; spare++) {
		struct demand demand = { key->text, transport, spare };
		struct child *child = child_start(acquire_with_few, &demand);

		assert_int_equal(hear(child), spare < needed ? -EMFILE : 0);
		assert_int_equal(hear(child), spare == needed);
		if (spare < needed) {
			assert_false(gate_is_bound(key->text));
			assert_int_equal(ports_bound(key), 0);
		}
		say(child, 0);
		assert_int_equal(hear(child), 0);
		assert_int_equal(child_end(child), 0);
	}
}

/* It keeps the kernel from seeing a limit that a process sets itself. */
static void skip_under_valgrind(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	if (preloaded && strstr(preloaded, "vgpreload")) {
		print_message("valgrind has limits of its own\n");
		skip();
	}
}

static void without_a_free_descriptor_nothing_is_bound(void **state)
{
	assert_a_free_lock_needs(*state, "tcp", 3);
	assert_a_free_lock_needs(*state, "unix", 1);
}

/* One descriptor to wait with; three come with the grant. */
static void a_waiter_over_its_limit_lets_the_lock_go_to_the_next(void **state)
{
	struct key *key = *state;
	struct child *next;
	portlock_t *lock;

	skip_under_valgrind();
	next = contender_start(key->text, "tcp");
	lock = open_lock(key->text, "tcp");
	for (int spare = 1; spare <= 4; spare++) {
		struct demand demand = { key->text, "tcp", spare };
		bool enough = spare == 4;
		struct child *child;

		assert_int_equal(portlock_acquire_for(lock, -1), 0);
		child = child_start(acquire_with_few, &demand);
		wait_for_queue(key->text, 1);
		contender_queue(next, key->text, -1);
		portlock_release(lock);
		assert_int_equal(hear(child), enough ? 0 : -EMFILE);
		assert_int_equal(hear(child), enough);
		assert_int_equal(contender_result(next), 0);
		contender_release(next);
		say(child, 0);
		assert_int_equal(hear(child), 0);
		assert_int_equal(child_end(child), 0);
	}
	portlock_close(lock);
}

/* What a handle keeps of its hand-overs is its own to use. */
static void what_a_handle_keeps_it_can_acquire_with(void **state)
{
	struct key *key = *state;
	struct child *child = child_start(acquire_between, key->text);
	portlock_t *lock = open_lock(key->text, "unix");

	assert_int_equal(portlock_acquire_for(lock, -1), 0);
	say(child, 0);
	wait_for_queue(key->text, 1);
	portlock_release(lock);
	assert_int_equal(hear(child), 0);
	say(child, 0);
	assert_int_equal(portlock_acquire_for(lock, -1), 0);
	portlock_release(lock);
	assert_int_equal(hear(child), 0);
	portlock_close(lock);
	say(child, 0);
	assert_int_equal(hear(child), 0);
	assert_int_equal(child_end(child), 0);
}

static void set_limit(pid_t pid, rlim_t soft)
{
	struct rlimit limit;

	require(prlimit(pid, RLIMIT_NOFILE, NULL, &limit) == 0);
	limit.rlim_cur = soft;
	require(prlimit(pid, RLIMIT_NOFILE, &limit, NULL) == 0);
}

static void a_waiter_may_lose_its_limit_while_it_waits(void **state)
{
	struct key *key = *state;
	struct child *waiter = contender_start(key->text, "tcp");
	struct child *next = contender_start(key->text, "tcp");
	portlock_t *lock = open_lock(key->text, "tcp");

	assert_int_equal(portlock_acquire(lock), 0);
	contender_queue(waiter, key->text, -1);
	contender_queue(next, key->text, -1);
	set_limit(waiter->pid, STDERR_FILENO + 1);
	portlock_release(lock);
	assert_int_equal(contender_result(waiter), -EMFILE);
	assert_false(contender_has_locked(waiter));
	assert_int_equal(contender_result(next), 0);
	assert_int_equal(contender_try(waiter), -EMFILE);
	set_limit(waiter->pid, LIMIT);
	contender_release(next);
	assert_int_equal(contender_acquire(waiter, -1), 0);
	portlock_close(lock);
}

/* ---- releases that cannot hand over -------------------------------------- */

#define WAITERS 5

struct turns {
	const char *key;
	uid_t uid; /* 0: as we are */
	struct guarded *guarded;
};

static void take_a_turn(struct child *parent, void *argument)
{
	struct turns *turns = argument;
	portlock_t *lock;

	(void)parent;
	if (turns->uid)
		become_user(turns->uid);
	lock = open_lock(turns->key, "tcp");
	require(portlock_acquire_for(lock, -1) == 0);
	guarded_touch(turns->guarded);
	portlock_close(lock);
}

static void hold_without_a_spare_descriptor(struct child *parent,
					    void *argument)
{
	struct turns *turns = argument;
	portlock_t *lock = open_lock(turns->key, "tcp");

	require(portlock_acquire_for(lock, -1) == 0);
	leave_free(0);
	say(parent, 0);
	hear(parent);
	say(parent, portlock_release(lock));
	require(!portlock_has_locked(lock));
	hear(parent);
	require(portlock_acquire_for(lock, -1) == 0);
	portlock_close(lock);
}

/* What descriptors that nobody receives cost is counted for each user. */
static void send_until_it_is_too_much(void)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(16 * sizeof(int))];
	} control = { .bytes = { 0 } };
	char byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int pair[2];

	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(16 * sizeof(int));
	for (int i = 0; i < 16; i++)
		((int *)CMSG_DATA(header))[i] = pair[1];
	while (sendmsg(pair[0], &message, MSG_NOSIGNAL) == 1)
		;
	require(errno == ETOOMANYREFS);
}

static void hold_with_too_much_in_flight(struct child *parent, void *argument)
{
	struct turns *turns = argument;
	portlock_t *lock;

	become_user(turns->uid);
	set_limit(0, LIMIT);
	lock = open_lock(turns->key, "tcp");
	require(portlock_acquire_for(lock, -1) == 0);
	send_until_it_is_too_much();
	say(parent, 0);
	hear(parent);
	say(parent, portlock_release(lock));
	require(!portlock_has_locked(lock));
	hear(parent);
	require(portlock_acquire_for(lock, -1) == 0);
	portlock_close(lock);
}

static void assert_waiters_race(const struct key *key, uid_t uid,
				child_body *hold)
{
	struct turns turns = { key->text, uid,
			       shared_memory(sizeof(struct guarded)) };
	struct child *holder = child_start(hold, &turns);
	struct child *waiters[WAITERS];

	hear(holder);
	for (int i = 0; i < WAITERS; i++) {
		waiters[i] = child_start(take_a_turn, &turns);
		wait_for_queue(key->text, i + 1);
	}
	say(holder, 0);
	assert_int_equal(hear(holder), 0);
	for (int i = 0; i < WAITERS; i++)
		assert_int_equal(child_end(waiters[i]), 0);
	assert_int_equal(turns.guarded->value, WAITERS);
	assert_int_equal(turns.guarded->violations, 0);
	say(holder, 0);
	assert_int_equal(child_end(holder), 0);
}

static void a_releaser_without_a_descriptor_lets_the_waiters_race(void **state)
{
	assert_waiters_race(*state, 0, hold_without_a_spare_descriptor);
}

static void with_too_many_in_flight_the_waiters_race(void **state)
{
	/* A user of its own, as others' descriptors count as well. */
	uid_t uid = 1000000 + (uid_t)getpid();

	if (geteuid() != 0) {
		print_message("only root can become a user of limited means\n");
		skip();
	}
	skip_under_valgrind();
	assert_waiters_race(*state, uid, hold_with_too_much_in_flight);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(without_a_free_descriptor_nothing_is_bound),
		with_key(a_waiter_over_its_limit_lets_the_lock_go_to_the_next),
		with_key(what_a_handle_keeps_it_can_acquire_with),
		with_key(a_waiter_may_lose_its_limit_while_it_waits),
		with_key(a_releaser_without_a_descriptor_lets_the_waiters_race),
		with_key(with_too_many_in_flight_the_waiters_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
