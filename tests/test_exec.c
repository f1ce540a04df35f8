/* SPDX-License-Identifier: MIT */
/* test_exec.c - programs that a holder starts, and children made without the
 * handlers of fork().
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/support.h"

/* A program that lives until its standard input ends. */
static char *const program[] = { "cat", NULL };

/* The pipe that keeps the program alive. */
struct life {
	int read_end, write_end;
};

static struct life life_make(void)
{
	int ends[2];

	require(pipe2(ends, O_CLOEXEC) == 0);
	return (struct life){ ends[0], ends[1] };
}

static void life_end(struct life *life, pid_t pid)
{
	int status;

	assert_true(process_state(pid) != 'Z');
	close(life->read_end);
	close(life->write_end);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A start returns when the exec succeeds, a moment before it closes what is
 * close-on-exec: the lock is free then, so who wants it waits. */
static pid_t start_by_vfork(const struct life *life)
{
	pid_t pid = vfork();

	if (pid == 0) {
		dup2(life->read_end, STDIN_FILENO);
		execvp(program[0], program);
		_exit(127);
	}
	return pid;
}

static pid_t start_by_spawn(const struct life *life)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, life->read_end,
					 STDIN_FILENO);
	require(posix_spawnp(&pid, program[0], &actions, NULL, program,
			     environ) == 0);
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

static void
assert_a_program_keeps_nothing(const struct key *key,
			       pid_t (*start)(const struct life *life))
{
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *other = contender_start(key->text, "tcp");
	struct life life = life_make();
	pid_t pid;

	assert_int_equal(portlock_acquire(lock), 0);
	pid = start(&life);
	assert_true(pid > 0);
	assert_true(portlock_has_locked(lock));
	assert_int_equal(contender_try(other), -EBUSY);
	portlock_release(lock);
	assert_int_equal(contender_acquire(other, -1), 0);
	life_end(&life, pid);
	portlock_close(lock);
}

static void a_program_started_by_vfork_keeps_nothing(void **state)
{
	assert_a_program_keeps_nothing(*state, start_by_vfork);
}

static void a_program_started_by_posix_spawn_keeps_nothing(void **state)
{
	assert_a_program_keeps_nothing(*state, start_by_spawn);
}

static void hold_and_exec(struct child *parent, void *key)
{
	portlock_t *lock = open_lock(key, "tcp");

	require(portlock_acquire(lock) == 0);
	dup2(parent->in, STDIN_FILENO);
	execvp(program[0], program);
	_exit(127);
}

static void exec_frees_the_lock_although_the_process_lives(void **state)
{
	struct key *key = *state;
	struct child *holder = child_start(hold_and_exec, key->text);
	struct child *other = contender_start(key->text, "tcp");
	int64_t number;

	assert_false(hear_or_end(holder, &number));
	assert_int_equal(contender_acquire(other, -1), 0);
	assert_true(process_state(holder->pid) != 'Z');
	assert_int_equal(child_end(other), 0);
	assert_int_equal(child_end(holder), 0);
}

/* A child without fork handlers, which does one thing, then lives on. */
static pid_t start_by_bare_fork(struct life *life, void (*act)(portlock_t *),
				portlock_t *lock)
{
	pid_t pid = _Fork();
	char byte = 0;

	require(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(life->read_end);
		act(lock);
		if (write(life->write_end, &byte, 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	close(life->write_end); /* so that a dead child is the pipe's end */
	life->write_end = -1;
	require(read(life->read_end, &byte, 1) == 1);
	return pid;
}

static void stop(struct life *life, pid_t pid)
{
	kill(pid, SIGKILL);
	require(waitpid(pid, NULL, 0) == pid);
	close(life->read_end);
}

static void call_everything(portlock_t *lock)
{
	if (portlock_has_locked(lock) || portlock_token(lock) != 0 ||
	    portlock_release(lock) != 0 || portlock_has_locked(lock))
		_exit(1);
}

static void a_bare_child_cannot_release_the_parents_lock(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *other = contender_start(key->text, "tcp");
	struct life life = life_make();
	pid_t pid;

	assert_int_equal(portlock_acquire(lock), 0);
	pid = start_by_bare_fork(&life, call_everything, lock);
	assert_true(portlock_has_locked(lock));
	assert_int_equal(contender_try(other), -EBUSY);
	/* That call closed the child's copies. */
	portlock_release(lock);
	assert_int_equal(contender_try(other), 0);
	stop(&life, pid);
	portlock_close(lock);
}

static void call_nothing(portlock_t *lock)
{
	(void)lock;
}

/* Not wanted, but so documented: who comes to change that finds this. */
static void a_bare_child_keeps_the_names_until_it_ends(void **state)
{
	struct key *key = *state;
	portlock_t *lock = open_lock(key->text, "tcp");
	struct child *other = contender_start(key->text, "tcp");
	struct life life = life_make();
	pid_t pid;

	assert_int_equal(portlock_acquire(lock), 0);
	pid = start_by_bare_fork(&life, call_nothing, lock);
	portlock_release(lock);
	assert_false(portlock_has_locked(lock));
	assert_int_equal(contender_try(other), -EBUSY);
	stop(&life, pid);
	assert_int_equal(contender_try(other), 0);
	portlock_close(lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_key(a_program_started_by_vfork_keeps_nothing),
		with_key(a_program_started_by_posix_spawn_keeps_nothing),
		with_key(exec_frees_the_lock_although_the_process_lives),
		with_key(a_bare_child_cannot_release_the_parents_lock),
		with_key(a_bare_child_keeps_the_names_until_it_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
