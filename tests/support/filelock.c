/* SPDX-License-Identifier: MIT */
/* filelock.c - a folder per test with files to lock, and victims for it. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "filelock.h"

static void write_rules(char rules[2048], const struct filelock_names *names,
			const char *options)
{
	snprintf(rules, 2048, "flock %s/* key=%s %s\nfcntl %s/* key=%s %s\n",
		 names->folder, names->key, options, names->folder, names->key,
		 options);
}

const struct filelock_way filelock_ways[] = {
	{ FILE_set_w, FILE_wait_w, FILE_set_u },
	{ FILE_ofd_w, FILE_ofd_wait_w, FILE_ofd_u },
	{ FILE_lockf_try, FILE_lockf_lock, FILE_lockf_unlock },
	{ 0, 0, 0 },
};

int filelock_setup(void **state)
{
	static int number;
	static struct filelock_names names;
	const char *folder = getenv("TMPDIR");
	char made[400], *real;

	snprintf(made, sizeof(made), "%s/portlock-test-XXXXXX",
		 folder ? folder : "/tmp");
	require(mkdtemp(made) != NULL);
	real = realpath(made, NULL);
	require(real != NULL);
	snprintf(names.folder, sizeof(names.folder), "%s", real);
	free(real);
	snprintf(names.key, sizeof(names.key), "test-filelock-%d-%d",
		 (int)getpid(), ++number);
	write_rules(names.rules, &names, "");
	write_rules(names.timed, &names, "timeout=0.1");
	write_rules(names.exclusive, &names, "shared=exclusive");
	victim_log_setup();
	*state = &names;
	return 0;
}

static bool is_gone(void *key)
{
	return !gate_is_bound(key);
}

int filelock_teardown(void **state)
{
	struct filelock_names *names = *state;
	char path[600];

	children_kill();
	/* Children of victims end when they hear no more. */
	wait_until(is_gone, names->key);
	for (const char *file = "ab"; *file; file++) {
		snprintf(path, sizeof(path), "%s/%c", names->folder, *file);
		unlink(path);
	}
	victim_unshare();
	victim_log_teardown();
	return rmdir(names->folder);
}

struct child *filelock_start(struct filelock_names *names, const char *rules)
{
	return victim_start("victim_filelock", names->folder, rules);
}

struct child *filelock_start_b(struct filelock_names *names, const char *rules)
{
	struct child *victim = filelock_start(names, rules);

	require(victim_do(victim, FILE_b) == 0);
	return victim;
}

struct child *filelock_holder(struct filelock_names *names, const char *rules)
{
	struct child *victim = filelock_start(names, rules);

	require(victim_do(victim, FILE_ex) == 0);
	return victim;
}

void filelock_begin(struct child *victim, int command)
{
	say(victim, command);
	sleep_ns(MOMENT);
	assert_false(has_said(victim));
}

/* "1: -> POSIX  ADVISORY  WRITE 4711 ..." */
static bool is_blocked(void *victim)
{
	const pid_t pid = ((struct child *)victim)->pid;
	FILE *locks = fopen("/proc/locks", "re");
	char line[256];
	bool found = false;
	int who;

	require(locks);
	while (!found && fgets(line, sizeof(line), locks))
		found = sscanf(line, "%*d: -> POSIX %*s %*s %d", &who) == 1 &&
			who == pid;
	fclose(locks);
	return found;
}

void filelock_block(struct child *victim, int command)
{
	say(victim, command);
	wait_until(is_blocked, victim);
}

void filelock_queue(struct filelock_names *names, struct child *victim,
		    int command, int number)
{
	say(victim, command);
	wait_for_queue(names->key, number);
	assert_false(has_said(victim));
}

static bool has_ended(void *argument)
{
	struct child *victim = argument;

	/* It may not have begun yet: it takes more than one then. */
	if (!has_said(victim))
		kill(victim->pid, SIGUSR1);
	return has_said(victim);
}

void filelock_interrupt(struct child *victim)
{
	wait_until(has_ended, victim);
}
