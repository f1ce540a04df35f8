/* SPDX-License-Identifier: MIT */
/* crowd.c - many processes that want one lock, again and again. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/awake.h"
#include "bench/crowd.h"
#include "bench/fail.h"
#include "bench/worker.h"

/* Who has waited less when the lock is released may not sleep yet. */
#define ASLEEP_AFTER (50 * 1000) /* ns */

#define WARM_UP 5 /* one fifth of the duration */

/* What a process notes of one kind; of more, so many by chance. */
#define NOTES_MAX (1 << 16)

struct notes {
	unsigned seen;
	int64_t values[NOTES_MAX];
};

struct member {
	_Atomic unsigned acquired;
	struct notes waits, handoffs;
};

enum phase { WARM, MEASURED, OVER };

struct arena {
	struct guard guard;
	struct flag go;
	_Atomic int ready;
	_Atomic int phase;
	/* By who holds the lock. */
	int64_t released_at;
	int released_by;
	/* Counts grants, for those who let another one go first. */
	_Atomic uint32_t grants;
	struct member members[];
};

struct job {
	const struct measurement *measurement;
	const struct crowd *crowd;
	struct arena *arena;
	int number;
};

/* Each value has the same chance to be among those that are kept. */
static void note(struct notes *notes, int64_t value)
{
	unsigned place = notes->seen++;

	if (place >= NOTES_MAX)
		place = (unsigned)(random() % notes->seen);
	if (place < NOTES_MAX)
		notes->values[place] = value;
}

static void collect_notes(const struct notes *notes, struct samples *samples)
{
	for (unsigned i = 0; i < notes->seen && i < NOTES_MAX; i++)
		samples_add(samples, (double)notes->values[i]);
}

static void note_grant(const struct job *job, int64_t asked, int64_t got)
{
	struct arena *arena = job->arena;
	struct member *member = &arena->members[job->number - 1];
	int phase = atomic_load(&arena->phase);

	if (phase == WARM)
		return;
	/* Who still waits at the end waited longest: without these a lock that
	 * lets most of them starve would have the shortest waits. */
	note(&member->waits, got - asked);
	if (phase != MEASURED)
		return;
	atomic_fetch_add(&member->acquired, 1);
	if (arena->released_by != job->number &&
	    asked + ASLEEP_AFTER < arena->released_at)
		note(&member->handoffs, got - arena->released_at);
}

static void check(int error, const struct job *job, const char *what)
{
	if (error)
		fail("%s: %s: %s", job->measurement->subject, what,
		     strerror(error));
}

static void tell(_Atomic uint32_t *count)
{
	atomic_fetch_add(count, 1);
	syscall(SYS_futex, count, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void wait_for_change(_Atomic uint32_t *count, uint32_t seen)
{
	syscall(SYS_futex, count, FUTEX_WAIT, seen, NULL, NULL, 0);
}

static void take_turn(const struct job *job, void *opened)
{
	const struct bench_lock *lock = job->measurement->lock;
	struct arena *arena = job->arena;
	int64_t asked = now_ns(), got;
	uint32_t grants;

	check(lock->acquire(opened), job, "acquire");
	got = now_ns();
	guard_enter(&arena->guard, job->number);
	note_grant(job, asked, got);
	if (job->crowd->in_turn)
		tell(&arena->grants);
	spin_until(got + job->crowd->hold);
	grants = atomic_load(&arena->grants);
	guard_leave(&arena->guard, job->number);
	arena->released_by = job->number;
	arena->released_at = now_ns();
	check(lock->release(opened), job, "release");
	while (job->crowd->in_turn && atomic_load(&arena->grants) == grants &&
	       atomic_load(&arena->phase) != OVER)
		wait_for_change(&arena->grants, grants);
}

static void contend(void *argument)
{
	struct job *job = argument;
	const struct measurement *measurement = job->measurement;
	void *opened = measurement->lock->open(measurement->name);

	if (!opened)
		fail("%s: %s", measurement->subject, strerror(errno));
	atomic_fetch_add(&job->arena->ready, 1);
	flag_wait(&job->arena->go);
	while (atomic_load(&job->arena->phase) != OVER) {
		take_turn(job, opened);
		if (job->crowd->think)
			sleep_ns(job->crowd->think);
	}
	measurement->lock->close(opened, false);
}

static void start(struct job *job, pid_t *pids)
{
	for (job->number = 1; job->number <= job->crowd->processes;
	     job->number++)
		pids[job->number - 1] = worker_start(contend, job);
	while (atomic_load(&job->arena->ready) < job->crowd->processes)
		rest_until(now_ns() + 200 * 1000);
	flag_raise(&job->arena->go);
}

static void collect(const struct job *job, struct crowd_report *report)
{
	for (int i = 0; i < job->crowd->processes; i++) {
		struct member *member = &job->arena->members[i];

		samples_add(&report->acquired, atomic_load(&member->acquired));
		collect_notes(&member->waits, &report->waits);
		collect_notes(&member->handoffs, &report->handoffs);
	}
}

static void watch(struct job *job, struct crowd_report *report)
{
	int64_t own = job->crowd->duration ? job->crowd->duration : DURATION;
	int64_t duration = duration_of(job->measurement->options, own);
	int64_t begin;

	rest_until(now_ns() + duration / WARM_UP);
	begin = now_ns();
	atomic_store(&job->arena->phase, MEASURED);
	rest_until(begin + duration);
	atomic_store(&job->arena->phase, OVER);
	tell(&job->arena->grants);
	report->seconds = (double)(now_ns() - begin) / 1e9;
}

void crowd_run(const struct measurement *measurement, const struct crowd *crowd,
	       struct crowd_report *report)
{
	size_t size = sizeof(struct arena) +
		      (size_t)crowd->processes * sizeof(struct member);
	struct job job = { .measurement = measurement, .crowd = crowd };
	pid_t *pids = calloc((size_t)crowd->processes, sizeof(*pids));

	if (!pids)
		fail("no memory for %d processes", crowd->processes);
	*report = (struct crowd_report){ 0 };
	job.arena = shared_new(size);
	if (!crowd->idle)
		awake_begin();
	start(&job, pids);
	watch(&job, report);
	/* The one may be the last to hold the lock once more. */
	for (int i = 0; i < crowd->processes; i++)
		worker_end_after(pids[i], crowd->processes * crowd->hold);
	if (!crowd->idle)
		awake_end();
	record_violations(measurement,
			  atomic_load(&job.arena->guard.violations));
	collect(&job, report);
	shared_free(job.arena, size);
	free(pids);
}

void crowd_report_free(struct crowd_report *report)
{
	samples_free(&report->waits);
	samples_free(&report->handoffs);
	samples_free(&report->acquired);
}
