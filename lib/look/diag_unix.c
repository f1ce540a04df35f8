/* SPDX-License-Identifier: MIT */
/* diag_unix.c - gates and their queues, as sock_diag tells them.
 *
 * An accept queue is told as the inodes of the sockets that connected, in its
 * order, which nothing else in the system shows.  Those that were accepted, and
 * those on our side of a connection that was not, have the gate's name too;
 * they are connected, and so told from gates by their state.
 */
#include "config.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>

#include "netlink.h"
#include "table.h"

#define STATE(state) (1u << (state))

/* What the three questions have in common. */
struct reading {
	struct table *table;
	const char *name; /* of the one gate that is asked for, or NULL */
	bool has_queues;
};

static int dump(int fd, uint32_t states, uint32_t show, netlink_take *take,
		struct reading *reading)
{
	const struct unix_diag_req request = {
		.sdiag_family = AF_UNIX,
		.udiag_states = states,
		.udiag_show = show,
	};

	return netlink_dump(fd, &request, sizeof(request), take, reading);
}

/* The head of an entry of the answer: -EBADMSG if it is not all there. */
static int head_of(const void *entry, size_t size, struct unix_diag_msg *head)
{
	if (size < sizeof(*head))
		return -EBADMSG;
	memcpy(head, entry, sizeof(*head));
	return head->udiag_family == AF_UNIX ? 0 : -EBADMSG;
}

/* The attribute of that type in an entry, whose size is known. */
static bool get(void *value, size_t value_size, const void *entry, size_t size,
		int type)
{
	size_t length;
	const void *found = netlink_attribute(
		entry, size, sizeof(struct unix_diag_msg), type, &length);

	if (!found || length < value_size)
		return false;
	memcpy(value, found, value_size);
	return true;
}

static int take_gate(const void *entry, size_t size, void *argument)
{
	struct reading *reading = argument;
	struct unix_diag_rqlen queue;
	struct unix_diag_msg head;
	struct table_gate *gate;
	const char *name;
	size_t length;

	if (head_of(entry, size, &head) < 0)
		return -EBADMSG;
	name = netlink_attribute(entry, size, sizeof(head), UNIX_DIAG_NAME,
				 &length);
	if (!name || length < 1 || name[0] != '\0' ||
	    head.udiag_type != SOCK_STREAM ||
	    !table_is_gate(name + 1, length - 1))
		return 0;
	if (reading->name && (strlen(reading->name) != length - 1 ||
			      memcmp(reading->name, name + 1, length - 1) != 0))
		return 0;
	gate = table_add_gate(reading->table);
	if (!gate)
		return -ENOMEM;
	memcpy(gate->name, name + 1, length - 1);
	gate->inode = head.udiag_ino;
	gate->listens = head.udiag_state == TCP_LISTEN;
	/* Since Linux 5.3. */
	if (!get(&gate->uid, sizeof(gate->uid), entry, size, UNIX_DIAG_UID))
		gate->uid = TABLE_UID_UNKNOWN;
	if (gate->listens &&
	    get(&queue, sizeof(queue), entry, size, UNIX_DIAG_RQLEN))
		reading->has_queues |= queue.udiag_rqueue > 0;
	return 0;
}

static struct table_gate *find_gate(struct table *table, uint32_t inode)
{
	for (int i = 0; i < table->gate_count; i++)
		if (table->gates[i].inode == inode)
			return &table->gates[i];
	return NULL;
}

static int take_queue(const void *entry, size_t size, void *argument)
{
	struct reading *reading = argument;
	struct unix_diag_msg head;
	struct table_gate *gate;
	const void *queue;
	size_t length;

	if (head_of(entry, size, &head) < 0)
		return -EBADMSG;
	queue = netlink_attribute(entry, size, sizeof(head), UNIX_DIAG_ICONS,
				  &length);
	if (!queue || length < sizeof(uint32_t))
		return 0;
	gate = find_gate(reading->table, head.udiag_ino);
	if (!gate || gate->queue)
		return 0;
	gate->queued = (int)(length / sizeof(uint32_t));
	gate->queue = calloc((size_t)gate->queued, sizeof(uint32_t));
	if (!gate->queue)
		return -ENOMEM;
	memcpy(gate->queue, queue, (size_t)gate->queued * sizeof(uint32_t));
	return 0;
}

static int take_client(const void *entry, size_t size, void *argument)
{
	struct reading *reading = argument;
	struct table_client *client;
	struct unix_diag_msg head;
	uint8_t ends = 0;

	if (head_of(entry, size, &head) < 0)
		return -EBADMSG;
	/* Who gives up shuts its end down, and closes it then. */
	get(&ends, sizeof(ends), entry, size, UNIX_DIAG_SHUTDOWN);
	if (head.udiag_ino == 0 || head.udiag_type != SOCK_STREAM || ends != 0)
		return 0;
	client = table_add_client(reading->table);
	if (!client)
		return -ENOMEM;
	client->inode = head.udiag_ino;
	if (!get(&client->uid, sizeof(client->uid), entry, size, UNIX_DIAG_UID))
		client->uid = TABLE_UID_UNKNOWN;
	return 0;
}

static int ask(int fd, struct reading *reading)
{
	/*
	 * Queues are a question of their own: to the first question of a socket
	 * the kernel answers in pieces of a page, and a queue that does not fit
	 * into one ends the answer, as if there were nothing more.
	 */
	int error = dump(fd, STATE(TCP_LISTEN) | STATE(TCP_CLOSE),
			 UDIAG_SHOW_NAME | UDIAG_SHOW_RQLEN | UDIAG_SHOW_UID,
			 take_gate, reading);

	if (error < 0 || !reading->has_queues)
		return error;
	error = dump(fd, STATE(TCP_LISTEN), UDIAG_SHOW_ICONS, take_queue,
		     reading);
	/* After the queues: who is not among these has gone. */
	if (error == 0)
		error = dump(fd, STATE(TCP_ESTABLISHED), UDIAG_SHOW_UID,
			     take_client, reading);
	return error;
}

int diag_unix(struct table *table, const char *name)
{
	struct reading reading = { .table = table, .name = name };
	int fd = netlink_open();
	int error;

	if (fd < 0)
		return fd;
	error = ask(fd, &reading);
	close(fd);
	table->queues_known = true;
	return error;
}
