/* SPDX-License-Identifier: MIT */
/* fake_session.c - stands in for portlock-session in tests: see its header. */
#include "config.h"

#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "fake_session.h"

static char packet[SESSION_CONFIGURE_MAX];

/* Everything that is not as it should be ends us, which the cluster notices. */
static void must(int condition)
{
	if (!condition)
		_exit(1);
}

/* The name in the settings, which are NAME=VALUE with a NUL each. */
static const char *cluster_name(size_t size)
{
	static const char wanted[] = SESSION_ENDPOINTS "=" FAKE_SCHEME;
	const char *setting = packet + sizeof(struct session_request);

	must(size > sizeof(struct session_request) && !packet[size - 1]);
	for (; setting < packet + size; setting += strlen(setting) + 1)
		if (strncmp(setting, wanted, sizeof(wanted) - 1) == 0)
			return setting + sizeof(wanted) - 1;
	return NULL;
}

static int cluster_of(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = name ? strcspn(name, ",") : 0;
	int cluster = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	must(cluster >= 0 && name && length < sizeof(address.sun_path));
	memcpy(address.sun_path + 1, name, length);
	must(connect(cluster, (struct sockaddr *)&address,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				 length)) == 0);
	return cluster;
}

static void set_timer(int64_t ms)
{
	struct itimerspec until = { .it_value = { 0, 0 } };

	if (ms == FAKE_TIMER_AS_IS)
		return;
	if (ms == FAKE_TIMER_EXPIRED)
		until.it_value.tv_nsec = 1;
	if (ms > 0) {
		until.it_value.tv_sec = (time_t)(ms / 1000);
		until.it_value.tv_nsec = (long)(ms % 1000 * 1000000);
	}
	must(timerfd_settime(SESSION_TIMER, 0, &until, NULL) == 0);
}

static void obey(int cluster)
{
	struct fake_order order;

	must(recv(cluster, &order, sizeof(order), 0) == sizeof(order));
	set_timer(order.timer_ms);
	if (order.size > 0)
		send(SESSION_SOCKET, &order.answer, order.size, MSG_NOSIGNAL);
	if (order.end)
		_exit(0);
}

/* True: the handle's end is closed. */
static int pass_on(int cluster)
{
	struct session_request goodbye = { .kind = FAKE_GOODBYE };
	ssize_t size = recv(SESSION_SOCKET, packet, sizeof(packet), 0);

	if (size > 0) {
		must(send(cluster, packet, (size_t)size, MSG_NOSIGNAL) == size);
		return 0;
	}
	send(cluster, &goodbye, sizeof(goodbye), MSG_NOSIGNAL);
	return 1;
}

int main(void)
{
	ssize_t size = recv(SESSION_SOCKET, packet, sizeof(packet), 0);
	int cluster, gone = 0;

	must(size > 0);
	cluster = cluster_of(cluster_name((size_t)size));
	must(send(cluster, packet, (size_t)size, MSG_NOSIGNAL) == size);
	while (!gone) {
		struct pollfd fds[] = { { .fd = SESSION_SOCKET,
					  .events = POLLIN },
					{ .fd = cluster, .events = POLLIN } };

		must(poll(fds, 2, -1) > 0);
		if (fds[1].revents)
			obey(cluster);
		if (fds[0].revents)
			gone = pass_on(cluster);
	}
	return 0;
}
