/* SPDX-License-Identifier: MIT */
/* signals.c - whether a wait goes on after a signal handler. */
#include "config.h"

#include <signal.h>

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
