/* SPDX-License-Identifier: MIT */
/* query.c - what a handle can be asked. */
#include "config.h"

#include <errno.h>

#include "internal.h"

bool portlock_has_locked(const portlock_t *lock)
{
	return lock && pl_is_held(lock);
}

uint64_t portlock_token(const portlock_t *lock)
{
	return lock && pl_is_held(lock) ? atomic_load(&lock->token) : 0;
}

int portlock_ports(const portlock_t *lock, uint16_t ports[PORTLOCK_PORTS])
{
	if (!lock || !ports)
		return -EINVAL;
	for (int i = 0; i < PORTLOCK_PORTS; i++)
		ports[i] = (uint16_t)(lock->address.first_port + i);
	return 0;
}

const char *portlock_gate(const portlock_t *lock)
{
	return lock ? lock->address.name : NULL;
}

const char *portlock_version(void)
{
	return PORTLOCK_VERSION;
}
