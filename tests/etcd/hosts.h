/* SPDX-License-Identifier: MIT */
/* hosts.h - several hosts on one machine: network namespaces at a bridge.
 *
 * The test's own network has the bridge, and is no host; an etcd that listens
 * on HUB_ADDRESS is reached from all of them.  Abstract sockets belong to a
 * network, so each is a host for portlock.  Nothing has a name outside of the
 * test: all of it ends with the last process that is in it or has it open.
 */
#ifndef PORTLOCK_TESTS_ETCD_HOSTS_H
#define PORTLOCK_TESTS_ETCD_HOSTS_H

#include <stdbool.h>
#include <sys/types.h>

#define HOSTS_MAX 8

#define HUB_ADDRESS "10.77.0.254"

struct host {
	int number;	  /* from 1 on */
	int network;	  /* its namespace */
	char address[24]; /* 10.77.0.NUMBER */
	char port[16];	  /* of the bridge */
};

/*
 * Once in a program, before any etcd is started: a network of its own with a
 * bridge and that many hosts, of which the first is hosts[0].  False, having
 * said why, if the system does not let us; tests are skipped then.
 */
bool hosts_make(int count);
extern struct host hosts[HOSTS_MAX];

/*
 * Children and programs that this process starts from here on are in the host,
 * and so are the sockets that it makes and what it sees in /proc/net; NULL: in
 * the test's own network again, where etcd's members and etcdctl belong.  The
 * functions below do it themselves.
 */
void host_visit(const struct host *host);

/* Takes a host from the bridge, without a word to either side; and gives it
 * back. */
void host_cut(const struct host *host);
void host_join(const struct host *host);

/* contender_start() on the host, with transport etcd. */
struct child *contender_on(const struct host *host, const char *key);

/* ---- sessions.c: processes of portlock-session --------------------------- */

#define SESSIONS_MAX 64

/* Those on a host, or in the test's own network (NULL): how many. */
int sessions_on(const struct host *host, pid_t pids[SESSIONS_MAX]);

/* The one that must be there. */
pid_t session_on(const struct host *host);

/* Returns when there are that many. */
void wait_sessions(const struct host *host, int count);

#endif
