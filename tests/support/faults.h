/* SPDX-License-Identifier: MIT */
/* faults.h - the core's table of calls, made to count, to fail and to tell. */
#ifndef PORTLOCK_TESTS_FAULTS_H
#define PORTLOCK_TESTS_FAULTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum call {
	CALL_SOCKET,
	CALL_BIND,
	CALL_LISTEN,
	CALL_CONNECT,
	CALL_ACCEPT,
	CALL_SENDMSG,
	CALL_RECVMSG,
	CALL_SHUTDOWN,
	CALL_GETSOCKOPT,
	CALL_SETSOCKOPT,
	CALL_GETSOCKNAME,
	CALL_GETPEERNAME,
	CALL_SOCKETPAIR,
	CALL_TIMERFD_CREATE,
	CALL_TIMERFD_GETTIME,
	CALL_SPAWN, /* its result is -errno */
	CALL_PPOLL,
	CALL_OPEN,
	CALL_READ,
	CALL_CLOSE,
	CALL_DUP,
	CALL_SET_STATUS,
	CALL_FUTIMENS,
	CALL_TIMES,
	CALL_BOOTTIME, /* clock_gettime() of that clock: no other can fail */
	CALL_CALLOC,
	CALL_FREE,
	CALL_COUNT,
};

/* How a call can fail. */
enum form {
	FAULT_NOT_DONE, /* its errno, and nothing was done */
	FAULT_DONE,	/* its errno, but it was done */
	FAULT_ZERO,	/* the result 0, and nothing was done */
	FAULT_SHORT,	/* half of the bytes are sent, or received */
	FAULT_CUT,	/* recvmsg(): one descriptor, and MSG_CTRUNC */
};

/* Shared with the children: what one does, the other sees. */
struct faults {
	struct {
		atomic_int count; /* of the calls so far */
		atomic_int fatal; /* the number of the first that fails */
		atomic_int last;  /* and of the last */
		int error;	  /* its errno */
		enum form form;
		void (*before)(void);
		void (*after)(void);
	} calls[CALL_COUNT];
	atomic_int met;		       /* calls that failed so far */
	int backlog;		       /* > 0: no queue is longer */
	atomic_int pauses;	       /* sleeps without a descriptor */
	_Atomic int64_t pause_longest; /* asked for, in ns */
};

/* All zero: everything goes to libc. */
struct faults *faults_new(void);
void faults_free(struct faults *faults);

/* Makes this process's core, and that of the children it forks later, call
 * through the table; NULL: no longer. */
void faults_use(struct faults *faults);

/* Of the calls from now on, the one after `skip` others fails, once. */
void fault_set(struct faults *faults, enum call call, int skip, int error);

/* The same in another form, for ever if it persists; and no more faults. */
struct fault_plan {
	enum call call;
	int skip;
	int error;
	enum form form;
	bool persists;
};
void fault_plant(struct faults *faults, const struct fault_plan *plan);
void fault_clear(struct faults *faults);

int calls_of(struct faults *faults, enum call call);

#endif
