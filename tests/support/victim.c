/* SPDX-License-Identifier: MIT */
/* victim.c - starts plain programs, bare or under the shim. */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "victim.h"

#define SHARED 3

struct plan {
	const char *program, *argument, *rules;
};

static int shared = -1;
static long *memory;
static char log_path[PATH_MAX];

/* The folder of this program; libtool may have put it one down. */
static void find_program(char path[PATH_MAX], const char *program)
{
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *end;

	require(length > 0);
	path[length] = '\0';
	end = strrchr(path, '/');
	*end = '\0';
	if (end - path > 6 && strcmp(end - 6, "/.libs") == 0)
		end -= 6;
	require((size_t)snprintf(end, (size_t)(path + PATH_MAX - end), "/%s",
				 program) < (size_t)(path + PATH_MAX - end));
}

static void preload(const char *rules)
{
	const char *others = getenv("LD_PRELOAD");
	char value[PATH_MAX];

	snprintf(value, sizeof(value), "%s%s%s", getenv("PORTLOCK_SHIM"),
		 others ? ":" : "", others ? others : "");
	setenv("LD_PRELOAD", value, 1);
	setenv("PORTLOCK_RULES", rules, 1);
	if (log_path[0])
		setenv("PORTLOCK_LOG", log_path, 1);
	else
		unsetenv("PORTLOCK_LOG");
}

static void exec_victim(struct child *parent, void *argument)
{
	const struct plan *plan = argument;
	char path[PATH_MAX];

	find_program(path, plan->program);
	/* The test's own descriptors are in the way of 0, 1 and 3 only. */
	require(dup2(parent->in, STDIN_FILENO) >= 0 &&
		dup2(parent->out, STDOUT_FILENO) >= 0);
	if (shared >= 0)
		require(dup2(shared, SHARED) >= 0);
	if (plan->rules)
		preload(plan->rules);
	execl(path, plan->program, plan->argument, (char *)NULL);
	perror(path);
	_exit(127);
}

struct child *victim_start(const char *program, const char *argument,
			   const char *rules)
{
	struct plan plan = { program, argument, rules };

	return child_start(exec_victim, &plan);
}

int victim_do(struct child *victim, int command)
{
	say(victim, command);
	return (int)hear(victim);
}

int victim_group_setup(void **state)
{
	(void)state;
	if (getenv("PORTLOCK_SHIM"))
		return 0;
	print_message("skipped: PORTLOCK_SHIM does not name the shim\n");
	exit(77);
}

void victim_unshare(void)
{
	if (shared < 0)
		return;
	close(shared);
	munmap(memory, sizeof(*memory));
	shared = -1;
}

long *victim_share(void)
{
	int low = memfd_create("victims", MFD_CLOEXEC);

	victim_unshare();
	/* Where the pipes of children will not be put over it. */
	shared = fcntl(low, F_DUPFD_CLOEXEC, 10);
	require(shared >= 0 && ftruncate(shared, sizeof(*memory)) == 0);
	close(low);
	memory = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE, MAP_SHARED,
		      shared, 0);
	require(memory != MAP_FAILED);
	return memory;
}

void victim_log_setup(void)
{
	const char *folder = getenv("TMPDIR");
	int fd;

	snprintf(log_path, sizeof(log_path), "%s/portlock-test-log-XXXXXX",
		 folder ? folder : "/tmp");
	fd = mkostemp(log_path, O_CLOEXEC);
	require(fd >= 0);
	close(fd);
}

bool victim_log_has(const char *text)
{
	char line[1024];
	bool found = false;
	FILE *log = fopen(log_path, "re");

	require(log != NULL);
	while (!found && fgets(line, sizeof(line), log))
		found = strstr(line, text) != NULL;
	fclose(log);
	return found;
}

void victim_log_teardown(void)
{
	if (log_path[0])
		unlink(log_path);
	log_path[0] = '\0';
}
