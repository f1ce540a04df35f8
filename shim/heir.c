/* SPDX-License-Identifier: MIT */
/* heir.c - locks of open files go on in forked children. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shim/heir.h"

#define HEIRS 64
#define PATIENCE_MS 1000 /* of a daemon for the end of its parent */

/* One end of a socket; made around a fork only, which are one at a time. */
struct heir {
	atomic_int socket;	/* and 1; 0: free */
	struct shim_hold *hold; /* what may be sent */
	bool from_parent;	/* else: to a child */
	bool shared;		/* children of ours wait at it as well */
	unsigned age;		/* grows with every fork */
};

static struct heir heirs[HEIRS];
static atomic_int used; /* from here on they never were */

/* Of the fork that is going on. */
static struct {
	struct shim_hold *hold;
	int sockets[2]; /* the parent's, the child's */
} born[HEIRS];
static int births;

static __thread bool in_daemon;

static struct heir *next(struct heir *heir, const struct shim_hold *hold)
{
	struct heir *end = heirs + atomic_load(&used);

	for (heir = heir ? heir + 1 : heirs; heir < end; heir++)
		if (atomic_load(&heir->socket) > 0 &&
		    (!hold || heir->hold == hold))
			return heir;
	return NULL;
}

/* The socket is the caller's alone now; -1: somebody else was faster. */
static int take_socket(struct heir *heir)
{
	return atomic_exchange(&heir->socket, 0) - 1;
}

static void close_socket(int socket)
{
	int error = errno;

	if (socket >= 0)
		pl_ops->close(socket);
	errno = error;
}

static bool note(struct shim_hold *hold, int socket, bool from_parent)
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

enum arrival { NOTHING_YET, HAS_COME, NEVER };

static enum arrival look(const struct heir *heir)
{
	int socket = atomic_load(&heir->socket) - 1, error = errno;
	enum arrival arrival;
	ssize_t size;
	char byte;

	if (socket < 0)
		return NEVER;
	size = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
	arrival = size > 0			? HAS_COME
		  : size < 0 && errno == EAGAIN ? NOTHING_YET
						: NEVER;
	errno = error;
	return arrival;
}

/* ---- the child ---------------------------------------------------------------- */

static struct heir *expected(const struct shim_hold *hold)
{
	struct heir *heir = NULL;

	while ((heir = next(heir, hold)))
		if (heir->from_parent)
			return heir;
	return NULL;
}

bool heir_expects(struct shim_hold *hold)
{
	struct heir *heir = expected(hold);

	return heir && look(heir) != NEVER;
}

bool heir_expects_key(const struct pl_address *address)
{
	struct heir *heir = NULL;

	while ((heir = next(heir, NULL)))
		if (heir->from_parent && look(heir) != NEVER &&
		    strcmp(hold_lock(heir->hold)->address.name,
			   address->name) == 0)
			return true;
	return false;
}

void heir_claim(struct shim_hold *hold, bool closed)
{
	struct heir *heir = expected(hold);
	int socket;

	if (!heir || (closed && heir->shared) || look(heir) != HAS_COME)
		return;
	socket = take_socket(heir);
	if (socket < 0)
		return;
	if (hold_adopt(hold, socket))
		tie_adopt(hold);
	else
		close_socket(socket);
}

void heir_renounce(struct shim_hold *hold)
{
	struct heir *heir = expected(hold);

	if (heir)
		close_socket(take_socket(heir));
}

/* ---- the parent ----------------------------------------------------------------- */

static struct heir *youngest(const struct shim_hold *hold)
{
	struct heir *found = NULL, *heir = NULL;

	while ((heir = next(heir, hold)))
		if (!heir->from_parent && (!found || heir->age > found->age))
			found = heir;
	return found;
}

void heir_forget(struct shim_hold *hold)
{
	struct heir *heir = NULL;

	while ((heir = next(heir, hold)))
		if (!heir->from_parent)
			close_socket(take_socket(heir));
}

/* To the youngest that is there; all of it, if the process ends. */
static bool give(struct shim_hold *hold, bool ending)
{
	struct heir *heir;
	bool given = false;

	while (!given && (heir = youngest(hold))) {
		int socket = take_socket(heir);

		if (socket < 0)
			continue;
		given = hold_give(hold, socket, ending ? ~0u : 1);
		close_socket(socket);
	}
	if (given)
		heir_forget(hold);
	return given;
}

void heir_drop(struct shim_hold *hold)
{
	if (hold_is_shared(hold) || !give(hold, false))
		hold_drop(hold);
}

void heir_leave(void)
{
	struct heir *heir = NULL;

	if (!shim_same_process())
		return;
	while ((heir = next(heir, NULL)))
		if (!heir->from_parent)
			give(heir->hold, true);
}

/* ---- fork ------------------------------------------------------------------------ */

static void bear(struct shim_hold *hold)
{
	if (births < HEIRS && shim_fd_pair(born[births].sockets))
		born[births++].hold = hold;
}

void heir_before_fork(void)
{
	struct shim_hold *holds[HEIRS];
	struct heir *heir = NULL;
	int count;

	while ((heir = next(heir, NULL))) {
		if (heir->from_parent)
			heir_claim(heir->hold, false);
		else if (look(heir) == NEVER)
			close_socket(take_socket(heir));
	}
	births = 0;
	count = tie_list(holds, HEIRS);
	for (int i = 0; i < count; i++)
		bear(holds[i]);
}

/* What is expected still, parent and child wait for now. */
static void share(void)
{
	struct heir *heir = NULL;

	while ((heir = next(heir, NULL)))
		if (heir->from_parent)
			heir->shared = true;
}

void heir_after_fork(void)
{
	share();
	for (int i = 0; i < births; i++) {
		close_socket(born[i].sockets[1]);
		if (!note(born[i].hold, born[i].sockets[0], false))
			close_socket(born[i].sockets[0]);
		else if (in_daemon)
			give(born[i].hold, true);
	}
}

void heir_after_fork_in_child(void)
{
	struct heir *heir = NULL;

	share();
	while ((heir = next(heir, NULL)))
		if (!heir->from_parent)
			close_socket(take_socket(heir));
	for (int i = 0; i < births; i++) {
		close_socket(born[i].sockets[0]);
		if (note(born[i].hold, born[i].sockets[1], true))
			hold_keep(born[i].hold);
		else
			close_socket(born[i].sockets[1]);
	}
}

void heir_daemon_begins(void)
{
	in_daemon = true;
}

/* In the child, unless it failed. */
void heir_daemon_ends(void)
{
	int64_t deadline = pl_deadline_after(PATIENCE_MS);
	struct heir *heir = NULL;

	in_daemon = false;
	while ((heir = next(heir, NULL))) {
		struct pollfd come = { .fd = atomic_load(&heir->socket) - 1,
				       .events = POLLIN };

		if (!heir->from_parent)
			continue;
		pl_poll(&come, 1, deadline);
		heir_claim(heir->hold, false);
	}
}

/* ---- descriptors ------------------------------------------------------------------- */

bool heir_move(int fd)
{
	struct heir *heir = NULL;
	int copy;

	while ((heir = next(heir, NULL))) {
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
