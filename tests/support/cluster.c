/* SPDX-License-Identifier: MIT */
/* cluster.c - a cluster for transport etcd without etcd. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cluster.h"
#include "command.h"
#include "support.h"

#define SEATS 64
#define GRANTED_MS 60000

enum wish { ELSEWHERE, MUTE, ORDER };

/* A helper, also one that was killed while it had the lock. */
struct seat {
	int fd;	   /* -1: killed */
	pid_t pid; /* 0: nobody sits here */
	char key[256];
	uint64_t number; /* of its last request */
	uint64_t turn;	 /* in the queue; 0: not there */
	bool is_try, is_told, holds;
	int64_t until;
};

/* Of the cluster's process. */
static struct cluster *self;
static struct seat seats[SEATS];
static uint64_t turns;
static bool elsewhere, mute;

static char packet[SESSION_CONFIGURE_MAX];

/* ---- the queue ------------------------------------------------------------ */

static void obey(const struct seat *seat, const struct fake_order *order)
{
	/* Who is gone meanwhile is noticed by its end. */
	if (seat->fd >= 0)
		send(seat->fd, order, sizeof(*order), MSG_NOSIGNAL);
}

static void tell(const struct seat *seat, enum session_answer_kind kind,
		 int64_t timer_ms)
{
	struct fake_order order = { .timer_ms = timer_ms,
				    .size = sizeof(order.answer),
				    .answer = { .kind = kind,
						.number = seat->number } };

	order.answer.revision = atomic_load(&self->revision);
	obey(seat, &order);
}

static void leave_queue(struct seat *seat)
{
	seat->turn = 0;
	seat->is_try = seat->is_told = seat->holds = false;
	if (seat->fd < 0)
		seat->pid = 0;
}

static void grant(struct seat *seat)
{
	int64_t ms = atomic_load(&self->granted_ms);

	seat->holds = true;
	seat->until = now_ns() + ms * 1000000;
	atomic_fetch_add(&self->revision, 1);
	atomic_store(&self->holder, seat->pid);
	atomic_fetch_add(&self->grants, 1);
	tell(seat, SESSION_GRANTED, ms);
}

static bool is_first(const struct seat *seat)
{
	for (int i = 0; i < SEATS; i++)
		if (seats[i].turn && seats[i].turn < seat->turn &&
		    strcmp(seats[i].key, seat->key) == 0)
			return false;
	return true;
}

static void serve_one(struct seat *seat)
{
	if (!elsewhere && is_first(seat)) {
		grant(seat);
	} else if (seat->is_try) {
		tell(seat, SESSION_BUSY, FAKE_TIMER_AS_IS);
		leave_queue(seat);
	} else if (!seat->is_told) {
		tell(seat, SESSION_WAITING, FAKE_TIMER_AS_IS);
		seat->is_told = true;
	}
}

static void serve(void)
{
	for (int i = 0; i < SEATS; i++)
		if (seats[i].fd < 0 && seats[i].holds &&
		    now_ns() >= seats[i].until)
			leave_queue(&seats[i]);
	for (int i = 0; i < SEATS; i++)
		if (seats[i].turn && !seats[i].holds && !mute)
			serve_one(&seats[i]);
}

/* ---- the helpers ---------------------------------------------------------- */

static void admit(int listener)
{
	struct ucred who;
	socklen_t size = sizeof(who);
	struct seat *seat = seats;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	require(fd >= 0 &&
		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0);
	while (seat->pid)
		require(++seat < seats + SEATS);
	*seat = (struct seat){ .fd = fd, .pid = who.pid };
	atomic_store(&self->helper, who.pid);
	atomic_fetch_add(&self->started, 1);
}

static void read_key(struct seat *seat, size_t size)
{
	const char *setting = packet + sizeof(struct session_request);

	for (; setting < packet + size; setting += strlen(setting) + 1)
		if (strncmp(setting, SESSION_KEY "=", 4) == 0)
			snprintf(seat->key, sizeof(seat->key), "%s",
				 setting + 4);
}

