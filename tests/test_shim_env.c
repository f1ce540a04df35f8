/* SPDX-License-Identifier: MIT */
/* test_shim_env.c - where the shim takes its rules from, what it does with
 * wrong ones, and where it writes of what it did.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/command.h"
#include "support/semaphore.h"

#define NO_RULES "# none"

static char folder[PATH_MAX - 64], file[PATH_MAX];

static int group_setup(void **state)
{
	const char *parent = getenv("TMPDIR");

	victim_group_setup(state);
	snprintf(folder, sizeof(folder), "%s/portlock-test-XXXXXX",
		 parent ? parent : "/tmp");
	require(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/rules", folder);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

static int setup(void **state)
{
	setenv("PORTLOCK_RULES_FILE", file, 1);
	return semaphore_setup(state);
}

static int teardown(void **state)
{
	unsetenv("PORTLOCK_RULES_FILE");
	unlink(file);
	return semaphore_teardown(state);
}

static void write_bytes(const char *bytes, size_t size)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	require(fd >= 0 && write(fd, bytes, size) == (ssize_t)size &&
		close(fd) == 0);
}

static void write_file(const char *text)
{
	write_bytes(text, strlen(text));
}

/* Whether a program with these rules holds a portlock with the key of the
 * process's number and the letter while it has the semaphore. */
static bool makes_key(const char *name, const char *rules, char letter)
{
	struct child *victim = start_holder(name, rules);
	char key[64];
	bool bound;

	snprintf(key, sizeof(key), "rules-%d-%c", (int)getpid(), letter);
	bound = gate_is_bound(key);
	assert_int_equal(victim_do(victim, SEM_post), 0);
	assert_int_equal(child_end(victim), 0);
	return bound;
}

/* A rule for all semaphores that gives them the key of the letter. */
static const char *rule_for(char letter)
{
	static char rules[4][64];
	static int turn;
	char *rule = rules[turn++ % 4];

	snprintf(rule, sizeof(rules[0]), "sem * key=rules-%d-%c\n",
		 (int)getpid(), letter);
	return rule;
}

static void the_file_has_rules_too(void **state)
{
	struct semaphore_names *names = *state;

	write_file(rule_for('f'));
	assert_true(makes_key(names->name, NO_RULES, 'f'));
	assert_true(makes_key(names->name, "", 'f'));
	assert_false(victim_log_has("rules"));
}

static void the_variable_comes_first(void **state)
{
	struct semaphore_names *names = *state;

	write_file(rule_for('f'));
	assert_true(makes_key(names->name, rule_for('v'), 'v'));
	assert_true(makes_key(names->name, "sem /nobody-s key=other", 'f'));
	assert_true(makes_key(names->name, "lockfile *", 'f'));
}

static void a_wrong_variable_and_the_file_after_it_are_ignored(void **state)
{
	struct semaphore_names *names = *state;

	write_file(rule_for('f'));
	assert_false(makes_key(names->name, "\n sem /a/b", 'f'));
	assert_true(victim_log_has("rules: PORTLOCK_RULES: ignored: line 2, "
				   "column 6: this matches nothing"));
}

/* The file is wrong in that way, the variable counts. */
static void assert_ignored(const char *name, const char *why)
{
	victim_log_teardown();
	victim_log_setup();
	assert_true(makes_key(name, rule_for('v'), 'v'));
	if (!victim_log_has(why))
		fail_msg("not logged: %s", why);
	assert_false(makes_key(name, NO_RULES, 'f'));
}

static void a_wrong_file_alone_is_ignored(void **state)
{
	struct semaphore_names *names = *state;
	char text[128], why[PATH_MAX + 64];

	snprintf(text, sizeof(text), "%s\nsem / timeot=3", rule_for('f'));
	write_file(text);
	snprintf(why, sizeof(why), "rules: %s: ignored: line 3, column 5",
		 file);
	assert_ignored(names->name, why);
	write_bytes("sem *\0\n", 7);
	assert_ignored(names->name, "/rules: ignored: it is no text file");
	unlink(file);
	assert_ignored(names->name, "/rules: ignored: it cannot be read");
	require(mkdir(file, 0700) == 0);
	assert_ignored(names->name, "/rules: ignored: it is no text file");
	rmdir(file);
	require(mkfifo(file, 0600) == 0);
	assert_ignored(names->name, "/rules: ignored: it is no text file");
	setenv("PORTLOCK_RULES_FILE", "rules", 1);
	assert_ignored(names->name, "PORTLOCK_RULES_FILE: ignored: its path");
	victim_log_teardown();
	victim_log_setup();
	setenv("PORTLOCK_RULES_FILE", "", 1);
	assert_true(makes_key(names->name, rule_for('v'), 'v'));
	assert_false(victim_log_has("rules"));
}

