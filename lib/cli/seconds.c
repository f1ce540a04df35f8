/* SPDX-License-Identifier: MIT */
/* seconds.c - times that a user gives. */
#include "config.h"

#include <ctype.h>
#include <inttypes.h>

#include "lib/cli/cli.h"

#define MAX_SECONDS INT64_C(1000000000)

/* With a fraction, rounded up; false if it is no time. */
static bool parse(const char *text, int64_t *ms)
{
	int64_t seconds = 0, fraction = 0, unit = 100;
	const char *at = text;
	bool rest = false;

	for (; isdigit((unsigned char)*at) && seconds <= MAX_SECONDS; at++)
		seconds = 10 * seconds + (*at - '0');
	if (*at == '.') {
		for (at++; isdigit((unsigned char)*at); at++, unit /= 10) {
			fraction += unit * (*at - '0');
			rest |= unit == 0 && *at != '0';
		}
	}
	*ms = 1000 * seconds + fraction + rest;
	return *at == '\0' && at > text && isdigit((unsigned char)at[-1]) &&
	       seconds <= MAX_SECONDS;
}

int take_seconds(const struct verb *verb, const char *value, int64_t *ms)
{
	if (parse(value, ms))
		return 0;
	return misuse(verb,
		      "'%s' is no time to wait: use seconds, such as 10 or "
		      "0.5 (at most %" PRId64 ")",
		      value, MAX_SECONDS);
}
