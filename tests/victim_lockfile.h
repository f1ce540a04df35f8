/* SPDX-License-Identifier: MIT */
/* victim_lockfile.h - what victim_lockfile can be told, by number or name. */
#ifndef PORTLOCK_TESTS_VICTIM_LOCKFILE_H
#define PORTLOCK_TESTS_VICTIM_LOCKFILE_H

/* The argument is X.lock; X is what it protects. */
#define VICTIM_LOCKFILE_COMMANDS(X)                                            \
	/* to make the lock file */                                            \
	X(open)                                                                \
	X(open64)                                                              \
	X(openat)                                                              \
	X(fopen) /* "wx" */                                                    \
	X(mkdir)                                                               \
	X(mkdirat)                                                             \
	X(link)                                                                \
	X(linkat)                                                              \
	X(link_kept)	 /* the other name stays */                            \
	X(link_nameless) /* a file that has no name yet */                     \
	X(link_nameless_fd)                                                    \
	X(link_other)  /* another user's file */                               \
	X(link_two)    /* X.lock and X.lock.second */                          \
	X(rename_into) /* renameat2() that replaces nothing */                 \
	X(symlink)                                                             \
	X(symlinkat)                                                           \
	X(open_here)	   /* by its last component, in its directory */       \
	X(open_by_alias)   /* through a symbolic link to its directory */      \
	X(open_in_child)   /* of fork() */                                     \
	X(open_in_program) /* a child executes this program */                 \
	X(open_in_vforked)                                                     \
	X(open_in_spawned)                                                     \
	X(open_in_system)                                                      \
	X(mkdir_in_program)                                                    \
	X(symlink_in_program)                                                  \
	X(link_in_program)                                                     \
	X(open_as_zero) /* descriptor 0 is free: the number is the result */   \
	X(open_in_thread)                                                      \
	X(open_second) /* X.lock.second */                                     \
	X(open_second_in_thread)                                               \
	X(open_second_in_child)                                                \
	X(open_second_in_program)                                              \
	/* to remove it */                                                     \
	X(unlink)                                                              \
	X(unlinkat)                                                            \
	X(remove)                                                              \
	X(rmdir)                                                               \
	X(rmdirat) /* unlinkat() with AT_REMOVEDIR */                          \
	X(rename)  /* to X */                                                  \
	X(renameat)                                                            \
	X(unlink_in_handler)                                                   \
	X(rename_interrupted) /* by such a handler, when it is done */         \
	X(unlink_in_child)                                                     \
	X(unlink_second)                                                       \
	X(remove_in_program)                                                   \
	/* to open X */                                                        \
	X(read)                                                                \
	X(read_stream)                                                         \
	X(read_at)                                                             \
	X(read_fortified)                                                      \
	X(read_fortified_at)                                                   \
	/* to go */                                                            \
	X(exit)                                                                \
	X(_exit)                                                               \
	X(quick_exit)                                                          \
	X(exec)	      /* this program again: serves on */                      \
	X(exec_fails) /* and goes on */                                        \
	/* to get other rights, another root, another path */                  \
	X(same_user)                                                           \
	X(nobody)                                                              \
	X(chroot)                                                              \
	X(nobody_to_files)  /* setfsuid() */                                   \
	X(mounts_elsewhere) /* setns() */                                      \
	X(chroot_fails)                                                        \
	X(move)		 /* the directory, to DIRECTORY-moved */               \
	X(make_namesake) /* in another directory, at any time */               \
	X(remove_namesake)                                                     \
	/* other things */                                                     \
	X(nothing)                                                             \
	X(hold)		  /* until the end of the input */                     \
	X(handle_signals) /* SIGUSR2, without SA_RESTART */                    \
	X(restart_signals)                                                     \
	X(many)	 /* 100 lock files at a time */                                \
	X(turns) /* VICTIM_LOCKFILE_ROUNDS: make, count, remove */             \
	X(loop)	 /* make and remove, until it is killed */                     \
	X(loop_link)                                                           \
	X(link_too_long) /* but the temporary name is not */                   \
	X(nowhere)	 /* errors: in a directory that is not there, ... */   \
	X(no_name)                                                             \
	X(null)                                                                \
	X(dot)                                                                 \
	X(too_long)                                                            \
	X(below_a_file)

enum victim_lockfile_command {
#define VICTIM_LOCKFILE_NUMBER(name) LOCKFILE_##name,
	VICTIM_LOCKFILE_COMMANDS(VICTIM_LOCKFILE_NUMBER)
#undef VICTIM_LOCKFILE_NUMBER
};

#define VICTIM_LOCKFILE_ROUNDS 25

#endif
