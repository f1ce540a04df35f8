/* SPDX-License-Identifier: MIT */
/* settings.h - what SESSION_CONFIGURE says, checked. */
#ifndef PORTLOCK_ETCD_SETTINGS_H
#define PORTLOCK_ETCD_SETTINGS_H

#include <stddef.h>

#define ENDPOINTS_MAX 16

struct settings {
	char *key;
	char *endpoints[ENDPOINTS_MAX]; /* URLs without a slash at the end */
	unsigned endpoint_count;
	char *prefix;
	char *ca, *certificate, *certificate_key; /* NULL: none */
	char *user, *password;			  /* NULL: none */
	long ttl;				  /* s */
	long contact;				  /* ms */
};

/*
 * Reads "name=value" and a NUL byte, each: 0, or -EINVAL (-ENOMEM) with a text
 * that names the setting and is never a secret.
 */
int settings_read(struct settings *settings, const char *packet, size_t size,
		  char *text, size_t text_size);
void settings_free(struct settings *settings);

#endif
