/* SPDX-License-Identifier: MIT */
/* bars.c - what portlock is to reach, beside other locks in the same run. */
#include "config.h"

#include <stddef.h>

#include "bench/bars.h"

#define FREE(subject, metric)                                                  \
	{                                                                      \
		"uncontended", "", subject, metric                             \
	}
#define HANDOFF(subject, metric)                                               \
	{                                                                      \
		"handoff", "processors awake", subject, metric                 \
	}
#define CROWD(count, subject)                                                  \
	{                                                                      \
		"scaling", count " processes", subject, "p50"                  \
	}
#define GREEDY(subject, metric)                                                \
	{                                                                      \
		"fairness", "16 processes", subject, metric                    \
	}
#define CRASH(subject)                                                         \
	{                                                                      \
		"crash", "holder killed", subject, "p50"                       \
	}
#define IDLE(subject)                                                          \
	{                                                                      \
		"idle", "100 waiters", subject, "clock ticks"                  \
	}
#define CLUSTER(setting, subject, metric)                                      \
	{                                                                      \
		"cluster", setting, subject, metric                            \
	}
#define CALL(operation, subject)                                               \
	{                                                                      \
		"shim", operation, subject, "call"                             \
	}

const struct bar bars[] = {
	{ "uncontended, portlock-tcp: pair / floor",
	  FREE("portlock-tcp", "pair"), FREE("portlock-tcp", "floor"), AT_MOST,
	  1.15, 0 },
	{ "uncontended, portlock-unix: pair / floor",
	  FREE("portlock-unix", "pair"), FREE("portlock-unix", "floor"),
	  AT_MOST, 1.15, 0 },
	{ "uncontended, pair: portlock-tcp / original",
	  FREE("portlock-tcp", "pair"), FREE("original", "pair"), AT_MOST, 1.0,
	  0 },
	{ "uncontended, pair: portlock-unix / original-unix",
	  FREE("portlock-unix", "pair"), FREE("original-unix", "pair"), AT_MOST,
	  1.1, 0 },

	{ "hand-off p50: portlock-unix / flock",
	  HANDOFF("portlock-unix", "p50"), HANDOFF("flock", "p50"), AT_MOST,
	  3.0, 0 },
	{ "hand-off p50: portlock-tcp / flock", HANDOFF("portlock-tcp", "p50"),
	  HANDOFF("flock", "p50"), AT_MOST, 3.5, 0 },
	{ "hand-off: p50 of portlock-unix / mean of original",
	  HANDOFF("portlock-unix", "p50"), HANDOFF("original", "mean"), AT_MOST,
	  0.01, 0 },
	{ "hand-off: p50 of portlock-tcp / mean of original",
	  HANDOFF("portlock-tcp", "p50"), HANDOFF("original", "mean"), AT_MOST,
	  0.01, 0 },

	{ "scaling p50, portlock-unix: 256 / 8 processes",
	  CROWD("256", "portlock-unix"), CROWD("8", "portlock-unix"), AT_MOST,
	  1.3, 0 },
	{ "scaling p50, portlock-tcp: 256 / 8 processes",
	  CROWD("256", "portlock-tcp"), CROWD("8", "portlock-tcp"), AT_MOST,
	  1.3, 0 },

	{ "16 greedy, wait p99: portlock-unix / flock",
	  GREEDY("portlock-unix", "p99"), GREEDY("flock", "p99"), AT_MOST, 0.25,
	  0 },
	{ "16 greedy, wait p99: portlock-tcp / flock",
	  GREEDY("portlock-tcp", "p99"), GREEDY("flock", "p99"), AT_MOST, 0.25,
	  0 },
	{ "16 greedy, share min/max: portlock-unix",
	  GREEDY("portlock-unix", "share min/max"),
	  { 0 },
	  AT_LEAST,
	  0.95,
	  0 },
	{ "16 greedy, share min/max: portlock-tcp",
	  GREEDY("portlock-tcp", "share min/max"),
	  { 0 },
	  AT_LEAST,
	  0.95,
	  0 },

	{ "holder killed, p50: portlock-unix / flock", CRASH("portlock-unix"),
	  CRASH("flock"), AT_MOST, 3.0, 0 },
	{ "holder killed, p50: portlock-tcp / flock", CRASH("portlock-tcp"),
	  CRASH("flock"), AT_MOST, 3.0, 0 },

	/* Not one tick of the clock for all of them. */
	{ "clock ticks of 100 waiters: portlock-unix",
	  IDLE("portlock-unix"),
	  { 0 },
	  AT_MOST,
	  1,
	  0 },
	{ "clock ticks of 100 waiters: portlock-tcp",
	  IDLE("portlock-tcp"),
	  { 0 },
	  AT_MOST,
	  1,
	  0 },

	/* What is measured are two calls: a lock is taken and let go. */
	{ "two calls, shim without a rule, more than bare",
	  CALL(NULL, "no rule"), CALL(NULL, "bare"), MORE_BY, 2 * 20, 0 },
	{ "two calls, rules that do not match, more than bare",
	  CALL(NULL, "unmatched"), CALL(NULL, "bare"), MORE_BY, 2 * 200, 0.1 },
	{ "shim, matched semaphore / portlock's own functions",
	  CALL("sem", "matched"), CALL("portlock", "bare"), AT_MOST, 1.3, 0 },

	{ "etcd, lease at hand, p50: pair / bare requests",
	  CLUSTER("lease at hand", "portlock-etcd", "pair"),
	  CLUSTER("lease at hand", "portlock-etcd", "bare"), AT_MOST, 1.5, 0 },
	{ "etcd, lease at hand, mean: pair / bare requests",
	  CLUSTER("lease at hand", "portlock-etcd", "pair mean"),
	  CLUSTER("lease at hand", "portlock-etcd", "bare mean"), AT_MOST, 1.5,
	  0 },
	{ "etcd, grants to 16 processes: portlock / etcdctl",
	  CLUSTER("16 processes", "portlock-etcd", "acquired"),
	  CLUSTER("16 processes", "etcdctl", "acquired"), AT_LEAST, 20, 0 },
	{ 0 },
};
