/* SPDX-License-Identifier: MIT */
/* at_exit.c - what processes have open when they end: at_exit FILE COMMAND...
 *
 * Runs the command, exits with its status, and writes a line into the file for
 * every process of it that ends: its name, and each of its descriptors with
 * what it is.  It looks from outside, so that nothing is changed by the look.
 */
#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTIONS                                                                \
	(PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |      \
	 PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL)

static void die(const char *what)
{
	perror(what);
	exit(99);
}

/* Threads end, too; the process is what its first thread is. */
static int is_process(pid_t pid)
{
	char path[64], line[256];
	int group = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "Tgid: %d", &group) == 1)
			break;
	if (status)
		fclose(status);
	return group == pid;
}

/* Numbers in names, and what mkstemp chose, differ from run to run. */
static void print_target(FILE *file, const char *target)
{
	const char *at = strstr(target, " (deleted)");

	if (at)
		target = at;
	for (at = target; *at; at++)
		if (!isdigit((unsigned char)*at))
			putc(*at, file);
}

static void print_process(FILE *file, pid_t pid)
{
	char path[PATH_MAX + 64], name[64] = "", target[PATH_MAX];
	struct dirent **entries;
	FILE *comm;
	int i, count;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	comm = fopen(path, "re");
	if (comm && fgets(name, sizeof(name), comm))
		name[strcspn(name, "\n")] = '\0';
	if (comm)
		fclose(comm);
	fprintf(file, "%s:", name);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	count = scandir(path, &entries, NULL, versionsort);
	for (i = 0; i < count; i++) {
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)pid,
			 entries[i]->d_name);
		length = readlink(path, target, sizeof(target) - 1);
		if (length > 0) {
			target[length] = '\0';
			fprintf(file, " %s=", entries[i]->d_name);
			print_target(file, target);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	putc('\n', file);
	fflush(file);
}

/* Lets a stopped process go on after what stopped it. */
static void go_on(FILE *file, pid_t pid, int status)
{
	int event = status >> 16, signal = WSTOPSIG(status);

	if (event == PTRACE_EVENT_EXIT && is_process(pid))
		print_process(file, pid);
	if (event == PTRACE_EVENT_STOP && signal != SIGTRAP)
		ptrace(PTRACE_LISTEN, pid, 0, 0);
	else
		ptrace(PTRACE_CONT, pid, 0, event ? 0 : (long)signal);
}

/* Until the last process has ended; what the first one ended with. */
static int watch(FILE *file, pid_t first)
{
	int status, result = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid > 0 && WIFSTOPPED(status))
			go_on(file, pid, status);
		else if (pid == first)
			result = status;
	}
	return WIFSIGNALED(result) ? 128 + WTERMSIG(result)
				   : WEXITSTATUS(result);
}

int main(int argc, char **argv)
{
	int go[2];
	FILE *file;
	pid_t pid;
	char byte;

	if (argc < 3) {
		fprintf(stderr, "usage: at_exit FILE COMMAND...\n");
		return 64;
	}
	file = fopen(argv[1], "we");
	if (!file || pipe(go) < 0)
		die(argv[1]);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		close(go[1]);
		while (read(go[0], &byte, 1) < 0)
			continue;
		close(go[0]);
		execvp(argv[2], argv + 2);
		die(argv[2]);
	}
	if (ptrace(PTRACE_SEIZE, pid, 0, OPTIONS) < 0)
		die("ptrace");
	close(go[0]);
	close(go[1]);
	return watch(file, pid);
}