static void join_queue(struct seat *seat, bool is_try)
{
	leave_queue(seat);
	seat->is_try = is_try;
	seat->turn = ++turns;
	atomic_store(&self->asker, seat->pid);
	atomic_fetch_add(is_try ? &self->tries : &self->acquires, 1);
}

static void release(struct seat *seat)
{
	struct fake_order order = { .timer_ms = FAKE_TIMER_OFF };

	leave_queue(seat);
	obey(seat, &order);
	atomic_fetch_add(&self->releases, 1);
}

static void dismiss(struct seat *seat, bool killed)
{
	close(seat->fd);
	seat->fd = -1;
	if (!killed || !seat->holds)
		leave_queue(seat);
	atomic_fetch_add(&self->ended, 1);
}

static void listen_to(struct seat *seat)
{
	const struct session_request *request =
		(const struct session_request *)packet;
	ssize_t size;

	/* Its end is told once before what it said last, if it has left an
	 * order unread. */
	do
		size = recv(seat->fd, packet, sizeof(packet), 0);
	while (size < 0 && errno == ECONNRESET);
	/* Half a request is none, and ends the session. */
	if (size < (ssize_t)sizeof(*request) || request->kind == FAKE_GOODBYE) {
		dismiss(seat, size <= 0);
		return;
	}
	seat->number = request->number;
	switch (request->kind) {
	case SESSION_CONFIGURE:
		read_key(seat, (size_t)size);
		break;
	case SESSION_ACQUIRE:
	case SESSION_TRY:
		join_queue(seat, request->kind == SESSION_TRY);
		break;
	default:
		require(request->kind == SESSION_RELEASE);
		release(seat);
	}
}

/* ---- the test ------------------------------------------------------------- */

static void take_order(pid_t helper)
{
	struct fake_order order = self->order;

	for (int i = 0; i < SEATS; i++) {
		if (seats[i].pid != helper)
			continue;
		order.answer.number += seats[i].number;
		if (order.answer.kind == SESSION_LOST ||
		    order.answer.kind == SESSION_FAILED)
			leave_queue(&seats[i]);
		obey(&seats[i], &order);
	}
}

/* False: the test has ended. */
static bool take_wish(struct child *test)
{
	int64_t wish, number;

	if (!hear_or_end(test, &wish))
		return false;
	number = hear(test);
	if (wish == ELSEWHERE)
		elsewhere = number;
	else if (wish == MUTE)
		mute = number;
	else
		take_order((pid_t)number);
	serve();
	say(test, 0);
	return true;
}

static socklen_t name_of(struct sockaddr_un *address, const char *name)
{
	size_t length = strlen(name);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path + 1, name, length);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
}

static int listen_as(const char *name)
{
	struct sockaddr_un address;
	socklen_t length = name_of(&address, name);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	require(fd >= 0 && bind(fd, (struct sockaddr *)&address, length) == 0 &&
		listen(fd, SEATS) == 0);
	return fd;
}

/* Until a lock of a killed helper is over, in ms; -1: there is none. */
static int next_end(void)
{
	int64_t next = INT64_MAX;

	for (int i = 0; i < SEATS; i++)
		if (seats[i].pid && seats[i].fd < 0 && seats[i].until < next)
			next = seats[i].until;
	if (next == INT64_MAX)
		return -1;
	next -= now_ns();
	return next < 0 ? 0 : (int)(next / 1000000) + 1;
}

enum { TEST, LISTENER, FIRST_SEAT, FDS = FIRST_SEAT + SEATS };

static void sleep_until_news(struct pollfd fds[FDS])
{
	for (int i = 0; i < SEATS; i++)
		fds[FIRST_SEAT + i].fd = seats[i].pid ? seats[i].fd : -1;
	for (int i = 0; i < FDS; i++)
		fds[i].events = POLLIN;
	require(poll(fds, FDS, next_end()) >= 0);
}

