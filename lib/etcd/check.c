/* SPDX-License-Identifier: MIT */
/* check.c - whether settings are as they must be. */
#include "config.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/etcd/check.h"
#include "lib/etcd/protocol.h"

/* How users give them: an option, or a variable of the environment. */
#define ENDPOINTS "endpoints (PORTLOCK_ETCD_ENDPOINTS)"
#define CA "ca_file (PORTLOCK_ETCD_CA)"
#define CERTIFICATE "cert_file (PORTLOCK_ETCD_CERT)"
#define CERTIFICATE_KEY "key_file (PORTLOCK_ETCD_KEY)"
#define USER "user (PORTLOCK_ETCD_USER)"
#define PASSWORD "password (PORTLOCK_ETCD_PASSWORD)"
#define PASSWORD_FILE "password_file (PORTLOCK_ETCD_PASSWORD_FILE)"
#define TTL "ttl_s (PORTLOCK_ETCD_TTL)"
#define CONTACT "contact_ms (PORTLOCK_ETCD_CONTACT_MS)"

/* Bytes of a password in a file: more than any reasonable one has. */
#define PASSWORD_MAX 4096

int complain(const struct raw *raw, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(raw->text, raw->text_size, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

int keep(char **to, const char *value)
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
		error = complain(raw, ENDPOINTS ": a URL has a user in it; use "
						"PORTLOCK_ETCD_USER and its "
						"password");
	else if ((strncmp(endpoint, "http://", 7) != 0 &&
		  strncmp(endpoint, "https://", 8) != 0) ||
		 strchr(endpoint, ' ') ||
		 curl_url_set(url, CURLUPART_URL, endpoint, 0) != CURLUE_OK ||
		 url_has(url, CURLUPART_QUERY) ||
		 url_has(url, CURLUPART_FRAGMENT))
		error = complain(raw,
				 ENDPOINTS
				 ": \"%s\" is not like "
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
		return complain(raw, ENDPOINTS ": none is given");
	list = rest = strdup(raw->endpoints);
	if (!list)
		return -ENOMEM;
	while (!error && (endpoint = strsep(&rest, ","))) {
		size_t length;

		endpoint += strspn(endpoint, " ");
		length = strlen(endpoint);
		while (length > 0 && strchr(" /", endpoint[length - 1]))
			length--;
		endpoint[length] = '\0';
		if (settings->endpoint_count == ENDPOINTS_MAX)
			error = complain(raw, ENDPOINTS ": more than %d",
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

/* A name of a descriptor, as a shell's <(COMMAND) is: here it means another. */
static bool is_descriptor(const char *path)
{
	return strncmp(path, "/dev/fd/", 8) == 0 ||
	       strncmp(path, "/dev/std", 8) == 0 ||
	       strncmp(path, "/proc/self/fd/", 14) == 0;
}

/* This process is in another folder than the one that names the file.  A pipe
 * could keep whoever reads it for ever, and has nothing for the next process. */
static int check_file(const struct raw *raw, const char *name, const char *path)
{
	struct stat file;
	int fd;

	if (!path)
		return 0;
	if (*path != '/')
		return complain(raw, "%s: %s does not begin with /", name,
				path);
	if (is_descriptor(path))
		return complain(raw,
				"%s: %s is there for one process alone, and "
				"the file is read by others, again and again: "
				"name a regular file",
				name, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return complain(raw, "%s: %s: %s", name, path, strerror(errno));
	if (fstat(fd, &file) < 0 || !S_ISREG(file.st_mode)) {
		close(fd);
		return complain(raw, "%s: %s is not a regular file", name,
				path);
	}
	close(fd);
	return 0;
}

/* The file's first line; what is cut would be refused as another password. */
static int keep_line(struct settings *settings, const struct raw *raw,
		     char *line, size_t size)
{
	size_t length = strcspn(line, "\r\n");

	if (length > PASSWORD_MAX)
		return complain(raw,
				PASSWORD_FILE ": %s has more than %d bytes in "
					      "its first line",
				raw->password_file, PASSWORD_MAX);
	if (length < size && !line[length])
		return complain(raw,
				PASSWORD_FILE ": %s has a NUL byte in its "
					      "first line",
				raw->password_file);
	line[length] = '\0';
	return keep(&settings->password, line);
}

static int read_password(struct settings *settings, const struct raw *raw)
{
	char line[PASSWORD_MAX + 2]; /* shows one byte too many, and a NUL */
	ssize_t size = -1;
	int error, fd;

	if (!raw->password_file)
		return 0;
	if (settings->password)
		return complain(raw, PASSWORD " and " PASSWORD_FILE
					      " are both given");
	error = check_file(raw, PASSWORD_FILE, raw->password_file);
	if (error)
		return error;
	/* Not by a FILE, whose buffer would keep it. */
	fd = open(raw->password_file, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		size = read(fd, line, sizeof(line) - 1);
		close(fd);
	}
	if (size <= 0)
		return complain(raw, PASSWORD_FILE ": %s has no first line",
				raw->password_file);
	line[size] = '\0';
	error = keep_line(settings, raw, line, (size_t)size);
	explicit_bzero(line, sizeof(line));
	return error;
}

/* etcd's JSON has no other bytes in its texts. */
static int check_unicode(const struct raw *raw, const char *name,
			 const char *value)
{
	json_t *text = value ? json_string(value) : NULL;

	if (value && !text)
		return complain(raw, "%s: it is not UTF-8", name);
	json_decref(text);
	return 0;
}

int settings_check(struct settings *settings, const struct raw *raw)
{
	int error;

	if (!settings->key || !*settings->key)
		return complain(raw, "key: none is given");
	if ((error = read_endpoints(settings, raw)) ||
	    (error = read_number(raw, TTL, raw->ttl, SESSION_TTL_MIN,
				 SESSION_TTL_MAX, &settings->ttl)) ||
	    (error = read_number(raw, CONTACT, raw->contact, 1,
				 SESSION_CONTACT_MAX, &settings->contact)) ||
	    (error = check_file(raw, CA, settings->ca)) ||
	    (error = check_file(raw, CERTIFICATE, settings->certificate)) ||
	    (error = check_file(raw, CERTIFICATE_KEY,
				settings->certificate_key)) ||
	    (error = read_password(settings, raw)))
		return error;
	if (!settings->certificate != !settings->certificate_key)
		return complain(raw, CERTIFICATE " and " CERTIFICATE_KEY
						 " go together; only one is "
						 "given");
	if (!settings->user != !settings->password)
		return complain(raw, USER " and a password go together; "
					  "only one is given");
	if ((error = check_unicode(raw, USER, settings->user)) ||
	    (error = check_unicode(raw, PASSWORD, settings->password)))
		return error;
	return 0;
}
