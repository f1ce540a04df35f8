/* SPDX-License-Identifier: MIT */
/* test_look_blind.c - what is seen where not all is shown: as another user,
 * and where sock_diag is forbidden.
 */
#include "config.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/look/look.h"
#include "support/impostor.h"
#include "support/support.h"

/* How another process sees the lock of the key; it shares this. */
struct view {
	const char *key;
	struct look_lock lock;
	struct look_process first_waiter;
	int count, error;
	size_t waiters; /* by portlock_waiters() */
	int waiters_error;
};

static void take_view(struct view *view)
{
	portlock_t *lock = open_lock(view->key, "tcp");
	struct look seen;

	view->error = look(&seen, portlock_gate(lock));
	view->waiters_error = portlock_waiters(lock, NULL, 0, &view->waiters);
	portlock_close(lock);
	if (view->error < 0)
		return;
	view->count = seen.count;
	if (seen.count > 0)
		view->lock = seen.locks[0];
	if (seen.count > 0 && seen.locks[0].waiter_count > 0)
		view->first_waiter = seen.locks[0].waiters[0];
	look_free(&seen);
}

static void look_as_nobody(struct child *parent, void *view)
{
	(void)parent;
	become_user(NOBODY);
	take_view(view);
}

static void of_another_user_only_the_user_is_seen(void **state)
{
	struct key *key = *state;
	struct view *view = shared_memory(sizeof(*view));
	struct child *holder, *waiter;

	if (geteuid() != 0) {
		print_message("only root can be another user\n");
		skip();
	}
	view->key = key->text;
	holder = contender_start(key->text, "tcp");
	waiter = contender_start(key->text, "tcp");
	assert_int_equal(contender_try(holder), 0);
	contender_queue(waiter, key->text, -1);
	assert_int_equal(child_end(child_start(look_as_nobody, view)), 0);
	assert_int_equal(view->error, 0);
	assert_int_equal(view->count, 1);
	assert_int_equal(view->lock.state, LOOK_PASSING);
	assert_int_equal(view->lock.holder.pid, 0);
	assert_int_equal(view->lock.holder.uid, 0);
	assert_int_equal(view->lock.holder.state, '?');
	assert_string_equal(view->lock.holder.command, "");
	assert_int_equal(view->lock.ports, -1);
	assert_int_equal(view->lock.waiter_count, 1);
	assert_int_equal(view->first_waiter.pid, 0);
	assert_int_equal(view->first_waiter.uid, 0);
	assert_int_equal(view->waiters_error, 0);
	assert_int_equal(view->waiters, 1);
}

/* From now on this process has no netlink. */
static void forbid_netlink(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };

	require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	require(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0);
	require(socket(AF_NETLINK, SOCK_RAW, 0) < 0 && errno == EACCES);
}

static void look_without_netlink(struct child *parent, void *view)
{
	(void)parent;
	forbid_netlink();
	take_view(view);
}

static void without_sock_diag_the_holder_is_seen_but_no_queue(void **state)
{
	struct key *key = *state;
	struct view *view = shared_memory(sizeof(*view));
	struct child *holder = contender_start(key->text, "tcp");
	struct child *waiter = contender_start(key->text, "tcp");

	view->key = key->text;
	assert_int_equal(child_end(child_start(look_without_netlink, view)), 0);
	assert_int_equal(view->error, 0);
	assert_int_equal(view->count, 0);
	assert_int_equal(contender_try(holder), 0);
	contender_queue(waiter, key->text, -1);
	assert_int_equal(child_end(child_start(look_without_netlink, view)), 0);
	assert_int_equal(view->count, 1);
	assert_int_equal(view->lock.state, LOOK_HELD);
	assert_int_equal(view->lock.holder.pid, holder->pid);
	assert_int_equal(view->lock.ports, 2);
	assert_int_equal(view->lock.waiter_count, -1);
	assert_int_equal(view->waiters_error, -EACCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(of_another_user_only_the_user_is_seen),
		with_key(without_sock_diag_the_holder_is_seen_but_no_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
