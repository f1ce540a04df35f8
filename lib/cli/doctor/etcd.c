/* SPDX-License-Identifier: MIT */
/* etcd.c - judges the variables of transport etcd.  What may be a secret is
 * not repeated.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cli/doctor/doctor.h"
#include "lib/etcd/protocol.h"

#define TOPIC "environment"
#define PREFIX "PORTLOCK_ETCD_"

static void judge_text(struct report *report, const char *name,
		       const char *value)
{
	found(report, LEVEL_OK, TOPIC, "%s: '%s'", name, value);
}

/* A list with nothing but spaces between its URLs would be one. */
static bool is_url(const char *at, const char *end)
{
	while (end > at && end[-1] == ' ')
		end--;
	return (strncmp(at, "http://", 7) == 0 ||
		strncmp(at, "https://", 8) == 0) &&
	       !memchr(at, ' ', (size_t)(end - at));
}

static void judge_endpoints(struct report *report, const char *name,
			    const char *value)
{
	const char *at = value, *end;
	size_t count = 0;

	for (;; at = end + 1, count++) {
		at += strspn(at, " "); /* as portlock-session does */
		end = strchrnul(at, ',');
		if (!is_url(at, end))
			break;
		if (!*end) {
			found(report, LEVEL_OK, TOPIC, "%s: %zu endpoint%s",
			      name, count + 1, count ? "s" : "");
			return;
		}
	}
	found(report, LEVEL_PROBLEM, TOPIC, "%s: its part %zu is no URL", name,
	      count + 1);
	advise(report, "set it to URLs with commas between them, such as "
		       "https://10.0.0.1:2379,https://10.0.0.2:2379");
}

static void judge_number(struct report *report, const char *name,
			 const char *value, long least, long most)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(value, &end, 10);
	if (isdigit((unsigned char)*value) && !*end && errno == 0 &&
	    number >= least && number <= most) {
		judge_text(report, name, value);
		return;
	}
	found(report, LEVEL_PROBLEM, TOPIC,
	      "%s: '%s' is no such number: every lock by etcd fails", name,
	      value);
	advise(report, "set it to %ld to %ld, or unset it", least, most);
}

static void judge_ttl(struct report *report, const char *name,
		      const char *value)
{
	judge_number(report, name, value, SESSION_TTL_MIN, SESSION_TTL_MAX);
}

static void judge_limit(struct report *report, const char *name,
			const char *value)
{
	judge_number(report, name, value, 1, INT32_MAX);
}

static void judge_contact(struct report *report, const char *name,
			  const char *value)
{
	judge_number(report, name, value, 1, SESSION_CONTACT_MAX);
}

/* False after a finding: it cannot be read. */
static bool is_readable(struct report *report, const char *name,
			const char *path)
{
	if (access(path, R_OK) == 0)
		return true;
	found(report, LEVEL_PROBLEM, TOPIC, "%s: '%s' cannot be read: %s", name,
	      path, strerror(errno));
	return false;
}

static void judge_file(struct report *report, const char *name,
		       const char *path)
{
	if (is_readable(report, name, path))
		judge_text(report, name, path);
}

static void judge_secret_file(struct report *report, const char *name,
			      const char *path)
{
	struct stat file;

	if (!is_readable(report, name, path))
		return;
	if (stat(path, &file) < 0 || !(file.st_mode & (S_IROTH | S_IWOTH))) {
		judge_text(report, name, path);
		return;
	}
	found(report, LEVEL_WARNING, TOPIC,
	      "%s: '%s' is open to all users, and has a secret in it", name,
	      path);
	advise(report, "chmod o-rwx '%s'", path);
}

static void judge_secret(struct report *report, const char *name,
			 const char *value)
{
	(void)value;
	found(report, LEVEL_NOTE, TOPIC,
	      "%s: is set, and so known to all that this user runs", name);
	advise(report, "PORTLOCK_ETCD_PASSWORD_FILE can name a file in place "
		       "of it");
}

static const struct {
	const char *name; /* after PREFIX */
	void (*judge)(struct report *report, const char *name,
		      const char *value);
} variables[] = {
	{ "ENDPOINTS", judge_endpoints },
	{ "PREFIX", judge_text },
	{ "CA", judge_file },
	{ "CERT", judge_file },
	{ "KEY", judge_secret_file },
	{ "USER", judge_text },
	{ "PASSWORD", judge_secret },
	{ "PASSWORD_FILE", judge_secret_file },
	{ "TTL", judge_ttl },
	{ "CONTACT_MS", judge_contact },
	{ "LOCAL_GRANTS", judge_limit },
	{ "LOCAL_MS", judge_limit },
};

bool judge_cluster_variable(struct report *report, const char *name,
			    const char *value)
{
	const char *rest;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return false;
	rest = name + strlen(PREFIX);
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		if (strcmp(rest, variables[i].name) != 0)
			continue;
		if (*value) /* else as if it were not set */
			variables[i].judge(report, name, value);
		return true;
	}
	return false;
}
