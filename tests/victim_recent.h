/* SPDX-License-Identifier: MIT */
/* victim_recent.h - what victim_recent can be told. */
#ifndef PORTLOCK_TESTS_VICTIM_RECENT_H
#define PORTLOCK_TESTS_VICTIM_RECENT_H

#define VICTIM_RECENT_COMMANDS(X)                                              \
	X(moved) /* opens x in the directory out, goes to in, opens x */       \
	X(moved_by_fd)                                                         \
	X(moved_in_vfork) /* is in in, and its child opened x in out */        \
	X(moved_by_nftw)  /* while that is there */                            \
	X(moved_by_fts)                                                        \
	X(replaced) /* opens here/x, a link to out/x, then makes here/x */     \
	X(made)	    /* makes x.lock in out and removes it, then one in in */   \
	X(unmade)                                                              \
	X(lock_renamed)	 /* these lock out/x twice, then in/x: renamed */      \
	X(lock_unlinked) /* ... linked to in/y: that, with out/x removed */    \
	X(lock_reopened) /* ... opened under the same number */                \
	X(lock_streamed) /* ... by fopen() */                                  \
	X(lock_copied)	 /* ... by dup2() */                                   \
	X(lock_copied_f) /* ... by F_DUPFD, after close_range() */             \
	X(set_reopened)	 /* the same with fcntl() locks */                     \
	X(close)

enum victim_recent_command {
#define VICTIM_RECENT_NUMBER(name) RECENT_##name,
	VICTIM_RECENT_COMMANDS(VICTIM_RECENT_NUMBER)
#undef VICTIM_RECENT_NUMBER
};

#endif
