/* SPDX-License-Identifier: MIT */
/* tie.c - holds that end with a descriptor, or with the last copy of it.
 *
 * A descriptor's number leads to its ties, and copies lead to the same ones.
 * No locks: close() is for signal handlers, too.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>

#include "shim/heir.h"

#define TIES 1024
#define FDS 65536 /* higher ones have no ties */
#define ENDING (-1)

struct tie {
	_Atomic(struct shim_hold *) hold; /* NULL: dropped already */
	/* In the child of a fork, what the parent may leave it. */
	_Atomic(struct shim_hold *) expected;
	atomic_int fds; /* that lead here; 0: free */
};

static struct tie ties[1 + TIES]; /* the first one is nobody's */
static atomic_ushort ties_of[TIE_KINDS][FDS];
static atomic_int top; /* no descriptor from here on ever had a tie */

static struct tie *tie_of(int fd, enum tie_kind kind)
{
	unsigned short index;

	if (fd < 0 || fd >= atomic_load_explicit(&top, memory_order_relaxed))
		return NULL;
	index = atomic_load(&ties_of[kind][fd]);
	return index ? &ties[index] : NULL;
}

bool tie_has(int fd)
{
	if (fd < 0 || fd >= atomic_load_explicit(&top, memory_order_relaxed))
		return false;
	for (int kind = 0; kind < TIE_KINDS; kind++)
		if (atomic_load(&ties_of[kind][fd]))
			return true;
	return false;
}

static struct tie *claim(void)
{
	for (struct tie *tie = ties + 1; tie <= ties + TIES; tie++) {
		int none = 0;

		if (atomic_load_explicit(&tie->fds, memory_order_relaxed) ==
			    0 &&
		    atomic_compare_exchange_strong(&tie->fds, &none, 1))
			return tie;
	}
	return NULL;
}

static void lead(int fd, enum tie_kind kind, const struct tie *tie)
{
	int seen = atomic_load(&top);

	atomic_store(&ties_of[kind][fd], (unsigned short)(tie - ties));
	while (seen <= fd && !atomic_compare_exchange_weak(&top, &seen, fd + 1))
		continue;
}

bool tie_make(int fd, enum tie_kind kind, struct shim_hold *hold)
{
	struct tie *tie = tie_of(fd, kind);
	struct shim_hold *none = NULL;

	if (fd < 0 || fd >= FDS)
		return false;
	if (tie)
		return atomic_compare_exchange_strong(&tie->hold, &none, hold);
	tie = claim();
	if (!tie)
		return false;
	atomic_store(&tie->hold, hold);
	lead(fd, kind, tie);
	return true;
}

struct shim_hold *tie_find(int fd, enum tie_kind kind)
{
	struct tie *tie = tie_of(fd, kind);

	return tie ? atomic_load(&tie->hold) : NULL;
}

struct shim_hold *tie_expected(int fd, enum tie_kind kind)
{
	struct tie *tie = tie_of(fd, kind);
	struct shim_hold *hold = tie ? atomic_load(&tie->expected) : NULL;

	return hold && heir_expects(hold) ? hold : NULL;
}

bool tie_expects(int fd, enum tie_kind kind)
{
	return tie_expected(fd, kind);
}

static void outlive(const struct tie *tie, struct shim_hold *hold)
{
	int end = atomic_load(&top);

	for (int fd = 0; fd < end; fd++)
		if (tie_of(fd, TIE_FLOCK) == tie) {
			hold_outlive(hold, fd);
			break;
		}
}

void tie_adopt(struct shim_hold *hold)
{
	for (struct tie *tie = ties + 1; tie <= ties + TIES; tie++) {
		struct shim_hold *expected = hold;

		if (!atomic_compare_exchange_strong(&tie->expected, &expected,
						    NULL))
			continue;
		hold_join(hold);
		outlive(tie, hold);
		atomic_store(&tie->hold, hold);
	}
}

static bool is_expected(const struct shim_hold *hold)
{
	for (struct tie *tie = ties + 1; tie <= ties + TIES; tie++)
		if (atomic_load(&tie->expected) == hold)
			return true;
	return false;
}

static void drop(struct tie *tie, bool closed)
{
	struct shim_hold *hold = atomic_load(&tie->expected);
	int cancel = shim_whole_begin();

	if (hold) {
		heir_claim(hold, closed);
		if (atomic_exchange(&tie->expected, NULL) && !is_expected(hold))
			heir_renounce(hold);
	}
	hold = atomic_exchange(&tie->hold, NULL);
	if (hold && closed)
		heir_drop(hold);
	else if (hold)
		hold_drop(hold);
	shim_whole_end(cancel);
}

