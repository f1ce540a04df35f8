/* SPDX-License-Identifier: MIT */
/* queue.pml - the model: what it has of everything, and what must hold.
 *
 * README.md tells how to read it.  Options (-D):
 *   PORTLOCKS=n   processes that use the lock, 3 by default
 *   UNIX=mask     those of them that use the transport unix; others: tcp
 *   SECOND=n      process n and those after it use a second key, whose ports
 *                 overlap with the first key's in two
 *   PLAIN_GATE    one more process, which binds nothing but the gate's name
 *   PLAIN_PORTS   one more process, which binds two of the three ports only
 *   TIMED=mask    those whose acquires may have a deadline
 *   TRY=mask      those whose acquires may be tries
 *   LIMITS        sends and receives may fail for want of resources
 *   KILLS=n, STOPS=n  so often a process is killed, and stopped
 *   VICTIMS=mask  which ones; all by default.  One of several processes with
 *                 the same options does if it happens once
 *   LIVE          for the claim "progress", with weak fairness
 *   MUTANT=name   a fault, planted where the name stands
 */

#ifndef PORTLOCKS
#define PORTLOCKS 3
#endif
#ifndef UNIX
#define UNIX 0
#endif
#ifndef SECOND
#define SECOND PORTLOCKS
#endif
#ifndef TIMED
#define TIMED 0
#endif
#ifndef TRY
#define TRY 0
#endif
#ifndef KILLS
#define KILLS 0
#endif
#ifndef STOPS
#define STOPS 0
#endif

#ifndef VICTIMS
#define VICTIMS 255
#endif

/* Faults that can be planted; README.md tells what each of them breaks. */
#define NONE 0
#define ONE_PORT 1
#define LATE_TAKE 2
#define HANG_UP_IS_GRANT 3
#define NO_WAKE 4
#define SKIP_KEPT 5
#define CONNECT_ONLY 6
#define LIFO 7
#define LATE_CLOSE 8
#define KEEP_PORTS 9
#define NO_PASS_ON 10
#define NO_SHUTDOWN 11
#define NO_LOOK 12
#define LOOK_FOR_EVER 13
#ifndef MUTANT
#define MUTANT NONE
#endif
#define MUTATED(name) (MUTANT == name)

/* ---- who there is ------------------------------------------------------- */

#ifdef PLAIN_GATE
#define GATE_PEERS 1
#else
#define GATE_PEERS 0
#endif
#ifdef PLAIN_PORTS
#define PORT_PEERS 1
#else
#define PORT_PEERS 0
#endif
#define PROCESSES (PORTLOCKS + GATE_PEERS + PORT_PEERS)

#define BIT(i) (1 << (i))
#define BELOW(i) (BIT(i) - 1)
#define KEY(i) ((i) >= SECOND && (i) < PORTLOCKS)
#define USES_PORTS(i) (!(UNIX & BIT(i)))
#define ME _pid

/* Who excludes each other by the gate, and who by the ports. */
#define GATE_USERS (BELOW(PORTLOCKS) | GATE_PEERS << PORTLOCKS)
#define PORT_USERS                                                             \
	(BELOW(PORTLOCKS) & ~UNIX |                                            \
	 PORT_PEERS << (PORTLOCKS + GATE_PEERS))

/* ---- what must hold ----------------------------------------------------- */

short holds[2]; /* by key: who believes to have the lock */
byte waits;	/* who has begun an acquire without a deadline */
bit busy[PROCESSES];
bit killed[PROCESSES], stopped[PROCESSES];

#define AT_MOST_ONE(mask) (((mask) & ((mask) - 1)) == 0)

/* I1, asked wherever a process begins to hold. */
#define EXCLUSION(k)                                                           \
	assert(AT_MOST_ONE(holds[k] & GATE_USERS));                            \
	assert(AT_MOST_ONE(holds[k] & PORT_USERS))

/* I2, the names: asked wherever a process has no business to own one. */
#define OWNS_NOTHING(i)                                                        \
	assert((gate[0] & BIT(i)) == 0 && (gate[1] & BIT(i)) == 0);            \
	assert(PORTS_OF(i) == 0)

/* I3, asked when a waiter is sent the lock. */
#define IN_ORDER(i) assert(ahead[i] == 0)

/* A live, running process threw a lock away that had been sent to it. */
#define NOT_WASTED(i) assert((gate[KEY(i)] & FLIGHT(i)) == 0)

/* A waiter that was stopped before it was looked at, after a long hold, and
 * has not run since. */
#define NOT_STOPPED(i) assert(!(slept && stopped[i]))

/*
 * I2, no lost wake-up, twice.  As safety: waiters without a deadline block in
 * sleep_in_queue(), whoever is idle may leave for ever, and a state in which
 * nobody can move but somebody waits is an invalid end state.  As liveness,
 * for what runs in circles instead of blocking: not for ever does a running
 * process wait while nobody holds.  A stopped process that owns a part of the
 * lock, or is about to wake the next, is a holder here: nobody can take it
 * away.
 */
#define STUCK(i)                                                               \
	(stopped[i] && (((gate[0] | port[0] | port[1] | port[2]) &             \
			 (BIT(i) | FLIGHT(i))) != 0 ||                         \
			accepted[i] != NOBODY))
#define WANTED(i) ((waits & BIT(i)) != 0 && !stopped[i])

#include "kernel.pml"
#include "lock.pml"
#include "world.pml"
