/* SPDX-License-Identifier: MIT */
/* channel.c - packets from and to the handle. */
#include "config.h"

#include <errno.h>
#include <sys/socket.h>

#include "lib/etcd/channel.h"

/*
 * An empty packet is none of ours.  Of a handle that was closed before it had
 * read all that we have said, the kernel tells so, once, before it gives us
 * what the handle has said last: a release, perhaps.
 */
long channel_read(char *packet, size_t size)
{
	ssize_t got;

	do
		got = recv(SESSION_SOCKET, packet, size,
			   MSG_DONTWAIT | MSG_TRUNC);
	while (got < 0 && errno == ECONNRESET);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got <= 0 || (size_t)got > size)
		return -1;
	return got;
}

void channel_flush(struct channel *channel)
{
	ssize_t sent;

	if (!channel->full)
		return;
	sent = send(SESSION_SOCKET, &channel->unsent, sizeof(channel->unsent),
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	channel->full = sent < 0 && errno != EPIPE && errno != ECONNRESET;
}

/* Texts of others reach terminals in the end. */
static void make_plain(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

void channel_say(struct channel *channel, const struct session_answer *answer)
{
	channel->unsent = *answer;
	make_plain(channel->unsent.text);
	channel->full = true;
	channel_flush(channel);
}

void channel_close(void)
{
	shutdown(SESSION_SOCKET, SHUT_RDWR);
}
