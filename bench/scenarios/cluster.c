/* SPDX-License-Identifier: MIT */
/* cluster.c - locks in etcd: by one process, and by many of one host.
 *
 * What one process needs is compared with the bare requests that a lock in etcd
 * cannot do without, in batches that alternate with the lock's own.  A release
 * may go on behind its caller's back: only what follows another of its kind
 * counts, as it has to wait for the rest of that one.
 *
 * Processors may sleep.  What keeps them awake would be in the way of
 * portlock-session and of it alone: it is a session of its own, and between
 * sessions Linux divides the time (sched(7), autogroup) whatever their classes.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/crowd.h"
#include "bench/etcd.h"
#include "bench/etcd_node.h"
#include "bench/fail.h"
#include "bench/queue.h"
#include "bench/scenarios/cluster_bare.h"
#include "bench/scenarios/cluster_locks.h"
#include "bench/worker.h"

#define LONGER 4 /* than other measurements: round trips take milliseconds */
#define BATCH 8
#define CROWD 16
#define BARE_TTL 60 /* s, and at least as long as the measurement */
#define NS_PER_S 1000000000
#define ENTRY 512 /* bytes: about what etcd writes for a request */

static const char portlock[] = "portlock-etcd", etcdctl[] = "etcdctl";
static const char *const contenders[] = { portlock, etcdctl, NULL };

enum { KEPT_LEASE, NEW_LEASE, MANY };

static int settings(const struct options *options,
		    struct setting settings[LIST_MAX])
{
	(void)options;
	settings[0] = (struct setting){ "lease at hand", KEPT_LEASE };
	settings[1] = (struct setting){ "new lease", NEW_LEASE };
	settings[2] = (struct setting){ "16 processes", MANY };
	return 3;
}

/* A command cannot keep a lease for its next. */
static bool suits(const struct measurement *measurement)
{
	return measurement->subject == portlock ||
	       measurement->setting->value != KEPT_LEASE;
}

/* ---- one process ---------------------------------------------------------- */

struct job {
	const struct measurement *measurement;
	const struct bench_lock *lock;
	int64_t duration;
	struct found {
		double pair, pair_mean, bare, bare_mean, sync; /* ns */
	} * found; /* in shared memory */
	/* Of the process. */
	void *opened;
	struct bare bare;
	int file;
};

static void check(const struct job *job, int error)
{
	if (error)
		fail("%s: %s", job->measurement->subject, strerror(error));
}

static void open_lock(struct job *job)
{
	job->opened = job->lock->open(job->measurement->name);
	check(job, job->opened ? 0 : errno);
}

static void take_pair(struct job *job)
{
	check(job, job->lock->acquire(job->opened));
	check(job, job->lock->release(job->opened));
}

static void take_new_pair(struct job *job)
{
	open_lock(job);
	take_pair(job);
	job->lock->close(job->opened, false);
}

static void take_bare(struct job *job)
{
	bare_put(&job->bare);
	bare_delete(&job->bare);
}

static void take_new_bare(struct job *job)
{
	bare_grant(&job->bare, BARE_TTL);
	take_bare(job);
	bare_revoke(&job->bare);
}

static void sync_entry(struct job *job)
{
	static const char entry[ENTRY];

	if (write(job->file, entry, sizeof(entry)) != sizeof(entry) ||
	    fdatasync(job->file) < 0)
		fail("cannot write to '%s': %s", bench_folder, strerror(errno));
}

static void time_batch(struct job *job, void (*take)(struct job *),
		       struct samples *samples)
{
	take(job);
	for (int i = 0; i < BATCH; i++) {
		int64_t start = now_ns();

		take(job);
		samples_add(samples, (double)(now_ns() - start));
	}
}

/* Where an etcd of ours has its data. */
static void open_file(struct job *job)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/synced", bench_folder);
	job->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (job->file < 0)
		fail("cannot make '%s': %s", path, strerror(errno));
}

