/* SPDX-License-Identifier: MIT */
/* recent.c - paths that led to nothing of concern a moment ago.
 *
 * The moment is part of the number that stands for a path, so that nothing has
 * to be taken out of the table.
 */
#include "config.h"

#include <dlfcn.h>
#include <string.h>
#include <time.h>

#include "shim/recent.h"

#define SLOTS 1024

/* Each number has one place, where the last one counts. */
static _Atomic uint64_t table[SLOTS];
static atomic_uint changes;

/* Without a system call.  Another preload may have a clock of its own, which
 * stands still, or opens files. */
static atomic_bool has_libcs_clock;

__attribute__((constructor)) static void look_for_clock(void)
{
	Dl_info clock, libc;

	atomic_store(&has_libcs_clock,
		     dladdr((void *)clock_gettime, &clock) &&
			     dladdr((void *)clock_getcpuclockid, &libc) &&
			     clock.dli_fbase == libc.dli_fbase);
}

static void tick(struct timespec *now)
{
	if (atomic_load_explicit(&has_libcs_clock, memory_order_relaxed))
		clock_gettime(CLOCK_MONOTONIC_COARSE, now);
	else
		shim_clock_gettime(CLOCK_MONOTONIC_COARSE, now);
}

static uint64_t mix(uint64_t number, uint64_t fact)
{
	number = (number ^ fact) * UINT64_C(0x9e3779b97f4a7c15);
	return number ^ number >> 32;
}

uint64_t recent_number(enum shim_family family, const char *path, size_t length)
{
	uint64_t number = mix(family, length), word;
	struct timespec now;

	if (path[0] != '/')
		return 0;
	tick(&now);
	number = mix(number, (uint64_t)now.tv_sec);
	number = mix(number, (uint64_t)now.tv_nsec);
	number = mix(number, atomic_load(&changes));
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

bool recent_has(uint64_t number)
{
	return number && atomic_load_explicit(&table[number % SLOTS],
					      memory_order_relaxed) == number;
}

void recent_note(uint64_t number)
{
	if (number)
		atomic_store_explicit(&table[number % SLOTS], number,
				      memory_order_relaxed);
}

void recent_forget(void)
{
	atomic_fetch_add(&changes, 1);
}
