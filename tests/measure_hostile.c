/* SPDX-License-Identifier: MIT */
/* measure_hostile.c - what each attack costs two processes that use a lock.
 *
 * They take turns, as greedy as can be, once alone and then beside each attack;
 * what they see is printed with its ratio to the run alone.  Then again with
 * rests, in which the names are free for whoever wants to have them.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/attack.h"

#define DURATION_NS INT64_C(1000000000)
#define SAMPLES 200000
#define REST_NS INT64_C(1000000)

struct log {
	struct guarded guarded;
	_Atomic int64_t released; /* when the last release began */
	atomic_int last;	  /* who that was */
	_Atomic int64_t end;
	atomic_int counts[2][2];
	int64_t waits[2][SAMPLES];  /* acquire, of each process */
	int64_t passes[2][SAMPLES]; /* release to grant, between the two */
};

struct worker {
	struct log *log;
	const char *key, *transport;
	int64_t rest;
	int self;
};

static void note(struct log *log, int self, int kind, int64_t ns)
{
	int at = atomic_load(&log->counts[self][kind]);

	if (at == SAMPLES)
		return;
	(kind == 0 ? log->waits : log->passes)[self][at] = ns;
	atomic_store(&log->counts[self][kind], at + 1);
}

static void take_turns(struct child *parent, void *argument)
{
	struct worker *worker = argument;
	struct log *log = worker->log;
	portlock_t *lock = open_lock(worker->key, worker->transport);

	hear(parent);
	while (now_ns() < atomic_load(&log->end)) {
		int64_t start = now_ns(), granted;

		require(portlock_acquire_for(lock, -1) == 0);
		granted = now_ns();
		note(log, worker->self, 0, granted - start);
		if (atomic_load(&log->last) == 2 - worker->self)
			note(log, worker->self, 1,
			     granted - atomic_load(&log->released));
		guarded_touch(&log->guarded);
		atomic_store(&log->last, 1 + worker->self);
		atomic_store(&log->released, now_ns());
		portlock_release(lock);
		if (worker->rest > 0)
			sleep_ns(worker->rest);
	}
	portlock_close(lock);
	say(parent, 0);
}

static int by_size(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* Both processes' samples of a kind, in order; returns how many. */
static int merge(const struct log *log, int kind, int64_t *all)
{
	int count = 0;

	for (int self = 0; self < 2; self++)
		for (int i = 0; i < log->counts[self][kind]; i++)
			all[count++] =
				(kind == 0 ? log->waits : log->passes)[self][i];
	qsort(all, (size_t)count, sizeof(*all), by_size);
	return count;
}

struct figures {
	double median[2], longest[2], grants;
};

static struct figures summary(const struct log *log)
{
	static int64_t all[2 * SAMPLES];
	struct figures figures = { .grants = 0 };

	for (int kind = 0; kind < 2; kind++) {
		int count = merge(log, kind, all);

		if (kind == 0)
			figures.grants = count;
		if (count == 0)
			continue;
		figures.median[kind] = (double)all[count / 2] / 1000;
		figures.longest[kind] = (double)all[count - 1] / 1000;
	}
	return figures;
}

static struct figures run(struct key *key, const struct attack *attack,
			  const char *transport, int64_t rest)
{
	struct log *log = shared_memory(sizeof(*log));
	struct child *two[2], *nobody = NULL;
	struct figures figures;

	for (int i = 0; i < 2; i++) {
		struct worker worker = { log, key->text, transport, rest, i };

		two[i] = child_start(take_turns, &worker);
	}
	if (attack)
		nobody = attack_start(attack, key);
	atomic_store(&log->end, now_ns() + DURATION_NS);
	for (int i = 0; i < 2; i++)
		say(two[i], 0);
	for (int i = 0; i < 2; i++) {
		hear(two[i]);
		require(child_end(two[i]) == 0);
	}
	if (nobody)
		child_kill(nobody);
	require(log->guarded.violations == 0);
	figures = summary(log);
	munmap(log, sizeof(*log));
	return figures;
}

static void print(const char *name, const struct figures *now,
		  const struct figures *alone)
{
	printf("%-12s %8.0f %5.2f", name, now->grants,
	       now->grants / alone->grants);
	for (int kind = 0; kind < 2; kind++)
		printf(" %9.0f %6.1f %9.0f %6.1f", now->median[kind],
		       now->median[kind] / alone->median[kind],
		       now->longest[kind],
		       now->longest[kind] / alone->longest[kind]);
	putchar('\n');
	fflush(stdout);
}

static void table(const char *transport, int64_t rest)
{
	struct figures alone;
	struct key key;

	key_make(&key);
	printf("transport %s%s, times in us, each with its ratio to \"alone\"\n"
	       "%-12s %14s %16s %16s %16s %16s\n",
	       transport, rest > 0 ? " with rests" : "", "attack", "grants/s",
	       "acquire p50", "acquire max", "hand-over p50", "hand-over max");
	alone = run(&key, NULL, transport, rest);
	print("alone", &alone, &alone);
	for (size_t i = 0; i < attacks_count; i++) {
		struct figures now = run(&key, &attacks[i], transport, rest);

		print(attacks[i].name, &now, &alone);
	}
	key_free(&key);
}

int main(void)
{
	if (geteuid() != 0) {
		fputs("measure_hostile: must be root, to become another user\n",
		      stderr);
		return 77;
	}
	table("unix", 0);
	table("tcp", 0);
	table("unix", REST_NS);
	table("tcp", REST_NS);
	return 0;
}
