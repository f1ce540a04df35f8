/* SPDX-License-Identifier: MIT */
/* settings.c - what SESSION_CONFIGURE says. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/etcd/check.h"
#include "lib/etcd/protocol.h"
#include "lib/etcd/secret.h"
#include "lib/etcd/settings.h"

/* One "name=value"; the last of a name counts. */
static int take(struct raw *raw, const char *setting)
{
	const struct {
		const char *name;
		const char **value;
	} known[] = {
		{ SESSION_KEY, &raw->key },
		{ SESSION_ENDPOINTS, &raw->endpoints },
		{ SESSION_PREFIX, &raw->prefix },
		{ SESSION_CA, &raw->ca },
		{ SESSION_CERTIFICATE, &raw->certificate },
		{ SESSION_CERTIFICATE_KEY, &raw->certificate_key },
		{ SESSION_USER, &raw->user },
		{ SESSION_PASSWORD, &raw->password },
		{ SESSION_PASSWORD_FILE, &raw->password_file },
		{ SESSION_TTL, &raw->ttl },
		{ SESSION_CONTACT, &raw->contact },
	};
	size_t length = strcspn(setting, "=");

	if (setting[length] != '=')
		return complain(raw, "a setting has no =");
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i].name) != length ||
		    strncmp(setting, known[i].name, length) != 0)
			continue;
		*known[i].value = setting + length + 1;
		return 0;
	}
	return complain(raw, "%.*s: not a setting", (int)length, setting);
}

static int keep_all(struct settings *settings, const struct raw *raw)
{
	if (keep(&settings->key, raw->key) ||
	    keep(&settings->prefix, raw->prefix) ||
	    keep(&settings->ca, raw->ca) ||
	    keep(&settings->certificate, raw->certificate) ||
	    keep(&settings->certificate_key, raw->certificate_key) ||
	    keep(&settings->user, raw->user) ||
	    keep(&settings->password, raw->password))
		return -ENOMEM;
	return 0;
}

int settings_read(struct settings *settings, const char *packet, size_t size,
		  char *text, size_t text_size)
{
	struct raw raw = { .prefix = SESSION_PREFIX_DEFAULT,
			   .text = text,
			   .text_size = text_size };
	const char *setting = packet;
	int error = 0;

	memset(settings, 0, sizeof(*settings));
	settings->ttl = SESSION_TTL_DEFAULT;
	settings->contact = SESSION_CONTACT_DEFAULT;
	if (size > 0 && packet[size - 1] != '\0')
		error = complain(&raw, "the settings have no end");
	while (!error && setting < packet + size) {
		error = take(&raw, setting);
		setting += strlen(setting) + 1;
	}
	if (!error)
		error = keep_all(settings, &raw);
	if (!error)
		error = settings_check(settings, &raw);
	if (error == -ENOMEM)
		snprintf(text, text_size, "out of memory");
	return error;
}

void settings_free(struct settings *settings)
{
	for (unsigned i = 0; i < settings->endpoint_count; i++)
		free(settings->endpoints[i]);
	free(settings->key);
	free(settings->prefix);
	free(settings->ca);
	free(settings->certificate);
	free(settings->certificate_key);
	free(settings->user);
	secret_free(settings->password);
	memset(settings, 0, sizeof(*settings));
}
