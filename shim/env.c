/* SPDX-License-Identifier: MIT */
/* env.c - what the environment tells the shim, read once and kept.
 *
 * Programs change their environment, and bash even exports a getenv() of its
 * own: so environ is read directly, at the start.  A set-user-ID program's
 * environment is not to be trusted and says nothing.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/session.h"
#include "shim/lost.h"
#include "shim/pattern.h"
#include "shim/shim.h"

#define MAX_PLACE 4096

/* The text of all sources, one after the other, each with its '\0'. */
static char text[SHIM_RULES_TEXT_MAX];
static size_t used;
static char place[MAX_PLACE];
static struct shim_rule rules[SHIM_RULES_MAX];
static int count;
static atomic_bool claimed, ready;

atomic_uint shim_families_ruled = ~0u;

static const char *get(const char *name)
{
	size_t length = strlen(name);
	char **at;

	if (!environ || getauxval(AT_SECURE))
		return NULL;
	for (at = environ; *at; at++)
		if (strncmp(*at, name, length) == 0 && (*at)[length] == '=')
			return *at + length + 1;
	return NULL;
}

/*
 * Programs clean their environment, and would be in another cluster, or in none,
 * from then on.  What follows these names is kept, if a rule needs it, and what
 * there is no room for is as if it was never there, which is logged.
 */
static const char *const kept_names[] = { "PORTLOCK_ETCD_", "PORTLOCK_SESSION=",
					  "PORTLOCK_GUARD=" };
static char kept[32768];

static void keep_variables(void)
{
	size_t size = 0, names = sizeof(kept_names) / sizeof(kept_names[0]);

	for (char **at = environ; *at; at++) {
		size_t name = 0, length = strlen(*at) + 1;

		while (name < names && strncmp(*at, kept_names[name],
					       strlen(kept_names[name])) != 0)
			name++;
		if (name == names)
			continue;
		if (size + length >= sizeof(kept)) {
			shim_log_line("rules", kept_names[name],
				      "ignored: the variables are too long");
			continue;
		}
		memcpy(kept + size, *at, length);
		size += length;
	}
}

const char *shim_variable(const char *name)
{
	size_t length = strlen(name);

	for (const char *at = kept; *at; at += strlen(at) + 1)
		if (strncmp(at, name, length) == 0 && at[length] == '=')
			return at + length + 1;
	return NULL;
}

/*
 * Whom a wrong rule was meant for is anybody's guess: so nothing of its source
 * counts, and nothing of those after it, as the rule would have come first.
 */
static bool ignore(const char *source, const char *why)
{
	shim_log_line("rules", source, why);
	return false;
}

/* Takes the rules in the size bytes that were put to the end of the text. */
static bool add(const char *source, size_t size)
{
	struct shim_rule_error error;
	char what[sizeof(error.message) + 64];
	int more = shim_rules_parse(text + used, rules + count,
				    SHIM_RULES_MAX - count, &error);

	if (more < 0) {
		snprintf(what, sizeof(what), "ignored: line %u, column %u: %s",
			 error.line, error.column, error.message);
		return ignore(source, what);
	}
	used += size + 1;
	count += more;
	return true;
}

static bool add_variable(void)
{
	const char *value = get("PORTLOCK_RULES");
	size_t size = value ? strlen(value) : 0;

	if (!value)
		return true;
	if (size >= sizeof(text))
		return ignore("PORTLOCK_RULES", "ignored: it is too long");
	memcpy(text, value, size + 1);
	return add("PORTLOCK_RULES", size);
}

