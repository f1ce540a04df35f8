/* SPDX-License-Identifier: MIT */
/* check.h - settings as they came, and whether they are as they must be. */
#ifndef PORTLOCK_ETCD_CHECK_H
#define PORTLOCK_ETCD_CHECK_H

#include <stddef.h>

#include "lib/etcd/settings.h"

/* The values as they came, NULL if they did not, and where complaints go. */
struct raw {
	const char *key, *endpoints, *prefix, *ca, *certificate;
	const char *certificate_key, *user, *password, *password_file;
	const char *ttl, *contact;
	char *text;
	size_t text_size;
};

/* -EINVAL, with the text. */
__attribute__((format(printf, 2, 3))) int complain(const struct raw *raw,
						   const char *format, ...);

/* A copy; NULL is one of itself.  0 or -ENOMEM. */
int keep(char **to, const char *value);

/* Those of raw that are no mere texts, and whether all go together: 0, -EINVAL
 * or -ENOMEM. */
int settings_check(struct settings *settings, const struct raw *raw);

#endif
