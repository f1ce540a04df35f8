/* SPDX-License-Identifier: MIT */
/* victim_children.h - what victim_children can be told. */
#ifndef PORTLOCK_TESTS_VICTIM_CHILDREN_H
#define PORTLOCK_TESTS_VICTIM_CHILDREN_H

#define VICTIM_CHILDREN_COMMANDS(X)                                            \
	/* families: 0 if it is held now, an errno */                          \
	X(sem)                                                                 \
	X(lockfile)                                                            \
	X(open)                                                                \
	X(mutex)                                                               \
	X(sysvsem)                                                             \
	X(flock)                                                               \
	X(fcntl)                                                               \
	/* ways to a child that stays: its pid */                              \
	X(fork)                                                                \
	X(double_fork)                                                         \
	X(raw_fork) /* _Fork() */                                              \
	X(vfork)    /* and exec */                                             \
	X(spawn)                                                               \
	X(system)                                                              \
	X(popen)                                                               \
	X(daemon) /* the child serves on */                                    \
	/* the end */                                                          \
	X(exit)

enum victim_children_command {
#define VICTIM_CHILDREN_NUMBER(name) CHILDREN_##name,
	VICTIM_CHILDREN_COMMANDS(VICTIM_CHILDREN_NUMBER)
#undef VICTIM_CHILDREN_NUMBER
};

#endif
