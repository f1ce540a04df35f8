/* SPDX-License-Identifier: MIT */
/* faults.h - the core's table of calls, made to count, to fail and to tell. */
#ifndef PORTLOCK_TESTS_FAULTS_H
#define PORTLOCK_TESTS_FAULTS_H

#include <stdatomic.h>
#include <stdint.h>

enum call {
	CALL_SOCKET,
	CALL_BIND,
	CALL_LISTEN,
	CALL_CONNECT,
	CALL_ACCEPT,
	CALL_SENDMSG,
	CALL_RECVMSG,
	CALL_GETSOCKOPT,
	CALL_GETSOCKNAME,
	CALL_CALLOC,
	CALL_FREE,
	CALL_COUNT,
};

/* Shared with the children: what one does, the other sees. */
struct faults {
	struct {
		atomic_int count; /* of the calls so far */
		atomic_int fatal; /* the number of the one that fails */
		int error;	  /* its errno */
		void (*before)(void);
		void (*after)(void);
	} calls[CALL_COUNT];
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

int calls_of(struct faults *faults, enum call call);

#endif
