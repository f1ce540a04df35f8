/* SPDX-License-Identifier: MIT */
/* who.h - whose session it is, for people who look into etcd. */
#ifndef PORTLOCK_ETCD_WHO_H
#define PORTLOCK_ETCD_WHO_H

#include <stddef.h>

/* The host, and the process that started this one for the key, as JSON; NULL:
 * no memory. */
char *who_value(const char *key);

/* Of the words of a "portlock run", with a NUL byte each and one more at the
 * end: the name of the command that it runs under the key; NULL: it is none. */
const char *who_runs(const char *words, size_t size, const char *key);

#endif
