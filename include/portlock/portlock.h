/* SPDX-License-Identifier: MIT */
/**
 * portlock.h - a cross-process named lock held by bound loopback sockets.
 *
 * Model.  A lock is a key: any non-empty C string.  The key names an abstract
 * unix socket address (the gate) and three TCP ports on 127.0.0.1.  Who has
 * the gate bound - and, with transport "tcp", two of the three ports - holds
 * the lock.  The descriptors are the lock: the kernel closes them when their
 * process dies, so a dead holder never blocks anybody and nothing is left to
 * clean up.  A release passes the descriptors to the first waiter, so waiters
 * are served in the order in which they came, and none of them polls.
 *
 * Guaranteed, among the processes of one user in one network namespace:
 * - at most one holder of a key, whatever is killed, stopped or forked;
 * - a lock that is released, or whose holder dies, can be had at once;
 * - waiters are served first come, first served, threads and processes alike
 *   (up to net.core.somaxconn of them; later ones retry every sleep_ms);
 * - a waiter uses no processor time while it waits for a portlock holder.
 * Not guaranteed:
 * - exclusion across network namespaces or hosts;
 * - progress while the holder is stopped (SIGSTOP) or hangs;
 * - progress while programs that know nothing of portlock sit on two of the
 *   key's three TCP ports (transport "unix" uses no ports);
 * - order between users: a process of another user takes its turn when no
 *   process of the holder's user is waiting.
 *
 * Threads: every function may be called from any thread at any time on any
 * handle, except that portlock_close() must be the last call on its handle.
 * One handle may serve all threads; whichever acquires holds, any may release.
 * Fork: the child of fork() holds nothing, its handles are usable and free.
 * Until it has run its fork handlers it has copies of the descriptors: who
 * releases in that moment frees the lock for waiters when they are gone, and a
 * try may be refused meanwhile.
 * Children made without fork handlers (vfork, _Fork, clone, posix_spawn) keep
 * copies of the descriptors until they exec or exit and must not call in here
 * before that.  Exec: nothing survives it (all descriptors are close-on-exec).
 * Helpers (transport "etcd") are nobody's children: they raise no SIGCHLD and
 * are not for wait(), but in process 1 and reapers of orphans (see prctl(2)).
 * Signals: only portlock_release(), portlock_has_locked() and
 * portlock_token() may be called from a signal handler.
 * Cancellation: no function is a cancellation point.
 * errno is never changed; nothing is ever printed.
 *
 * Example:
 *
 *	portlock_t *lock;
 *	int error = portlock_open(&lock, "nightly-backup", NULL);
 *
 *	if (error == 0)
 *		error = portlock_acquire(lock);
 *	if (error == 0) {
 *		back_up();
 *		portlock_release(lock);
 *	}
 *	portlock_close(lock);
 *	return error;
 */
#ifndef PORTLOCK_PORTLOCK_H
#define PORTLOCK_PORTLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <portlock/version.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PORTLOCK_API __attribute__((visibility("default")))
#else
#define PORTLOCK_API
#endif

/** How many TCP ports a key has, of which two make a quorum. */
#define PORTLOCK_PORTS 3

/** A handle on one lock, made by portlock_open(). */
typedef struct portlock_lock portlock_t;

/**
 * What portlock_open() can be told.  Initialise with PORTLOCK_OPTIONS_INIT,
 * which holds the defaults, then change members.  Later versions append
 * members; `size` tells the library which of them the caller knows.
 */
struct portlock_options {
	/** sizeof(struct portlock_options), set by PORTLOCK_OPTIONS_INIT. */
	size_t size;
	/**
	 * How long portlock_acquire() may take, in milliseconds by the
	 * monotonic clock, waiting for other threads included.  Negative:
	 * for ever.  0: one try.  Default: 1000.
	 */
	int64_t timeout_ms;
	/**
	 * The longest pause between two attempts when there is nobody to
	 * queue behind (a foreign program on the ports, a k3portlock, a full
	 * queue), in milliseconds, 1 to 60000.  Default: 10.
	 */
	int32_t sleep_ms;
	/** 0.  Reserved. */
	uint32_t flags;
	/**
	 * "tcp": gate and ports.  "unix": the gate only, for less than half
	 * the cost and without ports that strangers could sit on.  "etcd": the
	 * gate and a lock in an etcd cluster, for many hosts.  Handles of
	 * different transports on one key exclude each other on one host.
	 * NULL (the default): the environment's PORTLOCK_TRANSPORT, if it is
	 * not empty, else "tcp".  The environment is not read in set-user-ID
	 * programs.  This string and those below are not kept.
	 */
	const char *transport;

