/* SPDX-License-Identifier: MIT */
/* referee.c - who is inside, by the memory that all share. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/torture/torture.h"

#define EXITING 0x4 /* PF_EXITING, in the ninth field of /proc/PID/stat */

/* This process may have no descriptor left; the limit is only its own.  Its
 * other threads may lower that just then: who cannot look knows nothing. */
static int open_in_need(const char *path)
{
	struct rlimit limit, most;
	int fd;

	getrlimit(RLIMIT_NOFILE, &limit);
	most = limit;
	most.rlim_cur = most.rlim_max;
	do {
		setrlimit(RLIMIT_NOFILE, &most);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	} while (fd < 0 && errno == EMFILE);
	setrlimit(RLIMIT_NOFILE, &limit);
	return fd;
}

bool is_dying(pid_t pid)
{
	char text[512];
	unsigned flags = 0;
	ssize_t size;
	char *name_end;
	char state = '?';
	int fd;

	snprintf(text, sizeof(text), "/proc/%d/stat", (int)pid);
	fd = open_in_need(text);
	/* ESRCH: it went while its folder was looked up. */
	if (fd < 0)
		return errno == ENOENT || errno == ESRCH;
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (size <= 0)
		return true; /* it has gone in between */
	text[size] = '\0';
	name_end = strrchr(text, ')');
	if (!name_end || sscanf(name_end, ") %c %*d %*d %*d %*d %*d %u", &state,
				&flags) != 2)
		return false;
	return state == 'Z' || state == 'X' || flags & EXITING;
}

static void enter_room(int key, int room, pid_t self)
{
	int before = atomic_exchange(&arena->grounds[key].inside[room], self);

	if (before != 0 && (before == self || !is_dying(before)))
		violation(EXCLUSION,
			  "key %d: process %d comes in (%s) while process %d "
			  "is inside",
			  key, (int)self, room == GATE ? "gate" : "ports",
			  before);
}

static void leave_room(int key, int room, pid_t self)
{
	int who = self;

	if (!atomic_compare_exchange_strong(&arena->grounds[key].inside[room],
					    &who, 0))
		violation(EXCLUSION,
			  "key %d: process %d leaves (%s), but process %d is "
			  "inside",
			  key, (int)self, room == GATE ? "gate" : "ports", who);
}

/* Between the two others may come in, if there is no lock. */
static uint64_t count_grant(struct ground *ground)
{
	uint64_t count = atomic_load(&ground->count) + 1;

	atomic_store(&ground->count, count);
	return count;
}

static void look_at_token(int key, uint64_t token)
{
	uint64_t last = atomic_exchange(&arena->grounds[key].token, token);

	if (token <= last)
		violation(TOKENS, "key %d: token %llu after %llu", key,
			  (unsigned long long)token, (unsigned long long)last);
}

void referee_enter(int key, int rooms, uint64_t token, struct who who)
{
	pid_t self = getpid();
	uint64_t count = 0;

	for (int room = 0; room < ROOMS; room++)
		if (rooms & 1 << room)
			enter_room(key, room, self);
	if (token) {
		look_at_token(key, token);
		count = count_grant(&arena->grounds[key]);
	}
	history_grant(key, rooms, count, token, who);
}

void referee_leave(int key, int rooms, struct who who)
{
	history_release(key, rooms, who);
	for (int room = 0; room < ROOMS; room++)
		if (rooms & 1 << room)
			leave_room(key, room, getpid());
}
