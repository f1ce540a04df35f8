/* SPDX-License-Identifier: MIT */
/* probe.h - static tracepoints: where perf, bpftrace or gdb can look at the
 * core.
 *
 * Nobody looking, each is a single nop: the arguments are what is there anyway,
 * and the note that tells where they are is no part of the running program.
 * Without sys/sdt.h there are none.  portlock(3) describes them.
 */
#ifndef PORTLOCK_PROBE_H
#define PORTLOCK_PROBE_H

#ifdef ENABLE_SDT
#include <sys/sdt.h>
#define PROBE1(name, a) DTRACE_PROBE1(portlock, name, a)
#define PROBE2(name, a, b) DTRACE_PROBE2(portlock, name, a, b)
#define PROBE3(name, a, b, c) DTRACE_PROBE3(portlock, name, a, b, c)
#else
/* Of arguments without effect nothing is left. */
#define PROBE1(name, a) ((void)(a))
#define PROBE2(name, a, b) ((void)(a), (void)(b))
#define PROBE3(name, a, b, c) ((void)(a), (void)(b), (void)(c))
#endif

/* An acquire begins; gate: its name, as portlock_gate() returns it. */
#define pl_probe_acquire(gate) PROBE1(acquire, gate)

/* It has joined the queue of the process that listens on the gate. */
#define pl_probe_wait(gate, listener) PROBE2(wait, gate, listener)

/* It holds; waited: in the queue, ns. */
#define pl_probe_grant(gate, token, waited) PROBE3(grant, gate, token, waited)

/* The holder lets go. */
#define pl_probe_release(gate, token) PROBE2(release, gate, token)

/* It has sent the lock to that process. */
#define pl_probe_hand_over(gate, to) PROBE2(hand_over, gate, to)

#endif
