/* SPDX-License-Identifier: MIT */
/* sessions.c - which portlock-sessions are in a network, as /proc tells. */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/etcd/hosts.h"
#include "tests/support/support.h"

/* Whether its program has that name, replaced by a newer one or not. */
static bool is_session(const char *pid)
{
	char path[300], program[4096];
	ssize_t length;
	char *name;

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	length = readlink(path, program, sizeof(program) - 1);
	if (length < 0)
		return false;
	program[length] = '\0';
	name = strrchr(program, '/');
	return name && strncmp(name, "/portlock-session", 17) == 0;
}

static ino_t network_of(const char *pid)
{
	struct stat status;
	char path[300];

	snprintf(path, sizeof(path), "/proc/%s/ns/net", pid);
	return stat(path, &status) == 0 ? status.st_ino : 0;
}

int sessions_on(const struct host *host, pid_t pids[SESSIONS_MAX])
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	int count = 0;
	ino_t network;

	host_visit(host);
	network = network_of("thread-self");
	host_visit(NULL);
	require(processes && network);
	while ((entry = readdir(processes))) {
		pid_t pid = atoi(entry->d_name);

		if (pid <= 0 || !is_session(entry->d_name) ||
		    network_of(entry->d_name) != network ||
		    process_state(pid) == 'Z')
			continue;
		require(count < SESSIONS_MAX);
		pids[count++] = pid;
	}
	closedir(processes);
	return count;
}

pid_t session_on(const struct host *host)
{
	pid_t pids[SESSIONS_MAX];

	require(sessions_on(host, pids) == 1);
	return pids[0];
}

struct expected {
	const struct host *host;
	int count;
};

static bool are_there(void *argument)
{
	struct expected *expected = argument;
	pid_t pids[SESSIONS_MAX];

	return sessions_on(expected->host, pids) == expected->count;
}

void wait_sessions(const struct host *host, int count)
{
	struct expected expected = { host, count };

	wait_until(are_there, &expected);
}
