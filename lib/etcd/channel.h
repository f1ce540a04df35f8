/* SPDX-License-Identifier: MIT */
/* channel.h - packets from and to the handle. */
#ifndef PORTLOCK_ETCD_CHANNEL_H
#define PORTLOCK_ETCD_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/etcd/protocol.h"

struct channel {
	struct session_answer unsent; /* the handle reads too slowly */
	bool full;		      /* there is such a one */
};

/* The next packet's size, 0: none now, or -1: the handle is gone. */
long channel_read(char *packet, size_t size);

/* Says it, as soon as there is room.  What is not yet said and older, is not
 * said any more: only the last state counts. */
void channel_say(struct channel *channel, const struct session_answer *answer);

/* There may be room again. */
void channel_flush(struct channel *channel);

/* The handle sees the end of the session. */
void channel_close(void);

#endif
