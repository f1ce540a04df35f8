/* SPDX-License-Identifier: MIT */
/* victim_filelock.h - what victim_filelock can be told, by number or name. */
#ifndef PORTLOCK_TESTS_VICTIM_FILELOCK_H
#define PORTLOCK_TESTS_VICTIM_FILELOCK_H

/* Each is for the current descriptor; a is the current file at first. */
#define VICTIM_FILELOCK_COMMANDS(X)                                            \
	X(a)	  /* the file a is the current one */                          \
	X(b)	  /* ... b */                                                  \
	X(again)  /* open it once more: the new one is the current one */      \
	X(copy)	  /* dup(): the copy is the current one */                     \
	X(copy2)  /* dup2() */                                                 \
	X(copy_f) /* F_DUPFD */                                                \
	X(swap)	  /* the one before is the current one, and that is before */  \
	X(close)  /* the one before is the current one */                      \
	X(close_range)                                                         \
	X(close_other) /* open it once more, and close that */                 \
	X(fclose_other)                                                        \
	X(ex)                                                                  \
	X(ex_nb)                                                               \
	X(sh)                                                                  \
	X(sh_nb)                                                               \
	X(un)                                                                  \
	X(ex_in_thread)                                                        \
	X(un_though_cancelled)	  /* in a thread that is about to be */        \
	X(close_though_cancelled) /* ... and closes it again when it ends */   \
	X(fork_though_cancelled)  /* 77: the end of the child */               \
	X(wrong)		  /* an operation that is none */              \
	X(set_w)		  /* F_SETLK: all of the file */               \
	X(set_w1)		  /* ... its first ten bytes */                \
	X(set_w2)		  /* ... the next ten bytes */                 \
	X(set_r)                                                               \
	X(set_r1)                                                              \
	X(set_u)                                                               \
	X(set_u1)                                                              \
	X(set_u2)                                                              \
	X(wait_w) /* F_SETLKW */                                               \
	X(wait_w1)                                                             \
	X(wait_w2)                                                             \
	X(wait_w_in_thread)                                                    \
	X(wait_w_cancelled) /* in a thread that is cancelled by SIGUSR2 */     \
	X(get)		    /* F_GETLK: the pid of who has it, 0: nobody */    \
	X(ofd_w)	    /* F_OFD_SETLK */                                  \
	X(ofd_w1)                                                              \
	X(ofd_w2)                                                              \
	X(ofd_wait_w)                                                          \
	X(ofd_u)                                                               \
	X(ofd_u1)                                                              \
	X(ofd_u2)                                                              \
	X(lockf_lock)                                                          \
	X(lockf_try)                                                           \
	X(lockf_test)                                                          \
	X(lockf_unlock)                                                        \
	X(set_refused) /* what fails whoever has a lock; what went wrong */    \
	X(flags) /* commands of fcntl() that are no locks: what went wrong */  \
	X(interrupt) /* let a handler without SA_RESTART serve SIGUSR1 */      \
	X(restart)   /* ... with SA_RESTART */                                 \
	X(count_ex)  /* 200 rounds: lock, count in shared memory, unlock */    \
	X(count_w)                                                             \
	X(fork_and_exit) /* the child goes on */                               \
	X(fork_twice)                                                          \
	X(fork_and_obey) /* ... and this one: SIGUSR1 unlock, SIGUSR2 close */ \
	X(fork_to_wait)	 /* the child waits for a signal; its pid */           \
	X(start)	 /* a program that has none of the files; its pid */   \
	X(start_stubborn) /* ... and ignores SIGTERM */                        \
	X(start_headless) /* ... a process without its first thread */         \
	X(daemon)                                                              \
	X(cover) /* dup2() over every free descriptor; how many failed */      \
	X(un_in_handler)                                                       \
	X(un_at_term)	       /* unlock, when SIGTERM comes */                \
	X(ex_in_child)	       /* of a new descriptor, without blocking */     \
	X(ex_in_waiting_child) /* its pid, and later its result */             \
	X(hold)		       /* until the end of the input */

enum victim_filelock_command {
#define VICTIM_FILELOCK_NUMBER(name) FILE_##name,
	VICTIM_FILELOCK_COMMANDS(VICTIM_FILELOCK_NUMBER)
#undef VICTIM_FILELOCK_NUMBER
};

#define VICTIM_FILELOCK_ROUNDS 200

#endif
