/* SPDX-License-Identifier: MIT */
/* kept_files.c - see kept_files.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kept_files.h"

char log_file[600];

int kept_setup(void **state)
{
	struct filelock_names *names;
	int error = filelock_setup(state);

	names = *state;
	snprintf(log_file, sizeof(log_file), "%s/log", names->folder);
	cluster = guard_begin();
	return error;
}

int kept_teardown(void **state)
{
	guard_end();
	unlink(log_file);
	return filelock_teardown(state);
}

struct start {
	struct filelock_names *names;
	const char *options, *script;
};

const char *kept_rules(struct filelock_names *names, const char *options)
{
	static char text[2048];

	snprintf(text, sizeof(text),
		 "flock %s/[ab]* key=%s transport=etcd log=%s %s",
		 names->folder, names->key, log_file, options);
	return text;
}

static void run_shell(struct child *parent, void *argument)
{
	const struct start *start = argument;

	require(chdir(start->names->folder) == 0 &&
		dup2(parent->in, STDIN_FILENO) >= 0 &&
		dup2(parent->out, STDOUT_FILENO) >= 0);
	setenv("LD_PRELOAD", getenv("PORTLOCK_SHIM"), 1);
	setenv("PORTLOCK_RULES", kept_rules(start->names, start->options), 1);
	execlp("sh", "sh", "-c", start->script, (char *)NULL);
	_exit(127);
}

struct child *shell(struct filelock_names *names, const char *options,
		    const char *script)
{
	struct start start = { names, options, script };
	struct child *child = child_start(run_shell, &start);

	assert_int_equal(hear(child), 0);
	return child;
}

struct child *rival(struct filelock_names *names)
{
	struct child *victim = filelock_start(names, kept_rules(names, ""));

	assert_int_equal(victim_do(victim, FILE_b), 0);
	return victim;
}

bool log_has(const char *text)
{
	char command[1024];

	snprintf(command, sizeof(command), "grep -q '%s' %s 2>/dev/null", text,
		 log_file);
	return system(command) == 0;
}

bool is_logged(void *text)
{
	return log_has(text);
}

bool kept_can_be_tested(void)
{
	if (!guard_is_in_time())
		return false;
	if (system("flock --version >/dev/null 2>&1") == 0)
		return true;
	print_message("skipped: flock(1) is not installed\n");
	return false;
}
