/* SPDX-License-Identifier: MIT */
/* fake_session.h - what fake_session and the test's cluster say to each other.
 *
 * fake_session stands in for portlock-session.  It decides nothing: what its
 * handle asks for (lib/etcd/protocol.h) it tells the cluster as it is, and what
 * the cluster orders it does.  It is connected to it by a SOCK_SEQPACKET socket,
 * the abstract name of which is in its only setting that it looks at:
 * endpoints=fake:NAME.
 */
#ifndef PORTLOCK_TESTS_FAKE_SESSION_H
#define PORTLOCK_TESTS_FAKE_SESSION_H

#include "lib/etcd/protocol.h"

#define FAKE_SCHEME "fake:"

/* The handle's end is closed: the helper gives everything back and ends.  Where
 * the connection ends without this, the helper was killed. */
#define FAKE_GOODBYE 0x706cff01

/* The timer, in this order with the answer: after it the helper may end. */
struct fake_order {
	int64_t timer_ms; /* it runs so long; or one of these */
	uint32_t size;	  /* of what is sent of the answer: right is all */
	uint32_t end;	  /* and then it ends */
	struct session_answer answer;
};

#define FAKE_TIMER_AS_IS INT64_C(-1)
#define FAKE_TIMER_OFF INT64_C(-2)
#define FAKE_TIMER_EXPIRED INT64_C(0)

#endif
