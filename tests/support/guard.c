/* SPDX-License-Identifier: MIT */
/* guard.c - guards of the test's own, and how their hosts end. */
#include "config.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "cluster.h"
#include "guard.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

/* The guards of a test have a name of their own. */
static char guard[PATH_MAX], real_guard[PATH_MAX];

struct cluster *guard_begin(void)
{
	static int number;
	const char *folder = getenv("TMPDIR");

	snprintf(real_guard, sizeof(real_guard), "%s",
		 getenv("PORTLOCK_GUARD"));
	snprintf(guard, sizeof(guard), "%s/g%d-%d", folder ? folder : "/tmp",
		 (int)getpid(), ++number);
	require(symlink(real_guard, guard) == 0);
	setenv("PORTLOCK_GUARD", guard, 1);
	setenv("PORTLOCK_ETCD_TTL", "5", 1);
	return cluster_start();
}

/* By its arguments: under valgrind the program is another. */
static bool has_name(const char *pid)
{
	char path[300], text[4096];
	size_t length = strlen(guard) + 1, size;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	size = fread(text, 1, sizeof(text), file);
	fclose(file);
	return size >= length &&
	       memcmp(text + size - length, guard, length) == 0;
}

/* Who: the last one of them. */
static int signal_all(int number, pid_t *who)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	int count = 0;

	require(folder != NULL);
	while ((entry = readdir(folder))) {
		pid_t pid = atoi(entry->d_name);

		if (pid <= 0 || !has_name(entry->d_name) ||
		    process_state(pid) == 'Z' || kill(pid, number) < 0)
			continue;
		count++;
		if (who)
			*who = pid;
	}
	closedir(folder);
	return count;
}

int guard_count(void)
{
	return signal_all(0, NULL);
}

static bool is_there(void *unused)
{
	(void)unused;
	return guard_count() > 0;
}

/* Who has started a guard goes on before the kernel shows it by its name. */
int guard_signal(int number)
{
	wait_until(is_there, NULL);
	return signal_all(number, NULL);
}

static bool is_mark(int fd)
{
	struct sockaddr_un name = { .sun_family = AF_UNSPEC };
	socklen_t length = sizeof(name);

	return getsockname(fd, (struct sockaddr *)&name, &length) == 0 &&
	       name.sun_family == AF_UNIX &&
	       strncmp(name.sun_path + 1, "/portlock-kept/", 15) == 0;
}

int guard_mark(void)
{
	int pidfd, mark = -1;
	pid_t pid;

	wait_until(is_there, NULL);
	require(signal_all(0, &pid) == 1);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	for (int fd = 0; pidfd >= 0 && mark < 0 && fd < 64; fd++) {
		mark = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
		if (mark >= 0 && !is_mark(mark)) {
			close(mark);
			mark = -1;
		}
	}
	if (pidfd >= 0)
		close(pidfd);
	return mark;
}

static bool are_gone(void *unused)
{
	(void)unused;
	return guard_count() == 0;
}

void guard_await_none(void)
{
	wait_until(are_gone, NULL);
}

void guard_end(void)
{
	children_kill();
	signal_all(SIGCONT,
		   NULL); /* of a test that failed, and had stopped it */
	guard_await_none();
	unlink(guard);
	setenv("PORTLOCK_GUARD", real_guard, 1);
	unsetenv("PORTLOCK_SESSION");
	unsetenv("PORTLOCK_ETCD_ENDPOINTS");
	unsetenv("PORTLOCK_ETCD_TTL");
}

bool guard_is_in_time(void)
{
	if (is_slow())
		print_message("skipped: where all is slow, rules with short "
			      "times and guards are late\n");
	return !is_slow();
}

bool guarded_has_ended(void *pid)
{
	char state = process_state(*(pid_t *)pid);

	return state == 'Z' || state == '?';
}

int guarded_end(struct child *victim)
{
	wait_until(guarded_has_ended, &victim->pid);
	return child_end(victim);
}
