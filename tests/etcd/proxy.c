/* SPDX-License-Identifier: MIT */
/* proxy.c - passes HTTP requests on, or not; counts them, and keeps one. */
#include "config.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/etcd/proxy.h"
#include "tests/support/support.h"

static int connect_to(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	require(fd >= 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, bytes, size);

		if (written <= 0)
			_exit(0); /* the other side is gone */
		bytes += written;
		size -= (size_t)written;
	}
}

/* What has come of a request. */
struct request {
	char text[REQUEST_MAX];
	size_t length;
	bool marked;
};

static bool is_whole(const struct request *request)
{
	const char *body = strstr(request->text, "\r\n\r\n");
	const char *size = strcasestr(request->text, "\r\nContent-Length:");

	return body && size && strlen(body + 4) >= (size_t)atol(size + 17);
}

/* Before it is passed on: who has an answer finds its request here. */
static void tell(struct proxy *proxy, const struct request *request)
{
	int number = atomic_fetch_add(&proxy->count, 1);

	require(number < REQUESTS_TOLD);
	require(sscanf(request->text, "POST /v3/%23s", proxy->paths[number]) ==
		1);
}

/* Of a connection whose last request had the mark, or not. */
static void bring(struct proxy *proxy, bool marked, int client,
		  const char *bytes, size_t size)
{
	if (marked && atomic_load(&proxy->late)) {
		atomic_fetch_add(&proxy->come, 1);
		while (atomic_load(&proxy->late))
			sleep_ns(1000000);
	}
	write_all(client, bytes, size);
	if (!marked)
		atomic_fetch_add(&proxy->passed, 1);
}

/* One with the mark.  Who is not to pass it on does not return. */
static void deal_with(struct proxy *proxy, const struct request *request,
		      int client)
{
	memcpy(proxy->request, request->text, request->length);
	proxy->length = request->length;
	atomic_store(&proxy->came, now_ns());
	atomic_fetch_add(&proxy->kept, 1);
	sleep_ns(atomic_load(&proxy->delay));
	while (atomic_load(&proxy->held))
		sleep_ns(1000000);
	if (atomic_load(&proxy->answered) == 0)
		return;
	atomic_fetch_sub(&proxy->answered, 1);
	write_all(client, proxy->answer, proxy->size);
	_exit(0);
}

/* Requests are passed on whole, the next one after the answer to the last. */
static void take(struct proxy *proxy, struct request *request,
		 const char *bytes, size_t size, int client, int server)
{
	require(request->length + size < REQUEST_MAX);
	memcpy(request->text + request->length, bytes, size);
	request->length += size;
	request->text[request->length] = '\0';
	if (!is_whole(request))
		return;
	tell(proxy, request);
	request->marked = strstr(request->text, proxy->mark);
	if (request->marked)
		deal_with(proxy, request, client);
	write_all(server, request->text, request->length);
	request->length = 0;
}

_Noreturn static void pass_on(struct proxy *proxy, int client)
{
	static struct request request;
	int server = connect_to(proxy->port);
	struct pollfd fds[2] = { { .fd = client, .events = POLLIN },
				 { .fd = server, .events = POLLIN } };
	char bytes[REQUEST_MAX / 2];

	while (server >= 0 && poll(fds, 2, -1) > 0)
		for (int i = 0; i < 2; i++) {
			ssize_t size;

			if (!fds[i].revents)
				continue;
			size = read(fds[i].fd, bytes, sizeof(bytes));
			if (size <= 0)
				_exit(0);
			if (i == 0)
				take(proxy, &request, bytes, (size_t)size,
				     client, server);
			else
				bring(proxy, request.marked, client, bytes,
				      (size_t)size);
		}
	_exit(0);
}

struct setup {
	struct proxy *proxy;
	int listening;
};

/* A process for each connection. */
static void serve(struct child *parent, void *argument)
{
	struct setup *setup = argument;
	pid_t self = getpid();
	int client;

	(void)parent;
	signal(SIGCHLD, SIG_IGN);
	while ((client = accept(setup->listening, NULL, NULL)) >= 0) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() == self)
				pass_on(setup->proxy, client);
			_exit(0);
		}
		close(client);
	}
}

struct proxy *proxy_start(int port, const char *mark)
{
	struct proxy *proxy = shared_memory(sizeof(*proxy));
	struct setup setup = { proxy, bind_port(0) };
	struct sockaddr_in address;
	socklen_t length = sizeof(address);

	require(setup.listening >= 0 && listen(setup.listening, 64) == 0 &&
		getsockname(setup.listening, (struct sockaddr *)&address,
			    &length) == 0);
	snprintf(proxy->url, sizeof(proxy->url), "http://127.0.0.1:%d",
		 ntohs(address.sin_port));
	proxy->port = port;
	proxy->mark = mark;
	child_start(serve, &setup);
	close(setup.listening);
	return proxy;
}

void proxy_repeat(const struct proxy *proxy)
{
	int server = connect_to(proxy->port);
	char answer[256] = "";

	require(server >= 0 && proxy->length > 0);
	write_all(server, proxy->request, proxy->length);
	require(read(server, answer, sizeof(answer) - 1) > 0);
	require(strncmp(answer, "HTTP/1.1 200 OK", 15) == 0);
	close(server);
}

struct wanted {
	struct proxy *proxy;
	int count;
};

static bool have_come(void *argument)
{
	struct wanted *wanted = argument;

	return atomic_load(&wanted->proxy->kept) >= wanted->count;
}

void proxy_wait(struct proxy *proxy, int count)
{
	struct wanted wanted = { proxy, count };

	wait_until(have_come, &wanted);
}

void proxy_answer(struct proxy *proxy, int count, const char *text,
		  size_t spaces)
{
	size_t length = strlen(text);

	require(length + spaces <= ANSWER_MAX);
	memcpy(proxy->answer, text, length);
	memset(proxy->answer + length, ' ', spaces);
	proxy->size = length + spaces;
	atomic_store(&proxy->answered, count);
}

void proxy_hold(struct proxy *proxy)
{
	atomic_store(&proxy->held, true);
}

void proxy_pass(struct proxy *proxy)
{
	atomic_store(&proxy->answered, 0);
	atomic_store(&proxy->held, false);
	atomic_store(&proxy->late, false);
}

void proxy_delay_answers(struct proxy *proxy)
{
	atomic_store(&proxy->come, 0);
	atomic_store(&proxy->late, true);
}
