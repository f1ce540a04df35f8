/* SPDX-License-Identifier: MIT */
/* session_win.c - with the gate, to the lock of the cluster. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "session.h"

/* How long a try waits for the cluster to say yes or no. */
#define TRY_TIME (INT64_C(5000) * PL_MSEC)

/* A helper reads at once what it is asked, if it is not stopped.  Of one that we
 * have just started nobody knows how long its start takes. */
#define READ_TIME (INT64_C(1000) * PL_MSEC)

/* An acquire's way to the lock of the cluster. */
struct way {
	struct portlock_lock *lock;
	struct pl_attempt *attempt;
	const struct pl_wait *how;
	int64_t deadline;
	uint64_t number; /* of our request */
	bool started;	 /* the helper, by us */
	bool answered;	 /* something, by this helper */
	bool unheard;	 /* our request: nothing of the cluster came yet */
	int64_t read_by; /* it has been, by then, or the helper is stopped */
	int trouble;	 /* why the cluster does not answer, 0: it does */
};

static void tell(const struct way *way, const char *text)
{
	pl_detail_set(way->lock->cluster, text);
}

/* At the deadline.  Of a cluster that is silent nobody knows who holds. */
static int explain_end(const struct way *way)
{
	const char *endpoints = pl_cluster_endpoints(way->lock->cluster);
	char text[PL_DETAIL_SIZE];

	if (way->trouble)
		return way->trouble;
	if (!way->unheard)
		return -ETIMEDOUT;
	/* What the helper has not refused yet may have a password in it. */
	snprintf(text, sizeof(text), "no answer in time from %s",
		 strchr(endpoints, '@') ? "the cluster" : endpoints);
	tell(way, text);
	return -EHOSTUNREACH;
}

static int explain_start(const struct way *way, int error)
{
	char text[PL_DETAIL_SIZE];
	const char *why;

	switch (error) {
	case -ENOENT:
		why = "is not there or cannot be run (it needs /dev/null too): "
		      "install the package portlock-etcd, or a portlock that "
		      "was not configured --without-etcd";
		break;
	case -ENOSYS:
		why = "cannot be started: the system forbids it (seccomp?)";
		break;
	case -EAGAIN:
		why = "cannot be started: the user has too many processes";
		break;
	default:
		return error;
	}
	snprintf(text, sizeof(text), "%s %s", way->lock->cluster->helper, why);
	tell(way, text);
	return error == -EAGAIN ? -ENOMEM : -ENOSYS;
}

/* The session that came with the gate, the parked one, or a new one. */
static int have_session(struct way *way)
{
	struct pl_bundle *bundle = &way->attempt->bundle;
	struct portlock_lock *lock = way->lock;
	int error = 0;

	if (bundle->session >= 0)
		return 0;
	pl_window_open();
	if (!pl_session_unpark(lock, bundle)) {
		error = pl_session_start(bundle, &lock->address, lock->cluster);
		way->started = error == 0;
	}
	pl_window_close();
	return error < 0 ? explain_start(way, error) : 0;
}

static void close_session(struct way *way)
{
	pl_window_open();
	pl_bundle_close_session(&way->attempt->bundle);
	pl_window_close();
}

/*
 * The helper has gone.  One that was idle may; one that was killed is replaced,
 * and our place in the cluster's queue is lost; but one that ends before it has
 * answered anything would do so again.
 */
static int replace(struct way *way)
{
	int64_t end;
	int ready;

	close_session(way);
	if (way->started && !way->answered) {
		tell(way, "portlock-session ended without an answer");
		return -EIO;
	}
	way->started = way->answered = false;
	if (pl_expired(way->deadline))
		return explain_end(way);
	/* One that is killed each time must not keep us busy. */
	end = pl_now(CLOCK_MONOTONIC) + way->how->sleep;
	ready = pl_poll(NULL, 0, end < way->deadline ? end : way->deadline);
	return ready == -EINTR && way->how->interruptible ? ready : 0;
}

/* What the note of the session that we have says: 0: it is granted; -EAGAIN: an
 * answer is to come; -EPIPE: the helper has gone. */
static int join(struct way *way)
{
	struct pl_bundle *bundle = &way->attempt->bundle;
	struct pl_note note = pl_note_read(bundle->session);
	int error;

	if (note.served > 0 && pl_timer_runs(bundle->timer)) {
		note.served++;
		way->attempt->revision = note.value;
		return pl_note_write(bundle->session, &note);
	}
	/* Lost; or in the queue, where who only tries does not wait. */
	if (note.unknown || note.served > 0 ||
	    (note.value != 0 && !way->how->queue)) {
		pl_window_open();
		pl_session_end_turn(bundle);
		pl_window_close();
		if (bundle->session < 0)
			return -EPIPE;
		note.value = 0;
	}
	way->number = note.value;
	if (note.value != 0)
		return -EAGAIN;
	way->number = (uint64_t)pl_now(CLOCK_BOOTTIME) | 1; /* never 0 */
	error = pl_session_ask(bundle->session,
			       way->how->queue ? SESSION_ACQUIRE : SESSION_TRY,
			       way->number);
	if (error == 0) {
		note = (struct pl_note){ .value = way->number };
		error = pl_note_write(bundle->session, &note);
	}
	way->unheard = true;
	return error < 0 ? -EPIPE : -EAGAIN;
}

/* A grant that is too old already: the host slept, say. */
static int take_grant(struct way *way, const struct session_answer *answer)
{
	struct pl_bundle *bundle = &way->attempt->bundle;
	int error = pl_note_grant(bundle->session, answer->revision);

	way->attempt->revision = answer->revision;
	if (error < 0 || pl_timer_runs(bundle->timer))
		return error;
	return -ESTALE;
}

