/* SPDX-License-Identifier: MIT */
/* socket.c - plain sockets, as programs that know nothing of portlock have. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz.h"
#include "lib/internal.h"
#include "socket.h"
#include "tests/support/network.h"

#define FDS_MAX 253

static socklen_t abstract(struct sockaddr_un *address, const char *name)
{
	size_t length = strlen(name);

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	fuzz_check(length < sizeof(address->sun_path));
	memcpy(address->sun_path + 1, name, length);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
}

static int make(int domain, int type)
{
	int fd = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

/* The descriptor if the call on it went well. */
static int settle(int fd, int result)
{
	int error = errno;

	if (fd < 0 || result == 0)
		return fd;
	close(fd);
	return -error;
}

int socket_bind_name(const char *name, int type)
{
	struct sockaddr_un address;
	socklen_t length = abstract(&address, name);
	int fd = make(AF_UNIX, type);

	return settle(fd, bind(fd, (struct sockaddr *)&address, length));
}

int socket_bind_port(int port, int type)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port) };
	int fd = make(AF_INET, type);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return settle(fd,
		      bind(fd, (struct sockaddr *)&address, sizeof(address)));
}

int socket_connect(const char *name)
{
	struct sockaddr_un address;
	socklen_t length = abstract(&address, name);
	int fd = make(AF_UNIX, SOCK_STREAM);

	return settle(fd, connect(fd, (struct sockaddr *)&address, length));
}

static bool is_free(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool socket_name_is_free(const char *name)
{
	return is_free(socket_bind_name(name, SOCK_STREAM));
}

bool socket_port_is_free(int port)
{
	return is_free(socket_bind_port(port, SOCK_STREAM));
}

ssize_t socket_send(int connection, const void *data, size_t size,
		    const int *fds, size_t count, int flags)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec bytes = { (void *)data, size };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };
	struct cmsghdr *header = &control.align;

	memset(&control, 0, sizeof(control));
	fuzz_check(count <= FDS_MAX);
	if (count > 0) {
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, count * sizeof(int));
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	flags |= MSG_NOSIGNAL | MSG_DONTWAIT;
	return sendmsg(connection, &message, flags);
}

bool socket_gets_descriptors(int connection)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	char data[64];
	struct iovec bytes = { data, sizeof(data) };
	struct msghdr message = { .msg_iov = &bytes,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header;
	size_t count;

	if (recvmsg(connection, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return false;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return false;
	count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	for (size_t i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(fd));
		close(fd);
	}
	return true;
}

static int reserved_fds[PORTLOCK_PORTS];

static void close_reserved(void)
{
	for (int i = 0; i < PORTLOCK_PORTS; i++)
		if (reserved_fds[i] > 0)
			close(reserved_fds[i]);
}

/* As the other tests do (support/names.c). */
static bool reserve(int i, int port)
{
	char name[64];

	if (reserved_fds[i] > 0)
		close(reserved_fds[i]);
	snprintf(name, sizeof(name), "portlock-test-port-%d", port);
	reserved_fds[i] = socket_bind_name(name, SOCK_DGRAM);
	return reserved_fds[i] >= 0 && socket_port_is_free(port);
}

const struct socket_key *socket_key(void)
{
	static struct socket_key key;
	struct pl_address address;
	bool reserved = *key.text;

	if (!reserved) {
		/* Elsewhere any port may be that of anybody's connection, and
		 * that for a minute after its end.  Who may not have a network
		 * of its own has to take the port's chance. */
		network_enter();
		atexit(close_reserved);
	}
	for (int round = 0; !reserved; round++) {
		snprintf(key.text, sizeof(key.text), "fuzz-%s-%d-%d", fuzz_name,
			 (int)getpid(), round);
		pl_address_of_key(&address, key.text);
		reserved = true;
		for (int i = 0; i < PORTLOCK_PORTS; i++) {
			key.ports[i] = (uint16_t)(address.first_port + i);
			reserved = reserved && reserve(i, key.ports[i]);
		}
	}
	return &key;
}

int sockets_open(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	fuzz_check(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}
