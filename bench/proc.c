/* SPDX-License-Identifier: MIT */
/* proc.c - what the kernel tells of another process. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/fail.h"
#include "bench/proc.h"

#define NSEC_PER_SEC INT64_C(1000000000)

struct text {
	char text[4096];
};

static void read_file(struct text *text, pid_t pid, const char *name)
{
	char path[64];
	ssize_t length = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		length = read(fd, text->text, sizeof(text->text) - 1);
	if (length < 0)
		fail("cannot read %s: %s", path, strerror(errno));
	close(fd);
	text->text[length] = '\0';
}

char proc_state(pid_t pid)
{
	struct text text;
	const char *name_end;

	read_file(&text, pid, "stat");
	/* The name before it is in brackets and may have any in it. */
	name_end = strrchr(text.text, ')');
	if (!name_end || strlen(name_end) < 3)
		fail("/proc/%d/stat is not as proc_pid_stat(5) has it",
		     (int)pid);
	return name_end[2];
}

static int64_t time_of(pid_t pid)
{
	struct timespec time;
	clockid_t clock;
	int error = clock_getcpuclockid(pid, &clock);

	if (error == 0 && clock_gettime(clock, &time) < 0)
		error = errno;
	if (error)
		fail("no processor time of process %d: %s", (int)pid,
		     strerror(error));
	return time.tv_sec * NSEC_PER_SEC + time.tv_nsec;
}

static int64_t count_in(const struct text *status, const char *name)
{
	const char *line = strstr(status->text, name);
	int64_t count;

	if (!line || sscanf(line + strlen(name), "%" SCNd64, &count) != 1)
		fail("/proc/PID/status has no '%s'", name + 1);
	return count;
}

struct proc_usage proc_usage(pid_t pid)
{
	struct proc_usage usage = { .time = time_of(pid) };
	struct text status;

	read_file(&status, pid, "status");
	usage.switches = count_in(&status, "\nvoluntary_ctxt_switches:") +
			 count_in(&status, "\nnonvoluntary_ctxt_switches:");
	return usage;
}
