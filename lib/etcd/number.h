/* SPDX-License-Identifier: MIT */
/* number.h - 64-bit numbers, which etcd's JSON has as strings. */
#ifndef PORTLOCK_ETCD_NUMBER_H
#define PORTLOCK_ETCD_NUMBER_H

#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

/* A member of an object; 0 if it is not there (etcd leaves zeros out) or is no
 * number. */
static inline int64_t number_get(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);
	char *end;
	long long number;

	if (!text)
		return json_integer_value(value);
	errno = 0;
	number = strtoll(text, &end, 10);
	return end == text || *end || errno ? 0 : number;
}

#endif
