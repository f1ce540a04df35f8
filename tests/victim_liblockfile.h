/* SPDX-License-Identifier: MIT */
/* victim_liblockfile.h - what victim_liblockfile can be told. */
#ifndef PORTLOCK_TESTS_VICTIM_LIBLOCKFILE_H
#define PORTLOCK_TESTS_VICTIM_LIBLOCKFILE_H

/* The results are the library's: L_MAXTRYS is 4, L_TMPLOCK 2. */
#define VICTIM_LIBLOCKFILE_COMMANDS(X)                                         \
	X(load)	      /* 0 if the library is there */                          \
	X(create)     /* the lock file, with 1 retry */                        \
	X(create_pid) /* ... with L_PID */                                     \
	X(try)	      /* ... with none */                                      \
	X(create_nowhere)                                                      \
	X(remove)                                                              \
	X(mail_lock)   /* maillock() of the mailbox X, if X.lock is named */   \
	X(mail_unlock) /* mailunlock() */                                      \
	X(count)       /* rounds: create, count in shared memory, remove */

enum victim_liblockfile_command {
#define VICTIM_LIBLOCKFILE_NUMBER(name) LIB_##name,
	VICTIM_LIBLOCKFILE_COMMANDS(VICTIM_LIBLOCKFILE_NUMBER)
#undef VICTIM_LIBLOCKFILE_NUMBER
};

#define VICTIM_LIBLOCKFILE_ROUNDS 25

#endif
