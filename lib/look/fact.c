/* SPDX-License-Identifier: MIT */
/* fact.c - what /proc tells of one process. */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "owners.h"

/* The beginning of /proc/TASK/NAME, ended by NUL; -1: there is none. */
static ssize_t read_text(pid_t task, const char *name, char *text, size_t room)
{
	char path[64];
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)task, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	size = read(fd, text, room - 1);
	close(fd);
	if (size < 0)
		return -1;
	text[size] = '\0';
	return size;
}

/* "PID (name) S ...", where the name can hold any character; the start time is
 * the 22nd field. */
static bool read_stat(struct fact *fact, pid_t task)
{
	char text[1024];
	const char *end;

	if (read_text(task, "stat", text, sizeof(text)) < 0)
		return false;
	end = strrchr(text, ')');
	return end && sscanf(end + 1,
			     " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
			     " %*s %*s %*s %*s %*s %*s %*s %" SCNu64,
			     &fact->process.state, &fact->started) == 2;
}

/*
 * The effective user (the owner of the folder would be root where the process
 * is not to be dumped), and its number in the innermost namespace, the last of
 * a line.
 */
static void read_status(struct fact *fact, pid_t task)
{
	char text[1024];
	const char *line;
	unsigned user;
	int pid, length;

	if (read_text(task, "status", text, sizeof(text)) < 0)
		return;
	line = strstr(text, "\nUid:");
	if (line && sscanf(line, "\nUid: %*u %u", &user) == 1)
		fact->process.uid = user;
	line = strstr(text, "\nNStgid:");
	line += line ? sizeof("\nNStgid:") - 1 : 0;
	while (line && sscanf(line, "%*[\t]%d%n", &pid, &length) == 1) {
		fact->own_pid = pid;
		line += length;
	}
}

static void read_command(struct look_process *process, pid_t task)
{
	char *command = process->command;
	char name[64] = "";
	ssize_t size =
		read_text(task, "cmdline", command, sizeof(process->command));

	/* Who writes a title of its own there leaves the rest empty. */
	while (size > 0 &&
	       (command[size - 1] == '\0' || command[size - 1] == ' '))
		size--;
	for (ssize_t i = 0; i < size; i++)
		if (command[i] == '\0')
			command[i] = ' ';
	if (size > 0) {
		command[size] = '\0';
		return;
	}
	command[0] = '\0';
	if (read_text(task, "comm", name, sizeof(name)) > 0)
		snprintf(command, sizeof(process->command), "[%.*s]",
			 (int)strcspn(name, "\n"), name);
}

bool fact_read(struct fact *fact, pid_t pid, pid_t task)
{
	memset(fact, 0, sizeof(*fact));
	fact->process.pid = pid;
	fact->process.uid = (uid_t)-1;
	fact->own_pid = pid;
	if (!read_stat(fact, task))
		return false;
	read_status(fact, task);
	read_command(&fact->process, task);
	return true;
}
