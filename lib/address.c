/* SPDX-License-Identifier: MIT */
/* address.c - from a key to its gate name and its three ports; pure.
 *
 * Both rules are those of k3portlock (Python): its documentation's ports and
 * the abstract socket that it really binds on Linux, so that we exclude both.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include <sha1.h>

#include "internal.h"

#define PORT_FIRST 40000
#define PORT_COUNT 20000

#define KEY_MAX (PL_GATE_MAX - (sizeof(PL_GATE_PREFIX) - 1))
#define HEX_DIGITS (2 * SHA1_DIGEST_LENGTH)

static void digest_of(const char *key, uint8_t digest[SHA1_DIGEST_LENGTH])
{
	SHA1_CTX context;

	SHA1Init(&context);
	SHA1Update(&context, (const uint8_t *)key, strlen(key));
	SHA1Final(digest, &context);
}

/* The digest is a 160-bit big-endian number. */
static unsigned digest_modulo(const uint8_t digest[SHA1_DIGEST_LENGTH],
			      unsigned modulus)
{
	unsigned rest = 0;

	for (size_t i = 0; i < SHA1_DIGEST_LENGTH; i++)
		rest = (rest << 8 | digest[i]) % modulus;
	return rest;
}

/*
 * A key that fits is the name.  A longer one (where k3portlock fails) keeps a
 * readable beginning and is told apart by its digest.
 */
static void gate_name(char name[PL_GATE_MAX + 1], const char *key,
		      const uint8_t digest[SHA1_DIGEST_LENGTH])
{
	int kept = (int)(KEY_MAX - 1 - HEX_DIGITS);
	char *end;

	if (strlen(key) <= KEY_MAX) {
		snprintf(name, PL_GATE_MAX + 1, "%s%s", PL_GATE_PREFIX, key);
		return;
	}
	snprintf(name, PL_GATE_MAX + 1, "%s%.*s~", PL_GATE_PREFIX, kept, key);
	end = name + strlen(name);
	for (size_t i = 0; i < SHA1_DIGEST_LENGTH; i++)
		end += snprintf(end, 3, "%02x", digest[i]);
}

void pl_address_of_key(struct pl_address *address, const char *key)
{
	uint8_t digest[SHA1_DIGEST_LENGTH];
	size_t length;

	memset(address, 0, sizeof(*address));
	digest_of(key, digest);
	address->first_port =
		(uint16_t)(PORT_FIRST + digest_modulo(digest, PORT_COUNT));
	gate_name(address->name, key, digest);

	/* An abstract address: a NUL byte, then the name without its NUL. */
	length = strlen(address->name);
	address->gate.sun_family = AF_UNIX;
	memcpy(address->gate.sun_path + 1, address->name, length);
	address->gate_length =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			    length);
}

/* The digest at the end of a shortened name, NULL if it is a whole key. */
static const char *digest_in(const char *name)
{
	const char *digits = name + PL_GATE_MAX - HEX_DIGITS;

	if (strlen(name) != PL_GATE_MAX || digits[-1] != '~' ||
	    strspn(digits, "0123456789abcdef") != HEX_DIGITS)
		return NULL;
	return digits;
}

uint16_t pl_first_port_of(const char *name)
{
	const char *digits = digest_in(name);
	struct pl_address address;
	unsigned rest = 0;

	if (!digits) {
		pl_address_of_key(&address, name + sizeof(PL_GATE_PREFIX) - 1);
		return address.first_port;
	}
	for (; *digits; digits++) {
		int digit = *digits <= '9' ? *digits - '0' : *digits - 'a' + 10;

		rest = (rest * 16 + (unsigned)digit) % PORT_COUNT;
	}
	return (uint16_t)(PORT_FIRST + rest);
}
