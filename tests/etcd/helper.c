/* SPDX-License-Identifier: MIT */
/* helper.c - a portlock-session, spoken to by lib/etcd/protocol.h alone. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/etcd/helper.h"

/* What only a hang can take. */
#define HANG 120 /* s */

static void become_helper(int socket, int timer)
{
	static const char name[] = "/portlock-session";
	const char *program = getenv("PORTLOCK_SESSION");
	char *const arguments[] = { "portlock-session", NULL };
	char *const environment[] = { NULL };
	char path[4096];

	snprintf(path, sizeof(path), "%s%s",
		 program ? program : getenv("top_builddir"),
		 program ? "" : name);
	socket = fcntl(socket, F_DUPFD, 10);
	timer = fcntl(timer, F_DUPFD, 10);
	dup2(socket, SESSION_SOCKET);
	dup2(timer, SESSION_TIMER);
	closefrom(SESSION_TIMER + 1);
	execve(path, arguments, environment);
	_exit(127);
}

void helper_start(struct helper *helper)
{
	const struct timeval limit = { .tv_sec = HANG };
	int ends[2];

	require(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) ==
		0);
	helper->timer =
		timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	require(helper->timer >= 0);
	require(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit,
			   sizeof(limit)) == 0);
	helper->number = 0;
	helper->socket = ends[0];
	helper->pid = fork();
	require(helper->pid >= 0);
	if (helper->pid == 0)
		become_helper(ends[1], helper->timer);
	close(ends[1]);
}

void helper_configure(struct helper *helper, const char *const *settings)
{
	struct session_request head = { .kind = SESSION_CONFIGURE };
	char packet[sizeof(head) + SESSION_CONFIGURE_MAX];
	size_t size = sizeof(head);

	memcpy(packet, &head, sizeof(head));
	for (; *settings; settings++) {
		size_t length = strlen(*settings) + 1;

		if (length == 1)
			continue;
		require(size + length <= sizeof(packet));
		memcpy(packet + size, *settings, length);
		size += length;
	}
	require(send(helper->socket, packet, size, MSG_NOSIGNAL) ==
		(ssize_t)size);
}

#define SETTINGS 24

struct list {
	const char *settings[SETTINGS + 1];
	char texts[SETTINGS][512];
	int count;
};

static void add(struct list *list, const char *name, const char *value)
{
	char *text = list->texts[list->count];

	require(list->count < SETTINGS);
	snprintf(text, sizeof(list->texts[0]), "%s=%s", name, value);
	list->settings[list->count++] = text;
	list->settings[list->count] = NULL;
}

void helper_open_with(struct helper *helper, const struct etcd *etcd,
		      const char *key, const char *const *settings)
{
	struct list list = { .count = 0 };

	add(&list, SESSION_KEY, key);
	add(&list, SESSION_TTL, "5");
	add(&list, SESSION_ENDPOINTS, etcd->endpoints);
	if (etcd->plan.tls) {
		add(&list, SESSION_CA, etcd->ca);
		add(&list, SESSION_CERTIFICATE, etcd->certificate);
		add(&list, SESSION_CERTIFICATE_KEY, etcd->certificate_key);
	}
	if (etcd->plan.authentication) {
		add(&list, SESSION_USER, ETCD_USER);
		add(&list, SESSION_PASSWORD, ETCD_PASSWORD);
	}
	for (; *settings; settings++) {
		require(list.count < SETTINGS);
		list.settings[list.count++] = *settings;
	}
	list.settings[list.count] = NULL;
	helper_start(helper);
	helper_configure(helper, list.settings);
}

void helper_ask(struct helper *helper, enum session_request_kind kind)
{
	struct session_request request = { .kind = kind };

	if (kind != SESSION_RELEASE)
		helper->number++;
	request.number = helper->number;
	require(send(helper->socket, &request, sizeof(request), MSG_NOSIGNAL) ==
		sizeof(request));
}

static struct session_answer next_answer(struct helper *helper)
{
	struct session_answer answer;
	ssize_t size = recv(helper->socket, &answer, sizeof(answer), MSG_TRUNC);

	require(size == sizeof(answer));
	require(memchr(answer.text, '\0', sizeof(answer.text)));
	return answer;
}

static void expect_kind(const struct session_answer *answer,
			enum session_answer_kind kind)
{
	if (answer->kind == kind)
		return;
	fprintf(stderr, "answer %x instead of %x: error %d, \"%s\"\n",
		answer->kind, kind, answer->error, answer->text);
	require(answer->kind == kind);
}

struct session_answer helper_expect(struct helper *helper,
				    enum session_answer_kind kind)
{
	struct session_answer answer = next_answer(helper);

	expect_kind(&answer, kind);
	require(answer.number == helper->number);
	return answer;
}

struct session_answer helper_await(struct helper *helper,
				   enum session_answer_kind kind)
{
	struct session_answer answer = next_answer(helper);

	while (answer.kind != kind && (answer.kind == SESSION_WAITING ||
				       answer.kind == SESSION_TROUBLE))
		answer = next_answer(helper);
	expect_kind(&answer, kind);
	return answer;
}

void helper_is_silent(const struct helper *helper)
{
	struct session_answer answer;

	require(recv(helper->socket, &answer, sizeof(answer), MSG_DONTWAIT) <
			0 &&
		errno == EAGAIN);
}

int64_t helper_left(const struct helper *helper)
{
	struct itimerspec left;

	require(timerfd_gettime(helper->timer, &left) == 0);
	return left.it_value.tv_sec * INT64_C(1000000000) +
	       left.it_value.tv_nsec;
}

int helper_end(struct helper *helper)
{
	int status;

	close(helper->socket);
	close(helper->timer);
	require(waitpid(helper->pid, &status, 0) == helper->pid);
	return status;
}
