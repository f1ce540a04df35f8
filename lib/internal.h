/* SPDX-License-Identifier: MIT */
/* internal.h - what the files of the core share; for lib, shim and unit tests.
 *
 * Data flows one way: key -> address -> bundle -> handle.  Functions return 0
 * or a negative errno unless said otherwise, and leave errno to their caller
 * (the public entries restore it).
 */
#ifndef PORTLOCK_INTERNAL_H
#define PORTLOCK_INTERNAL_H

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <time.h>

#include <portlock/portlock.h>

/* ---- ops.c: the system calls of the core, in one table ---------------- */

/*
 * The one seam between the core and the system: tests put faults in, the shim
 * puts in the functions that it does not hook.  Members behave as the libc
 * functions of their names, errno included.
 */
struct pl_ops {
	int (*socket)(int domain, int type, int protocol);
	int (*bind)(int fd, const struct sockaddr *address, socklen_t length);
	int (*listen)(int fd, int backlog);
	int (*connect)(int fd, const struct sockaddr *address,
		       socklen_t length);
	int (*accept4)(int fd, struct sockaddr *address, socklen_t *length,
		       int flags);
	ssize_t (*sendmsg)(int fd, const struct msghdr *message, int flags);
	ssize_t (*recvmsg)(int fd, struct msghdr *message, int flags);
	int (*shutdown)(int fd, int how);
	int (*getsockopt)(int fd, int level, int name, void *value,
			  socklen_t *length);
	int (*setsockopt)(int fd, int level, int name, const void *value,
			  socklen_t length);
	int (*getsockname)(int fd, struct sockaddr *address, socklen_t *length);
	int (*getpeername)(int fd, struct sockaddr *address, socklen_t *length);
	int (*socketpair)(int domain, int type, int protocol, int fds[2]);
	int (*timerfd_create)(int clock, int flags);
	int (*timerfd_gettime)(int fd, struct itimerspec *left);
	int (*spawn)(const char *path, const int *fds, int count);
	int (*ppoll)(struct pollfd *fds, nfds_t count,
		     const struct timespec *timeout, const sigset_t *mask);
	int (*open)(const char *path, int flags);
	ssize_t (*read)(int fd, void *buffer, size_t size);
	int (*close)(int fd);
	int (*dup)(int fd); /* close-on-exec, any number */
	int (*set_nonblocking)(int fd);
	int (*futimens)(int fd, const struct timespec times[2]);
	int (*times)(int fd, struct timespec times[2]); /* as futimens has */
	uint64_t (*inode)(int fd);			/* 0: not known */
	int (*clock_gettime)(clockid_t clock, struct timespec *now);
	pid_t (*getpid)(void);
	uid_t (*geteuid)(void);
	void *(*calloc)(size_t count, size_t size);
	void (*free)(void *memory);
	const char *(*variable)(const char *name); /* as secure_getenv */
};

/* libc's functions, and the table in use (libc's unless replaced). */
extern const struct pl_ops pl_libc_ops;
extern const struct pl_ops *pl_ops;

/* ---- spawn.c: helper processes -------------------------------------------- */

/*
 * Starts the program with nothing but /dev/null as descriptors 0 to 2 and the
 * fds as 3 and so on (at most 8), without arguments or environment, in a
 * process that the caller's wait() does not find and whose end it is not told.
 * Returns when the program is loaded: 0 or the -errno of what failed.  errno
 * stays as it is.
 */
int pl_spawn(const char *path, const int *fds, int count);

/* ---- clock.c: deadlines ---------------------------------------------- */

#define PL_MSEC INT64_C(1000000)
#define PL_NEVER INT64_MAX

/* Nanoseconds of a clock. */
int64_t pl_now(clockid_t clock);

/*
 * The absolute CLOCK_MONOTONIC time in ns that lies timeout_ms ahead, PL_NEVER
 * when that is negative or beyond what 64 bits hold.
 */
int64_t pl_deadline_after(int64_t timeout_ms);

bool pl_expired(int64_t deadline);

/* ppoll() until the absolute deadline: its result, or -errno. */
int pl_poll(struct pollfd *fds, nfds_t count, int64_t deadline);

/* ---- address.c: key -> gate name and ports ----------------------------- */

#define PL_GATE_PREFIX "/portlock/"
#define PL_GATE_MAX 107 /* bytes after the NUL in an abstract address */

