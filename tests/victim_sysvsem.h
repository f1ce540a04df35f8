/* SPDX-License-Identifier: MIT */
/* victim_sysvsem.h - what victim_sysvsem can be told, by number or name. */
#ifndef PORTLOCK_TESTS_VICTIM_SYSVSEM_H
#define PORTLOCK_TESTS_VICTIM_SYSVSEM_H

/* The set has two semaphores; all but few commands are about number 0. */
#define VICTIM_SYSVSEM_COMMANDS(X)                                             \
	X(create)    /* or open the set: values 0 */                           \
	X(set_0)     /* SETVAL */                                              \
	X(set_1)     /* ... */                                                 \
	X(set_3)     /* ... */                                                 \
	X(set_all_1) /* SETALL */                                              \
	X(remove)    /* IPC_RMID */                                            \
	X(value)                                                               \
	X(take)	       /* -1 */                                                \
	X(try)	       /* ... with IPC_NOWAIT */                               \
	X(timed)       /* ... for 50 ms */                                     \
	X(timed_zero)  /* ... for no time */                                   \
	X(timed_wrong) /* ... for a time that is none */                       \
	X(take_undo)   /* ... with SEM_UNDO */                                 \
	X(give)	       /* +1 */                                                \
	X(give_undo)   /* ... with SEM_UNDO */                                 \
	X(up_take)     /* wait for 0, +1 */                                    \
	X(up_try)      /* ... with IPC_NOWAIT */                               \
	X(up_give)     /* -1 */                                                \
	X(take_both)   /* -1 of number 0 and of number 1, at once */           \
	X(move)	       /* +1 to number 0, -1 of number 1, at once */           \
	X(take_other)  /* -1 of number 1 */                                    \
	X(wait_zero)                                                           \
	X(wrong) /* semaphore number 7 */                                      \
	X(give_in_thread)                                                      \
	X(give_in_child)                                                       \
	X(try_in_child)                                                        \
	X(up_give_in_child)                                                    \
	X(look)	     /* all other commands of semctl: bits of the wrong */     \
	X(interrupt) /* let a handler without SA_RESTART serve SIGUSR1 */      \
	X(restart)   /* ... with SA_RESTART */                                 \
	X(count)     /* rounds: take, count in shared memory, give */          \
	X(hold)	     /* until the end of the input */

enum victim_sysvsem_command {
#define VICTIM_SYSVSEM_NUMBER(name) SYSV_##name,
	VICTIM_SYSVSEM_COMMANDS(VICTIM_SYSVSEM_NUMBER)
#undef VICTIM_SYSVSEM_NUMBER
};

#define VICTIM_SYSVSEM_ROUNDS 200

#endif
