/* SPDX-License-Identifier: MIT */
/* session.c - the lock of a cluster, by way of portlock-session. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "session.h"

#define NS_PER_S UINT64_C(1000000000)

/* How long a try waits for the cluster to say yes or no. */
#define TRY_TIME (INT64_C(5000) * PL_MSEC)

/* ---- the note: what a session is good for --------------------------------- */

struct note {
	uint64_t value;	 /* the request's number, once granted the revision; 0:
			    nothing is asked for */
	unsigned served; /* grants on this host by this one of the cluster */
	int64_t since;	 /* of the first: see moment() */
	bool unknown;	 /* it cannot be read */
};

/* Milliseconds in 31 bits, which is what every system has room for. */
static int64_t moment(void)
{
	return pl_now(CLOCK_BOOTTIME) / PL_MSEC & INT32_MAX;
}

static struct note note_read(int session)
{
	struct timespec times[2] = { { 0, 0 }, { 0, 0 } };

	bool unknown = pl_ops->times(session, times) < 0;

	return (struct note){
		.unknown = unknown,
		.value = (uint64_t)times[1].tv_sec * NS_PER_S +
			 (uint64_t)times[1].tv_nsec,
		.served = (unsigned)times[0].tv_nsec,
		.since = times[0].tv_sec,
	};
}

static int note_write(int session, const struct note *note)
{
	const struct timespec times[2] = {
		{ .tv_sec = (time_t)note->since, .tv_nsec = note->served },
		{ .tv_sec = (time_t)(note->value / NS_PER_S),
		  .tv_nsec = (long)(note->value % NS_PER_S) },
	};

	return pl_ops->futimens(session, times) < 0 ? pl_failure() : 0;
}

static const struct note no_note;

/* ---- what is a session ---------------------------------------------------- */

bool pl_is_session(int fd, const struct pl_address *address)
{
	struct sockaddr_un name = { .sun_family = AF_UNSPEC };
	socklen_t length = sizeof(name);

	return pl_ops->getpeername(fd, (struct sockaddr *)&name, &length) ==
		       0 &&
	       name.sun_family == AF_UNIX && name.sun_path[0] == '\0' &&
	       strncmp(name.sun_path + 1, address->session,
		       strlen(address->session)) == 0;
}

bool pl_is_timer(int fd)
{
	struct itimerspec left;

	return pl_ops->timerfd_gettime(fd, &left) == 0;
}

bool pl_timer_runs(int timer)
{
	struct itimerspec left;

	return timer >= 0 && pl_ops->timerfd_gettime(timer, &left) == 0 &&
	       (left.it_value.tv_sec > 0 || left.it_value.tv_nsec > 0);
}

uint64_t pl_session_revision(const struct pl_bundle *bundle)
{
	return bundle->session < 0 ? 0 : note_read(bundle->session).value;
}

/* ---- requests and answers ------------------------------------------------- */

static int ask(int session, enum session_request_kind kind, uint64_t number)
{
	struct session_request request = { .kind = kind, .number = number };
	struct iovec data = { &request, sizeof(request) };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

	ssize_t sent =
		pl_ops->sendmsg(session, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

	return sent == sizeof(request) ? 0 : -EPIPE;
}

/* 0; -EAGAIN: nothing there; -EPIPE: the helper is gone, or is none. */
static int receive(int session, struct session_answer *answer, int flags)
{
	struct iovec data = { answer, sizeof(*answer) };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	ssize_t size = pl_ops->recvmsg(session, &message, MSG_DONTWAIT | flags);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (size != sizeof(*answer) || message.msg_flags & MSG_TRUNC)
		return -EPIPE;
	answer->text[sizeof(answer->text) - 1] = '\0';
	return 0;
}

/* Nothing is asked for any more; a helper that does not even take this is none
 * and goes. */
static void end_turn(struct pl_bundle *bundle)
{
	if (ask(bundle->session, SESSION_RELEASE, 0) < 0 ||
	    note_write(bundle->session, &no_note) < 0)
		pl_bundle_close_session(bundle);
}

bool pl_session_reason(const struct portlock_lock *lock,
		       char text[PL_DETAIL_SIZE])
{
	struct session_answer answer;
	bool told = false;

	/* Left where it is: others may ask as well.  No fork in between, and a
	 * number that is another descriptor's by now would be read as well. */
	pl_window_open();
	if (pl_is_held(lock) && lock->bundle.session >= 0 &&
	    receive(lock->bundle.session, &answer, MSG_PEEK) == 0 &&
	    answer.kind == SESSION_LOST)
		told = true;
	pl_window_close();
	if (told)
		memcpy(text, answer.text, sizeof(answer.text));
	return told;
}

/* ---- winning -------------------------------------------------------------- */

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
	int trouble;	 /* why the cluster does not answer, 0: it does */
};

