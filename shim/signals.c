/* SPDX-License-Identifier: MIT */
/* signals.c - whether a wait goes on after a signal handler; calls that raise
 * none.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/shim.h"

/* What comes of the program's own faults interrupts no wait; crash handlers
 * for it are common. */
static bool is_fault(int number)
{
	switch (number) {
	case SIGABRT:
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
	case SIGSEGV:
	case SIGSYS:
	case SIGTRAP:
		return true;
	default:
		return false;
	}
}

bool shim_all_handlers_restart(void)
{
	struct sigaction action;

	for (int number = 1; number < NSIG; number++)
		if (!is_fault(number) &&
		    sigaction(number, NULL, &action) == 0 &&
		    action.sa_handler != SIG_DFL &&
		    action.sa_handler != SIG_IGN &&
		    !(action.sa_flags & SA_RESTART))
			return false;
	return true;
}

void shim_quiet_begin(struct shim_quiet *quiet)
{
	sigset_t raised;

	sigemptyset(&raised);
	sigaddset(&raised, SIGPIPE);
	sigaddset(&raised, SIGXFSZ);
	pthread_sigmask(SIG_BLOCK, &raised, &quiet->mask);
	sigpending(&quiet->pending);
}

/* libc's function would be a point where threads are cancelled. */
static void take_back(int number)
{
	static const struct timespec at_once;
	sigset_t raised;

	sigemptyset(&raised);
	sigaddset(&raised, number);
	while (syscall(SYS_rt_sigtimedwait, &raised, NULL, &at_once, NSIG / 8) <
		       0 &&
	       errno == EINTR)
		continue;
}

void shim_quiet_end(const struct shim_quiet *quiet)
{
	int error = errno;

	if (!sigismember(&quiet->pending, SIGPIPE))
		take_back(SIGPIPE);
	if (!sigismember(&quiet->pending, SIGXFSZ))
		take_back(SIGXFSZ);
	pthread_sigmask(SIG_SETMASK, &quiet->mask, NULL);
	errno = error;
}
