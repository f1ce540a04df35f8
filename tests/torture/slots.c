/* SPDX-License-Identifier: MIT */
/* slots.c - the processes: started, killed, stopped, reaped. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/torture/torture.h"

static void run(int index, int round, uint32_t id)
{
	int stranger = index - arena->plan.processes;

	if (stranger < 0)
		actor_run(index, round, 0, id);
	stranger_run((enum stranger)(stranger % STRANGER_KINDS), index, round,
		     id);
}

/* Keeps a name that it does not own, for ever. */
static void stay(void)
{
	while (!atomic_load(&arena->over) ||
	       stranger_bind_gate(arena->grounds[0].key) < 0)
		sleep_ns(MSEC);
	for (;;)
		pause();
}

/* An orphan from the start: a parent could be struck before it has forked. */
void slots_plant(void)
{
	pid_t parent;
	int status = 0;

	if (arena->plan.plant != PLANT_NAME)
		return;
	fflush(NULL);
	parent = fork();
	if (parent == 0) {
		pid_t orphan = fork();

		if (orphan == 0)
			stay();
		_exit(orphan < 0);
	}
	if (parent < 0 || waitpid(parent, &status, 0) < 0 || status != 0)
		violation(ENDS, "cannot fork: %m");
}

void slot_fill(struct cast *cast, int index)
{
	struct slot *slot = &cast->slots[index];
	uint32_t id = arena_id();
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run(index, slot->round, id);
	if (pid < 0) {
		violation(ENDS, "cannot fork: %m");
		return;
	}
	slot->pid = pid;
	slot->id = id;
	slot->round++;
	slot->resume = 0;
	slot->doomed = false;
}

static bool is_inside(pid_t pid)
{
	for (int key = 0; key < arena->plan.keys; key++)
		for (int room = 0; room < ROOMS; room++)
			if (atomic_load(&arena->grounds[key].inside[room]) ==
			    pid)
				return true;
	return false;
}

void slot_kill(struct cast *cast, int index)
{
	struct slot *slot = &cast->slots[index];

	if (!slot->pid || slot->doomed)
		return;
	slot->doomed = true;
	history_kill(slot->id, slot->pid);
	cast->killed_inside += is_inside(slot->pid);
	kill(slot->pid, SIGKILL);
}

void slot_stop(struct cast *cast, int index, int64_t until)
{
	struct slot *slot = &cast->slots[index];

	if (!slot->pid || slot->resume)
		return;
	slot->resume = until;
	cast->stops++;
	kill(slot->pid, SIGSTOP);
}

void slot_resume(struct cast *cast, int index)
{
	struct slot *slot = &cast->slots[index];

	if (slot->pid && slot->resume)
		kill(slot->pid, SIGCONT);
	slot->resume = 0;
}

void slot_signal(struct cast *cast, int index)
{
	if (!cast->slots[index].pid || index >= arena->plan.processes)
		return;
	cast->signals++;
	kill(cast->slots[index].pid, SIGUSR1);
}

/* An acquire that its end has cut short has an outcome, too. */
static bool settle(struct seat *seat)
{
	uint64_t open = atomic_load(&seat->begun);

	for (int i = 0; i < OUTCOMES_KINDS; i++)
		open -= atomic_load(&seat->ended[i]);
	atomic_store(&seat->due, 0);
	if (open == 1)
		atomic_fetch_add(&seat->ended[DIED], 1);
	else if (open != 0)
		violation(OUTCOMES, "%lld acquires have no outcome",
			  (long long)open);
	return open != 0;
}

/* Those that crashed have said so; others do not die by SIGKILL. */
static void judge_end(struct cast *cast, int index, int status)
{
	struct slot *slot = &cast->slots[index];
	bool was_waiting = false;

	for (int i = 0; i < SEATS; i++)
		was_waiting |= settle(&arena->seats[index][i]);
	if (WIFSIGNALED(status) && slot->doomed) {
		cast->kills++;
		cast->killed_waiting += was_waiting;
	} else if (WIFSIGNALED(status)) {
		cast->crashes++;
	} else {
		cast->retired++;
		if (was_waiting)
			violation(OUTCOMES, "process %d ended while it waited",
				  (int)slot->pid);
	}
	if (end_fault(status))
		violation(ENDS, "process %d, slot %d, round %d: %s: status %x",
			  (int)slot->pid, index, slot->round - 1,
			  end_fault(status), (unsigned)status);
	slot->pid = 0;
	slot->resume = 0;
}

static void judge(struct cast *cast, pid_t pid, int status)
{
	for (int i = 0; i < cast->count; i++)
		if (cast->slots[i].pid == pid) {
			judge_end(cast, i, status);
			return;
		}
	/* A child whose parent was killed. */
	if (end_fault(status))
		violation(ENDS, "orphan %d: %s: status %x", (int)pid,
			  end_fault(status), (unsigned)status);
}

bool slots_reap(struct cast *cast)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		judge(cast, pid, status);
	return pid == 0;
}

void slots_clear(struct cast *cast)
{
	FILE *file;
	char path[64];
	int pid;

	/* The children of the killed become ours. */
	while (slots_reap(cast)) {
		snprintf(path, sizeof(path), "/proc/self/task/%d/children",
			 (int)getpid());
		file = fopen(path, "re");
		while (file && fscanf(file, "%d", &pid) == 1) {
			if (is_dying(pid))
				continue;
			violation(PROCESSES, "process %d is left", pid);
			kill(pid, SIGKILL);
		}
		if (file)
			fclose(file);
		sleep_ns(MSEC);
	}
}
