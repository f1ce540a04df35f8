/* SPDX-License-Identifier: MIT */
/* actor.c - a process whose threads take and release locks until it retires. */
#include "config.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/torture/torture.h"

#define NOBODY 65534

/* Here, where children and leak checkers find all that threads have. */
static struct actor self;

void actor_prepare(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || !fd_move(fd, PROGRAM_FD)) {
		perror("torture: /proc/self/exe");
		exit(71);
	}
}

void process_begin(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != arena->director)
		_exit(71);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
}

void limit_descriptors(int spare)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	if (spare >= 0) {
		int lowest = dup(STDERR_FILENO);

		if (lowest < 0)
			return;
		close(lowest);
		limit.rlim_cur = (rlim_t)(lowest + spare);
	}
	setrlimit(RLIMIT_NOFILE, &limit);
}

void actor_exec(const struct actor *actor)
{
	char numbers[4][16];
	char *arguments[] = { "torture",  "--actor",  numbers[0], numbers[1],
			      numbers[2], numbers[3], NULL };

	sigset_t set;

	/* There is no handler for it until the new one begins. */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	snprintf(numbers[0], sizeof(numbers[0]), "%d", actor->slot);
	snprintf(numbers[1], sizeof(numbers[1]), "%d", actor->round);
	snprintf(numbers[2], sizeof(numbers[2]), "%d", actor->execs + 1);
	snprintf(numbers[3], sizeof(numbers[3]), "%u", (unsigned)actor->id);
	limit_descriptors(-1);
	arena_pass(true);
	arena_event(EXECS);
	fexecve(PROGRAM_FD, arguments, environ);
	violation(ENDS, "process %d cannot exec: %m", (int)getpid());
	_exit(71);
}

static void *act(void *argument)
{
	struct hand *hand = argument;

	for (int i = 0; i < self.steps && !atomic_load(&arena->over); i++) {
		struct step step = step_draw(&hand->draw, &arena->plan);

		hand_step(hand, &step);
	}
	hand_end(hand);
	return NULL;
}

static void cast_hands(void)
{
	/* Each exec begins decisions of its own. */
	int first = self.execs * (SEATS + 1);

	for (int i = 0; i < self.threads; i++)
		self.hands[i] = (struct hand){
			.who = { self.id, i },
			.draw = draw_begin(arena->plan.seed, self.slot,
					   self.round, first + i),
			.seat = &arena->seats[self.slot][i],
			.actor = &self,
		};
}

static void draw_self(void)
{
	struct draw draw = draw_begin(arena->plan.seed, self.slot, self.round,
				      self.execs * (SEATS + 1) + SEATS);

	self.threads = draw_one_in(&draw, 2)
			       ? 1
			       : 1 + draw_below(&draw, arena->plan.threads);
	self.may_starve = draw_one_in(&draw, 3);
	self.steps = 1 + draw_below(&draw, 4000);
	for (int key = 0; key < arena->plan.keys; key++)
		self.shared_tcp[key] =
			key == 0 || (key > 1 && draw_one_in(&draw, 2));
}

static void act_together(void)
{
	pthread_t threads[SEATS];

	for (int i = 1; i < self.threads; i++)
		if (pthread_create(&threads[i], NULL, act, &self.hands[i]) != 0)
			violation(ENDS, "process %d gets no thread",
				  (int)getpid());
	act(&self.hands[0]);
	for (int i = 1; i < self.threads; i++)
		pthread_join(threads[i], NULL);
}

bool is_foreign(int slot)
{
	return slot % 4 == 3;
}

static void choose_user(void)
{
	if (!is_foreign(self.slot) || geteuid() != 0)
		return;
	if (setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0)
		violation(ENDS, "process %d cannot be another user's: %m",
			  (int)getpid());
}

void actor_run(int slot, int round, int execs, uint32_t id)
{
	int fds;

	self = (struct actor){
		.slot = slot, .round = round, .execs = execs, .id = id
	};
	choose_user();
	process_begin(); /* a new user would undo a part of it */
	hand_signals();
	draw_self();
	cast_hands();
	fds = count_fds();
	for (int key = 0; key < arena->plan.keys; key++)
		self.shared[key] = hand_open(key, self.shared_tcp[key]);
	act_together();
	for (int key = 0; key < arena->plan.keys; key++)
		portlock_close(self.shared[key]);
	limit_descriptors(-1);
	if (arena->plan.plant == PLANT_DESCRIPTOR)
		dup(STDERR_FILENO);
	if (count_fds() != fds)
		violation(DESCRIPTORS,
			  "process %d ends with %d descriptors, not %d",
			  (int)getpid(), count_fds(), fds);
	exit(0);
}