	/*
	 * What follows is for transport "etcd".  NULL or 0: the variable of the
	 * environment that is named, if it is not empty, else the default.
	 */

	/**
	 * The members of the cluster, http:// or https:// URLs with commas
	 * between them.  PORTLOCK_ETCD_ENDPOINTS; "http://127.0.0.1:2379".
	 */
	const char *endpoints;
	/**
	 * How etcd's keys begin: locks of different prefixes are different
	 * ones.  PORTLOCK_ETCD_PREFIX; "portlock/".
	 */
	const char *prefix;
	/**
	 * Files (PEM): who signs the cluster's certificates, and this side's
	 * certificate and its key.  Relative names are of the folder at the
	 * call.  PORTLOCK_ETCD_CA, PORTLOCK_ETCD_CERT,
	 * PORTLOCK_ETCD_KEY; the system's authorities, and none.
	 */
	const char *ca_file, *cert_file, *key_file;
	/**
	 * Of an etcd with authentication; the password itself or the file whose
	 * first line it is.  PORTLOCK_ETCD_USER, PORTLOCK_ETCD_PASSWORD,
	 * PORTLOCK_ETCD_PASSWORD_FILE; none.
	 */
	const char *user, *password, *password_file;
	/**
	 * Seconds that the cluster keeps the lock for a host that it does not
	 * hear of, 5 to 3600.  PORTLOCK_ETCD_TTL; 15.
	 */
	int32_t ttl_s;
	/**
	 * With other waiters on this host the cluster's lock serves that many
	 * grants here, or for that many milliseconds, before other hosts get
	 * their turn.  PORTLOCK_ETCD_LOCAL_GRANTS, PORTLOCK_ETCD_LOCAL_MS;
	 * 100, 1000.
	 */
	int32_t local_grants, local_ms;
	/**
	 * Milliseconds after which an acquire fails although it may wait longer
	 * if no endpoint has answered so far.  PORTLOCK_ETCD_CONTACT_MS; 5000.
	 */
	int32_t contact_ms;
};

/** The defaults, as an initialiser. */
#define PORTLOCK_OPTIONS_INIT                                                  \
	{                                                                      \
		sizeof(struct portlock_options), 1000, 10, 0, NULL, NULL,      \
			NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0   \
	}

/**
 * Makes a handle on the lock `key` and stores it in *lock.
 * Requires: lock not NULL.  The caller owns the handle and gives it to
 * portlock_close(); key and options are copied.  Never blocks; touches no
 * socket.  options NULL: the defaults.
 * Returns 0; on error *lock is NULL and the result is
 *   -EINVAL  lock or key is NULL, key is empty, the transport is unknown, a
 *            time is nonsense, flags is not 0, or options come from a later
 *            version and ask for what this one does not have;
 *   -ENOMEM  no memory.
 */
PORTLOCK_API int portlock_open(portlock_t **lock, const char *key,
			       const struct portlock_options *options);

/**
 * Takes the lock, waiting up to the handle's timeout_ms in the order of
 * arrival.  Signals do not end the wait.  A grant that arrives together with
 * the end of the wait counts: the lock is never lost between the two.
 * Returns 0 when the caller holds the lock, else
 *   -ETIMEDOUT  somebody else held it all the time;
 *   -EDEADLK    the calling thread already holds this key, through this
 *               handle or another one;
 *   -EMFILE     the process has no free descriptor (up to 4 are needed, with
 *               transport "etcd" 6, of which a handle keeps up to 2, 4, until
 *               it is used again);
 *   -ENFILE     the system has none;
 *   -ENOMEM     the kernel has no memory for a socket;
 *   -EACCES     a security module or sandbox forbids the sockets;
 *   -EADDRNOTAVAIL  transport "tcp" where 127.0.0.1 does not exist;
 *   -EINVAL     lock is NULL;
 *   -EIO        any other failure of a system call;
 * and with transport "etcd" also (portlock_detail() tells more)
 *   -EHOSTUNREACH  the cluster does not answer, or none of its endpoints has
 *               answered within contact_ms, however long the timeout;
 *   -EKEYREJECTED  the cluster refuses the credentials, or a certificate is
 *               not trusted;
 *   -EPROTO     what answers is no etcd with the API's version 3;
 *   -EINVAL     a setting is nonsense, or a file of them cannot be read;
 *   -ENOSYS     portlock-session, the helper process, cannot be started.
 * After an error the caller holds nothing and the handle is as before.
 */
