/* SPDX-License-Identifier: MIT */
/* victim_fds.h - what victim_fds can be told. */
#ifndef PORTLOCK_TESTS_VICTIM_FDS_H
#define PORTLOCK_TESTS_VICTIM_FDS_H

#define VICTIM_FDS_COMMANDS(X)                                                 \
	X(take) /* the semaphore */                                            \
	X(give)                                                                \
	X(hidden)  /* how many descriptors are open that we did not open */    \
	X(lowest)  /* number of the next descriptor */                         \
	X(highest) /* number of the highest one that is open */                \
	X(few)	   /* lower the limit to 32 */                                 \
	X(closefrom)                                                           \
	X(close_range)                                                         \
	X(close_range_cloexec)                                                 \
	X(no_close_range)    /* from now on it fails with ENOSYS */            \
	X(close_range_exact) /* just the hidden ones, one by one */            \
	X(close_range_wrong) /* first > last */                                \
	X(close_each)	     /* up to the limit; how many were there */        \
	X(close_hidden)	     /* the errno of it */                             \
	X(dup_from_hidden)   /* the errno of it */                             \
	X(dup_hidden)	     /* the same of dup() */                           \
	X(dup2_over_each)    /* dup2() and close() of all above 2 */           \
	X(dup3_over_each)                                                      \
	X(dup2_nothing)	      /* dup2() of a closed one over hidden ones */    \
	X(close_in_vfork)     /* a vfork child closes all it can */            \
	X(close_in_raw_child) /* ... made without fork handlers; it stays */   \
	X(raw_child_ends)

enum victim_fds_command {
#define VICTIM_FDS_NUMBER(name) FDS_##name,
	VICTIM_FDS_COMMANDS(VICTIM_FDS_NUMBER)
#undef VICTIM_FDS_NUMBER
};

#endif
