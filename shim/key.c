/* SPDX-License-Identifier: MIT */
/* key.c - the key of a lock, from its name and its rule's template. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "shim/shim.h"

struct key {
	char *text;
	size_t length;
	bool fits;
};

static void put(struct key *key, const char *text, size_t length)
{
	if (length >= SHIM_KEY_MAX - key->length) {
		key->fits = false;
		return;
	}
	memcpy(key->text + key->length, text, length);
	key->length += length;
}

static void put_uid(struct key *key)
{
	char digits[3 * sizeof(uid_t)];
	char *at = digits + sizeof(digits);
	uid_t uid = geteuid();

	do
		*--at = (char)('0' + uid % 10);
	while ((uid /= 10) != 0);
	put(key, at, (size_t)(digits + sizeof(digits) - at));
}

/* All names begin with a slash. */
static void put_field(struct key *key, char field, const char *name)
{
	const char *base = strrchr(name, '/') + 1;
	size_t directory = (size_t)(base - name);

	switch (field) {
	case 'n':
		put(key, name, strlen(name));
		break;
	case 'b':
		put(key, base, strlen(base));
		break;
	case 'd':
		/* Without the slash at its end, unless that is all of it. */
		put(key, name, directory > 1 ? directory - 1 : 1);
		break;
	case 'u':
		put_uid(key);
		break;
	default:
		put(key, &field, 1);
	}
}

bool shim_rule_key(const struct shim_rule *rule, const char *name,
		   char text[SHIM_KEY_MAX])
{
	struct key key = { text, 0, true };
	const char *at = rule->key;

	if (!at) {
		const char *family = shim_family_name(rule->family);

		put(&key, family, strlen(family));
		put(&key, ":", 1);
		put(&key, name, strlen(name));
	}
	for (; at && *at; at++) {
		if (*at == '%' && at[1])
			put_field(&key, *++at, name);
		else
			put(&key, at, 1);
	}
	text[key.length] = '\0';
	return key.fits && key.length > 0;
}
