/* SPDX-License-Identifier: MIT */
/* helper.c - starts a portlock-session, and gives it its settings. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/etcd/helper.h"

/* What only a hang can take. */
#define HANG 120 /* s */

/* One that a failed test leaves would wait for the end of its lease. */
_Noreturn static void become_helper(int socket, int timer, pid_t test)
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
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == test)
		execve(path, arguments, environment);
	_exit(127);
}

void helper_start(struct helper *helper)
{
	const struct timeval limit = { .tv_sec = HANG };
	pid_t test = getpid();
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
		become_helper(ends[1], helper->timer, test);
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

const char *setting(const char *name, const char *value)
{
	static char texts[4][600];
	static unsigned next;
	char *text = texts[next++ % 4];

	snprintf(text, sizeof(texts[0]), "%s=%s", name, value);
	return text;
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

int64_t helper_left(const struct helper *helper)
{
	struct itimerspec left;

	require(timerfd_gettime(helper->timer, &left) == 0);
	return left.it_value.tv_sec * INT64_C(1000000000) +
	       left.it_value.tv_nsec;
}

int helper_status(struct helper *helper)
{
	int status;

	close(helper->socket);
	close(helper->timer);
	require(waitpid(helper->pid, &status, 0) == helper->pid);
	return status;
}

void helper_end(struct helper *helper)
{
	int status = helper_status(helper);

	require(status == 0);
}

struct etcd *etcd;

int helper_run_tests(const struct etcd_plan *plan, const char *name,
		     const struct CMUnitTest *tests, size_t count)
{
	int failed;

	if (!etcd_is_installed())
		return 1;
	etcd = etcd_start(plan);
	failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
	etcd_end(etcd);
	return failed;
}
