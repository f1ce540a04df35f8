/* SPDX-License-Identifier: MIT */
/* referee.h - who was inside of a lock when, seen without the lock; and
 * processes that take it again and again under the referee's eyes.
 *
 * All hosts of a test are on one machine: the referee is memory that all their
 * processes share, and one clock.
 */
#ifndef PORTLOCK_TESTS_ETCD_REFEREE_H
#define PORTLOCK_TESTS_ETCD_REFEREE_H

#include "tests/etcd/hosts.h"
#include "tests/support/support.h"

#define VISITS_MAX 20000

/* A time with the lock; the history is in the order of coming in. */
struct visit {
	int host;
	pid_t pid;
	uint64_t token;
	int64_t entered; /* now_ns() */
	int64_t left;	 /* 0: not yet, or killed inside */
};

struct referee {
	_Atomic pid_t inside;
	atomic_int overlaps; /* somebody alive was inside already */
	atomic_int count;
	struct visit visits[VISITS_MAX];
};

struct referee *referee_make(void);

/* By who has been granted the lock, and before it releases it, or as soon as it
 * knows that it has lost it. */
void referee_enter(struct referee *referee, int host, uint64_t token);
void referee_leave(struct referee *referee);

/*
 * When all is over: nobody met anybody alive; tokens grew from one grant of the
 * cluster to the next; a token was used by one host only, by one visit after
 * the other, and by no more than local_grants.  Visits that were never left
 * must be those of the killed.
 */
void referee_judge(struct referee *referee, int local_grants, int killed);

/* Of the visits of a host: how many. */
int referee_visits(const struct referee *referee, int host);

/* ---- ground.c ------------------------------------------------------------ */

/*
 * For main(): that many hosts, and an etcd with that many members, of which all
 * handles know from here on.  Ends the program, with a word why, if there can
 * be no etcd (1) or no hosts (77).
 */
struct etcd *ground_make(int hosts, int members);

/* Asserts that no session is left on any host, and ends the etcd. */
void ground_end(struct etcd *etcd);

/* ---- player.c ------------------------------------------------------------ */

/* What players do: acquire (for ever), stay inside for a time or until the lock
 * is lost, release; as often as rounds says, or until it is over. */
struct game {
	const char *key;
	struct referee *referee;
	int rounds;	   /* 0: until it is over */
	int64_t hold_ms;   /* -1: until it is over */
	atomic_int over;   /* so shared memory: game_make() */
	atomic_int lost;   /* locks */
	atomic_int failed; /* acquires */
	atomic_int error;  /* of the last of those */
};

struct game *game_make(const char *key, int rounds, int64_t hold_ms);

/* A process of the host that plays; it ends by itself with status 0. */
struct child *player_start(struct game *game, const struct host *host);

/* That many on each host. */
void players_start(struct game *game, int hosts, struct child **players,
		   int each);

/* Waits for their ends. */
void players_end(struct child **players, int count);

#endif
