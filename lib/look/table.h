/* SPDX-License-Identifier: MIT */
/* table.h - gates, and who is in their queues, by the numbers of sockets. */
#ifndef PORTLOCK_LOOK_TABLE_H
#define PORTLOCK_LOOK_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/internal.h"

#define TABLE_UID_UNKNOWN ((uid_t)-1)

struct table_gate {
	char name[PL_GATE_MAX + 1];
	uint32_t inode;
	uid_t uid; /* who made the socket, or TABLE_UID_UNKNOWN */
	bool listens;
	/* The sockets of those who have connected, in order; 0: closed. */
	uint32_t *queue;
	int queued;
};

/* A connected socket that somebody has open. */
struct table_client {
	uint32_t inode;
	uid_t uid;
};

struct table {
	struct table_gate *gates; /* sorted by name, no name twice */
	int gate_count;
	bool queues_known;
	struct table_client *clients; /* sorted; if any queue is not empty */
	int client_count;
};

/*
 * Reads the gates (with a name: that one) of this network namespace.  0 with
 * something to free, or -errno with nothing.
 */
int table_read(struct table *table, const char *name);
void table_free(struct table *table);

/* Leaves those gates that are chosen. */
typedef bool table_choice(const char *gate, const void *argument);
void table_choose(struct table *table, table_choice *choice,
		  const void *argument);

/* NULL: nobody has that socket, or it is shut down. */
const struct table_client *table_client(const struct table *table,
					uint32_t inode);

/* A name as the kernel has it is that of a gate. */
bool table_is_gate(const char *bytes, size_t length);

/* For those who read it: one more gate or client, zeroed, NULL: no memory. */
struct table_gate *table_add_gate(struct table *table);
struct table_client *table_add_client(struct table *table);

/* The array with room for one more than count; NULL: no memory, and the array
 * is as it was. */
void *table_grow(void *array, int count, size_t size);

/* diag_unix.c, proc_unix.c: the two ways to know; table_read() sorts. */
int diag_unix(struct table *table, const char *name);
int proc_unix(struct table *table, const char *name);

#endif