static void tell(const struct way *way, const char *text)
{
	pl_detail_set(way->lock->cluster, text);
}

/* At the deadline.  Of a cluster that is silent nobody knows who holds. */
static int explain_end(const struct way *way)
{
	if (way->trouble)
		return way->trouble;
	if (!way->unheard)
		return -ETIMEDOUT;
	tell(way, "the cluster has not answered in time");
	return -EHOSTUNREACH;
}

static int explain_start(const struct way *way, int error)
{
	char text[PL_DETAIL_SIZE];

	if (error != -ENOENT)
		return error;
	snprintf(text, sizeof(text), "%s is not there or cannot be run",
		 way->lock->cluster->helper);
	tell(way, text);
	return -ENOSYS;
}

/* A handler that forks in the middle of it would make two helpers of one
 * socket.  The kernel gives a new socket the times of one that was closed. */
static int start_session(struct way *way)
{
	struct pl_bundle *bundle = &way->attempt->bundle;
	sigset_t all, mask;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &mask);
	error = pl_session_start(bundle, &way->lock->address,
				 way->lock->cluster);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	way->started = error == 0;
	if (error == 0)
		error = note_write(bundle->session, &no_note);
	if (error < 0)
		pl_bundle_close_session(bundle);
	return error;
}

/* The session that came with the gate, the parked one, or a new one. */
static int have_session(struct way *way)
{
	static const struct pl_bundle none = PL_BUNDLE_NONE;
	struct pl_bundle *bundle = &way->attempt->bundle;
	struct portlock_lock *lock = way->lock;
	int error = 0;

	if (bundle->session >= 0)
		return 0;
	pl_window_open();
	if (lock->parked.session >= 0) {
		bundle->session = lock->parked.session;
		bundle->timer = lock->parked.timer;
		lock->parked = none;
	} else {
		error = start_session(way);
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
	pl_poll(NULL, 0, end < way->deadline ? end : way->deadline);
	return 0;
}

/* What the note of the session that we have says: 0: it is granted; -EAGAIN: an
 * answer is to come; -EPIPE: the helper has gone. */
static int join(struct way *way)
{
	struct pl_bundle *bundle = &way->attempt->bundle;
	struct note note = note_read(bundle->session);
	int error;

	if (note.served > 0 && pl_timer_runs(bundle->timer)) {
		note.served++;
		way->attempt->revision = note.value;
		return note_write(bundle->session, &note);
	}
	/* Lost; or in the queue, where who only tries does not wait. */
	if (note.unknown || note.served > 0 ||
	    (note.value != 0 && !way->how->queue)) {
		pl_window_open();
		end_turn(bundle);
		pl_window_close();
		if (bundle->session < 0)
			return -EPIPE;
		note.value = 0;
	}
	way->number = note.value;
	if (note.value != 0)
		return -EAGAIN;
	way->number = (uint64_t)pl_now(CLOCK_BOOTTIME) | 1; /* never 0 */
	error = ask(bundle->session,
		    way->how->queue ? SESSION_ACQUIRE : SESSION_TRY,
		    way->number);
	if (error == 0) {
		note = (struct note){ .value = way->number };
		error = note_write(bundle->session, &note);
	}
	way->unheard = true;
	return error < 0 ? -EPIPE : -EAGAIN;
}

/* A grant that is too old already: the host slept, say. */
static int take_grant(struct way *way, const struct session_answer *answer)
{
	struct pl_bundle *bundle = &way->attempt->bundle;
	struct note note = { .value = answer->revision,
			     .served = 1,
			     .since = moment() };
	int error = note_write(bundle->session, &note);

	way->attempt->revision = answer->revision;
	if (error < 0 || pl_timer_runs(bundle->timer))
		return error;
	return -ESTALE;
}

/* A grant that was lost before the helper could tell of it. */
static int take_loss(struct way *way)
{
	pl_window_open();
	end_turn(&way->attempt->bundle);
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

/* Sleeps until there may be an answer (0) or the wait must end (its error). */
static int sleep_for_answer(const struct way *way)
{
	struct pollfd fds[2] = {
		{ .fd = way->attempt->bundle.session, .events = POLLIN },
		{ .fd = way->how->watch, .events = POLLIN },
	};
	int ready = 0;

	/* Else a handler forked, and in its child nothing is left of us: a
	 * number that is there is waited for or, closed by now, wakes us. */
	if (fds[0].fd >= 0)
		ready = pl_poll(fds, way->how->watch >= 0 ? 2 : 1,
				way->deadline);
	if (ready == 0 || (ready == -EINTR && !way->how->interruptible))
		return 0;
	if (ready < 0)
		return ready;
	return fds[0].revents ? 0 : -ECANCELED;
}

static int await_answer(struct way *way)
{
	for (;;) {
		struct session_answer answer;
		/* An answer that is there counts, late as it is. */
		bool is_over = pl_expired(way->deadline);
		int error = receive(way->attempt->bundle.session, &answer, 0);

		if (error == 0)
			error = take_answer(way, &answer);
		else if (error == -EAGAIN && is_over)
			error = explain_end(way);
		else if (error == -EAGAIN)
			error = sleep_for_answer(way) ?: -EAGAIN;
		if (error != -EAGAIN)
			return error;
		if (way->attempt->epoch != pl_epoch())
			return -ECHILD;
	}
}

static int win_once(struct way *way)
{
	int error = have_session(way);

	if (error < 0)
		return error;
	error = join(way);
	if (error == -EAGAIN) {
		if (!way->attempt->waits_for_rest)
			pl_sign(&way->attempt->bundle, 0);
		way->attempt->waits_for_rest = true;
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
		end_turn(bundle);
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
			return -ECHILD;
		if (error == -EPIPE)
			error = replace(&way) ?: -ESTALE;
	} while (error == -ESTALE);
	if (error < 0 && !how->queue)
		error = end_try(&way, error);
	return error;
}

/* ---- letting go ----------------------------------------------------------- */

/* Not good for another grant on this host: the others' turn. */
static bool is_spent(const struct portlock_lock *lock,
		     const struct pl_bundle *bundle, const struct note *note)
{
	int64_t held = (moment() - note->since) & INT32_MAX;

	return note->served > 0 &&
	       (note->served >= lock->cluster->local_grants ||
		held * PL_MSEC >= lock->cluster->local_ns ||
		!pl_timer_runs(bundle->timer));
}

static void park(struct portlock_lock *lock, struct pl_bundle *bundle)
{
	pl_bundle_close_session(&lock->parked);
	lock->parked.session = bundle->session;
	lock->parked.timer = bundle->timer;
	bundle->session = bundle->timer = -1;
}

void pl_session_part(struct portlock_lock *lock, struct pl_bundle *bundle)
{
	struct note note;
	bool stays;

	if (bundle->session < 0)
		return;
	note = note_read(bundle->session);
	stays = !pl_gate_has_waiter(bundle->gate);
	if ((note.value != 0 || note.unknown) &&
	    (stays || is_spent(lock, bundle, &note)))
		end_turn(bundle);
	if (stays && bundle->session >= 0)
		park(lock, bundle);
}
