/* SPDX-License-Identifier: MIT */
/* victim_open.h - what victim_open can be told. */
#ifndef PORTLOCK_TESTS_VICTIM_OPEN_H
#define PORTLOCK_TESTS_VICTIM_OPEN_H

#define VICTIM_OPEN_COMMANDS(X)                                                \
	X(nothing)                                                             \
	X(read) /* all opens: the errno of it */                               \
	X(update)                                                              \
	X(open64)                                                              \
	X(openat)                                                              \
	X(openat64)                                                            \
	X(fortified) /* __open_2() */                                          \
	X(fortified64)                                                         \
	X(fortified_at)                                                        \
	X(fortified_at64)                                                      \
	X(__open)                                                              \
	X(__open64)                                                            \
	X(create)                                                              \
	X(creat)                                                               \
	X(creat64)                                                             \
	X(exclusive)                                                           \
	X(truncate)                                                            \
	X(stream)                                                              \
	X(stream64)                                                            \
	X(stream_write)                                                        \
	X(restream) /* freopen() of a stream on /dev/null */                   \
	X(restream64)                                                          \
	X(alias)  /* by a link to the folder */                                \
	X(link)	  /* by a link to the file, of another folder */               \
	X(beside) /* a file that no rule matches */                            \
	X(path)	  /* with O_PATH */                                            \
	X(directory)                                                           \
	X(close)                                                               \
	X(__close)                                                             \
	X(fclose)                                                              \
	X(_IO_fclose)                                                          \
	X(close_range)                                                         \
	X(close_range_cloexec)                                                 \
	X(closefrom)                                                           \
	X(copy) /* dup(), and close() of the first */                          \
	X(copy2)                                                               \
	X(copy3)                                                               \
	X(__dup2)                                                              \
	X(overwrite) /* dup2() of /dev/null */                                 \
	X(overwrite_fails)                                                     \
	X(mode)	 /* freopen() without a path: another mode */                  \
	X(value) /* what the file says, by what is open */                     \
	X(add)	 /* 1, to what was read by value */                            \
	X(count) /* open, value, add, close: COUNT times */                    \
	X(count_streams)                                                       \
	X(replace)	 /* the file by another one, that says 1 more */       \
	X(in_child)	 /* an update by a child, while this process waits */  \
	X(child_closes)	 /* all it has */                                      \
	X(child_closes2) /* the same, by vfork() */                            \
	X(exec)                                                                \
	X(execlp)                                                              \
	X(execle)                                                              \
	X(handle_signals)

enum victim_open_command {
#define VICTIM_OPEN_NUMBER(name) OPEN_##name,
	VICTIM_OPEN_COMMANDS(VICTIM_OPEN_NUMBER)
#undef VICTIM_OPEN_NUMBER
};

#define OPEN_COUNT 200

#endif