struct pl_address {
	struct sockaddr_un gate;
	socklen_t gate_length;
	uint16_t first_port;
	char name[PL_GATE_MAX + 1]; /* the gate without its first NUL */
	char session[64];	    /* how a session's name begins, "" none */
};

#define PL_SESSION_PREFIX "/portlock-session/"

/* Pure; the key is not empty. */
void pl_address_of_key(struct pl_address *address, const char *key);

/* Of a gate's name as pl_address has it: the first port of its key. */
uint16_t pl_first_port_of(const char *name);

/* ---- fork.c: windows in which fork() waits ------------------------------ */

/*
 * Between a system call that makes a descriptor and its entry where the child
 * of a fork finds it, and between an entry's removal and the close, fork must
 * not happen.  Such code runs in a window: fork's prepare handler waits until
 * no window is open and keeps new ones from opening.  Windows nest, never
 * block on anything but a fork, and are async-signal-safe.
 */
void pl_window_open(void);
void pl_window_close(void);

/* Called by registry.c around fork(). */
void pl_windows_stop(void);
void pl_windows_resume(void);

/* In a child that ran no fork handlers: only its own thread is there. */
void pl_windows_reset(void);

/* A number for the calling thread that no other thread ever has; not 0. */
uint64_t pl_thread(void);

/* ---- bundle.c: the descriptors that are the lock ------------------------ */

/* Of the gate; the kernel caps it at net.core.somaxconn. */
#define PL_BACKLOG 4096

#define PL_QUORUM 2

/* What a holder has: the gate and, for tcp, two ports, for etcd a session: the
 * socket to its helper and a timer (session.h).  -1: not there. */
struct pl_bundle {
	int gate;
	int ports[PL_QUORUM];
	int session, timer; /* both or none */
};

#define PL_BUNDLE_NONE                                                         \
	{                                                                      \
		-1, { -1, -1 }, -1, -1                                         \
	}

#define PL_BUNDLE_MAX (1 + PL_QUORUM + 2)

/* All of it: fds; returns how many. */
int pl_bundle_list(const struct pl_bundle *bundle, int fds[PL_BUNDLE_MAX]);

/* Closes what is there, the gate last.  In a window. */
void pl_bundle_close(struct pl_bundle *bundle);
void pl_bundle_close_ports(struct pl_bundle *bundle);
void pl_bundle_close_session(struct pl_bundle *bundle);

/*
 * Takes received descriptors: those that are gate, ports or session of the
 * address go into the (empty) bundle, the rest is closed.  The gate listens in the name
 * of this process then: SO_PEERCRED tells it.  Returns false, with everything
 * closed, if the gate was not among them.  In a window.
 */
bool pl_bundle_adopt(struct pl_bundle *bundle, const int *fds, int count,
		     const struct pl_address *address);

/* ---- sign.c: what a holder writes on its gate ----------------------------- */

/* For those who look. */
struct pl_signature {
	uint64_t token; /* of the grant, and so since when it is held */
	int ports;	/* that are with the gate */
	bool cluster;	/* a session is with the gate */
	pid_t pid;	/* who was granted it, in its own pid namespace */
};

/* A system that does not let us keeps others from knowing, no more. */
void pl_sign(const struct pl_bundle *bundle, uint64_t token);

/* Reads it from what statx() says of the gate, inode and times included; false:
 * nothing is written there. */
bool pl_sign_read(const struct statx *gate, struct pl_signature *read);

/* ---- ports.c: two of three ---------------------------------------------- */

/*
 * One round over the ports of the address until the bundle has two.  0, or
 * -EADDRINUSE with no port kept, or another error with no port kept.
 */
int pl_ports_bind(struct pl_bundle *bundle, const struct pl_address *address);

/* ---- gate.c: the queue --------------------------------------------------- */

/* One thread's way through the queue; on its stack, listed in the registry. */
struct pl_attempt {
	struct pl_attempt *next, *previous;
	unsigned epoch;		 /* of the process, see pl_epoch() */
	int socket;		 /* bound to nothing yet, or waiting */
	bool trusted;		 /* the listener is of our user */
	bool may_enclose;	 /* or of root: it may be our ancestor */
	pid_t listener;		 /* who that is */
	int64_t joined;		 /* a queue first: CLOCK_BOOTTIME, ns; or 0 */
	uint64_t last_token;	 /* of the holder before us, 0 unknown */
	bool waits_for_rest;	 /* with the gate; it is signed as such */
	uint64_t revision;	 /* etcd: of the grant */
	struct pl_bundle bundle; /* what was won so far */
};

