/* SPDX-License-Identifier: MIT */
/* heir.c - locks of open files go on in forked children. */
#include "config.h"

#include <poll.h>
#include <string.h>

#include "shim/heir.h"
#include "shim/heir_table.h"

#define PATIENCE_MS 1000 /* of a daemon for the end of its parent */

/* Of the fork that is going on. */
static struct {
	struct shim_hold *hold;
	int sockets[2]; /* the parent's, the child's */
} born[HEIRS];
static int births;

static __thread bool in_daemon;

/* ---- the child ----------------------------------------------------------- */

static struct heir *expected(const struct shim_hold *hold)
{
	struct heir *heir = NULL;

	while ((heir = heir_next(heir, hold)))
		if (heir->from_parent)
			return heir;
	return NULL;
}

bool heir_expects(struct shim_hold *hold)
{
	struct heir *heir = expected(hold);

	return heir && heir_look(heir) != NEVER;
}

bool heir_expects_key(const struct pl_address *address)
{
	struct heir *heir = NULL;

	while ((heir = heir_next(heir, NULL)))
		if (heir->from_parent && heir_look(heir) != NEVER &&
		    strcmp(hold_address(heir->hold)->name, address->name) == 0)
			return true;
	return false;
}

void heir_claim(struct shim_hold *hold, bool closed)
{
	struct heir *heir = expected(hold);
	int socket;

	if (!heir || (closed && heir->shared) || heir_look(heir) != HAS_COME)
		return;
	socket = heir_take(heir);
	if (socket < 0)
		return;
	if (hold_adopt(hold, socket))
		tie_adopt(hold);
	else
		heir_close(socket);
}

void heir_renounce(struct shim_hold *hold)
{
	struct heir *heir = expected(hold);

	if (heir)
		heir_close(heir_take(heir));
}

/* ---- the parent ---------------------------------------------------------- */

static struct heir *youngest(const struct shim_hold *hold)
{
	struct heir *found = NULL, *heir = NULL;

	while ((heir = heir_next(heir, hold)))
		if (!heir->from_parent && (!found || heir->age > found->age))
			found = heir;
	return found;
}

void heir_forget(struct shim_hold *hold)
{
	struct heir *heir = NULL;

	while ((heir = heir_next(heir, hold)))
		if (!heir->from_parent)
			heir_close(heir_take(heir));
}

/* To the youngest that is there; all of it, if the process ends. */
static bool give(struct shim_hold *hold, bool ending)
{
	struct heir *heir;
	bool given = false;

	/* The guard keeps it, for the heirs as well. */
	if (ending && hold_outlives(hold))
		return false;

	while (!given && (heir = youngest(hold))) {
		int socket = heir_take(heir);

		if (socket < 0)
			continue;
		given = hold_give(hold, socket, ending ? ~0u : 1);
		heir_close(socket);
	}
	if (given)
		heir_forget(hold);
	return given;
}

void heir_drop(struct shim_hold *hold)
{
	if (hold_count(hold) > 1 || !give(hold, false))
		hold_drop(hold);
}

void heir_leave(void)
{
	struct heir *heir = NULL;
	int cancel;

	if (!shim_same_process())
		return;
	cancel = shim_whole_begin();
	while ((heir = heir_next(heir, NULL)))
		if (!heir->from_parent)
			give(heir->hold, true);
	shim_whole_end(cancel);
}

/* ---- fork ---------------------------------------------------------------- */

static void bear(struct shim_hold *hold)
{
	if (births < HEIRS && shim_fd_pair(born[births].sockets))
		born[births++].hold = hold;
}

void heir_before_fork(void)
{
	struct shim_hold *holds[HEIRS];
	struct heir *heir = NULL;
	int count, cancel = shim_whole_begin();

	while ((heir = heir_next(heir, NULL))) {
		if (heir->from_parent)
			heir_claim(heir->hold, false);
		/* Of a parent that ended without it, too: the child is not to
		 * wait by that instead of by ours. */
		if (heir_look(heir) == NEVER)
			heir_close(heir_take(heir));
	}
	births = 0;
	count = tie_list(holds, HEIRS);
	for (int i = 0; i < count; i++)
		bear(holds[i]);
	shim_whole_end(cancel);
}

/* What is expected still, parent and child wait for now. */
static void share(void)
{
	struct heir *heir = NULL;

	while ((heir = heir_next(heir, NULL)))
		if (heir->from_parent)
			heir->shared = true;
}

void heir_after_fork(void)
{
	int cancel = shim_whole_begin();

	share();
	for (int i = 0; i < births; i++) {
		heir_close(born[i].sockets[1]);
		if (!heir_add(born[i].hold, born[i].sockets[0], false))
			heir_close(born[i].sockets[0]);
		else if (in_daemon)
			give(born[i].hold, true);
	}
	shim_whole_end(cancel);
}

void heir_after_fork_in_child(void)
{
	struct heir *heir = NULL;
	int cancel = shim_whole_begin();

	share();
	while ((heir = heir_next(heir, NULL)))
		if (!heir->from_parent)
			heir_close(heir_take(heir));
	for (int i = 0; i < births; i++) {
		heir_close(born[i].sockets[0]);
		if (heir_add(born[i].hold, born[i].sockets[1], true))
			hold_keep(born[i].hold);
		else
			heir_close(born[i].sockets[1]);
	}
	shim_whole_end(cancel);
}

void heir_daemon_begins(void)
{
	in_daemon = true;
}

/* In the child, unless it failed. */
void heir_daemon_ends(void)
{
	struct heir *heir = heir_next(NULL, NULL);
	int64_t deadline;
	int cancel;

	in_daemon = false;
	if (!heir)
		return;
	cancel = shim_whole_begin();
	deadline = pl_deadline_after(PATIENCE_MS);
	for (; heir; heir = heir_next(heir, NULL)) {
		struct pollfd come = { .fd = atomic_load(&heir->socket) - 1,
				       .events = POLLIN };

		if (!heir->from_parent)
			continue;
		pl_poll(&come, 1, deadline);
		heir_claim(heir->hold, false);
	}
	shim_whole_end(cancel);
}