static void run(struct child *test, void *argument)
{
	struct pollfd fds[FDS];

	self = argument;
	fds[TEST].fd = test->in;
	fds[LISTENER].fd = listen_as(self->name);
	say(test, 0);
	for (;;) {
		sleep_until_news(fds);
		/* Before the order that may be about them. */
		for (int i = 0; i < SEATS; i++)
			if (fds[FIRST_SEAT + i].revents)
				listen_to(&seats[i]);
		if (fds[LISTENER].revents)
			admit(fds[LISTENER].fd);
		serve();
		if (fds[TEST].revents && !take_wish(test))
			return;
	}
}

static void wish_for(struct cluster *cluster, enum wish wish, int64_t number)
{
	say(cluster->process, wish);
	say(cluster->process, number);
	hear(cluster->process);
}

struct cluster *cluster_start(void)
{
	static int last;
	struct cluster *cluster = shared_memory(sizeof(*cluster));
	const char *folder = getenv("top_builddir");
	char text[4096];

	require(folder != NULL);
	snprintf(cluster->name, sizeof(cluster->name), "portlock-test/%d.%d",
		 (int)getpid(), ++last);
	atomic_store(&cluster->revision, 1000);
	atomic_store(&cluster->granted_ms, GRANTED_MS);
	cluster->process = child_start(run, cluster);
	hear(cluster->process);
	snprintf(text, sizeof(text), "%s/tests/fake_session", folder);
	setenv("PORTLOCK_SESSION", text, 1);
	snprintf(text, sizeof(text), FAKE_SCHEME "%s", cluster->name);
	setenv("PORTLOCK_ETCD_ENDPOINTS", text, 1);
	return cluster;
}

void cluster_elsewhere(struct cluster *cluster, bool held)
{
	wish_for(cluster, ELSEWHERE, held);
}

void cluster_mute(struct cluster *cluster, bool is_mute)
{
	wish_for(cluster, MUTE, is_mute);
}

void cluster_order(struct cluster *cluster, pid_t helper,
		   const struct fake_order *order)
{
	cluster->order = *order;
	wish_for(cluster, ORDER, helper);
}

void cluster_answer(struct cluster *cluster, enum session_answer_kind kind,
		    int error, const char *text)
{
	struct fake_order order = { .timer_ms = FAKE_TIMER_AS_IS,
				    .size = sizeof(order.answer),
				    .answer = { .kind = kind,
						.error = error } };

	snprintf(order.answer.text, sizeof(order.answer.text), "%s", text);
	cluster_order(cluster, atomic_load(&cluster->asker), &order);
}

void cluster_lose(struct cluster *cluster, const char *text)
{
	struct fake_order order = { .timer_ms = FAKE_TIMER_EXPIRED,
				    .size = sizeof(order.answer),
				    .answer = { .kind = SESSION_LOST } };

	snprintf(order.answer.text, sizeof(order.answer.text), "%s", text);
	cluster_order(cluster, atomic_load(&cluster->holder), &order);
}

void cluster_end_helper(struct cluster *cluster)
{
	struct fake_order order = { .timer_ms = FAKE_TIMER_AS_IS, .end = 1 };

	cluster_order(cluster, atomic_load(&cluster->helper), &order);
}

struct level {
	const atomic_int *count;
	int least;
};

static bool is_reached(void *argument)
{
	const struct level *level = argument;

	return atomic_load(level->count) >= level->least;
}

void cluster_await(const atomic_int *count, int least)
{
	struct level level = { count, least };

	wait_until(is_reached, &level);
}

void cluster_await_all_ended(struct cluster *cluster)
{
	cluster_await(&cluster->ended, atomic_load(&cluster->started));
}

struct cluster *cluster;

int cluster_setup(void **state)
{
	int error = key_setup(state);

	if (error == 0)
		cluster = cluster_start();
	return error;
}

int cluster_teardown(void **state)
{
	commands_kill();
	children_kill();
	unsetenv("PORTLOCK_SESSION");
	unsetenv("PORTLOCK_ETCD_ENDPOINTS");
	return key_teardown(state);
}
