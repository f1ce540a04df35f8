/* SPDX-License-Identifier: MIT */
/* seen.c - what this process has opened, for who reads before it locks.
 *
 * A table of hashes without locks: open() may be called by signal handlers.
 */
#include "config.h"

#include <string.h>

#include "shim/trace/trace.h"

#define SLOTS 8192
#define PROBES 64

static struct {
	_Atomic uint64_t hash; /* 0: free */
	/* Opened since the lock file that stands for it was last given back, or
	 * before there was one. */
	atomic_bool outside;
} table[SLOTS];

/* Its number, a new one if add says so; -1: it is not there, or no room. */
static int find(const char *real, bool add)
{
	uint64_t hash = shim_hash(real, strlen(real));

	for (unsigned probe = 0; probe < PROBES; probe++) {
		int slot = (int)((hash + probe) % SLOTS);
		uint64_t found = atomic_load(&table[slot].hash);

		if (found == 0 && !add)
			return -1;
		if (found == 0 && atomic_compare_exchange_strong(
					  &table[slot].hash, &found, hash))
			return slot;
		if (found == hash)
			return slot;
	}
	return -1;
}

void trace_saw(const char *real)
{
	int slot = find(real, true);

	if (slot >= 0)
		atomic_store(&table[slot].outside, true);
}

bool trace_has_seen(const char *real)
{
	return find(real, false) >= 0;
}

/* Where the path of what the lock file stands for ends: "X.lock" for X,
 * whatever follows the dot; NULL: it is not called so. */
static char *end_of_protected(char lock[PATH_MAX])
{
	char *base = strrchr(lock, '/');
	char *dot = base ? strrchr(base, '.') : NULL;

	return dot && dot > base + 1 ? dot : NULL;
}

void trace_protected(struct trace *trace, char lock[PATH_MAX])
{
	char *end = end_of_protected(lock);
	int slot;

	if (!end)
		return;
	*end = '\0';
	slot = find(lock, false);
	if (slot >= 0)
		trace_name(trace,
			   atomic_load(&table[slot].outside) ? "read="
							     : "again=",
			   lock);
	*end = '.';
}

void trace_unprotected(char lock[PATH_MAX])
{
	char *end = end_of_protected(lock);
	int slot;

	if (!end)
		return;
	*end = '\0';
	slot = find(lock, false);
	if (slot >= 0)
		atomic_store(&table[slot].outside, false);
	*end = '.';
}
