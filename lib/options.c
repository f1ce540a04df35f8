/* SPDX-License-Identifier: MIT */
/* options.c - what portlock_open() is told, by its caller and the environment. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define SLEEP_MAX_MS 60000

/* No version will have more; a larger size is memory never initialised. */
#define OPTIONS_MAX 4096

/* What the first version had: up to the transport. */
#define OPTIONS_FIRST offsetof(struct portlock_options, endpoints)

/* What only a later version knows must be zero: we could not honour it. */
static bool is_known(const struct portlock_options *given)
{
	const unsigned char *bytes = (const unsigned char *)given;

	if (given->size == OPTIONS_FIRST)
		return true;
	if (given->size < sizeof(*given) || given->size > OPTIONS_MAX)
		return false;
	for (size_t i = sizeof(*given); i < given->size; i++)
		if (bytes[i])
			return false;
	return true;
}

int pl_options_read(struct portlock_options *options,
		    const struct portlock_options *given)
{
	static const struct portlock_options standard = PORTLOCK_OPTIONS_INIT;

	*options = standard;
	if (!given)
		return 0;
	if (!is_known(given))
		return -EINVAL;
	memcpy(options, given,
	       given->size < sizeof(*options) ? given->size : sizeof(*options));
	if (options->flags || options->sleep_ms < 1 ||
	    options->sleep_ms > SLEEP_MAX_MS)
		return -EINVAL;
	return 0;
}

int pl_options_transport(enum pl_transport *transport,
			 const struct portlock_options *options)
{
	static const char *const names[] = {
		[PL_TCP] = "tcp", [PL_UNIX] = "unix", [PL_ETCD] = "etcd"
	};
	const char *name = options->transport;

	if (!name)
		name = secure_getenv("PORTLOCK_TRANSPORT");
	if (!name || (!*name && !options->transport))
		name = names[PL_TCP];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0) {
			*transport = (enum pl_transport)i;
			return 0;
		}
	}
	return -EINVAL;
}
