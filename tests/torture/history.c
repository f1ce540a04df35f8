/* SPDX-License-Identifier: MIT */
/* history.c - a file with a line for each grant, release and kill, and what it
 * tells afterwards.
 *
 * A grant is written after the lock is there, a release before it is let go, a
 * kill before the signal is sent: so the order of the lines is evidence.  All
 * lines have the same length, a divisor of a page's, as a killed process could
 * leave half of one that lies on two pages.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/torture/torture.h"

#define LINE 64

static int open_file(const char *path)
{
	const char *folder = getenv("TMPDIR");
	char name[4096];
	int fd;

	if (path)
		return open(path,
			    O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
			    0644);
	snprintf(name, sizeof(name), "%s/portlock-torture-XXXXXX",
		 folder ? folder : "/tmp");
	fd = mkostemp(name, O_APPEND | O_CLOEXEC);
	if (fd >= 0)
		unlink(name);
	return fd;
}

void history_make(const char *path)
{
	int fd = open_file(path);

	if (fd < 0 || !fd_move(fd, HISTORY_FD)) {
		fprintf(stderr, "torture: the history file%s%s: %m\n",
			path ? " " : "", path ? path : "");
		exit(71);
	}
}

static void append(const char *text)
{
	char line[LINE + 1];

	snprintf(line, sizeof(line), "%-*.*s\n", LINE - 1, LINE - 1, text);
	if (write(HISTORY_FD, line, LINE) != LINE) {
		perror("torture: the history file");
		violation(OUTCOMES, "the history cannot be written");
	}
}

void history_grant(int key, int rooms, uint64_t count, uint64_t token,
		   struct who who)
{
	char text[LINE * 2];

	snprintf(text, sizeof(text), "G %d %d %u %d %" PRIu64 " %" PRIu64, key,
		 rooms, (unsigned)who.id, who.thread, count, token);
	append(text);
}

void history_release(int key, int rooms, struct who who)
{
	char text[LINE * 2];

	snprintf(text, sizeof(text), "R %d %d %u %d", key, rooms,
		 (unsigned)who.id, who.thread);
	append(text);
}

void history_kill(uint32_t id, pid_t pid)
{
	char text[LINE * 2];

	snprintf(text, sizeof(text), "K %u %d", (unsigned)id, (int)pid);
	append(text);
}

/* ---- afterwards ---------------------------------------------------------- */

struct account {
	struct who inside[KEYS_MAX][ROOMS]; /* id 0: nobody */
	uint64_t token[KEYS_MAX];
	uint64_t count[KEYS_MAX];
	unsigned char *killed; /* by id */
	uint64_t grants;
	unsigned long line;
};

static bool is_same(struct who one, struct who other)
{
	return one.id == other.id && one.thread == other.thread;
}

static void come_in(struct account *account, int key, int room, struct who who)
{
	struct who *inside = &account->inside[key][room];

	if (inside->id && !account->killed[inside->id])
		violation(EXCLUSION,
			  "history, line %lu: key %d is granted to %u.%d, but "
			  "%u.%d has not let go",
			  account->line, key, (unsigned)who.id, who.thread,
			  (unsigned)inside->id, inside->thread);
	*inside = who;
}

static void go_out(struct account *account, int key, int room, struct who who)
{
	struct who *inside = &account->inside[key][room];

	if (!is_same(*inside, who))
		violation(EXCLUSION,
			  "history, line %lu: key %d is let go by %u.%d, but "
			  "%u.%d has it",
			  account->line, key, (unsigned)who.id, who.thread,
			  (unsigned)inside->id, inside->thread);
	inside->id = 0;
}

static void look_at_numbers(struct account *account, int key, uint64_t count,
			    uint64_t token)
{
	account->grants++;
	if (token <= account->token[key])
		violation(TOKENS,
			  "history, line %lu: key %d, token %" PRIu64
			  " after %" PRIu64,
			  account->line, key, token, account->token[key]);
	if (count <= account->count[key])
		violation(
			EXCLUSION,
			"history, line %lu: key %d is granted for the %" PRIu64
			"th time once more",
			account->line, key, count);
	account->token[key] = token;
	account->count[key] = count;
}

static bool is_known(int key, unsigned id)
{
	return key >= 0 && key < KEYS_MAX && id > 0 &&
	       id <= atomic_load(&arena->ids);
}

/* One line; false if it is none of ours. */
static bool read_line(struct account *account, const char *line)
{
	struct who who = { 0, 0 };
	uint64_t count = 0, token = 0;
	unsigned id = 0;
	int key = 0, rooms = 0;

	if (sscanf(line, "K %u", &id) == 1) {
		if (is_known(0, id))
			account->killed[id] = 1;
		return is_known(0, id);
	}
	if (sscanf(line + 1, "%d %d %u %d %" SCNu64 " %" SCNu64, &key, &rooms,
		   &id, &who.thread, &count, &token) < 4 ||
	    !is_known(key, id))
		return false;
	who.id = id;
	for (int room = 0; room < ROOMS; room++) {
		if (!(rooms & 1 << room))
			continue;
		if (line[0] == 'G')
			come_in(account, key, room, who);
		else
			go_out(account, key, room, who);
	}
	if (line[0] == 'G' && token)
		look_at_numbers(account, key, count, token);
	return true;
}

uint64_t history_check(void)
{
	struct account account = { .killed = calloc(1, arena->ids + 1) };
	struct stat status;
	char *text;

	/* What it tells is printed, whatever else has been. */
	for (int i = 0; i < CHECKS; i++)
		atomic_store(&arena->shown[i], 0);
	fstat(HISTORY_FD, &status);
	if (status.st_size == 0 || !account.killed) {
		free(account.killed);
		return 0;
	}
	text = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED,
		    HISTORY_FD, 0);
	if (text == MAP_FAILED) {
		perror("torture: the history file");
		exit(71);
	}
	for (off_t at = 0; at + LINE <= status.st_size; at += LINE) {
		char line[LINE + 1] = "";

		memcpy(line, text + at, LINE);
		account.line++;
		if (!read_line(&account, line))
			violation(OUTCOMES, "history, line %lu: %s",
				  account.line, line);
	}
	munmap(text, (size_t)status.st_size);
	free(account.killed);
	return account.grants;
}
