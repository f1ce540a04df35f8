/* SPDX-License-Identifier: MIT */
/* test_idle.c - a waiter does nothing at all while it waits: no system call
 * and no turn on a processor, whatever happens to the lock and its queue.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "support.h"

/* How often the process has left a processor, for whatever reason. */
static long turns_of(pid_t pid)
{
	char path[64], line[256];
	long all = 0, count;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	require(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %ld", &count) ==
			    1)
			all += count;
	fclose(file);
	require(all > 0);
	return all;
}

static bool trace(pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACESYSGOOD) < 0)
		return false;
	require(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0);
	require(waitpid(pid, NULL, __WALL) == pid);
	return true;
}

static void go_on(pid_t pid)
{
	require(ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == 0);
}

/* The next beginning or end of a system call. */
static struct __ptrace_syscall_info next_stop(pid_t pid)
{
	struct __ptrace_syscall_info info = { 0 };

	require(waitpid(pid, NULL, __WALL) == pid);
	require(ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0);
	return info;
}

/* As 32-bit libcs make them, too. */

static bool is_connect(const struct __ptrace_syscall_info *info)
{
#ifdef SYS_socketcall
	if (info->entry.nr == SYS_socketcall)
		return info->entry.args[0] == 3;
#endif
	return info->entry.nr == SYS_connect;
}

static bool is_ppoll(const struct __ptrace_syscall_info *info)
{
#ifdef SYS_ppoll_time64
	if (info->entry.nr == SYS_ppoll_time64)
		return true;
#endif
	return info->entry.nr == SYS_ppoll;
}

static void begin_to_wait(struct child *waiter, const char *key,
			  int64_t timeout_ms)
{
	struct __ptrace_syscall_info info;
	int length = gate_queue(key);
	bool connecting = false;

	contender_begin(waiter, timeout_ms);
	do {
		go_on(waiter->pid);
		info = next_stop(waiter->pid);
		if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
			continue;
		connecting |= is_connect(&info);
	} while (!connecting || info.op != PTRACE_SYSCALL_INFO_ENTRY ||
		 !is_ppoll(&info));
	go_on(waiter->pid);
	wait_asleep(waiter->pid);
	assert_int_equal(gate_queue(key), length + 1);
}

static void expect_the_grant(struct child *waiter)
{
	struct __ptrace_syscall_info info = next_stop(waiter->pid);

	assert_int_equal(info.op, PTRACE_SYSCALL_INFO_EXIT);
	assert_int_equal(info.exit.rval, 1);
	require(ptrace(PTRACE_DETACH, waiter->pid, NULL, NULL) == 0);
	assert_int_equal(contender_result(waiter), 0);
}

/* The lock passes from the first two to the third; behind the waiter, one
 * comes and gives up, and one comes and dies. */
static void stir(const struct key *key, struct child *before[3],
		 struct child *behind[2])
{
	assert_int_equal(contender_acquire(behind[0], 1), -ETIMEDOUT);
	contender_queue(behind[1], key->text, -1);
	child_kill(behind[1]);
	for (int i = 0; i < 2; i++) {
		contender_release(before[i]);
		assert_int_equal(contender_result(before[i + 1]), 0);
	}
	assert_int_equal(contender_try(behind[0]), -EBUSY);
}

static void a_waiter_sleeps_until_its_grant(const struct key *key,
					    const char *transport,
					    int64_t timeout_ms)
{
	struct child *before[3], *behind[2], *waiter;
	long turns;

	for (int i = 0; i < 3; i++)
		before[i] = contender_start(key->text, transport);
	for (int i = 0; i < 2; i++)
		behind[i] = contender_start(key->text, transport);
	waiter = contender_start(key->text, transport);
	if (!trace(waiter->pid)) {
		print_message("this system does not let processes be traced\n");
		skip();
	}

	assert_int_equal(contender_try(before[0]), 0);
	contender_queue(before[1], key->text, -1);
	contender_queue(before[2], key->text, -1);
	begin_to_wait(waiter, key->text, timeout_ms);
	turns = turns_of(waiter->pid);
	stir(key, before, behind);
	assert_int_equal(process_state(waiter->pid), 'S');
	assert_int_equal(turns_of(waiter->pid), turns);
	assert_int_equal(waitpid(waiter->pid, NULL, WNOHANG | __WALL), 0);

	contender_release(before[2]);
	expect_the_grant(waiter);
	assert_int_equal(child_end(waiter), 0);
}

static void a_waiter_for_ever_makes_no_system_call(void **state)
{
	a_waiter_sleeps_until_its_grant(*state, "tcp", -1);
}

static void a_waiter_with_a_timeout_makes_no_system_call(void **state)
{
	a_waiter_sleeps_until_its_grant(*state, "tcp", 3600000);
}

static void a_waiter_by_unix_makes_no_system_call(void **state)
{
	a_waiter_sleeps_until_its_grant(*state, "unix", -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(a_waiter_for_ever_makes_no_system_call),
		with_key(a_waiter_with_a_timeout_makes_no_system_call),
		with_key(a_waiter_by_unix_makes_no_system_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