/* A grant that was lost before the helper could tell of it. */
static int take_loss(struct way *way)
{
	pl_window_open();
	pl_session_end_turn(&way->attempt->bundle);
	pl_window_close();
	return way->attempt->bundle.session < 0 ? -EPIPE : -ESTALE;
}

/* One of the errors that we may end with. */
static int error_of(const struct session_answer *answer)
{
	int error = pl_error_filter(answer->error);

	return error < 0 ? error : -EIO;
}

/* 0 granted; -EAGAIN: go on waiting; else the end of the request. */
static int take_answer(struct way *way, const struct session_answer *answer)
{
	if (answer->kind < SESSION_GRANTED || answer->kind > SESSION_LOST)
		return -EPIPE;
	way->answered = true;
	/* To a request that was called off. */
	if (answer->number != way->number)
		return -EAGAIN;
	switch (answer->kind) {
	case SESSION_GRANTED:
		return take_grant(way, answer);
	case SESSION_LOST:
		return take_loss(way);
	case SESSION_BUSY:
		return -EBUSY;
	case SESSION_TROUBLE:
		way->trouble = error_of(answer);
		tell(way, answer->text);
		return -EAGAIN;
	case SESSION_FAILED:
		tell(way, answer->text);
		close_session(way);
		return error_of(answer);
	default:
		way->trouble = 0;
		way->unheard = false;
		tell(way, "");
		return -EAGAIN;
	}
}

/*
 * The helper is given up then, and has no lock that is ours: it still has to
 * read that the last one was given back, and finds our end closed after it.
 * What it has in the cluster until then keeps out its successor as well.
 */
static bool is_stopped(struct way *way)
{
	if (!pl_expired(way->read_by))
		return false;
	way->read_by = PL_NEVER;
	return !pl_session_has_read(way->attempt->bundle.session);
}

/* Sleeps until there may be an answer (0) or the wait must end (its error). */
static int sleep_for_answer(const struct way *way, const sigset_t *mask)
{
	struct pollfd fds[2] = {
		{ .fd = way->attempt->bundle.session, .events = POLLIN },
		{ .fd = way->how->watch, .events = POLLIN },
	};
	int64_t until =
		way->read_by < way->deadline ? way->read_by : way->deadline;
	int ready = 0;

	/* Else a handler forked, and in its child nothing is left of us: a
	 * number that is there is waited for or, closed by now, wakes us. */
	if (fds[0].fd >= 0)
		ready = pl_poll_with(fds, way->how->watch >= 0 ? 2 : 1, until,
				     mask);
	if (ready == 0 || (ready == -EINTR && !way->how->interruptible))
		return 0;
	if (ready < 0)
		return ready;
	return fds[0].revents ? 0 : -ECANCELED;
}

static int await_answers(struct way *way, const sigset_t *mask)
{
	for (;;) {
		struct session_answer answer;
		/* An answer that is there counts, late as it is. */
		bool is_over = pl_expired(way->deadline);
		int error = pl_session_hear(way->attempt->bundle.session,
					    &answer, 0);

		if (error == 0)
			error = take_answer(way, &answer);
		else if (error == -EAGAIN && is_over)
			error = explain_end(way);
		else if (error == -EAGAIN && is_stopped(way))
			error = -EPIPE;
		else if (error == -EAGAIN)
			error = sleep_for_answer(way, mask) ?: -EAGAIN;
		if (error != -EAGAIN)
			return error;
		if (way->attempt->epoch != pl_epoch())
			return PL_STALE;
	}
}

/* Answers that change nothing wake us as well.  A handler that ran while we
 * look at one would end no sleep, so it runs in a sleep only. */
static int await_answer(struct way *way)
{
	sigset_t all, mask;
	int error;

	if (!way->how->interruptible)
		return await_answers(way, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &mask);
	error = await_answers(way, &mask);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return error;
}

static int win_once(struct way *way)
{
	int error;

	/* What stands on the gate is of the holder before us, or nothing; and
	 * the start of a helper takes long. */
	if (way->attempt->bundle.session < 0 && !way->attempt->waits_for_rest)
		pl_sign(&way->attempt->bundle, 0);
	error = have_session(way);
	if (error < 0)
		return error;
	error = join(way);
	if (error == -EAGAIN) {
		if (!way->attempt->waits_for_rest)
			pl_sign(&way->attempt->bundle, 0);
		way->attempt->waits_for_rest = true;
		way->read_by = way->started
				       ? PL_NEVER
				       : pl_now(CLOCK_MONOTONIC) + READ_TIME;
		error = await_answer(way);
	}
	return error;
}

/* Nobody who comes next is to wait for the answer to a try.  Who only tries
 * waits for an answer, not for a holder. */
static int end_try(struct way *way, int error)
{
	struct pl_bundle *bundle = &way->attempt->bundle;

	pl_window_open();
	if (bundle->session >= 0)
		pl_session_end_turn(bundle);
	pl_window_close();
	return error == -ETIMEDOUT ? -EHOSTUNREACH : error;
}

int pl_session_win(struct portlock_lock *lock, struct pl_attempt *attempt,
		   const struct pl_wait *how)
{
	struct way way = { .lock = lock, .attempt = attempt, .how = how };
	int error;

	way.deadline =
		how->queue ? how->deadline : pl_now(CLOCK_MONOTONIC) + TRY_TIME;
	do {
		error = win_once(&way);
		if (attempt->epoch != pl_epoch())
			return PL_STALE;
		if (error == -EPIPE)
			error = replace(&way) ?: -ESTALE;
	} while (error == -ESTALE);
	if (error < 0 && !how->queue)
		error = end_try(&way, error);
	return error;
}
