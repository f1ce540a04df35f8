/* SPDX-License-Identifier: MIT */
/* support.h - what the tests share: children that talk through pipes, keys
 * that collide with nothing, looks at the system that do not go through lib.
 *
 * Nothing here waits for luck: a wait ends when its condition holds, and fails
 * the test if that has not happened after a time that only a hang can take.
 */
#ifndef PORTLOCK_TESTS_SUPPORT_H
#define PORTLOCK_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include <portlock/portlock.h>

/* ---- wait.c: conditions, failures, scale ------------------------------- */

/*
 * An assertion for every process and thread (cmocka's are for the main thread
 * of the test alone): elsewhere it prints and ends the process with status 70,
 * which child_end() reports.
 */
#define require(condition)                                                     \
	((condition) ? (void)0 : require_failed(#condition, __FILE__, __LINE__))
_Noreturn void require_failed(const char *what, const char *file, int line);

/* Whether PORTLOCK_TEST_SLOW is set: valgrind and the like. */
bool is_slow(void);

/* A timeout that ends, but not before what the test wants in between: ms, and
 * ten times that when is_slow(). */
int64_t enough_ms(int64_t ms);

/* How often to do what is done often: count, much less when is_slow(). */
int rounds(int count);

/* Returns when holds(argument) does. */
void wait_until(bool (*holds)(void *argument), void *argument);

/* Nanoseconds of CLOCK_MONOTONIC, and a sleep for what must last a while. */
int64_t now_ns(void);
void sleep_ns(int64_t ns);

/* The third field of /proc/PID/stat: 'R', 'S', 'T', 'Z' ...; '?' if none. */
char process_state(pid_t pid);

/* Returns when the process or thread (its tid) sleeps, or is stopped. */
void wait_asleep(pid_t pid);
void wait_stopped(pid_t pid);

/* How many descriptors the process has open (0: this one). */
int open_fds(pid_t pid);

/* Zeroed memory that children share; freed at the end of the process. */
void *shared_memory(size_t size);

/* What a lock guards: a counter that loses counts without it. */
struct guarded {
	atomic_int inside;
	atomic_int violations; /* met somebody inside */
	atomic_long value;     /* loaded, then stored: unprotected */
};

/* The critical section. */
void guarded_touch(struct guarded *guarded);

/* ---- child.c: processes -------------------------------------------------- */

/* One end of the talk with a child; the child has one with its parent. */
struct child {
	struct child *next;
	pid_t pid;
	int in, out;
};

typedef void child_body(struct child *parent, void *argument);

/* Forks a child that runs the body and exits; killed if the test dies.  It has
 * copies of all descriptors of the test, so start it before you bind. */
struct child *child_start(child_body *body, void *argument);

/* One number to the other side, and the next one from it (end: failure). */
void say(struct child *other, int64_t number);
int64_t hear(struct child *other);

/* Whether a number has come, without waiting for it. */
bool has_said(struct child *other);

/* As hear(), but false at the end of the talk. */
bool hear_or_end(struct child *other, int64_t *number);

/* Closes the pipes (hear() of the child fails, see hear_or_end()), waits for
 * the end and frees the child; returns the exit status, -signal if killed. */
int child_end(struct child *child);

/* SIGKILL, and child_end(). */
void child_kill(struct child *child);

/* Kills what a failed test left; part of key_teardown(). */
void children_kill(void);

/* ---- names.c: keys, ports and gates, by plain sockets -------------------- */

struct key {
	char text[64];
	uint16_t ports[PORTLOCK_PORTS]; /* by an independent computation */
	int reserved[PORTLOCK_PORTS];
};

/*
 * A key that no other test has, whose ports are free now and not those of any
 * other test's key, also of other test programs that run at the same time.
 */
void key_make(struct key *key);

/* The same, with its first port that many after the other key's. */
void key_make_near(struct key *key, const struct key *other, int distance);
void key_free(struct key *key);

/* For cmocka: *state is a struct key.  The teardown ends all children and
 * asserts that nothing of the key is bound any more. */
int key_setup(void **state);
int key_teardown(void **state);
const char *key_text(void **state);
#define with_key(test)                                                         \
	cmocka_unit_test_setup_teardown(test, key_setup, key_teardown)

/* A socket bound to the port of 127.0.0.1, or to the gate (not listening), by
 * a plain bind(): its descriptor or -errno. */
int bind_port(uint16_t port);
int bind_gate(const char *key);

/* Whether the port can be bound (which it is for a moment). */
bool port_is_free(uint16_t port);

/* The indices of the key's ports that are bound now, as bits: 1, 2, 4. */
unsigned ports_bound(const struct key *key);

/* Whether the gate is bound, and how many connections wait in its queue (those
 * of waiters that have given up included), by /proc/net/unix. */
bool gate_is_bound(const char *key);
int gate_queue(const char *key);

/* Returns when the gate's queue is that long, or the gate is bound. */
void wait_for_queue(const char *key, int length);
void wait_for_gate(const char *key);

/* ---- contender.c: a process with a handle that does as it is told -------- */

/* Starts one; transport as in portlock_options. */
struct child *contender_start(const char *key, const char *transport);

/* portlock_acquire_for() in it, and its result; or in two steps. */
int contender_acquire(struct child *contender, int64_t timeout_ms);
void contender_begin(struct child *contender, int64_t timeout_ms);
int contender_result(struct child *contender);

/* contender_begin() that returns when it sleeps in the queue of the key. */
void contender_queue(struct child *contender, const char *key,
		     int64_t timeout_ms);

int contender_try(struct child *contender);
void contender_release(struct child *contender);
uint64_t contender_token(struct child *contender);
bool contender_has_locked(struct child *contender);

/* Returns when its portlock_lost_fd() is readable. */
void contender_wait_lost(struct child *contender);

/* Several in one go, released in a tight loop: acquire (for ever), touch,
 * release, that many times; the answer is awaited by contender_result(). */
void contender_stress(struct child *contender, struct guarded *guarded,
		      int count);

/* A handle in this process, whose portlock_acquire() waits for ever: what is to
 * be granted is, however long that takes where much runs at once. */
portlock_t *open_lock(const char *key, const char *transport);

#endif
