/* SPDX-License-Identifier: MIT */
/* heir_table.c - the sockets by which heirs wait, and are waited for. */
#include "config.h"

#include <errno.h>
#include <sys/socket.h>

#include "shim/heir.h"
#include "shim/heir_table.h"

static struct heir heirs[HEIRS];
static atomic_int used; /* from here on they never were */

struct heir *heir_next(struct heir *heir, const struct shim_hold *hold)
{
	struct heir *end = heirs + atomic_load(&used);

	for (heir = heir ? heir + 1 : heirs; heir < end; heir++)
		if (atomic_load(&heir->socket) > 0 &&
		    (!hold || heir->hold == hold))
			return heir;
	return NULL;
}

int heir_take(struct heir *heir)
{
	return atomic_exchange(&heir->socket, 0) - 1;
}

void heir_close(int socket)
{
	int error = errno;

	if (socket >= 0)
		pl_ops->close(socket);
	errno = error;
}

bool heir_add(struct shim_hold *hold, int socket, bool from_parent)
{
	static unsigned age;

	for (struct heir *heir = heirs; heir < heirs + HEIRS; heir++) {
		if (atomic_load(&heir->socket) != 0)
			continue;
		heir->hold = hold;
		heir->from_parent = from_parent;
		heir->shared = false;
		heir->age = age++;
		atomic_store(&heir->socket, socket + 1);
		if (heir - heirs >= atomic_load(&used))
			atomic_store(&used, (int)(heir - heirs) + 1);
		return true;
	}
	return false;
}

enum arrival heir_look(const struct heir *heir)
{
	int socket = atomic_load(&heir->socket) - 1, error = errno, cancel;
	enum arrival arrival;
	ssize_t size;
	char byte;

	if (socket < 0)
		return NEVER;
	cancel = shim_whole_begin();
	size = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	arrival = size > 0			? HAS_COME
		  : size < 0 && errno == EAGAIN ? NOTHING_YET
						: NEVER;
	shim_whole_end(cancel);
	errno = error;
	return arrival;
}

bool heir_move(int fd)
{
	struct heir *heir = NULL;
	int copy;

	while ((heir = heir_next(heir, NULL))) {
		if (atomic_load(&heir->socket) != fd + 1)
			continue;
		copy = pl_ops->dup(fd);
		if (copy < 0)
			return false;
		atomic_store(&heir->socket, copy + 1);
		pl_ops->close(fd);
		return true;
	}
	return false;
}
