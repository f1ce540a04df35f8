/* SPDX-License-Identifier: MIT */
/* encode.c - bytes as text: in etcd's keys and in its JSON. */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/etcd/encode.h"

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789._-";
static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz0123456789+/";

char *encode_key(const char *key)
{
	static const char hex[] = "0123456789ABCDEF";
	char *text = malloc(3 * strlen(key) + 1);
	char *end = text;

	if (!text)
		return NULL;
	for (; *key; key++) {
		unsigned char byte = (unsigned char)*key;

		if (strchr(plain, byte)) {
			*end++ = *key;
		} else {
			*end++ = '%';
			*end++ = hex[byte >> 4];
			*end++ = hex[byte & 15];
		}
	}
	*end = '\0';
	return text;
}

char *encode_base64(const char *bytes, size_t size)
{
	char *text = malloc((size + 2) / 3 * 4 + 1);
	char *end = text;

	if (!text)
		return NULL;
	for (size_t i = 0; i < size; i += 3) {
		size_t left = size - i;
		uint32_t group = (uint32_t)(unsigned char)bytes[i] << 16;

		if (left > 1)
			group |= (uint32_t)(unsigned char)bytes[i + 1] << 8;
		if (left > 2)
			group |= (unsigned char)bytes[i + 2];
		*end++ = digits[group >> 18];
		*end++ = digits[group >> 12 & 63];
		*end++ = left > 1 ? digits[group >> 6 & 63] : '=';
		*end++ = left > 2 ? digits[group & 63] : '=';
	}
	*end = '\0';
	return text;
}
