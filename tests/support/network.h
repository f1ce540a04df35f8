/* SPDX-License-Identifier: MIT */
/* network.h - a network namespace of a test's own. */
#ifndef PORTLOCK_TESTS_SUPPORT_NETWORK_H
#define PORTLOCK_TESTS_SUPPORT_NETWORK_H

#include <stdbool.h>

/*
 * From here on this process and its children are alone in a network, where they
 * are root: no lock of anybody else is there.  False if the system does not let
 * us.
 */
bool network_enter(void);

#endif
