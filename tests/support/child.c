/* SPDX-License-Identifier: MIT */
/* child.c - processes that talk with the test through a pair of pipes. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#define HANG_MS 120000

static struct child *children;

static void run(struct child *parent, child_body *body, void *argument,
		pid_t test)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != test)
		_exit(71);
	/* A late answer to a test that has gone on must not end us before
	 * the test looks at our status. */
	signal(SIGPIPE, SIG_IGN);
	/* An assertion that fails in here must not go on with the test's next
	 * one, in this process as well. */
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	body(parent, argument);
	_exit(0);
}

/* Elder siblings would not see the end of their pipes while we live. */
static void forget_siblings(void)
{
	while (children) {
		struct child *elder = children;

		children = elder->next;
		close(elder->in);
		close(elder->out);
		free(elder);
	}
}

struct child *child_start(child_body *body, void *argument)
{
	struct child *child = calloc(1, sizeof(*child));
	pid_t test = getpid();
	int down[2], up[2];

	require(child && pipe2(down, O_CLOEXEC) == 0 &&
		pipe2(up, O_CLOEXEC) == 0);
	child->in = up[0];
	child->out = down[1];
	child->pid = fork();
	require(child->pid >= 0);
	if (child->pid == 0) {
		struct child parent = { .pid = test,
					.in = down[0],
					.out = up[1] };

		close(up[0]);
		close(down[1]);
		free(child);
		forget_siblings();
		run(&parent, body, argument, test);
	}
	close(up[1]);
	close(down[0]);
	child->next = children;
	children = child;
	return child;
}

void say(struct child *other, int64_t number)
{
	ssize_t size = write(other->out, &number, sizeof(number));

	require(size == sizeof(number) || errno == EPIPE);
}

bool has_said(struct child *other)
{
	struct pollfd fd = { .fd = other->in, .events = POLLIN };

	return poll(&fd, 1, 0) > 0 && fd.revents & POLLIN;
}

bool hear_or_end(struct child *other, int64_t *number)
{
	struct pollfd fd = { .fd = other->in, .events = POLLIN };
	int limit = HANG_MS * (is_slow() ? 10 : 1);
	ssize_t size;
	int ready;

	do
		ready = poll(&fd, 1, limit);
	while (ready < 0 && errno == EINTR);
	require(ready > 0); /* else the other side hangs */
	do
		size = read(other->in, number, sizeof(*number));
	while (size < 0 && errno == EINTR);
	require(size == sizeof(*number) || size == 0);
	return size > 0;
}

int64_t hear(struct child *other)
{
	int64_t number = 0;
	bool other_side_is_there = hear_or_end(other, &number);

	require(other_side_is_there);
	return number;
}

int child_end(struct child *child)
{
	struct child **link = &children;
	int status = 0;
	pid_t ended;

	close(child->out);
	close(child->in);
	do
		ended = waitpid(child->pid, &status, 0);
	while (ended < 0 && errno == EINTR);
	while (*link != child)
		link = &(*link)->next;
	*link = child->next;
	free(child);
	require(ended > 0);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void child_kill(struct child *child)
{
	kill(child->pid, SIGKILL);
	child_end(child);
}

void children_kill(void)
{
	while (children)
		child_kill(children);
}
