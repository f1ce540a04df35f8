/* SPDX-License-Identifier: MIT */
/* proxy.c - passes HTTP requests on, and keeps one of them. */
#include "config.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
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

/* A request begins where the one before was answered, so with a read of its
 * own; it may come in several. */
static void keep(struct proxy *proxy, const char *bytes, size_t size)
{
	static char request[REQUEST_MAX];
	static size_t length;

	if (size >= 5 && memcmp(bytes, "POST ", 5) == 0)
		length = 0;
	require(length + size < REQUEST_MAX);
	memcpy(request + length, bytes, size);
	length += size;
	request[length] = '\0';
	if (!strstr(request, proxy->mark))
		return;
	memcpy(proxy->request, request, length);
	proxy->length = length;
	atomic_fetch_add(&proxy->kept, 1);
}

_Noreturn static void pass_on(struct proxy *proxy, int client)
{
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
				keep(proxy, bytes, (size_t)size);
			write_all(fds[1 - i].fd, bytes, (size_t)size);
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
