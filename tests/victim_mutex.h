/* SPDX-License-Identifier: MIT */
/* victim_mutex.h - what victim_mutex can be told, by number or name. */
#ifndef PORTLOCK_TESTS_VICTIM_MUTEX_H
#define PORTLOCK_TESTS_VICTIM_MUTEX_H

#define VICTIM_MUTEX_COMMANDS(X)                                               \
	X(lock)                                                                \
	X(try)                                                                 \
	X(timed)       /* 50 ms */                                             \
	X(timed_past)  /* the deadline is over */                              \
	X(timed_wrong) /* the deadline is no time */                           \
	X(clock)       /* 50 ms */                                             \
	X(clock_wrong) /* the clock is none */                                 \
	X(old_lock)    /* by the name that old programs use */                 \
	X(old_try)                                                             \
	X(old_unlock)                                                          \
	X(unlock)                                                              \
	X(consistent)                                                          \
	X(try_in_thread)                                                       \
	X(unlock_in_thread)                                                    \
	X(die_in_thread) /* which has it then */                               \
	X(try_in_child)                                                        \
	X(unlock_in_child)     /* and lock it again, if that works */          \
	X(fail_to_start)       /* a program that is not there, by vfork */     \
	X(keep_child)	       /* which is told to: */                         \
	X(timed_in_kept)       /* and unlock it again */                       \
	X(fork_with_handlers)  /* that lock it around the fork */              \
	X(count)	       /* threads count in shared memory */            \
	X(produce_and_consume) /* the same, and wait for each other */         \
	X(nap)		       /* a thread that waits for the condition */     \
	X(wake)		       /* signals it */                                \
	X(is_up)	       /* whether it is back */                        \
	X(end_nap)	       /* what its wait returned; it has unlocked */   \
	X(cancel)	       /* instead of wake */                           \
	X(timed_nap)                                                           \
	X(clock_nap)                                                           \
	X(wrong_nap)                                                           \
	X(nap_in_thread) /* that does not have the mutex */                    \
	X(load_first)	 /* a library, and use its mutex */                    \
	X(load_second)                                                         \
	X(unload)                                                              \
	X(place)  /* of the mutex: a number that is the same for the same */   \
	X(offset) /* in the file */

enum victim_mutex_command {
#define VICTIM_MUTEX_NUMBER(name) MUTEX_##name,
	VICTIM_MUTEX_COMMANDS(VICTIM_MUTEX_NUMBER)
#undef VICTIM_MUTEX_NUMBER
};

/* Within the victim, which has several files. */
#include <pthread.h>
#include <time.h>

#define PATIENCE_NS 50000000

extern pthread_mutex_t *mutex;
extern const char *plugins; /* the folder of the libraries */

struct timespec soon(clockid_t clock);

int do_count(void);
int do_produce_and_consume(void);
int do_nap(void);
int do_wake(void);
int do_is_up(void);
int do_end_nap(void);
int do_cancel(void);
int do_timed_nap(void);
int do_clock_nap(void);
int do_wrong_nap(void);
int do_load_first(void);
int do_load_second(void);
int do_unload(void);
int do_place(void);

#define VICTIM_MUTEX_ROUNDS 100
#define VICTIM_MUTEX_THREADS 2

#endif
