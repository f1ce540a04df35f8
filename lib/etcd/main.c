/* SPDX-License-Identifier: MIT */
/* main.c - portlock-session: waits for the handle, the cluster and the clock. */
#include "config.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/etcd/clock.h"
#include "lib/etcd/secret.h"
#include "lib/etcd/session.h"

/* Longer waits are done in parts. */
#define WAIT_MAX 60000 /* ms */

/*
 * A core file would have passwords in it.  Whoever may trace this process can
 * trace the one that it has them from, so it forbids no more than that.  1 and
 * not 0, because the kernel pipes cores of the latter to programs all the same.
 */
static void forbid_cores(void)
{
	struct rlimit limit = { 1, 1 };

	if (setrlimit(RLIMIT_CORE, &limit) != 0) {
		limit.rlim_cur = limit.rlim_max = 0;
		setrlimit(RLIMIT_CORE, &limit);
	}
}

/* The program that started this one may have had any signals blocked and
 * ignored.  Returns a descriptor that is readable on SIGTERM. */
static int set_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_SETMASK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int timeout_ms(const struct session *session)
{
	int64_t left;

	if (session->wake == NEVER)
		return WAIT_MAX;
	left = (session->wake - now_ns() + MSEC - 1) / MSEC;
	if (left < 0)
		return 0;
	return left < WAIT_MAX ? (int)left : WAIT_MAX;
}

/* Waits until there is something to do: the timer goes on in a suspended
 * machine, unlike the timeout. */
static void wait_for_something(struct session *session, int signals)
{
	struct curl_waitfd fds[3] = { 0 };
	unsigned count = 0;

	fds[count].fd = signals;
	fds[count++].events = CURL_WAIT_POLLIN;
	if (!session->ending) {
		fds[count].fd = SESSION_SOCKET;
		fds[count++].events =
			(short)(CURL_WAIT_POLLIN |
				(session->channel.full ? CURL_WAIT_POLLOUT
						       : 0));
	}
	if (session->granted) {
		fds[count].fd = SESSION_TIMER;
		fds[count++].events = CURL_WAIT_POLLIN;
	}
	curl_multi_poll(session->multi, fds, count, timeout_ms(session), NULL);
}

static void take_answers(struct session *session)
{
	struct CURLMsg *message;
	struct post *post;
	int count;

	curl_multi_perform(session->multi, &count);
	session_watched(session);
	while ((message = curl_multi_info_read(session->multi, &count))) {
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
				  (char **)&post);
		session_done(session, post, code);
	}
}

static void loop(struct session *session, int signals)
{
	struct signalfd_siginfo information;

	for (;;) {
		session_step(session);
		if (session->over)
			return;
		wait_for_something(session, signals);
		if (read(signals, &information, sizeof(information)) > 0)
			session_told_to_end(session);
		channel_flush(&session->channel);
		session_requests(session);
		take_answers(session);
	}
}

/* What goes through libraries leaves no copies of passwords either. */
static bool begin_libraries(void)
{
	json_set_alloc_funcs(malloc, secret_free);
	return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, secret_free,
				    secret_realloc, strdup, calloc) == CURLE_OK;
}

int main(void)
{
	struct session session;
	int signals;

	forbid_cores();
	signals = set_signals();
	if (signals < 0 || !begin_libraries() || !session_open(&session))
		return 1;
	loop(&session, signals);
	session_free(&session);
	curl_global_cleanup();
	return 0;
}