PORTLOCK_API int portlock_acquire(portlock_t *lock);

/**
 * portlock_acquire() with its own timeout in milliseconds (negative: for
 * ever, 0: one try that ends in -ETIMEDOUT) in place of the handle's.
 */
PORTLOCK_API int portlock_acquire_for(portlock_t *lock, int64_t timeout_ms);

/**
 * portlock_acquire_for() that ends early, with -EINTR, after a signal handler
 * ran while it waited, whatever the handler's SA_RESTART says.  If the lock
 * was granted by then, it returns 0.
 */
PORTLOCK_API int portlock_acquire_interruptible(portlock_t *lock,
						int64_t timeout_ms);

/**
 * Takes the lock if it is free now; never waits for a holder and never queues.
 * With transport "etcd" it waits for the cluster's answer, 5 seconds at most.
 * Returns 0, -EBUSY when somebody holds it, or an error of
 * portlock_acquire().
 */
PORTLOCK_API int portlock_try_lock(portlock_t *lock);

/**
 * Gives the lock to the first waiter, or frees it.  Any thread may call it;
 * without a held lock it does nothing.  Never blocks; but before Linux 6.16 a
 * hostile process of another user can delay its return (not the lock, which is
 * free by then).
 * Returns 0, or -EINVAL when lock is NULL.
 * May be called from a signal handler.
 */
PORTLOCK_API int portlock_release(portlock_t *lock);

/**
 * Tells whether this handle holds the lock, through whichever thread.  With
 * transport "etcd": false also when the lock was lost - the lease ended, the
 * cluster was out of reach or this host asleep for too long - and before any
 * other host can get it, if clocks run alike within a tenth.  Then the handle
 * still keeps this host's other processes out: release it.
 * NULL: false.  May be called from a signal handler.
 */
PORTLOCK_API bool portlock_has_locked(const portlock_t *lock);

/**
 * The fencing token of the present grant, 0 when the handle holds nothing.
 * It grows with every grant of the key on this host (nanoseconds of
 * CLOCK_BOOTTIME at the grant), so what it guards can refuse a write with a
 * smaller token than it has seen.  A time namespace shifts that clock: compare
 * tokens only between processes of one time namespace, and not across boots.
 * With transport "etcd" it is the create revision of the lock's key in the
 * cluster, which grows with every grant to a host; holders on one host that
 * have one grant of the cluster after the other have the same token.
 */
PORTLOCK_API uint64_t portlock_token(const portlock_t *lock);

/**
 * A descriptor that becomes readable, for poll(), when a lock of transport
 * "etcd" that the handle holds is lost; see portlock_has_locked().  It belongs
 * to the handle: do not read from it or close it, and do not use it after the
 * release.  It is not told who only calls portlock_has_locked() when it asks.
 * Returns the descriptor, -ENOENT if the handle holds no lock of that
 * transport, or -EINVAL when lock is NULL.
 */
PORTLOCK_API int portlock_lost_fd(const portlock_t *lock);

/**
 * With transport "etcd": writes what is known about why the last acquire of
 * the handle failed, or why its lock was lost, such as "https://10.0.0.1:2379:
 * connection refused"; else, and if nothing is known, "".  Never a secret.  The
 * text is cut to size bytes with its NUL (256 are enough).
 * Returns 0, or -EINVAL when an argument is NULL or size 0.
 */
PORTLOCK_API int portlock_detail(portlock_t *lock, char *text, size_t size);

/**
 * Releases what the handle holds and frees the handle.  NULL: no effect.
 * Requires: no other thread is using the handle.
 */
PORTLOCK_API void portlock_close(portlock_t *lock);