#define PL_NOT_ASKED (-1)
#define PL_NOT_SEEN 0

/* How an acquire waits. */
struct pl_wait {
	int64_t deadline;   /* absolute, ns of CLOCK_MONOTONIC */
	int64_t sleep;	    /* longest pause between attempts, ns */
	bool queue;	    /* false: a try, which never waits */
	bool interruptible; /* end with -EINTR after a signal handler */
	int watch;	    /* end with -ECANCELED when readable; -1: none */
	bool signs_rarely;  /* not in a busy loop, see sign() */
	/*
	 * NULL, or asked where the gate is bound: true ends the acquire with
	 * -EALREADY, as the caller is inside of what the holder has.  Asked
	 * with PL_NOT_ASKED before we connect to the gate, then with the
	 * process that listens on it, or with PL_NOT_SEEN if that is not to be
	 * known (a full queue, another pid namespace).
	 */
	bool (*is_inside)(const struct pl_address *address, pid_t holder);
};

/* Binds the gate into the attempt's bundle: 0, -EADDRINUSE, ... */
int pl_gate_bind(struct pl_attempt *attempt, const struct pl_address *address);

/* Joins the queue: 0, -ECONNREFUSED, -EAGAIN (queue full), ... */
int pl_gate_connect(struct pl_attempt *attempt,
		    const struct pl_address *address);

/*
 * Waits in the queue: 0 with a bundle that holds the gate (the attempt's socket
 * is the connection that brought it, for pl_part()), -EAGAIN when the
 * holder went without a grant, -ETIMEDOUT, -EINTR, -ECANCELED, -EMFILE.
 */
int pl_gate_wait(struct pl_attempt *attempt, const struct pl_address *address,
		 const struct pl_wait *how);

/* Whether anybody is in the queue.  Async-signal-safe. */
bool pl_gate_has_waiter(int gate);

/* A handle keeps the connections that carried a grant, to it and from it. */
enum { PL_CAME, PL_WENT, PL_PARTINGS };

/*
 * Keeps a connection that carried a grant (-1: none) and closes the one kept
 * there before.  In a window.
 */
void pl_part(int connection, atomic_int *parting);

/*
 * Gives the bundle to the first waiter that can take it, or closes it: the
 * bundle is empty afterwards, whatever happens.  The token is that of who has
 * held it, and crowded says that there are probably waiters.  *parting keeps
 * the connection of a hand-over (pl_part()).  In a window.  Async-signal-safe.
 */
void pl_gate_hand_over(struct pl_bundle *bundle,
		       const struct pl_address *address, uint64_t token,
		       bool crowded, atomic_int *parting);

/* ---- grant.c: the message that carries the lock -------------------------- */

/* 0, or -errno of sendmsg(): -EPIPE and -ECONNRESET say that nobody is there. */
int pl_grant_send(int connection, const struct pl_bundle *bundle,
		  uint64_t token);

/*
 * Takes a grant, if there is one, without blocking: 0 with the descriptors in
 * the attempt's bundle; -EAGAIN nothing there yet; -ECONNRESET end of stream
 * or a message that is no grant for this address; -EMFILE descriptors were
 * lost to the limit.  Everything unfit is closed.
 */
int pl_grant_receive(struct pl_attempt *attempt,
		     const struct pl_address *address);

/* ---- cargo.c: descriptors that another user sends us unasked -------------- */

/* Nobody can send any through the socket, or, if it is to listen, through the
 * connections in its queue; in vain before Linux 6.16. */
void pl_cargo_refuse(int socket);

/*
 * Whether another user's connection may have some, so that to close it can take
 * any time.  Nothing can be received through it afterwards.
 */
bool pl_cargo_possible(int connection);

/* ---- process.c: whose memory this is ------------------------------------- */

/* Once, before the first handle is listed.  errno stays as it is. */
void pl_process_begin(void);

/* What the memory tells is about this process from now on. */
void pl_process_claim(void);

/* Whether this process, not a parent, claimed it; true before that. */
bool pl_process_is_ours(void);

/* ---- registry.c: the handles and attempts of this process ---------------- */

/* Refreshes everything if this is a forked child that ran no fork handlers. */
void pl_process_check(void);

/* Changes with every fork, in the child. */
unsigned pl_epoch(void);

