/* SPDX-License-Identifier: MIT */
/* table.c - gates and their queues, put in order. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

/* How often a table is asked for that changes while the kernel tells. */
#define READS_MAX 5

/* A socket that goes while the kernel tells can take another one out of sight:
 * what is not seen that often is not there. */
#define UNSEEN 2

void *table_grow(void *array, int count, size_t size)
{
	/* Full whenever the count is a power of two. */
	if ((count & (count - 1)) != 0)
		return array;
	return reallocarray(array, count ? 2 * (size_t)count : 1, size);
}

struct table_gate *table_add_gate(struct table *table)
{
	struct table_gate *gates =
		table_grow(table->gates, table->gate_count, sizeof(*gates));

	if (!gates)
		return NULL;
	table->gates = gates;
	gates += table->gate_count++;
	memset(gates, 0, sizeof(*gates));
	return gates;
}

struct table_client *table_add_client(struct table *table)
{
	struct table_client *clients = table_grow(
		table->clients, table->client_count, sizeof(*clients));

	if (!clients)
		return NULL;
	table->clients = clients;
	clients += table->client_count++;
	memset(clients, 0, sizeof(*clients));
	return clients;
}

bool table_is_gate(const char *bytes, size_t length)
{
	const size_t prefix = sizeof(PL_GATE_PREFIX) - 1;

	return length > prefix && length <= PL_GATE_MAX &&
	       memcmp(bytes, PL_GATE_PREFIX, prefix) == 0 &&
	       !memchr(bytes, '\0', length);
}

static int by_name(const void *one, const void *other)
{
	const struct table_gate *a = one, *b = other;

	return strcmp(a->name, b->name);
}

static int by_inode(const void *one, const void *other)
{
	const struct table_client *a = one, *b = other;

	return (a->inode > b->inode) - (a->inode < b->inode);
}

/* A table that changes while it is told can have a name twice: of these sockets
 * at most one is left. */
static void sort(struct table *table)
{
	int kept = 0;

	if (table->gate_count > 0)
		qsort(table->gates, (size_t)table->gate_count,
		      sizeof(*table->gates), by_name);
	if (table->client_count > 0)
		qsort(table->clients, (size_t)table->client_count,
		      sizeof(*table->clients), by_inode);
	for (int i = 0; i < table->gate_count; i++) {
		struct table_gate *gate = &table->gates[i];

		if (kept > 0 && by_name(gate, &table->gates[kept - 1]) == 0)
			free(gate->queue);
		else
			table->gates[kept++] = *gate;
	}
	table->gate_count = kept;
}

const struct table_client *table_client(const struct table *table,
					uint32_t inode)
{
	const struct table_client key = { inode, 0 };

	if (table->client_count == 0 || inode == 0)
		return NULL;
	return bsearch(&key, table->clients, (size_t)table->client_count,
		       sizeof(key), by_inode);
}

void table_choose(struct table *table, table_choice *choice,
		  const void *argument)
{
	int kept = 0;

	for (int i = 0; i < table->gate_count; i++) {
		struct table_gate *gate = &table->gates[i];

		if (choice(gate->name, argument))
			table->gates[kept++] = *gate;
		else
			free(gate->queue);
	}
	table->gate_count = kept;
}

void table_free(struct table *table)
{
	for (int i = 0; i < table->gate_count; i++)
		free(table->gates[i].queue);
	free(table->gates);
	free(table->clients);
	memset(table, 0, sizeof(*table));
}

/* Not that the kernel refuses to tell, but that there is nothing to ask with. */
static bool is_lack(int error)
{
	return error == -ENOMEM || error == -EMFILE || error == -ENFILE ||
	       error == -ENOBUFS;
}

int table_read(struct table *table, const char *name)
{
	int error, refusal;

	for (int reads = 0; reads < READS_MAX; reads++) {
		memset(table, 0, sizeof(*table));
		error = diag_unix(table, name);
		if (error == 0 &&
		    (!name || table->gate_count > 0 || reads >= UNSEEN)) {
			sort(table);
			return 0;
		}
		table_free(table);
		if (error < 0 && error != -EAGAIN)
			break;
	}
	if (is_lack(error))
		return error;
	refusal = error;
	error = proc_unix(table, name);
	if (error < 0) {
		table_free(table);
		return is_lack(error) ? error : refusal;
	}
	sort(table);
	return 0;
}
