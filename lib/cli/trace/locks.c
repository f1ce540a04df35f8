/* SPDX-License-Identifier: MIT */
/* locks.c - the locks and processes that a trace is about. */
#include "config.h"

#include <errno.h>
#include <search.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/cli/trace/trace.h"

static int compare(const void *one, const void *other)
{
	const struct traced *left = one, *right = other;

	if (left->family != right->family)
		return left->family < right->family ? -1 : 1;
	return strcmp(left->name, right->name);
}

static struct traced *known(void *const *index, enum shim_family family,
			    const char *name)
{
	struct traced wanted = { .family = family, .name = (char *)name };
	void *found = tfind(&wanted, index, compare);

	return found ? *(struct traced **)found : NULL;
}

struct traced *trace_known(struct trace *trace, enum shim_family family,
			   const char *name)
{
	return known(&trace->index, family, name);
}

bool trace_has_lock(const struct trace *trace, const struct traced *file)
{
	return known(&trace->index, SHIM_FLOCK, file->name) ||
	       known(&trace->index, SHIM_FCNTL, file->name) ||
	       known(&trace->index, SHIM_LOCKFILE, file->name);
}

struct traced *trace_lock(struct trace *trace, enum shim_family family,
			  const char *name)
{
	struct traced *lock = trace_known(trace, family, name);

	if (lock)
		return lock;
	lock = calloc(1, sizeof(*lock));
	if (lock)
		lock->name = strdup(name);
	if (!lock || !lock->name) {
		trace->failed = true;
		free(lock);
		return NULL;
	}
	lock->family = family;
	if (!tsearch(lock, &trace->index, compare)) {
		trace->failed = true;
		free(lock->name);
		free(lock);
		return NULL;
	}
	*(trace->last ? trace->last : &trace->locks) = lock;
	trace->last = &lock->next;
	return lock;
}

struct process *trace_process(struct trace *trace, pid_t pid)
{
	struct process *process = trace->processes;

	while (process && process->pid != pid)
		process = process->next;
	if (process)
		return process;
	process = calloc(1, sizeof(*process));
	if (!process) {
		trace->failed = true;
		return NULL;
	}
	process->pid = pid;
	process->next = trace->processes;
	trace->processes = process;
	return process;
}

void trace_free(struct trace *trace)
{
	while (trace->locks) {
		struct traced *lock = trace->locks;

		trace->locks = lock->next;
		tdelete(lock, &trace->index, compare);
		free(lock->name);
		free(lock->protects);
		free(lock);
	}
	while (trace->processes) {
		struct process *process = trace->processes;

		trace->processes = process->next;
		free(process);
	}
	*trace = (struct trace){ .locks = NULL };
}

/* Whether it was left behind by who ended as it should. */
static bool is_left(const struct trace *trace, const struct traced *lock)
{
	return lock->holder &&
	       trace_end_of(trace, lock->holder) == TRACE_EXITED;
}

/*
 * Programs make files exclusively, and folders, for many reasons.  One is a
 * lock if it is called so, if it was made again and again, if it was in
 * somebody's way, or if it stands for a file beside it.  Folders are in the way
 * of every "mkdir -p".  Programs have many mutexes, most of which nobody waits
 * for.
 */
bool trace_is_lock(const struct trace *trace, const struct traced *lock)
{
	const char *base = strrchr(lock->name, '/');

	if (lock->family == SHIM_MUTEX)
		return lock->busy > 0;
	if (lock->family != SHIM_LOCKFILE)
		return lock->family != SHIM_OPEN;
	if (!base)
		return false; /* a path that was not to be had */
	if (strcasestr(base, "lock") || strcasestr(base, "lck"))
		return true;
	if (lock->taken == 0)
		return lock->exclusive && lock->failed > 0;
	if (lock->replaces || lock->protects)
		return true;
	return lock->ended > 0 &&
	       (lock->failed > 0 || (lock->taken > 1 && !is_left(trace, lock)));
}

/* A file that was there for a while, once, and is not called a temporary one:
 * a run that meets nobody shows no more of a lock. */
bool trace_may_be_lock(const struct trace *trace, const struct traced *lock)
{
	const char *base = strrchr(lock->name, '/');

	return lock->family == SHIM_LOCKFILE && base && lock->removed &&
	       !strcasestr(base, "tmp") && !strcasestr(base, "temp") &&
	       !trace_is_lock(trace, lock);
}

bool trace_offers_mutexes(const struct trace *trace)
{
	const struct traced *lock;

	for (lock = trace->locks; lock; lock = lock->next)
		if (lock->family != SHIM_MUTEX && trace_is_lock(trace, lock))
			return false;
	return true;
}

bool trace_is_tried(const struct traced *lock)
{
	return (lock->family == SHIM_FLOCK || lock->family == SHIM_FCNTL) &&
	       !lock->blocking;
}

enum trace_end trace_end_of(const struct trace *trace, pid_t pid)
{
	const struct process *process = trace->processes;

	while (process && process->pid != pid)
		process = process->next;
	if (!process || process->exited)
		return TRACE_EXITED;
	return kill(pid, 0) == 0 || errno == EPERM ? TRACE_LIVES : TRACE_KILLED;
}
