/* SPDX-License-Identifier: MIT */
/* victim_lockfile_child.c - victim_lockfile has all kinds of children. */
#include "config.h"

#include <spawn.h>
#include <sys/wait.h>

#include "victim_lockfile_parts.h"

static int status_of(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) < 0)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

int in_child(int (*run)(void))
{
	pid_t child = fork();

	if (child == 0)
		_exit(run());
	return status_of(child);
}

int do_open_in_child(void)
{
	return in_child(do_open);
}

int do_open_second_in_child(void)
{
	return in_child(do_open_second);
}

int do_unlink_in_child(void)
{
	return in_child(do_unlink);
}

static const char *command;

/* Its standard output is where the parent talks. */
static int execute(void)
{
	dup2(STDERR_FILENO, STDOUT_FILENO);
	execl(program, "victim_lockfile", name, command, (char *)NULL);
	return errno;
}

/* 1 if the program could not do it. */
static int in_program(const char *what)
{
	command = what;
	return in_child(execute);
}

int do_open_in_program(void)
{
	return in_program("open");
}

int do_open_second_in_program(void)
{
	return in_program("open_second");
}

int do_mkdir_in_program(void)
{
	return in_program("mkdir");
}

int do_symlink_in_program(void)
{
	return in_program("symlink");
}

int do_link_in_program(void)
{
	return in_program("link");
}

int do_remove_in_program(void)
{
	return in_program("remove");
}

int do_open_in_vforked(void)
{
	pid_t child = vfork();

	if (child == 0) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execl(program, "victim_lockfile", name, "open", (char *)NULL);
		_exit(127);
	}
	return status_of(child);
}

int do_open_in_spawned(void)
{
	char *arguments[] = { (char *)"victim_lockfile", (char *)name,
			      (char *)"open", NULL };
	posix_spawn_file_actions_t actions;
	pid_t child = -1;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO,
					 STDOUT_FILENO);
	errno = posix_spawn(&child, program, &actions, NULL, arguments,
			    environ);
	posix_spawn_file_actions_destroy(&actions);
	return status_of(child);
}

int do_open_in_system(void)
{
	char line[3 * PATH_MAX];

	snprintf(line, sizeof(line), "'%s' '%s' open >&2", program, name);
	return system(line) == 0 ? 0 : 1;
}
