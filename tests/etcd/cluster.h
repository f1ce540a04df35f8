/* SPDX-License-Identifier: MIT */
/* cluster.h - an etcd of the test's own: one member or three, real processes.
 *
 * Members are children of the test.  Their data is in memory (/dev/shm, else
 * $TMPDIR).  All of it ends with the test, also if that is killed.
 */
#ifndef PORTLOCK_TESTS_ETCD_CLUSTER_H
#define PORTLOCK_TESTS_ETCD_CLUSTER_H

#include "tests/support/support.h"

#define MEMBERS_MAX 3
#define CERTIFICATE_PATH 96

/* Of a cluster with authentication: a user who may do all under "portlock/". */
#define ETCD_USER "tester"
#define ETCD_PASSWORD                                                          \
	"to be kept: secret, and so long that what is left of it is seen"
#define ETCD_ROOT_PASSWORD "of root"

struct etcd_plan {
	int members;	     /* 0: one */
	bool tls;	     /* https; clients must show a certificate */
	bool authentication; /* clients must be root or ETCD_USER */
	bool short_tokens;   /* of authentication: they last for 2 s */
	const char *address; /* where it listens; NULL: 127.0.0.1 */
};

struct etcd_member {
	pid_t pid; /* 0: does not run */
	int port, peer_port;
	char name[16];
	char url[64], peer_url[64];
};

struct etcd {
	struct etcd_plan plan;
	int count;
	struct etcd_member members[MEMBERS_MAX];
	char folder[64];
	char endpoints[3 * 64]; /* of all, with commas */
	/* With TLS, files in the folder, see certificates.c. */
	char ca[CERTIFICATE_PATH];
	char server_certificate[CERTIFICATE_PATH], server_key[CERTIFICATE_PATH];
	char certificate[CERTIFICATE_PATH], certificate_key[CERTIFICATE_PATH];
	char named_certificate[CERTIFICATE_PATH];
	char named_certificate_key[CERTIFICATE_PATH];
	char wrong_ca[CERTIFICATE_PATH];
	char wrong_certificate[CERTIFICATE_PATH];
	char wrong_certificate_key[CERTIFICATE_PATH];
	char tokens[256];   /* etcd's --auth-token */
	bool authenticated; /* from now on etcdctl needs a password */
	pid_t cleaner;	    /* removes the folder when the test is gone */
	int test_is_there;  /* open: tells the cleaner */
};

/* ---- cluster.c: its life ------------------------------------------------- */

/* Whether etcd and etcdctl are installed; if not, says what to install. */
bool etcd_is_installed(void);

/* Starts one, and returns when it has a leader and answers. */
struct etcd *etcd_start(const struct etcd_plan *plan);

/* Kills its members, removes its files. */
void etcd_end(struct etcd *etcd);

/* Sets PORTLOCK_ETCD_*: handles that are opened from here on in this process
 * and its children speak to it. */
void etcd_tell(const struct etcd *etcd);

/* Of one member: SIGKILL; SIGTERM; SIGSTOP and SIGCONT, which have happened
 * when they return. */
void etcd_kill(struct etcd *etcd, int member);
void etcd_stop(struct etcd *etcd, int member);
void etcd_freeze(struct etcd *etcd, int member);
void etcd_thaw(struct etcd *etcd, int member);

/* Starts it again with its data; does not wait, see etcd_wait(). */
void etcd_restart(struct etcd *etcd, int member);

/* Returns when a majority has a leader and answers. */
void etcd_wait(struct etcd *etcd);

/* The leader, as a running member that answers tells; -1: none. */
int etcd_leader(struct etcd *etcd);

/* ---- ctl.c: questions and orders to it, by etcdctl ----------------------- */

#define CTL_TEXT 65536

/* Runs etcdctl with these arguments, as root if authentication is on: its exit
 * status; what it printed is in text, errors included. */
#define etcd_ctl(etcd, text, ...)                                              \
	etcd_ctl_run(etcd, NULL, text,                                         \
		     (const char *const[]){ __VA_ARGS__, NULL })
/* The same with other endpoints than all. */
int etcd_ctl_run(struct etcd *etcd, const char *endpoints, char text[CTL_TEXT],
		 const char *const *arguments);

struct etcd_key {
	char name[256];
	int64_t create_revision;
	int64_t lease;
};

#define KEYS_LISTED 128

/* All keys with the prefix, oldest first: how many. */
int etcd_keys(struct etcd *etcd, const char *prefix,
	      struct etcd_key keys[KEYS_LISTED]);

/* Those of the queue for a portlock key (of the default prefix). */
int etcd_queue(struct etcd *etcd, const char *key,
	       struct etcd_key keys[KEYS_LISTED]);

/* Returns when the queue for the key is that long. */
void etcd_wait_queue(struct etcd *etcd, const char *key, int length);

/* Ends a lease; whether there was one.  How many there are. */
bool etcd_revoke(struct etcd *etcd, int64_t lease);
int etcd_leases(struct etcd *etcd);

/* The seconds that a lease has left, -1 if there is none. */
int etcd_lease_left(struct etcd *etcd, int64_t lease);

/* Turns authentication on; part of etcd_start(). */
void etcd_authenticate(struct etcd *etcd);

/* ---- folder.c: where its files are --------------------------------------- */

void folder_make(struct etcd *etcd);
void folder_remove(struct etcd *etcd);

/* ---- certificates.c: by openssl ------------------------------------------ */

/* Makes them in etcd->folder: an authority, a server's, a client's, one of a
 * client whose name is in it; and a client's of another authority, whom nobody
 * trusts. */
void certificates_make(struct etcd *etcd);

/* Makes keys there for tokens that last for 2 s, used or not. */
void tokens_make(struct etcd *etcd);

#endif
