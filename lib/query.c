/* SPDX-License-Identifier: MIT */
/* query.c - what a handle can be asked. */
#include "config.h"

#include <errno.h>
#include <stdio.h>

#include "session.h"

bool portlock_has_locked(const portlock_t *lock)
{
	return lock && pl_is_sure(lock);
}

uint64_t portlock_token(const portlock_t *lock)
{
	if (!lock || !pl_is_sure(lock))
		return 0;
	return atomic_load(lock->transport == PL_ETCD ? &lock->revision
						      : &lock->token);
}

int portlock_lost_fd(const portlock_t *lock)
{
	if (!lock)
		return -EINVAL;
	if (lock->transport != PL_ETCD || !pl_is_held(lock))
		return -ENOENT;
	return atomic_load(&lock->timer);
}

int portlock_detail(portlock_t *lock, char *text, size_t size)
{
	struct pl_entry entry = pl_enter();
	char detail[PL_DETAIL_SIZE] = "";

	if (!lock || !text || size == 0)
		return pl_leave(&entry, -EINVAL);
	if (lock->cluster && !pl_session_reason(lock, detail))
		pl_detail_get(lock->cluster, detail);
	snprintf(text, size, "%s", detail);
	return pl_leave(&entry, 0);
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
