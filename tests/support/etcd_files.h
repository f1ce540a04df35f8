/* SPDX-License-Identifier: MIT */
/* etcd_files.h - files whose rule has transport=etcd, and victims that lock
 * them: for test_shim_etcd and its parts.
 */
#ifndef PORTLOCK_TESTS_SUPPORT_ETCD_FILES_H
#define PORTLOCK_TESTS_SUPPORT_ETCD_FILES_H

#include <stdio.h>

#include "filelock.h"
#include "guard.h"

/* For cmocka, as those of filelock.h; with a cluster and guards besides. */
static inline int etcd_files_setup(void **state)
{
	int error = filelock_setup(state);

	cluster = guard_begin();
	return error;
}

static inline int etcd_files_teardown(void **state)
{
	guard_end();
	return filelock_teardown(state);
}

#define with_files(test)                                                       \
	cmocka_unit_test_setup_teardown(test, etcd_files_setup,                \
					etcd_files_teardown)

static inline const char *rules_with(struct filelock_names *names,
				     const char *options)
{
	static char rules[2048];

	snprintf(rules, sizeof(rules), "flock %s/* key=%s transport=etcd %s",
		 names->folder, names->key, options);
	return rules;
}

static inline struct child *start(struct filelock_names *names,
				  const char *options)
{
	return filelock_start(names, rules_with(names, options));
}

/* One that has flock()ed the file a. */
static inline struct child *holder(struct filelock_names *names,
				   const char *options)
{
	struct child *victim = start(names, options);

	assert_int_equal(victim_do(victim, FILE_ex), 0);
	return victim;
}

#endif
