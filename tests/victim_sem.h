/* SPDX-License-Identifier: MIT */
/* victim_sem.h - what victim_sem can be told, by number or name. */
#ifndef PORTLOCK_TESTS_VICTIM_SEM_H
#define PORTLOCK_TESTS_VICTIM_SEM_H

#define VICTIM_SEM_COMMANDS(X)                                                 \
	X(create)	/* sem_open() with the value 1 if it is new */         \
	X(create_zero)	/* ... 0 */                                            \
	X(create_three) /* ... 3 */                                            \
	X(open)                                                                \
	X(wait)                                                                \
	X(try)                                                                 \
	X(timed)       /* 50 ms */                                             \
	X(timed_past)  /* the deadline is over */                              \
	X(timed_wrong) /* the deadline is no time */                           \
	X(clock)       /* 50 ms */                                             \
	X(clock_wrong) /* the clock is none */                                 \
	X(post)                                                                \
	X(post_in_thread)                                                      \
	X(post_in_handler)                                                     \
	X(post_in_child)                                                       \
	X(try_in_child)                                                        \
	X(wait_in_child) /* and it ends */                                     \
	X(value)                                                               \
	X(close)                                                               \
	X(unlink)                                                              \
	X(interrupt) /* let a handler without SA_RESTART serve SIGUSR1 */      \
	X(restart)   /* ... with SA_RESTART */                                 \
	X(count)     /* 200 rounds: wait, count in shared memory, post */      \
	X(unnamed)   /* use one of sem_init(): bits of what went wrong */      \
	X(become_nobody)                                                       \
	X(leave_network) /* for a network namespace of its own */              \
	X(hold)		 /* until the end of the input */

enum victim_sem_command {
#define VICTIM_SEM_NUMBER(name) SEM_##name,
	VICTIM_SEM_COMMANDS(VICTIM_SEM_NUMBER)
#undef VICTIM_SEM_NUMBER
};

#define VICTIM_SEM_ROUNDS 200

#endif
