/* SPDX-License-Identifier: MIT */
/* looked.c - looks at a lock that is held. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "looked.h"
#include "support.h"

struct look_lock *look_at(struct look *seen, const char *key)
{
	char gate[128];

	snprintf(gate, sizeof(gate), "/portlock/%s", key);
	assert_int_equal(look(seen, gate), 0);
	assert_int_equal(seen->count, 1);
	assert_string_equal(seen->locks[0].gate, gate);
	return &seen->locks[0];
}

bool is_this_program(const char *command)
{
	return strstr(command, program_invocation_short_name) ||
	       strstr(command, "valgrind");
}