static void there_is_room_for_so_much_and_no_more(void **state)
{
	static char text[64 * 1024 + 1];
	struct semaphore_names *names = *state;
	const char *rule = rule_for('f');

	memset(text, '\n', sizeof(text) - 1);
	memcpy(text, rule, strlen(rule));
	/* The variable takes one byte, its '\0', and the file needs one. */
	write_bytes(text, sizeof(text) - 1 - 2);
	assert_true(makes_key(names->name, "", 'f'));
	write_bytes(text, sizeof(text) - 1 - 1);
	assert_false(makes_key(names->name, "", 'f'));
	assert_true(victim_log_has("/rules: ignored: it is too long"));

	text[0] = '\0';
	for (int i = 0; i < 128; i++)
		strcat(text, "sem /a\n");
	write_file(text);
	assert_ignored(names->name, "line 128, column 1: there is no room for "
				    "more than 127 rules");
}

/* ---- logs ---------------------------------------------------------------- */

/* Lets a victim do what is worth a line. */
static void log_with(const char *name, const char *options)
{
	struct child *victim;
	char rules[PATH_MAX + 128];

	snprintf(rules, sizeof(rules), "sem %s %s", name, options);
	sem_unlink(name);
	victim = victim_start("victim_sem", name, rules);
	assert_int_equal(victim_do(victim, SEM_create_three), 0);
	assert_int_equal(child_end(victim), 0);
}

static void a_rule_says_where_its_lines_go(void **state)
{
	struct semaphore_names *names = *state;
	char options[PATH_MAX + 16], line[512], expected[256];
	FILE *log;

	unsetenv("PORTLOCK_RULES_FILE");
	snprintf(expected, sizeof(expected),
		 "sem: %s: passes through: its value is not 1\n", names->name);
	snprintf(options, sizeof(options), "log=%s", file);
	log_with(names->name, options);
	log_with(names->name, "log=none");
	assert_false(victim_log_has(names->name));
	log_with(names->name, options);
	log = fopen(file, "re");
	require(log);
	for (int i = 0; i < 2; i++) {
		assert_non_null(fgets(line, sizeof(line), log));
		assert_memory_equal(line, "portlock[", 9);
		assert_string_equal(strchr(line, ' ') + 1, expected);
	}
	assert_null(fgets(line, sizeof(line), log));
	fclose(log);
	log_with(names->name, "");
	assert_true(victim_log_has(expected));
}

/* What the victim leaves on stderr, with the log there if no rule says else. */
static const char *errors_with(const char *name, const char *options)
{
	static struct command command;
	char victim[PATH_MAX], rule[128];

	snprintf(victim, sizeof(victim), "%s/tests/victim_sem",
		 getenv("top_builddir"));
	snprintf(rule, sizeof(rule), "sem %s %s", name, options);
	sem_unlink(name);
	setenv("PORTLOCK_LOG", "stderr", 1);
	command_start(&command, "preload", "--rule", rule, "--", victim, name,
		      "create_three");
	unsetenv("PORTLOCK_LOG");
	assert_int_equal(command_end(&command), 0);
	return command.errors;
}

static void lines_go_to_stderr_or_nowhere(void **state)
{
	const char what[] = ": passes through: its value is not 1\n";
	struct semaphore_names *names = *state;

	unsetenv("PORTLOCK_RULES_FILE");
	assert_mentions(errors_with(names->name, ""), what);
	assert_mentions(errors_with(names->name, "log=stderr"), what);
	assert_string_equal(errors_with(names->name, "log=none"), "");
	assert_string_equal(errors_with(names->name, "log=/dev/null"), "");
}

/* A program that never writes there is not to end by SIGPIPE. */
static void nobody_need_read_the_log(void **state)
{
	struct semaphore_names *names = *state;
	char victim[PATH_MAX];
	int ends[2], status;
	pid_t pid;

	snprintf(victim, sizeof(victim), "%s/tests/victim_sem",
		 getenv("top_builddir"));
	sem_unlink(names->name);
	require(pipe2(ends, O_CLOEXEC) == 0 && close(ends[0]) == 0);
	pid = fork();
	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		setenv("LD_PRELOAD", getenv("PORTLOCK_SHIM"), 1);
		setenv("PORTLOCK_RULES", "sem * log=stderr", 1);
		if (dup2(ends[1], STDERR_FILENO) >= 0)
			execl(victim, victim, names->name, "create_three",
			      (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	require(pid > 0 && waitpid(pid, &status, 0) == pid);
	assert_int_equal(status, 0);
}

int main(void)
{
#define with_file(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		with_file(the_file_has_rules_too),
		with_file(the_variable_comes_first),
		with_file(a_wrong_variable_and_the_file_after_it_are_ignored),
		with_file(a_wrong_file_alone_is_ignored),
		with_file(there_is_room_for_so_much_and_no_more),
		with_file(a_rule_says_where_its_lines_go),
		with_file(lines_go_to_stderr_or_nowhere),
		with_file(nobody_need_read_the_log),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
