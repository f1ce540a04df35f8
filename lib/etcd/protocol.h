/* SPDX-License-Identifier: MIT */
/* protocol.h - what a handle and its portlock-session say to each other.
 *
 * A session is two descriptors: a SOCK_SEQPACKET socket, whose other end the
 * helper process has, and a timer that the helper keeps pushing ahead.  They
 * travel with the bundle, so the handle that speaks may be another process's
 * than the one that started the helper.  When the last copy of the handle's end
 * closes, the helper gives back what it has in the cluster and ends; but of a
 * lock that was lost it waits for the lease's end.  Who wants to know when that
 * is done closes its direction only (SHUT_WR), and sees the helper's end then.
 *
 * The timer (timerfd, CLOCK_BOOTTIME) is the truth about the cluster's lock:
 * armed means that it is held until then, whatever becomes of the helper; the
 * kernel lets it expire if nobody pushes it any more.  The helper arms it
 * before it says SESSION_GRANTED, with the time at which the last answered
 * keepalive was sent + TTL - margin; it makes it expire at once when the lease
 * or the key is gone, and disarms it for SESSION_RELEASE.
 *
 * A packet is a struct of these, whole, in the machine's byte order: both sides
 * come from one build.  Who receives anything else ends the session.
 */
#ifndef PORTLOCK_ETCD_PROTOCOL_H
#define PORTLOCK_ETCD_PROTOCOL_H

#include <stdint.h>

/* What the helper is started with, beside /dev/null as 0, 1 and 2. */
#define SESSION_SOCKET 3
#define SESSION_TIMER 4

/* ---- from the handle ------------------------------------------------------ */

enum session_request_kind {
	/* The first, once, followed by the settings: "name=value" and a NUL
	 * byte, each.  Nothing is answered: what is wrong with them, the next
	 * SESSION_ACQUIRE is told. */
	SESSION_CONFIGURE = 0x706c0001,
	/* Join the cluster's queue, and answer with the request's number. */
	SESSION_ACQUIRE,
	/* The same, but SESSION_BUSY if anybody else is in the queue. */
	SESSION_TRY,
	/* Leave the queue, or give the lock back.  Never answered.  The helper
	 * keeps its lease for a next request, for as long as SESSION_IDLE. */
	SESSION_RELEASE,
};

struct session_request {
	uint32_t kind;
	uint32_t reserved; /* 0 */
	uint64_t number;   /* its answers have it; 0: there are none */
};

/* Of SESSION_CONFIGURE with everything. */
#define SESSION_CONFIGURE_MAX 32768

/*
 * Names of settings.  Those that are not needed may be left out; an unknown one
 * is an error.  Times are decimal numbers.
 */
#define SESSION_KEY "key"			  /* of the lock; needed */
#define SESSION_ENDPOINTS "endpoints"		  /* URLs with commas; needed */
#define SESSION_PREFIX "prefix"			  /* of etcd's keys */
#define SESSION_CA "ca"				  /* file, PEM */
#define SESSION_CERTIFICATE "certificate"	  /* file, PEM */
#define SESSION_CERTIFICATE_KEY "certificate-key" /* file, PEM */
#define SESSION_USER "user"
#define SESSION_PASSWORD "password"
#define SESSION_PASSWORD_FILE "password-file" /* its first line */
#define SESSION_TTL "ttl"		      /* seconds */
#define SESSION_CONTACT "contact"	      /* ms, see SESSION_FAILED */

#define SESSION_PREFIX_DEFAULT "portlock/"
#define SESSION_TTL_DEFAULT 15 /* s */
#define SESSION_TTL_MIN 5
#define SESSION_TTL_MAX 3600
#define SESSION_CONTACT_DEFAULT 5000 /* ms */
#define SESSION_CONTACT_MAX 86400000

/* From the end of the local deadline to that of the lease: the time to stop
 * what relies on the lock, and for clocks that do not run alike.  ms. */
#define SESSION_MARGIN(ttl) ((ttl)*1000 / 5)

/* A helper that nobody asked for anything for that long ends.  s. */
#define SESSION_IDLE 15

/* ---- from the helper ------------------------------------------------------ */

enum session_answer_kind {
	/* The lock is yours: the timer is armed. */
	SESSION_GRANTED = 0x706c0101,
	/* SESSION_TRY: somebody else is in the queue. */
	SESSION_BUSY,
	/* It waits in the queue: also when a trouble is over. */
	SESSION_WAITING,
	/* The cluster cannot be reached or does not answer; it tries again. */
	SESSION_TROUBLE,
	/* The end of the request, with an error that waiting cannot mend: of
	 * the settings, the credentials, the certificates, or because no
	 * endpoint has ever answered this helper in SESSION_CONTACT. */
	SESSION_FAILED,
	/* Not of a request: a lock that was granted is lost; the timer has
	 * expired already, or does so now. */
	SESSION_LOST,
};

struct session_answer {
	uint32_t kind;
	int32_t error;	   /* SESSION_TROUBLE, SESSION_FAILED: an -errno */
	uint64_t number;   /* of the request */
	uint64_t revision; /* SESSION_GRANTED: own key's create revision */
	char text[232];	   /* what happened, for people; "" if nothing */
};

/*
 * Errors:
 *   -EHOSTUNREACH  no endpoint can be reached, or none has answered in time;
 *   -EKEYREJECTED  the cluster refuses the credentials, or one side the other's
 *		    certificate;
 *   -EPROTO	    what answers is not etcd v3, or too old or new;
 *   -EINVAL	    a setting is nonsense, or names a file that cannot be read.
 * The text names the endpoint or the setting, never a secret.
 */

#endif
