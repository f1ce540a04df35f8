/* SPDX-License-Identifier: MIT */
/* impostor.h - plain sockets that pretend to be the holder of a lock. */
#ifndef PORTLOCK_TESTS_IMPOSTOR_H
#define PORTLOCK_TESTS_IMPOSTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NOBODY 65534

/* The bytes of a grant, as the library writes them. */
struct grant_bytes {
	char magic[8];
	uint64_t token;
};
#define GRANT_BYTES                                                            \
	{                                                                      \
		{ 'p', 'l', 'g', 'r', 'a', 'n', 't', '1' }, 1                  \
	}

/* The gate of the key, bound and listening. */
int impostor_gate(const char *key);

/* The first connection in its queue; waits for one. */
int impostor_accept(int gate);

/* A message with descriptors, and the hang-up that wakes the waiter; false if
 * the waiter has gone, or takes none. */
bool impostor_send(int connection, const void *data, size_t size,
		   const int *fds, size_t count);

/* The process becomes the user, groups and all; root only. */
void become_user(uid_t uid);

#endif