/**
 * Stores the key's candidate ports on 127.0.0.1 in ports: 40000 + SHA-1(key)
 * mod 20000, and the two after it.  The same for every transport.
 * Returns 0, or -EINVAL when an argument is NULL.
 */
PORTLOCK_API int portlock_ports(const portlock_t *lock,
				uint16_t ports[PORTLOCK_PORTS]);

/**
 * The gate's name without the NUL byte that makes it abstract: "/portlock/"
 * and the key; for a key of more than 97 bytes its first 56, "~" and the 40
 * hexadecimal digits of its SHA-1.  The handle owns the string.  NULL: NULL.
 */
PORTLOCK_API const char *portlock_gate(const portlock_t *lock);

/** A process, as far as the caller may see it. */
struct portlock_process {
	/** 0: not to be seen, as another user's is except by root. */
	pid_t pid;
	/** Its effective user; (uid_t)-1: not known. */
	uid_t uid;
	/** As in /proc/PID/stat: 'S' sleeps, 'T' is stopped, '?' not known. */
	char state;
	/**
	 * The beginning of its command line, words joined by spaces, or its
	 * name in brackets; "" if not known.  Any bytes: escape what you print.
	 */
	char command[255];
};

/**
 * What portlock_holder() tells.  Initialise with PORTLOCK_HOLDER_INIT.  Later
 * versions append members; `size` tells the library which of them the caller
 * knows.
 */
struct portlock_holder {
	/** sizeof(struct portlock_holder), set by PORTLOCK_HOLDER_INIT. */
	size_t size;
	/**
	 * Who was granted the lock.  Nobody (pid 0) also while the lock is on
	 * its way to a waiter.
	 */
	struct portlock_process process;
	/** Milliseconds since the grant; -1: not known. */
	int64_t held_ms;
	/** With the gate: 2 "tcp", 0 "unix"; -1: not known, or not yet. */
	int32_t ports;
	/** How many wait in the queue; -1: not known. */
	int32_t waiters;
};

/** Nothing known yet, as an initialiser. */
#define PORTLOCK_HOLDER_INIT                                                   \
	{                                                                      \
		sizeof(struct portlock_holder), { 0, 0, 0, "" }, 0, 0, 0       \
	}

/**
 * Tells who holds the lock: this process, another one, or a program that has
 * the gate bound without this library.  It reads the kernel's tables: nothing
 * is joined, connected to or changed, and nobody notices.  What it tells was
 * true a moment ago.  Members that cannot be known are so marked; unless the
 * caller is root, that is all but uid and waiters of another user's process.
 * Requires: holder->size set.  Never waits for the holder, but allocates, needs
 * up to three free descriptors, and looks at each descriptor of each process: some
 * 10 us per process and 1 us per descriptor.
 * Returns 0, else
 *   -ENOENT  nobody holds it;
 *   -EINVAL  an argument is NULL, or size is less than that of this version;
 *   -EMFILE, -ENFILE, -ENOMEM, -EACCES, -EIO  as for portlock_acquire().
 * After an error *holder is as before.
 */
PORTLOCK_API int portlock_holder(const portlock_t *lock,
				 struct portlock_holder *holder);

/**
 * Tells who waits for the lock, in the order of the queue, at the same cost and
 * with the same errors as portlock_holder().  Who gave up or died does not
 * count; a process is there once for each of its threads that waits; who found
 * the queue full is not in it.  *count becomes the number of waiters, of which
 * the first `room` are stored in waiters (which may be NULL if room is 0).
 * -EACCES also where the system does not tell of queues (a sandbox that forbids
 * NETLINK_SOCK_DIAG).  After an error *count is 0.
 */
PORTLOCK_API int portlock_waiters(const portlock_t *lock,
				  struct portlock_process *waiters, size_t room,
				  size_t *count);

/**
 * A short English text for an error that a function here returned (the sign
 * does not matter), for example "another holder kept the lock until the
 * timeout".  Never NULL, constant, not to be freed.
 */
PORTLOCK_API const char *portlock_strerror(int error);

/**
 * The version of the library at run time, such as "0.1.0".  PORTLOCK_VERSION
 * is that of the header.
 */
PORTLOCK_API const char *portlock_version(void);

#ifdef __cplusplus
}
#endif

#endif
