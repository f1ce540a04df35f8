/* SPDX-License-Identifier: MIT */
/* recent.c - paths and descriptors that led to nothing of concern a moment ago.
 *
 * The moment is part of the number that stands for one of them, so that nothing
 * has to be taken out of the table.
 */
#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "shim/recent.h"

#define SLOTS 1024
#define FDS 1024

/* Each number has one place, where the last one counts. */
static _Atomic uint64_t table[SLOTS];
static atomic_uint changes;
/* The same for each descriptor; some share one, which does no harm. */
static atomic_uint changes_of_fd[FDS];

static atomic_bool has_removed, distrusts;

static uint64_t mix(uint64_t number, uint64_t fact)
{
	number = (number ^ fact) * UINT64_C(0x9e3779b97f4a7c15);
	return number ^ number >> 32;
}

static uint64_t moment(uint64_t what)
{
	struct timespec now;

	shim_clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	what = mix(what, (uint64_t)now.tv_sec << 32 | (uint64_t)now.tv_nsec);
	return mix(what, atomic_load(&changes));
}

uint64_t recent_path(enum recent what, int directory, const char *path,
		     size_t length)
{
	uint64_t number, word = 0;

	if ((length == 0 || path[0] != '/') &&
	    (directory != AT_FDCWD || atomic_load(&distrusts)))
		return 0;
	number = mix(moment(what), length);
	for (; length >= sizeof(word); length -= sizeof(word)) {
		memcpy(&word, path, sizeof(word));
		number = mix(number, word);
		path += sizeof(word);
	}
	word = 0;
	memcpy(&word, path, length);
	number = mix(number, word);
	return number ? number : 1;
}

uint64_t recent_fd(enum shim_family family, int fd)
{
	uint64_t number;

	if (fd < 0 || atomic_load(&distrusts))
		return 0;
	number = moment(RECENT_LOCKED + family);
	number = mix(number, (uint64_t)fd << 32 |
				     atomic_load(&changes_of_fd[fd % FDS]));
	return number ? number : 1;
}

bool recent_has(uint64_t number)
{
	return number && atomic_load_explicit(&table[number % SLOTS],
					      memory_order_relaxed) == number;
}

void recent_note(uint64_t number)
{
	/* A child of vfork() is in another directory, perhaps, and has other
	 * descriptors. */
	if (number && shim_same_process())
		atomic_store_explicit(&table[number % SLOTS], number,
				      memory_order_relaxed);
}

void recent_forget(void)
{
	atomic_fetch_add(&changes, 1);
}

void recent_removed(void)
{
	atomic_store_explicit(&has_removed, true, memory_order_relaxed);
}

void recent_made_directory(void)
{
	if (atomic_load(&has_removed) && atomic_exchange(&has_removed, false))
		recent_forget();
}

void recent_forget_this_fd(int fd)
{
	if (fd >= 0)
		atomic_fetch_add(&changes_of_fd[fd % FDS], 1);
}

void recent_distrust(void)
{
	atomic_store(&distrusts, true);
}
