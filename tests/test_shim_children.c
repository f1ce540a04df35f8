/* SPDX-License-Identifier: MIT */
/* test_shim_children.c - what becomes of a held lock when its holder has
 * children, of every kind, and ends before them.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/support.h"
#include "support/victim.h"
#include "victim_children.h"

enum { FREE, HELD }; /* 0: FREE */

static int remove_nothing(const char *unused)
{
	(void)unused;
	return 0;
}

static int remove_set(const char *path)
{
	int set = semget((key_t)strtol(path + 1, NULL, 16), 1, 0);

	return set < 0 ? -1 : semctl(set, 0, IPC_RMID);
}

/* A row for each family: what others find while a child lives on. */
static const struct family {
	int take;	    /* the victim's command */
	const char *format; /* of the name, for a pid */
	const char *rules;  /* for the same */
	int (*remove)(const char *name);
	int busy; /* what others get */
	int after_kill, after_exit;
	int after_daemon;   /* and the daemon has ended, too */
	bool forks_have_it; /* children that have not executed a program */
} families[] = {
	{
		.take = CHILDREN_sem,
		.format = "/portlock-test-children-%d",
		.rules = "sem /portlock-test-*",
		.remove = sem_unlink,
		.busy = EAGAIN,
	},
	{
		.take = CHILDREN_lockfile,
		.format = "/tmp/portlock-test-children-%d.lock",
		.rules = "lockfile */portlock-test-*.lock timeout=0",
		.remove = unlink,
		.busy = EEXIST,
		/* It is left on purpose, and somebody will remove it. */
		.after_exit = HELD,
		.after_daemon = HELD,
	},
	{
		.take = CHILDREN_open,
		.format = "/tmp/portlock-test-children-%d.open",
		.rules = "open */portlock-test-*.open timeout=0",
		.remove = unlink,
		.busy = EAGAIN,
	},
	{
		.take = CHILDREN_mutex,
		.format = "/portlock-test-children-%d",
		.rules = "mutex *:children_mutex key=portlock-test-mutex-%d",
		.remove = remove_nothing,
		.busy = EBUSY,
	},
	{
		.take = CHILDREN_sysvsem,
		.format = "/%#x",
		.rules = "sysvsem /%#x/0",
		.remove = remove_set,
		.busy = EAGAIN,
	},
	{
		.take = CHILDREN_flock,
		.format = "/tmp/portlock-test-children-%d.flock",
		.rules = "flock */portlock-test-*.flock",
		.remove = unlink,
		.busy = EAGAIN,
		.forks_have_it = true,
	},
	{
		.take = CHILDREN_fcntl,
		.format = "/tmp/portlock-test-children-%d.fcntl",
		.rules = "fcntl */portlock-test-*.fcntl",
		.remove = unlink,
		.busy = EAGAIN,
	},
};

/* Ways to a child that stays, except the one in which the parent does not. */
static const int ways[] = {
	CHILDREN_fork,	CHILDREN_double_fork, CHILDREN_vfork,
	CHILDREN_spawn, CHILDREN_system,      CHILDREN_popen,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char name[PATH_MAX];

static struct child *start(const struct family *family)
{
	char rules[256];

	snprintf(rules, sizeof(rules), family->rules, (int)getpid());
	return victim_start("victim_children", name, rules);
}

static void prepare(const struct family *family)
{
	snprintf(name, sizeof(name), family->format, (int)getpid());
	family->remove(name);
}

static struct child *start_first(const struct family *family)
{
	prepare(family);
	return start(family);
}

/* By a fresh process: 0 or busy; what it takes ends with it. */
static void assert_others_find(const struct family *family, int what)
{
	struct child *other = start(family);

	assert_int_equal(victim_do(other, family->take),
			 what == HELD ? family->busy : 0);
	child_kill(other);
}

/* The orphans are ours. */
static void end_orphan(pid_t pid)
{
	assert_true(pid > 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	waitpid(pid, NULL, 0);
}

static int expected(const struct family *family, int way, int otherwise)
{
	bool forks = way == CHILDREN_fork || way == CHILDREN_double_fork;

	return forks && family->forks_have_it ? HELD : otherwise;
}

static void check_way(const struct family *family, int way, bool killed)
{
	struct child *holder = start_first(family);
	pid_t child;

	assert_int_equal(victim_do(holder, family->take), 0);
	child = victim_do(holder, way);
	assert_int_equal(kill(child, 0), 0);
	assert_others_find(family, HELD);
	if (killed) {
		child_kill(holder);
		assert_others_find(family,
				   expected(family, way, family->after_kill));
	} else {
		say(holder, CHILDREN_exit);
		assert_int_equal(child_end(holder), 0);
		assert_others_find(family,
				   expected(family, way, family->after_exit));
	}
	end_orphan(child);
	family->remove(name);
}

/* Of each family all ways, or each way with two families at least. */
static void check_ways(bool killed)
{
	size_t step = is_slow() ? 3 : 1;

	for (size_t i = 0; i < COUNT(families); i++)
		for (size_t way = i % step; way < COUNT(ways); way += step)
			check_way(&families[i], ways[way], killed);
}

static void a_holder_that_is_killed(void **state)
{
	(void)state;
	check_ways(true);
}

static void a_holder_that_exits(void **state)
{
	(void)state;
	check_ways(false);
}

static void a_holder_that_becomes_a_daemon(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(families); i++) {
		const struct family *family = &families[i];
		struct child *holder = start_first(family);
		pid_t child;

		assert_int_equal(victim_do(holder, family->take), 0);
		child = victim_do(holder, CHILDREN_daemon);
		/* The daemon ends by itself, at the end of its input; until
		 * then it may be the heir. */
		assert_int_equal(child_end(holder), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
		assert_others_find(family, family->after_daemon);
		family->remove(name);
	}
}

/* Nobody told it, and its copies are the lock until it ends. */
static void a_child_without_fork_handlers_keeps_it(void **state)
{
	const struct family *family = &families[0];
	struct child *holder = start_first(family);
	pid_t child;

	(void)state;
	assert_int_equal(victim_do(holder, family->take), 0);
	child = victim_do(holder, CHILDREN_raw_fork);
	child_kill(holder);
	assert_others_find(family, HELD);
	end_orphan(child);
	assert_others_find(family, FREE);
	family->remove(name);
}

static int teardown(void **state)
{
	(void)state;
	children_kill();
	for (size_t i = 0; i < COUNT(families); i++)
		prepare(&families[i]);
	return 0;
}

static int group_setup(void **state)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return victim_group_setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
		TEST(a_holder_that_is_killed),
		TEST(a_holder_that_exits),
		TEST(a_holder_that_becomes_a_daemon),
		TEST(a_child_without_fork_handlers_keeps_it),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
