/* SPDX-License-Identifier: MIT */
/* kernel.pml - names, accept queues and connections, as the kernel has them.
 *
 * A name is bound by at most one socket, so a socket is its name here: a set
 * of descriptors, those of processes and those in messages under way.  When
 * the set is empty the name is free, and the queue of a gate is reset.
 */

#define QUEUE PORTLOCKS /* of one gate; longer: -EAGAIN */
#if SECOND < PORTLOCKS
#define PORTS 4
#define HAS_FOURTH(i) HAS(3, i)
#else
#define PORTS 3
#define HAS_FOURTH(i) 0
#endif
#define PORT(k, n) port[(k) + (n)]
#define FLIGHT(i) BIT((i) + PROCESSES) /* in the message to process i */

short gate[2], port[PORTS];
bit listening[2];

byte queue[2 * QUEUE], length[2]; /* who waits; or DEAD */
#define SLOT(k, n) queue[(k) * QUEUE + (n)]
#define NOBODY 0
#define DEAD 1 /* the other end was closed */
#define WHO(i) ((i) + 2)

/* The waiter's end of its connection. */
#define CLOSED 0
#define QUEUED 1
#define ACCEPTED 2 /* some process has the other end in accepted[] */
#define HUNG_UP 3  /* POLLRDHUP: the other end was closed or shut down */
byte conn[PROCESSES];
bit shut[PROCESSES];	  /* by the waiter: nothing can be sent to it */
byte accepted[PROCESSES]; /* the connection that a releaser has at hand */
byte ahead[PROCESSES];	  /* who had connected before, and still waits */

/* For steps that run as one; no part of the state. */
hidden byte f, g, c, p;

#define PORTS_OF(i) (HAS(0, i) + HAS(1, i) + HAS(2, i) + HAS_FOURTH(i))
#define HAS(n, i) ((port[n] & BIT(i)) != 0)

/* Process i waits no more: nobody is behind it. */
inline forget(i)
{
	ahead[i] = 0;
	f = 0;
	do
	:: f < PROCESSES ->
		ahead[f] = ahead[f] & ~BIT(i);
		f++
	:: else -> break
	od;
	f = 0
}

/* The other end is closed, or shut down for writing. */
inline hang_up(i)
{
	conn[i] = HUNG_UP;
	forget(i)
}

/* Some descriptors of the gate are closed. */
inline close_gate(k, mask)
{
	gate[k] = gate[k] & ~(mask);
	if
	:: gate[k] == 0 ->
		listening[k] = 0;
		g = 0;
		do
		:: g < length[k] ->
			if
			:: SLOT(k, g) != DEAD -> hang_up(SLOT(k, g) - 2)
			:: else
			fi;
			SLOT(k, g) = NOBODY;
			g++
		:: else -> break
		od;
		length[k] = 0;
		/* Whom a dead releaser had accepted has no place either. */
		g = 0;
		do
		:: g < PROCESSES ->
			if
			:: KEY(g) == k -> forget(g)
			:: else
			fi;
			g++
		:: else -> break
		od
	:: else
	fi;
	g = 0
}

/* Process i closes the lowest port that it has. */
inline close_port(i)
{
	p = 0;
	do
	:: p < PORTS && (port[p] & BIT(i)) == 0 -> p++
	:: else -> break
	od;
	port[p] = port[p] & ~BIT(i)
}

/* Who is in the queue, or was taken out of it by one who has the gate. */
inline enqueue(i, k)
{
	c = 0;
	do
	:: c < PROCESSES ->
		if
		:: accepted[c] > DEAD && (gate[k] & BIT(c)) &&
		   !killed[accepted[c] - 2] && !shut[accepted[c] - 2] &&
		   (gate[k] & FLIGHT(accepted[c] - 2)) == 0 ->
			ahead[i] = ahead[i] | BIT(accepted[c] - 2)
		:: else
		fi;
		if
		:: c != i && KEY(c) == k && !killed[c] && !shut[c] &&
		   conn[c] == QUEUED ->
			ahead[i] = ahead[i] | BIT(c)
		:: else
		fi;
		c++
	:: else -> break
	od;
	conn[i] = QUEUED;
	SLOT(k, length[k]) = WHO(i);
	length[k]++
}

/* The first of the queue goes to process i; LIFO: the last. */
inline dequeue(i, k)
{
	length[k]--;
	if
	:: MUTATED(LIFO) -> accepted[i] = SLOT(k, length[k])
	:: else ->
		accepted[i] = SLOT(k, 0);
		c = 0;
		do
		:: c < length[k] ->
			SLOT(k, c) = SLOT(k, c + 1);
			c++
		:: else -> break
		od
	fi;
	SLOT(k, length[k]) = NOBODY;
	if
	:: accepted[i] != DEAD -> conn[accepted[i] - 2] = ACCEPTED
	:: else
	fi;
	c = 0
}

/* From one set of owners to another: a message is sent or received. */
inline move_all(k, from, to)
{
	p = 0;
	do
	:: p < PORTS ->
		if
		:: port[p] & (from) ->
			port[p] = port[p] & ~(from) | (to)
		:: else
		fi;
		p++
	:: else -> break
	od;
	gate[k] = gate[k] & ~(from) | (to)
}

/* Process i closes its end; a message that nobody has read is destroyed. */
inline close_connection(i, k)
{
	c = 0;
	do
	:: c < length[k] && SLOT(k, c) == WHO(i) ->
		SLOT(k, c) = DEAD;
		c++
	:: c < length[k] && SLOT(k, c) != WHO(i) -> c++
	:: else -> break
	od;
	c = 0;
	do
	:: c < PROCESSES ->
		if
		:: accepted[c] == WHO(i) -> accepted[c] = DEAD
		:: else
		fi;
		c++
	:: else -> break
	od;
	conn[i] = CLOSED;
	shut[i] = 0;
	forget(i);
	p = 0;
	do
	:: p < PORTS ->
		port[p] = port[p] & ~FLIGHT(i);
		p++
	:: else -> break
	od;
	if
	:: gate[k] & FLIGHT(i) -> close_gate(k, FLIGHT(i))
	:: else
	fi;
	c = 0
}
