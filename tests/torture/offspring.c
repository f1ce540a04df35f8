/* SPDX-License-Identifier: MIT */
/* offspring.c - children of all kinds, of those who wait and those who hold. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/torture/torture.h"

const char *end_fault(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL ? NULL
						   : "it died of a signal";
	return WEXITSTATUS(status) == 0 ? NULL : "it failed";
}

/* Only its own thread reaps a child, so that no pid is another process's by
 * the time it is killed. */
void offspring_reap(struct hand *hand, bool all)
{
	int kept = 0;

	for (int i = 0; i < hand->litter_count; i++) {
		pid_t pid = hand->litter[i];
		int status = 0;
		pid_t ended;

		do
			ended = waitpid(pid, &status, all ? 0 : WNOHANG);
		while (ended < 0 && errno == EINTR);
		if (ended == 0)
			hand->litter[kept++] = pid;
		else if (ended == pid && end_fault(status))
			violation(ENDS, "child %d: %s: status %x", (int)pid,
				  end_fault(status), (unsigned)status);
	}
	hand->litter_count = kept;
}

static void check_child(const struct hand *parent)
{
	const struct actor *actor = parent->actor;

	for (int key = 0; key < arena->plan.keys; key++)
		if (portlock_has_locked(actor->shared[key]))
			violation(CHILDREN, "child %d has key %d by its birth",
				  (int)getpid(), key);
	/* Those of other threads may have been on their way to be closed. */
	if (portlock_token(parent->own) != 0)
		violation(CHILDREN, "child %d has a token by its birth",
			  (int)getpid());
}

/* A few steps of its own, with the handles of its parent and new ones. */
static void child_run(const struct hand *parent, const struct step *plan,
		      uint32_t id)
{
	static struct hand hand; /* where leak checkers look */

	hand = (struct hand){ .who = { id, 0 },
			      .draw = { plan->child_seed },
			      .seat = &arena->children,
			      .actor = parent->actor,
			      .is_child = true };
	check_child(parent);
	limit_descriptors(-1);
	for (int i = 1 + draw_below(&hand.draw, 3); i > 0; i--) {
		struct step step = step_draw(&hand.draw, &arena->plan);

		hand_step(&hand, &step);
	}
	hand_end(&hand);
	_exit(0);
}

static pid_t make_contender(const struct hand *hand, const struct step *step,
			    uint32_t id)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (step->offspring == FORK_TWICE && fork() != 0)
		_exit(0);
	child_run(hand, step, id);
	return 0;
}

static pid_t make_command(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		limit_descriptors(-1);
		execlp("true", "true", (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* Nothing but system calls: another thread may have had any lock at the fork,
 * also one that the thread sanitizer takes in each function of libc. */
static void linger(const struct step *step)
{
	const long moment[] = { 0, step->delay_us * 1000L }; /* s, ns */

	syscall(SYS_nanosleep, moment, NULL);
	syscall(SYS_exit_group, 0);
}

/* It has copies of all that its parent holds, for a moment. */
static pid_t make_raw(const struct step *step)
{
	pid_t pid = _Fork();

	if (pid == 0)
		linger(step);
	return pid;
}

static pid_t make_borrower(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	return pid;
}

static pid_t spawn(void)
{
	char *arguments[] = { "true", NULL };
	pid_t pid;

	if (posix_spawnp(&pid, "true", NULL, NULL, arguments, environ) != 0)
		return -1;
	return pid;
}

static void kill_child(uint32_t id, pid_t pid, const struct step *step)
{
	sleep_ns(step->delay_us * INT64_C(1000));
	history_kill(id, pid);
	arena_event(CHILD_KILLS);
	kill(pid, SIGKILL);
}

static pid_t make(const struct hand *hand, const struct step *step)
{
	enum offspring kind = step->offspring;
	uint32_t id;
	pid_t pid;

	/* A loader without descriptors would fail. */
	if (kind == SPAWN && hand->actor->may_starve)
		kind = FORK;
	arena_event(kind == SPAWN ? SPAWNS : FORKS);
	switch (kind) {
	case SPAWN:
		return spawn();
	case VFORK:
		return make_borrower();
	case RAW_FORK:
		return make_raw(step);
	case FORK_EXEC:
		return make_command();
	default:
		id = arena_id();
		pid = make_contender(hand, step, id);
		if (kind == FORK_KILL && pid > 0)
			kill_child(id, pid, step);
		return pid;
	}
}

void offspring_make(struct hand *hand, const struct step *step)
{
	pid_t pid;

	if (step->offspring == NO_CHILD || hand->is_child ||
	    hand->litter_count == LITTER_MAX)
		return;
	pid = make(hand, step);
	if (pid > 0)
		hand->litter[hand->litter_count++] = pid;
}
