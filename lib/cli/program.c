/* SPDX-License-Identifier: MIT */
/* program.c - finds the program that a command will be, and asks elf.c. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cli/cli.h"
#include "lib/cli/shim_path.h"

#define MAX_INTERPRETERS 5 /* of scripts by scripts, as the kernel has it */
#define SHELL "/bin/sh"	   /* what execvp() runs other files with */
#define LINE_SIZE 256

static int try_file(const char *path)
{
	struct stat file;

	if (stat(path, &file) < 0)
		return errno;
	if (!S_ISREG(file.st_mode) || access(path, X_OK) < 0)
		return EACCES;
	return 0;
}

/* The file that execvp() would take; 0 or its errno. */
static int find(const char *name, char path[PATH_MAX])
{
	const char *at = getenv("PATH"), *end;
	int error, result = ENOENT;

	if (!*name)
		return ENOENT;
	if (strchr(name, '/')) {
		snprintf(path, PATH_MAX, "%s", name);
		return try_file(name);
	}
	for (at = at ? at : "/bin:/usr/bin"; at; at = *end ? end + 1 : NULL) {
		end = strchrnul(at, ':');
		if (snprintf(path, PATH_MAX, "%.*s%s%s", (int)(end - at), at,
			     end > at ? "/" : "", name) >= PATH_MAX)
			continue;
		error = try_file(path);
		if (error == 0)
			return 0;
		if (error == EACCES)
			result = EACCES;
	}
	return result;
}

/* "/usr/bin/env python3" is python3, if that is all there is to it. */
static void through_env(char path[PATH_MAX], const char *word)
{
	const char *slash = strrchr(path, '/');
	char other[PATH_MAX];

	if (slash && strcmp(slash, "/env") == 0 && *word && *word != '-' &&
	    !strchr(word, '=') && find(word, other) == 0)
		strcpy(path, other);
}

/* Replaces the path by that of its interpreter: false if there is none. */
static bool to_interpreter(char path[PATH_MAX])
{
	char line[LINE_SIZE], *name, *word;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size;

	if (fd < 0)
		return false;
	size = read(fd, line, sizeof(line) - 1);
	close(fd);
	line[size > 0 ? size : 0] = '\0';
	if (strncmp(line, "\177ELF", 4) == 0)
		return false;
	if (strncmp(line, "#!", 2) != 0) {
		strcpy(path, SHELL);
		return true;
	}
	name = line + 2 + strspn(line + 2, " \t");
	word = name + strcspn(name, " \t\n");
	if (*word && *word != '\n')
		*word++ = '\0';
	word += strspn(word, " \t");
	word[strcspn(word, " \t\r\n")] = '\0';
	name[strcspn(name, "\n")] = '\0';
	strcpy(path, name);
	through_env(path, word);
	return true;
}

int find_program(const char *command, char path[PATH_MAX])
{
	int error = find(command, path);

	for (int i = 0; error == 0 && i < MAX_INTERPRETERS; i++) {
		if (!to_interpreter(path))
			break;
		error = try_file(path);
		if (error) {
			complain("cannot run '%s': its interpreter '%s': %s",
				 command, path, strerror(error));
			return EXIT_CANNOT_RUN;
		}
	}
	return error ? cannot_run(command, error) : 0;
}

int check_program(const char *command)
{
	char path[PATH_MAX];
	const char *obstacle;
	int status = find_program(command, path);

	if (status)
		return status;
	obstacle = elf_obstacle(path);
	if (!obstacle)
		return 0;
	complain("cannot serve '%s': %s; 'portlock run KEY -- COMMAND' "
		 "serialises whole runs of any program",
		 path, obstacle);
	return EXIT_CANNOT_RUN;
}

int check_shim(const char *shim)
{
	char obstacle[OBSTACLE_MAX];

	if (!shim_obstacle(shim, obstacle))
		return 0;
	complain("%s", obstacle);
	return EXIT_SYSTEM;
}