void tie_cut(int fd, enum tie_kind kind)
{
	struct tie *tie = tie_of(fd, kind);

	if (tie)
		drop(tie, false);
}

/* The open file's lock goes with its last descriptor. */
static void tell_end(struct tie *tie, bool ends)
{
	const struct shim_hold *hold = atomic_load(&tie->hold);

	if (hold && atomic_load(&tie->fds) == 1)
		hold_tell_end(hold, ends);
}

bool tie_close_begin(int fd, struct tie_end *end)
{
	if (!tie_has(fd) || !shim_same_process())
		return false;
	for (int kind = 0; kind < TIE_KINDS; kind++)
		end->ties[kind] = &ties[atomic_exchange(&ties_of[kind][fd], 0)];
	tell_end(end->ties[TIE_FLOCK], true);
	return true;
}

/* One descriptor less leads here.  The last one takes the hold with it, while
 * the tie cannot be claimed yet. */
static void leave(struct tie *tie)
{
	int fds = atomic_load(&tie->fds);

	while (fds > 0 && !atomic_compare_exchange_weak(
				  &tie->fds, &fds, fds == 1 ? ENDING : fds - 1))
		continue;
	if (fds == 1) {
		drop(tie, true);
		atomic_store(&tie->fds, 0);
	}
}

void tie_close_finish(struct tie_end *end)
{
	int error = errno;

	for (int kind = 0; kind < TIE_KINDS; kind++)
		if (end->ties[kind] != ties)
			leave(end->ties[kind]);
	errno = error;
}

void tie_close_undo(int fd, const struct tie_end *end)
{
	tell_end(end->ties[TIE_FLOCK], false);
	for (int kind = 0; kind < TIE_KINDS; kind++)
		if (end->ties[kind] != ties)
			lead(fd, (enum tie_kind)kind, end->ties[kind]);
}

/* False: its last descriptor was closed meanwhile. */
static bool enter(struct tie *tie)
{
	int fds = atomic_load(&tie->fds);

	while (fds > 0)
		if (atomic_compare_exchange_weak(&tie->fds, &fds, fds + 1))
			return true;
	return false;
}

void tie_copy(int from, int to)
{
	if (!tie_has(from) || !shim_same_process())
		return;
	for (int kind = 0; kind < TIE_KINDS; kind++) {
		struct tie *tie = tie_of(from, (enum tie_kind)kind);

		if (!tie || to < 0 || to >= FDS || !enter(tie))
			continue;
		lead(to, (enum tie_kind)kind, tie);
	}
}

int tie_next(unsigned from, unsigned last)
{
	unsigned end = (unsigned)atomic_load(&top);

	for (unsigned fd = from; fd <= last && fd < end; fd++)
		if (tie_has((int)fd))
			return (int)fd;
	return -1;
}

static bool is_listed(struct shim_hold **holds, int count,
		      const struct shim_hold *hold)
{
	for (int i = 0; i < count; i++)
		if (holds[i] == hold)
			return true;
	return false;
}

int tie_list(struct shim_hold **holds, int limit)
{
	int count = 0, end = atomic_load(&top);

	for (int kind = TIE_FLOCK; kind < TIE_KINDS; kind++)
		for (int fd = 0; fd < end && count < limit; fd++) {
			struct shim_hold *hold =
				tie_find(fd, (enum tie_kind)kind);

			if (hold && !is_listed(holds, count, hold))
				holds[count++] = hold;
		}
	return count;
}

/* What is locked by way of the open file, is so in the child; it holds nothing
 * itself, though. */
static void expect(struct tie *tie)
{
	struct shim_hold *hold = atomic_exchange(&tie->hold, NULL);

	if (!hold)
		hold = atomic_load(&tie->expected);
	if (hold && (atomic_load(&tie->fds) == 0 || !heir_expects(hold)))
		hold = NULL;
	atomic_store(&tie->expected, hold);
}

static void after_fork_in_child(void)
{
	int end = atomic_load(&top);

	heir_after_fork_in_child();
	if (end == 0)
		return;
	/* Counted anew: another thread may have been at it. */
	for (struct tie *tie = ties; tie <= ties + TIES; tie++)
		atomic_store(&tie->fds, 0);
	for (int fd = 0; fd < end; fd++) {
		atomic_store(&ties_of[TIE_OPEN][fd], 0);
		for (int kind = TIE_FLOCK; kind < TIE_KINDS; kind++) {
			struct tie *tie = tie_of(fd, (enum tie_kind)kind);

			if (tie)
				atomic_fetch_add(&tie->fds, 1);
		}
	}
	for (struct tie *tie = ties; tie <= ties + TIES; tie++)
		expect(tie);
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(heir_before_fork, heir_after_fork, after_fork_in_child);
}
