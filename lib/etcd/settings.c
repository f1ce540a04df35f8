/* SPDX-License-Identifier: MIT */
/* settings.c - what SESSION_CONFIGURE says, checked. */
#include "config.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/etcd/protocol.h"
#include "lib/etcd/secret.h"
#include "lib/etcd/settings.h"

/* Longer than any reasonable password in a file. */
#define PASSWORD_MAX 4096

/* The values as they came, NULL if they did not, and where complaints go. */
struct raw {
	const char *key, *endpoints, *prefix, *ca, *certificate;
	const char *certificate_key, *user, *password, *password_file;
	const char *ttl, *contact;
	char *text;
	size_t text_size;
};

__attribute__((format(printf, 2, 3))) static int
complain(const struct raw *raw, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(raw->text, raw->text_size, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static int keep(char **to, const char *value)
{
	*to = value ? strdup(value) : NULL;
	return value && !*to ? -ENOMEM : 0;
}

static int read_number(const struct raw *raw, const char *name,
		       const char *value, long min, long max, long *number)
{
	char *end;

	if (!value)
		return 0;
	errno = 0;
	*number = strtol(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || errno || *number < min ||
	    *number > max)
		return complain(raw,
				"%s is \"%s\", not a number from %ld "
				"to %ld",
				name, value, min, max);
	return 0;
}

/* Whether it has that part; a URL's secrets are not looked at. */
static bool url_has(CURLU *url, CURLUPart part)
{
	char *value = NULL;
	bool has = curl_url_get(url, part, &value, 0) == CURLUE_OK;

	curl_free(value);
	return has;
}

static int check_endpoint(const struct raw *raw, const char *endpoint)
{
	CURLU *url = curl_url();
	int error = 0;

	if (!url)
		return -ENOMEM;
	if (strchr(endpoint, '@'))
		error = complain(raw, "endpoints: a URL has a user in it; use "
				      "the settings user and password");
	else if ((strncmp(endpoint, "http://", 7) != 0 &&
		  strncmp(endpoint, "https://", 8) != 0) ||
		 curl_url_set(url, CURLUPART_URL, endpoint, 0) != CURLUE_OK ||
		 url_has(url, CURLUPART_QUERY) ||
		 url_has(url, CURLUPART_FRAGMENT))
		error = complain(raw,
				 "endpoints: \"%s\" is not like "
				 "http://HOST:PORT or https://HOST:PORT",
				 endpoint);
	curl_url_cleanup(url);
	return error;
}

static int read_endpoints(struct settings *settings, const struct raw *raw)
{
	char *list, *rest, *endpoint;
	int error = 0;

	if (!raw->endpoints || !*raw->endpoints)
		return complain(raw, "endpoints: none is given");
	list = rest = strdup(raw->endpoints);
	if (!list)
		return -ENOMEM;
	while (!error && (endpoint = strsep(&rest, ","))) {
		size_t length;

		endpoint += strspn(endpoint, " ");
		length = strcspn(endpoint, " ");
		while (length > 0 && endpoint[length - 1] == '/')
			length--;
		endpoint[length] = '\0';
		if (settings->endpoint_count == ENDPOINTS_MAX)
			error = complain(raw, "endpoints: more than %d",
					 ENDPOINTS_MAX);
		else
			error = check_endpoint(raw, endpoint);
		if (!error)
			error = keep(&settings->endpoints
					      [settings->endpoint_count++],
				     endpoint);
	}
	free(list);
	return error;
}

/* This process is in another folder than the one that names the file. */
static int check_file(const struct raw *raw, const char *name, const char *path)
{
	int fd;

	if (!path)
		return 0;
	if (*path != '/')
		return complain(raw, "%s: %s does not begin with /", name,
				path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return complain(raw, "%s: %s: %s", name, path, strerror(errno));
	close(fd);
	return 0;
}

static int read_password(struct settings *settings, const struct raw *raw)
{
	char line[PASSWORD_MAX];
	int error;
	FILE *file;
	bool got;

	if (!raw->password_file)
		return 0;
	if (settings->password)
		return complain(raw, "password and password-file are both "
				     "given");
	error = check_file(raw, SESSION_PASSWORD_FILE, raw->password_file);
	if (error)
		return error;
	file = fopen(raw->password_file, "re");
	got = file && fgets(line, sizeof(line), file);
	if (file)
		fclose(file);
	if (!got)
		return complain(raw, "password-file: %s has no first line",
				raw->password_file);
	line[strcspn(line, "\r\n")] = '\0';
	error = keep(&settings->password, line);
	explicit_bzero(line, sizeof(line));
	return error;
}

static int check(struct settings *settings, const struct raw *raw)
{
	int error;

	if (!settings->key || !*settings->key)
		return complain(raw, "key: none is given");
	if ((error = read_endpoints(settings, raw)) ||
	    (error = read_number(raw, SESSION_TTL, raw->ttl, SESSION_TTL_MIN,
				 SESSION_TTL_MAX, &settings->ttl)) ||
	    (error = read_number(raw, SESSION_CONTACT, raw->contact, 1,
				 24L * 3600 * 1000, &settings->contact)) ||
	    (error = check_file(raw, SESSION_CA, settings->ca)) ||
	    (error = check_file(raw, SESSION_CERTIFICATE,
				settings->certificate)) ||
	    (error = check_file(raw, SESSION_CERTIFICATE_KEY,
				settings->certificate_key)) ||
	    (error = read_password(settings, raw)))
		return error;
	if (!settings->certificate != !settings->certificate_key)
		return complain(raw, "certificate and certificate-key go "
				     "together; only one is given");
	if (!settings->user != !settings->password)
		return complain(raw, "user and password go together; only "
				     "one is given");
	return 0;
}

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
		error = check(settings, &raw);
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
