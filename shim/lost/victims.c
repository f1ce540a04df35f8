/* SPDX-License-Identifier: MIT */
/* victims.c - the processes that end with a lock. */
#include "config.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/lost/guard.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

#define VICTIMS 1024

/* A number may be another process's by and by: a pidfd is not, and where there
 * are none the time of the start tells. */
struct victim {
	pid_t pid;
	uint64_t started;
	int pidfd; /* or -1 */
};

static struct victim victims[VICTIMS]; /* the host first */
static int count;
static int lasting; /* so many of them are not forgotten: the host */

static bool is_there(const struct victim *victim)
{
	struct pollfd end = { .fd = victim->pidfd, .events = POLLIN };
	struct process now;

	if (victim->pidfd >= 0)
		return poll(&end, 1, 0) == 0;
	return process_read(victim->pid, &now) &&
	       now.started == victim->started;
}

void victims_begin(pid_t host, int pidfd)
{
	struct process now = { .pid = host };

	process_read(host, &now);
	victims[0] = (struct victim){ host, now.started, pidfd };
	count = lasting = 1;
}

static bool is_victim(pid_t pid)
{
	for (int i = 0; i < count; i++)
		if (victims[i].pid == pid && is_there(&victims[i]))
			return true;
	return false;
}

static void add(const struct process *process)
{
	struct victim *victim = &victims[count];
	struct process now;

	if (count == VICTIMS)
		return;
	*victim = (struct victim){
		.pid = process->pid,
		.started = process->started,
		.pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0),
	};
	/* Is it still the same one? */
	if (process_read(process->pid, &now) && now.started == process->started)
		count++;
	else if (victim->pidfd >= 0)
		close(victim->pidfd);
}

void victims_find(uint64_t since)
{
	uint64_t first = process_ticks(since);
	struct process *list;
	int length = processes_list(&list);
	bool more = true;

	for (int i = 0; i < length; i++)
		list[i].chosen = is_victim(list[i].pid);
	/* Children, then theirs, and so on. */
	while (more) {
		more = false;
		for (int i = 0; i < length; i++) {
			if (list[i].chosen || list[i].started < first ||
			    !is_victim(list[i].parent))
				continue;
			list[i].chosen = more = true;
			add(&list[i]);
		}
	}
	free(list);
}

void victims_without_host(void)
{
	lasting = 0;
}

void victims_forget(void)
{
	while (count > lasting)
		if (victims[--count].pidfd >= 0)
			close(victims[count].pidfd);
}

void victims_find_sharers(const struct keep *keep, pid_t host)
{
	struct process *list;
	int length = processes_list(&list);

	for (int i = 0; keep && i < length; i++)
		if (!is_victim(list[i].pid) &&
		    sharer_is(list[i].pid, keep, host))
			add(&list[i]);
	free(list);
}

pid_t victims_sharer(const struct keep *keep, pid_t host)
{
	struct process *list;
	int length = processes_list(&list);
	pid_t found = 0;

	for (int i = 0; keep && i < length && !found; i++)
		if (sharer_is(list[i].pid, keep, host))
			found = list[i].pid;
	free(list);
	return found;
}

pid_t victims_any(void)
{
	for (int i = 0; i < count; i++)
		if (is_there(&victims[i]))
			return victims[i].pid;
	return 0;
}

/* A sandbox may allow pidfds and forbid this, which nobody would see. */
static bool has_sent(const struct victim *victim, int signal)
{
	return victim->pidfd >= 0 &&
	       syscall(SYS_pidfd_send_signal, victim->pidfd, signal, NULL, 0) ==
		       0;
}

void victims_signal(int signal)
{
	for (int i = count - 1; i >= 0; i--)
		if (!has_sent(&victims[i], signal) && is_there(&victims[i]))
			kill(victims[i].pid, signal);
}

bool victims_are_left(void)
{
	for (int i = 0; i < count; i++)
		if (is_there(&victims[i]))
			return true;
	return false;
}
