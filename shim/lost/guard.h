/* SPDX-License-Identifier: MIT */
/* guard.h - what the files of portlock-guard share. */
#ifndef PORTLOCK_SHIM_LOST_GUARD_H
#define PORTLOCK_SHIM_LOST_GUARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim/lost/protocol.h"

/* ---- processes.c: who is there ------------------------------------------- */

struct process {
	pid_t pid, parent;
	uint64_t started; /* ticks since the machine's start */
	bool chosen;
};

/* One of them; false: it is not there, or dead. */
bool process_read(pid_t pid, struct process *process);

/* Ticks, the one at the time or before, of CLOCK_BOOTTIME ns. */
uint64_t process_ticks(uint64_t ns);

/* All of them, but this one: in memory of the caller's, freed by it; returns
 * how many. */
int processes_list(struct process **list);

/* ---- victims.c: who is to end -------------------------------------------- */

/*
 * The host and what it has started since it had the lock, which may well work
 * under the lock's protection: as flock(1) starts a command.
 */
void victims_begin(pid_t host, int pidfd);
void victims_find(uint64_t since);
/* The host is the last to get it: its end gives the lock back. */
void victims_signal(int signal);
/* Whether any of them is there still. */
bool victims_are_left(void);

/* All of them but the host: the next loss has others. */
void victims_forget(void);

/* Those who share what is kept (keep.c), now that the host has gone.  One of
 * them, or 0, who is no victim. */
struct keep;
void victims_without_host(void);
void victims_find_sharers(const struct keep *keep, pid_t host);
pid_t victims_sharer(const struct keep *keep, pid_t host);
/* One that is there, or 0. */
pid_t victims_any(void);

/* ---- sharers.c: who has what is kept -------------------------------------- */

/*
 * Who has called flock() for the lock of that file which the process has, or a
 * share in: the number stays with the lock, whoever has it in the end.  0: one
 * that is not there any more, of another PID namespace than the first one.
 */
#define NO_LOCKER (-1)
pid_t sharer_locker(pid_t pid, const struct keep *keep);

/* Whether it is the lock that was the host's. */
bool sharer_is(pid_t pid, const struct keep *keep, pid_t host);

/* ---- file.c: which file that is ------------------------------------------ */

struct file {
	dev_t device;
	ino_t inode;
	mode_t type;
};

/* What is known of it here: no server is asked, whose network may have gone.
 * The path "": of the descriptor's own. */
bool file_look(int fd, const char *path, struct file *file);
bool file_is(const struct file *one, const struct file *other);

/* ---- keep.c: what outlives the host --------------------------------------- */

#define LOCKERS_MAX 8

struct keep {
	struct keep *next;
	uint64_t number;
	uint32_t slot;
	int operation; /* of flock(): how the file's lock is waited for */
	struct file about;
	/* See sharers.c: the host, or who has left it to that; and who has told
	 * that it makes it another kind of lock, the last ones of them. */
	pid_t lockers[LOCKERS_MAX];
	int lockers_count;
	int session, file, mark;
	bool is_awaited; /* by a thread */
	atomic_bool is_free;
};

/* Returns what is readable when keep_answer() or keep_end_free() has something
 * to do, or -1: the system does not let us. */
int keep_begin(void);

/* The descriptors are its own from now on.  False: there is no room for more. */
bool keep_add(const struct lost_message *message, const int fds[LOST_FDS_MAX],
	      pid_t host);

/* Takes in who asks about what is kept, and who tells that it is a locker. */
void keep_answer(void);

/* While the host is there: ends those that it let go. */
void keep_let_go(const struct lost_page *page);

/* The host has gone: they last until their files are free.  False: there was no
 * thread for all of them, and it is to be called again. */
bool keep_without_host(void);
void keep_end_free(void);

/* One of that hold, or of any for NULL; NULL: there is none. */
const struct keep *keep_of(const struct lost_message *message);

/* ---- say.c --------------------------------------------------------------- */

/* One line for the user, as the two strings of a message say.  It is written
 * when this returns, if that does not take too long. */
void say(const char text[LOST_TEXT_MAX], pid_t host, const char *what);

/* Before this process ends, and when nobody waits for it: what is not written
 * yet has 5 s more. */
void say_end(void);

/* ---- thread.c ------------------------------------------------------------ */

/* Starts one that nobody waits for. */
bool thread_start(void *(*work)(void *argument), void *argument);

#endif
