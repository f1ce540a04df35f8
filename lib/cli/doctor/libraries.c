/* SPDX-License-Identifier: MIT */
/* libraries.c - which libraries the loader would load for a program.
 *
 * It is asked itself, as it alone knows its cache, paths and preloads.  That is
 * the loader of this command, not the one that the program names, which could
 * be anything; with --list it runs nothing of the program.
 */
#include "config.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cli/doctor/doctor.h"

/* Starts the loader with its output in a pipe; false: it is not to be had. */
static bool start(const char *path, int out, pid_t *pid)
{
	char named[PATH_MAX], loader[PATH_MAX];
	char *words[] = { loader, "--list", (char *)path, NULL };
	posix_spawn_file_actions_t actions;
	bool started;

	if (!elf_loader("/proc/self/exe", named) || !realpath(named, loader) ||
	    posix_spawn_file_actions_init(&actions) != 0)
		return false;
	started = posix_spawn_file_actions_adddup2(&actions, out,
						   STDOUT_FILENO) == 0 &&
		  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO,
						   "/dev/null", O_WRONLY,
						   0) == 0 &&
		  posix_spawn(pid, loader, &actions, NULL, words, environ) == 0;
	posix_spawn_file_actions_destroy(&actions);
	return started;
}

char *libraries_text(const char *path)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t size = -1;
	int pipes[2], status = -1;
	FILE *in;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return NULL;
	in = fdopen(pipes[0], "re");
	if (!in)
		close(pipes[0]);
	if (in && start(path, pipes[1], &pid)) {
		close(pipes[1]);
		size = getdelim(&text, &room, '\0', in);
		waitpid(pid, &status, 0);
	} else {
		close(pipes[1]);
	}
	if (in)
		fclose(in);
	if (size >= 0 && status == 0)
		return text;
	free(text);
	return NULL;
}

/* "name => path (0xaddress)", "name => not found", "path (0xaddress)" */
const char *libraries_next(char **text, bool *is_found)
{
	while (**text) {
		char *line = *text + strspn(*text, " \t"), *arrow, *end;

		*text = strchrnul(line, '\n');
		if (**text)
			*(*text)++ = '\0';
		arrow = strstr(line, " => ");
		*is_found = true;
		if (arrow && strcmp(arrow, " => not found") == 0) {
			*arrow = '\0';
			*is_found = false;
			return line;
		}
		if (arrow)
			line = arrow + 4;
		end = strrchr(line, '(');
		if (*line != '/' || !end || end == line || end[-1] != ' ')
			continue;
		end[-1] = '\0';
		return line;
	}
	return NULL;
}
