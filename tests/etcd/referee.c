/* SPDX-License-Identifier: MIT */
/* referee.c - sees who is inside of a lock, and judges the history. */
#include "config.h"

#include <unistd.h>

#include "tests/etcd/referee.h"

struct referee *referee_make(void)
{
	return shared_memory(sizeof(struct referee));
}

/* A killed process may still be seen for a moment. */
static bool is_alive(pid_t pid)
{
	char state = process_state(pid);

	return state != '?' && state != 'Z' && state != 'X';
}

void referee_enter(struct referee *referee, int host, uint64_t token)
{
	int number = atomic_fetch_add(&referee->count, 1);
	pid_t met = atomic_exchange(&referee->inside, getpid());
	struct visit *visit = &referee->visits[number];

	require(number < VISITS_MAX);
	if (met != 0 && is_alive(met))
		atomic_fetch_add(&referee->overlaps, 1);
	visit->host = host;
	visit->pid = getpid();
	visit->token = token;
	visit->entered = now_ns();
}

/* Our visit is the last of ours, and not far from the end. */
void referee_leave(struct referee *referee)
{
	int number = atomic_load(&referee->count);
	pid_t self = getpid();

	do
		number--;
	while (number >= 0 && referee->visits[number].pid != self);
	require(number >= 0);
	referee->visits[number].left = now_ns();
	atomic_compare_exchange_strong(&referee->inside, &self, 0);
}

static void show(const char *what, const struct visit *visit)
{
	print_error("%s: host %d process %d token %llu from %lld to %lld\n",
		    what, visit->host, (int)visit->pid,
		    (unsigned long long)visit->token, (long long)visit->entered,
		    (long long)visit->left);
}

static bool follows(const struct visit *visit, const struct visit *last)
{
	if (last->left > visit->entered)
		return false;
	if (last->token == visit->token)
		return last->host == visit->host;
	return last->token < visit->token;
}

void referee_judge(struct referee *referee, int local_grants, int killed)
{
	int count = atomic_load(&referee->count), unended = 0, run = 0;

	assert_int_equal(atomic_load(&referee->overlaps), 0);
	for (int i = 0; i < count; i++) {
		const struct visit *visit = &referee->visits[i];
		const struct visit *last = i > 0 ? visit - 1 : NULL;

		if (last && !follows(visit, last)) {
			show("before", last);
			show("after it", visit);
			fail_msg("the second visit must not be there");
		}
		run = last && last->token == visit->token ? run + 1 : 1;
		assert_in_range(run, 1, local_grants);
		unended += visit->left == 0;
	}
	assert_int_equal(unended, killed);
}

int referee_visits(const struct referee *referee, int host)
{
	int count = 0;

	for (int i = 0; i < atomic_load(&referee->count); i++)
		count += referee->visits[i].host == host;
	return count;
}
