/* SPDX-License-Identifier: MIT */
/* victim_passwd.h - what victim_passwd can be told, by number or name. */
#ifndef PORTLOCK_TESTS_VICTIM_PASSWD_H
#define PORTLOCK_TESTS_VICTIM_PASSWD_H

#define VICTIM_PASSWD_COMMANDS(X)                                              \
	X(lock)                                                                \
	X(unlock)                                                              \
	X(lock_in_thread)                                                      \
	X(lock_in_child)                                                       \
	X(unlock_in_child)                                                     \
	X(interrupt) /* let a handler without SA_RESTART serve SIGUSR1 */      \
	X(count)     /* rounds: lock, count in shared memory, unlock */        \
	X(hold)	     /* until the end of the input */

enum victim_passwd_command {
#define VICTIM_PASSWD_NUMBER(name) PASSWD_##name,
	VICTIM_PASSWD_COMMANDS(VICTIM_PASSWD_NUMBER)
#undef VICTIM_PASSWD_NUMBER
};

#define VICTIM_PASSWD_ROUNDS 50
#define VICTIM_PASSWD_REFUSED 1000 /* -1 without an errno */

#endif