/* Puts the file to the end of the text: its size, or -errno. */
static ssize_t read_file(const char *path)
{
	size_t room = sizeof(text) - used, size = 0;
	/* A pipe would block. */
	int fd = REAL(open)(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat64 about;
	ssize_t more = -1;

	if (fd < 0)
		return -errno;
	errno = EINVAL;
	if (fstat64(fd, &about) == 0 && S_ISREG(about.st_mode))
		do {
			more = read(fd, text + used + size, room - size);
			size += more > 0 ? (size_t)more : 0;
		} while (more > 0 && size < room);
	if (more < 0)
		more = -errno;
	REAL(close)(fd);
	if (more < 0)
		return more;
	if (size == room)
		return -EFBIG;
	text[used + size] = '\0';
	return strlen(text + used) == size ? (ssize_t)size : -EINVAL;
}

static bool add_file(void)
{
	const char *path = get("PORTLOCK_RULES_FILE");
	ssize_t size;

	if (!path || !*path)
		return true;
	/* The folder of a program is anybody's guess. */
	if (*path != '/')
		return ignore("PORTLOCK_RULES_FILE",
			      "ignored: its path is not absolute");
	size = read_file(path);
	if (size == -EINVAL)
		return ignore(path, "ignored: it is no text file");
	if (size == -EFBIG)
		return ignore(path, "ignored: it is too long");
	if (size < 0)
		return ignore(path, "ignored: it cannot be read");
	return add(path, (size_t)size);
}

static void read_rules(void)
{
	unsigned families = 0;
	bool etcd = false;

	if (add_variable())
		add_file();
	for (int rule = 0; rule < count; rule++) {
		families |= 1u << rules[rule].family;
		etcd = etcd || shim_rule_is_etcd(&rules[rule]);
	}
	if (etcd)
		lost_look_ahead();
	if (etcd && !getauxval(AT_SECURE))
		keep_variables();
	atomic_store_explicit(&shim_families_ruled, families,
			      memory_order_relaxed);
}

/*
 * False until all is read: whoever asks while another thread reads, or while
 * a log line about the reading is written, is told that there are no rules.
 */
static bool read_once(void)
{
	const char *log;
	int error;

	if (atomic_load_explicit(&ready, memory_order_acquire))
		return true;
	if (!environ || atomic_exchange(&claimed, true))
		return false;
	error = errno;
	log = get("PORTLOCK_LOG");
	if (log && strlen(log) < sizeof(place) &&
	    (*log == '/' || strcmp(log, "stderr") == 0))
		strcpy(place, log);
	read_rules();
	errno = error;
	atomic_store_explicit(&ready, true, memory_order_release);
	return true;
}

__attribute__((constructor)) static void read_early(void)
{
	read_once();
}

const char *shim_log_place(void)
{
	return place[0] ? place : NULL;
}

bool shim_family_look_up(enum shim_family family)
{
	return read_once() && atomic_load_explicit(&shim_families_ruled,
						   memory_order_relaxed) &
				      1u << family;
}

const struct shim_rule *shim_rule_find(enum shim_family family,
				       const char *name)
{
	int rule;

	if (!shim_family_has_rules(family))
		return NULL;
	for (rule = 0; rule < count; rule++)
		if (rules[rule].family == family &&
		    pattern_matches(rules[rule].pattern, name))
			return &rules[rule];
	return NULL;
}

const struct shim_rule *shim_rule_next(enum shim_family family,
				       const struct shim_rule *rule)
{
	if (!rule && !shim_family_has_rules(family))
		return NULL;
	for (rule = rule ? rule + 1 : rules; rule < rules + count; rule++)
		if (rule->family == family)
			return rule;
	return NULL;
}

/* A wrong variable is named. */
static void log_refusal(const struct shim_rule *rule, const char *name,
			int error)
{
	char detail[PL_DETAIL_SIZE];

	if (error == -EINVAL && shim_rule_is_etcd(rule) &&
	    pl_cluster_wrong_variable(detail))
		shim_log_rule(rule, name, detail);
	else
		shim_log_rule(rule, name, portlock_strerror(error));
}

int shim_lock_init(struct portlock_lock *lock, const struct shim_rule *rule,
		   const char *name)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	char key[SHIM_KEY_MAX];
	int error;

	/* Before its first use the core must know what not to call. */
	if (pl_ops != &shim_ops)
		pl_ops = &shim_ops;
	if (!shim_rule_key(rule, name, key)) {
		shim_log_rule(rule, name, "no portlock: its key is too long");
		return -ENAMETOOLONG;
	}
	options.timeout_ms = rule->timeout_ms;
	options.transport = rule->transport;
	error = pl_lock_init(lock, key, &options);
	if (error < 0)
		log_refusal(rule, name, error);
	return error;
}
