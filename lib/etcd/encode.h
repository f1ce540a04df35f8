/* SPDX-License-Identifier: MIT */
/* encode.h - bytes as text: in etcd's keys and in its JSON. */
#ifndef PORTLOCK_ETCD_ENCODE_H
#define PORTLOCK_ETCD_ENCODE_H

#include <stddef.h>

/* The key with %XX for all bytes but A-Z a-z 0-9 . _ - ; NULL: no memory. */
char *encode_key(const char *key);

/* Base64 as etcd's JSON has it; NULL: no memory. */
char *encode_base64(const char *bytes, size_t size);

#endif