static void begin(struct job *job, bool kept)
{
	bare_begin(&job->bare, job->measurement->name);
	if (!kept)
		return;
	open_lock(job);
	bare_grant(&job->bare, BARE_TTL + (int)(job->duration / NS_PER_S));
	open_file(job);
}

static void end(struct job *job, bool kept)
{
	if (kept) {
		job->lock->close(job->opened, false);
		bare_revoke(&job->bare);
		close(job->file);
	}
	bare_end(&job->bare);
}

static void take_all(void *argument)
{
	struct job *job = argument;
	bool kept = job->measurement->setting->value == KEPT_LEASE;
	bool is_portlock = job->measurement->subject == portlock;
	struct samples pairs = { 0 }, bare = { 0 }, syncs = { 0 };
	int64_t limit = now_ns() + job->duration;

	begin(job, kept);
	do {
		time_batch(job, kept ? take_pair : take_new_pair, &pairs);
		if (is_portlock)
			time_batch(job, kept ? take_bare : take_new_bare,
				   &bare);
		if (kept && node_runs())
			time_batch(job, sync_entry, &syncs);
	} while (now_ns() < limit);
	end(job, kept);
	*job->found = (struct found){
		.pair = samples_median(&pairs),
		.pair_mean = samples_mean(&pairs),
		.bare = samples_median(&bare),
		.bare_mean = samples_mean(&bare),
		.sync = samples_median(&syncs),
	};
}

static void record_found(const struct measurement *measurement,
			 const struct found *found)
{
	record(measurement, "pair", "us", found->pair / 1e3);
	record(measurement, "pair mean", "us", found->pair_mean / 1e3);
	if (!isnan(found->bare)) {
		record(measurement, "bare", "us", found->bare / 1e3);
		record(measurement, "bare mean", "us", found->bare_mean / 1e3);
		record(measurement, "pair/bare", "", found->pair / found->bare);
	}
	if (!isnan(found->sync))
		record(measurement, "fdatasync", "us", found->sync / 1e3);
}

static void measure_one(const struct measurement *measurement)
{
	struct job job = {
		.measurement = measurement,
		.lock = measurement->lock,
		.duration =
			duration_of(measurement->options, LONGER * DURATION),
		.found = shared_new(sizeof(*job.found)),
	};
	pid_t worker;

	queue_check(measurement);
	worker = worker_start(take_all, &job);
	rest_until(now_ns() + job.duration); /* and looks, but rarely */
	worker_end(worker);
	record_found(measurement, job.found);
	shared_free(job.found, sizeof(*job.found));
}

/* ---- many ----------------------------------------------------------------- */

static void measure_many(const struct measurement *measurement)
{
	const struct options *options = measurement->options;
	struct crowd crowd = {
		.processes = CROWD,
		.duration = LONGER * DURATION,
		.hold = options->hold < 0 ? 0 : options->hold,
		.think = options->think < 0 ? 0 : options->think,
		.idle = true,
	};
	struct crowd_report report;
	double grants;

	crowd_run(measurement, &crowd, &report);
	grants = samples_mean(&report.acquired) * crowd.processes;
	record(measurement, "acquired", "/s", grants / report.seconds);
	record_times(measurement, &report.waits);
	crowd_report_free(&report);
}

/* Not on the list of locks: the runner has not opened it. */
static void measure(struct measurement *measurement)
{
	measurement->lock = measurement->subject == portlock ? &cluster_portlock
							     : &cluster_etcdctl;
	if (measurement->setting->value == MANY)
		measure_many(measurement);
	else
		measure_one(measurement);
	measurement->lock = NULL;
}

const struct scenario scenario_cluster = {
	.name = "cluster",
	.what = "locks in etcd: one process, and 16 of one host",
	.settings = settings,
	.subjects = contenders,
	.obstacle = etcd_obstacle,
	.begin = etcd_begin,
	.end = etcd_end,
	.suits = suits,
	.measure = measure,
	.clean = node_clean,
};