/* Lists the handle; 0 or -ENOMEM (no fork handlers). */
int pl_registry_add(struct portlock_lock *lock);
void pl_registry_remove(struct portlock_lock *lock);

/*
 * Lists an attempt, or -EDEADLK when the calling thread holds the key of the
 * address through any handle.
 */
int pl_registry_begin(struct pl_attempt *attempt,
		      const struct pl_address *address);
void pl_registry_end(struct pl_attempt *attempt);

/*
 * Moves a descriptor of the core to another number, so that the caller can
 * have that number: true if fd was one of the core's.  For the shim's dup2.
 */
bool pl_registry_move(int fd);

/* The same, if the place has that one: who uses it, does so in a window. */
bool pl_registry_move_one(atomic_int *place, int fd);

/* ---- lock.c: the handle -------------------------------------------------- */

enum pl_transport { PL_TCP, PL_UNIX, PL_ETCD };

#define PL_RELEASING UINT64_MAX /* an owner: release in progress */

struct portlock_lock {
	struct portlock_lock *next, *previous; /* in the registry */
	struct pl_address address;
	enum pl_transport transport;
	int64_t timeout_ms;
	int64_t sleep; /* ns */
	/* 0: not held; else pl_thread() of who acquired, or PL_RELEASING.
	 * What follows belongs to the owner. */
	_Atomic uint64_t owner;
	_Atomic uint64_t token;	   /* see pl_token() */
	_Atomic uint64_t revision; /* etcd: of the grant; else 0 */
	atomic_int timer;	   /* etcd: the bundle's, for who only looks */
	uint64_t signed_token;	   /* the last that was written on a gate */
	struct pl_bundle bundle;
	atomic_int parting[PL_PARTINGS]; /* see pl_part() */
	struct pl_cluster *cluster;	 /* etcd: which; else NULL */
	struct pl_bundle parked; /* etcd: a session for later, of who has the
				    gate */
};

/* What a public function must leave as it found it. */
struct pl_entry {
	int saved_errno;
	int cancel_state;
};

/* The first and the last thing that a public function does if it makes system
 * calls: no cancellation in between, and the error is of the documented ones. */
struct pl_entry pl_enter(void);
int pl_leave(const struct pl_entry *entry, int error);

/* Held, by this process, as far as this host knows.  Async-signal-safe. */
bool pl_is_held(const struct portlock_lock *lock);

/* Held and not lost to the cluster.  Async-signal-safe. */
bool pl_is_sure(const struct portlock_lock *lock);

/* ---- options.c: what portlock_open() is told ------------------------------- */

/* The defaults with what the caller knows put over them: 0 or -EINVAL. */
int pl_options_read(struct portlock_options *options,
		    const struct portlock_options *given);

/* What the options say, else the environment, else tcp: 0 or -EINVAL. */
int pl_options_transport(enum pl_transport *transport,
			 const struct portlock_options *options);

/*
 * portlock_open() without the allocation, in memory of the caller (the shim
 * has its handles in static tables).  pl_lock_fini() releases and unlists.
 */
int pl_lock_init(struct portlock_lock *lock, const char *key,
		 const struct portlock_options *options);
void pl_lock_fini(struct portlock_lock *lock);

/*
 * Instead of a release: sends a held lock to another process of this user,
 * through a connected socket, in whose buffer it stays whole until it is
 * adopted.  0, or -errno and it is held as before.  Async-signal-safe.
 */
int pl_lock_give(struct portlock_lock *lock, int socket);

/* ---- acquire.c: the way from nothing to holder --------------------------- */

/*
 * The whole acquire; what the public entries and the shim use.  The errors of
 * portlock_acquire(), before the filter, and those of how's members; -EBUSY
 * for a try.
 */
int pl_acquire(struct portlock_lock *lock, const struct pl_wait *how);

/*
 * Becomes the holder of what pl_lock_give() has sent: 0, and the socket is the
 * handle's now; -EAGAIN: nothing there; other errors: nothing of use.  The
 * handle is not held before.  Async-signal-safe.
 */
int pl_lock_adopt(struct portlock_lock *lock, int socket);

/* ---- error.c ------------------------------------------------------------- */

/*
 * The error of a system call, by errno.  What is no lack and no refusal is
 * -EIO, as numbers like EINVAL and ETIMEDOUT mean other things to our callers.
 */
int pl_failure(void);

/* Maps any errno onto the documented set. */
int pl_error_filter(int error);

#endif
