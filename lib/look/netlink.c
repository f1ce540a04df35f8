/* SPDX-License-Identifier: MIT */
/* netlink.c - how the kernel's tables of sockets are asked, and what it says.
 *
 * Nothing of an answer is believed before it is known to be inside of what was
 * received: this also runs as root.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include "netlink.h"

#define REQUEST_MAX 64

int netlink_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd < 0)
		return -errno;
	return fd;
}

/* The number in the body of an end or an error: 0 or -errno. */
static int number_in(const char *body, size_t size)
{
	int number;

	if (size < sizeof(number))
		return -EBADMSG;
	memcpy(&number, body, sizeof(number));
	return number <= 0 && number >= -4095 ? number : -EBADMSG;
}

/* 1: go on. */
static int take_message(const struct nlmsghdr *head, const char *body,
			size_t size, netlink_take *take, void *argument)
{
	int error;

	if (head->nlmsg_flags & NLM_F_DUMP_INTR)
		return -EAGAIN;
	switch (head->nlmsg_type) {
	case SOCK_DIAG_BY_FAMILY:
		error = take(body, size, argument);
		return error < 0 ? error : 1;
	case NLMSG_DONE:
		/* Older kernels end without a number. */
		return size == 0 ? 0 : number_in(body, size);
	case NLMSG_ERROR:
		error = number_in(body, size);
		return error < 0 ? error : -EBADMSG;
	}
	return 1;
}

int netlink_parse(const void *piece, size_t size, uint32_t sequence,
		  netlink_take *take, void *argument)
{
	const char *at = piece;

	while (size > 0) {
		struct nlmsghdr head;
		size_t step;
		int more = 1;

		if (size < sizeof(head))
			return -EBADMSG;
		memcpy(&head, at, sizeof(head));
		if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > size)
			return -EBADMSG;
		if (head.nlmsg_seq == sequence)
			more = take_message(&head, at + sizeof(head),
					    head.nlmsg_len - sizeof(head), take,
					    argument);
		if (more <= 0)
			return more;
		step = NLMSG_ALIGN(head.nlmsg_len);
		if (step > size)
			step = size;
		at += step;
		size -= step;
	}
	return 1;
}

const void *netlink_attribute(const void *entry, size_t size, size_t head,
			      int type, size_t *length)
{
	const char *at = entry;
	struct nlattr attribute;

	for (size_t step = NLMSG_ALIGN(head); step < size;
	     step = NLA_ALIGN(attribute.nla_len)) {
		at += step;
		size -= step;
		if (size < sizeof(attribute))
			return NULL;
		memcpy(&attribute, at, sizeof(attribute));
		if (attribute.nla_len < sizeof(attribute) ||
		    attribute.nla_len > size)
			return NULL;
		if ((attribute.nla_type & NLA_TYPE_MASK) == type) {
			*length = attribute.nla_len - sizeof(attribute);
			return at + sizeof(attribute);
		}
	}
	return NULL;
}

static int ask(int fd, const void *request, size_t size, uint32_t sequence)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct {
		struct nlmsghdr head;
		char body[REQUEST_MAX];
	} message = {
		.head = {
			.nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = sequence,
		},
	};

	if (size > sizeof(message.body))
		return -EINVAL;
	memcpy(message.body, request, size);
	while (sendto(fd, &message, message.head.nlmsg_len, 0,
		      (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* A piece of the answer: its size, or -errno. */
static ssize_t receive(int fd, void *piece)
{
	struct sockaddr_nl sender = { 0 };
	struct iovec part = { piece, NETLINK_ROOM };
	struct msghdr message = {
		.msg_name = &sender,
		.msg_namelen = sizeof(sender),
		.msg_iov = &part,
		.msg_iovlen = 1,
	};

	for (;;) {
		ssize_t size = recvmsg(fd, &message, 0);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return -errno;
		if (message.msg_flags & MSG_TRUNC)
			return -EBADMSG;
		if (size == 0)
			return -EBADMSG;
		/* Any process may write to this socket. */
		if (sender.nl_pid == 0)
			return size;
	}
}

int netlink_dump(int fd, const void *request, size_t size, netlink_take *take,
		 void *argument)
{
	/* Of this thread's own, as several may ask at once. */
	_Alignas(struct nlmsghdr) char piece[NETLINK_ROOM];
	uint32_t sequence = 1;
	int more = ask(fd, request, size, sequence);

	if (more < 0)
		return more;
	do {
		ssize_t got = receive(fd, piece);

		if (got < 0)
			return (int)got;
		more = netlink_parse(piece, (size_t)got, sequence, take,
				     argument);
	} while (more > 0);
	return more;
}
