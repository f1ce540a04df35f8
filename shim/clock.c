/* SPDX-License-Identifier: MIT */
/* clock.c - the kernel's clocks for the core, the program's for the program.
 *
 * Another preload (libfaketime) may show the program other times than ours.
 * Deadlines and tokens are compared between processes, so the core has those
 * of libc itself, which reads them without a system call; but a deadline of
 * the program's is one of the clock that it sees.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/shim.h"

#define NS_PER_S INT64_C(1000000000)

/* The calls below are those of the kernel that have the C library's types. */
_Static_assert(sizeof(time_t) == sizeof(long), "other system calls needed");

typedef int clock_function(clockid_t, struct timespec *);

static int ask_kernel(clockid_t clock, struct timespec *now)
{
	return (int)syscall(SYS_clock_gettime, clock, now);
}

static _Atomic(clock_function *) read_clock = ask_kernel;

static bool is_libcs(const void *function)
{
	Dl_info found, libc;

	return function && dladdr(function, &found) &&
	       dladdr((void *)gnu_get_libc_version, &libc) &&
	       found.dli_fbase == libc.dli_fbase;
}

/* What other preloads define has no version. */
__attribute__((constructor)) static void look_for_libcs_clock(void)
{
	static const char *const versions[] = { "GLIBC_2.17", "GLIBC_2.27",
						"GLIBC_2.36" };

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		void *function =
			dlvsym(RTLD_NEXT, "clock_gettime", versions[i]);

		if (!is_libcs(function))
			continue;
		atomic_store(&read_clock, (clock_function *)function);
		return;
	}
}

int shim_clock_gettime(clockid_t clock, struct timespec *now)
{
	return atomic_load_explicit(&read_clock, memory_order_relaxed)(clock,
								       now);
}

int shim_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	       const sigset_t *mask)
{
	/* The kernel writes to it what is left. */
	struct timespec left = timeout ? *timeout : (struct timespec){ 0 };

	return (int)syscall(SYS_ppoll, fds, count, timeout ? &left : NULL, mask,
			    (size_t)(_NSIG / 8));
}

int64_t shim_deadline(clockid_t clock, const struct timespec *until)
{
	const int64_t far = PL_NEVER / NS_PER_S;
	int64_t left, deadline, seconds = until ? until->tv_sec : far;
	struct timespec now = { 0 };

	if (seconds >= far)
		return PL_NEVER;
	if (seconds < 0)
		return 0;
	clock_gettime(clock, &now);
	left = (seconds - now.tv_sec) * NS_PER_S + until->tv_nsec - now.tv_nsec;
	if (__builtin_add_overflow(pl_now(CLOCK_MONOTONIC), left, &deadline))
		return PL_NEVER;
	return deadline;
}
