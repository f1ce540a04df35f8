/* SPDX-License-Identifier: MIT */
/* talk.c - what is said to a portlock-session, and what it answers. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/etcd/helper.h"

void helper_ask(struct helper *helper, enum session_request_kind kind)
{
	struct session_request request = { .kind = kind };

	if (kind != SESSION_RELEASE)
		helper->number++;
	request.number = helper->number;
	require(send(helper->socket, &request, sizeof(request), MSG_NOSIGNAL) ==
		sizeof(request));
}

/* Those to requests that were called off by later ones, but too late, are
 * passed over, as a handle does. */
static struct session_answer next_answer(struct helper *helper)
{
	struct session_answer answer;

	do {
		ssize_t size = recv(helper->socket, &answer, sizeof(answer),
				    MSG_TRUNC);

		require(size == sizeof(answer));
		require(memchr(answer.text, '\0', sizeof(answer.text)));
	} while (answer.number < helper->number);
	require(answer.number == helper->number);
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

struct session_answer helper_take(struct helper *helper)
{
	helper_ask(helper, SESSION_ACQUIRE);
	return helper_expect(helper, SESSION_GRANTED);
}

void helper_queue(struct helper *helper)
{
	helper_ask(helper, SESSION_ACQUIRE);
	helper_expect(helper, SESSION_WAITING);
}

void helper_expect_close(struct helper *helper)
{
	struct session_answer answer;

	require(recv(helper->socket, &answer, sizeof(answer), 0) == 0);
}
