/* SPDX-License-Identifier: MIT */
/* cast.h - the processes of a scene: an actor whose calls fail, and peers whose
 * do not.  None of this ends the test: what is wrong first becomes the verdict,
 * and after it every order is empty.
 */
#ifndef PORTLOCK_TESTS_FAULTS_CAST_H
#define PORTLOCK_TESTS_FAULTS_CAST_H

#include "support/faults.h"
#include "support/support.h"

enum order {
	OPEN,
	ACQUIRE, /* the number: its timeout in ms */
	TRY,
	LOOK,  /* ACQUIRE as the shim does it: asked who the holder is */
	ALERT, /* portlock_acquire_interruptible() */
	RELEASE,
	CLOSE,
	MOVE, /* the number of its gate changes: 0, or 1 if it does not */
	PASS, /* pl_lock_give() and pl_lock_adopt(), to itself */
	FDS,
};

/* In memory that all of them share. */
struct stage {
	struct faults faults;
	atomic_int holders;
	atomic_int violations; /* met another holder */
};

enum { FIRST, SECOND, PEERS };

struct cast {
	struct key key;
	const char *transport;
	struct stage *stage;
	struct child *actor;
	struct child *peers[PEERS]; /* stay for many scenes */
	int64_t patience;	    /* timeout of the actor's acquires, ms */
	int64_t hang_ms;	    /* no answer takes that long */
	struct fault_plan plan;
	int calls[CALL_COUNT]; /* the actor's, from arm() to the scene's end */
	bool is_open;	       /* the actor's handle */
	const char *verdict;   /* NULL: all is well */
};

/* The peers and the key; cast_end() also kills what a verdict left. */
void cast_begin(struct cast *cast);
void cast_end(struct cast *cast);

/* A process that obeys; of the user, if that is not 0; its calls may fail. */
struct child *cast_start(struct cast *cast, uid_t user, bool may_fail);

/* Tells it, waits for the answer, or both. */
void tell(struct cast *cast, struct child *child, enum order order,
	  int64_t number);
int answer(struct cast *cast, struct child *child);
int order(struct cast *cast, struct child *child, enum order order,
	  int64_t number);

/* The verdict, unless the condition holds or there is one already. */
void check(struct cast *cast, bool condition, const char *verdict);

/* Waits until holds(). */
void await(struct cast *cast, bool (*holds)(struct cast *cast),
	   const char *verdict);

/* Waits until the queue has that length, or the actor has answered. */
void await_queue(struct cast *cast, int length);

#endif
