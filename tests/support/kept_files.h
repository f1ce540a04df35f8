/* SPDX-License-Identifier: MIT */
/* kept_files.h - files a and b whose rule has transport=etcd, and shells that
 * lock them by flock(1): for test_shim_etcd_kept and its parts.
 */
#ifndef PORTLOCK_TESTS_SUPPORT_KEPT_FILES_H
#define PORTLOCK_TESTS_SUPPORT_KEPT_FILES_H

#include "filelock.h"
#include "guard.h"

#define NEWLINES 0x0a0a0a0a0a0a0a0a /* for a shell's read */

/* Tells that it is inside, and waits to be told to leave; by itself, as what it
 * started would share its files. */
#define INSIDE "printf \"\\0\\0\\0\\0\\0\\0\\0\\0\"; read -r word"
/* Tells where it is, and goes on when it is told to. */
#define HERE "printf \"\\0\\0\\0\\0\\0\\0\\0\\0\"; head -c 8 >/dev/null"

/* What those rules write. */
extern char log_file[600];

/* For cmocka, as those of filelock.h; with a cluster and guards besides. */
int kept_setup(void **state);
int kept_teardown(void **state);

#define with_files(test)                                                       \
	cmocka_unit_test_setup_teardown(test, kept_setup, kept_teardown)

const char *kept_rules(struct filelock_names *names, const char *options);

/* One that is inside. */
struct child *shell(struct filelock_names *names, const char *options,
		    const char *script);

/* By another file: only the key keeps it out. */
struct child *rival(struct filelock_names *names);

/* The latter for wait_until(). */
bool log_has(const char *text);
bool is_logged(void *text);

/* False, with the reason said, where guard_is_in_time() is, or without flock(1).
 */
bool kept_can_be_tested(void);

#endif
