/* SPDX-License-Identifier: MIT */
/* helper.h - a portlock-session, spoken to by lib/etcd/protocol.h alone. */
#ifndef PORTLOCK_TESTS_ETCD_HELPER_H
#define PORTLOCK_TESTS_ETCD_HELPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/etcd/protocol.h"
#include "tests/etcd/cluster.h"

struct helper {
	pid_t pid;
	int socket, timer; /* the handle's end */
	uint64_t number;   /* of the last request */
};

/* ---- helper.c ------------------------------------------------------------- */

/* Starts one without settings. */
void helper_start(struct helper *helper);

/* Gives it its settings, "name=value" each. */
void helper_configure(struct helper *helper, const char *const *settings);

/* Both, for a key in that etcd with all that it wants and a TTL of 5 s, and
 * then these settings. */
#define helper_open(helper, etcd, key, ...)                                    \
	helper_open_with(helper, etcd, key,                                    \
			 (const char *const[]){ "", ##__VA_ARGS__, NULL })
void helper_open_with(struct helper *helper, const struct etcd *etcd,
		      const char *key, const char *const *settings);

/* "NAME=VALUE", of which four last. */
const char *setting(const char *name, const char *value);

/* What its timer has left, ns; 0: it does not run. */
int64_t helper_left(const struct helper *helper);

/* Closes the handle's end, and waits for that of the helper, which has status
 * 0; the same of one that was killed: the status. */
void helper_end(struct helper *helper);
int helper_status(struct helper *helper);

/* main() of tests that have an etcd of that plan: its status. */
#define helper_tests(plan, tests)                                              \
	helper_run_tests(plan, #tests, tests, sizeof(tests) / sizeof(*(tests)))
int helper_run_tests(const struct etcd_plan *plan, const char *name,
		     const struct CMUnitTest *tests, size_t count);
extern struct etcd *etcd;

/* ---- talk.c --------------------------------------------------------------- */

void helper_ask(struct helper *helper, enum session_request_kind kind);

/* The next answer, which must be of that kind; the next one of that kind, after
 * any others that tell of waiting. */
struct session_answer helper_expect(struct helper *helper,
				    enum session_answer_kind kind);
struct session_answer helper_await(struct helper *helper,
				   enum session_answer_kind kind);

/* Asks for the lock, which is free; which is not. */
struct session_answer helper_take(struct helper *helper);
void helper_queue(struct helper *helper);

/* Nothing has been said. */
void helper_is_silent(const struct helper *helper);

/* It has no more to say. */
void helper_expect_close(struct helper *helper);

#endif
