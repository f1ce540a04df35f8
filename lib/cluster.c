/* SPDX-License-Identifier: MIT */
/* cluster.c - which cluster a handle speaks to: from options and environment
 * to the first packet for portlock-session.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sha1.h>

#include "session.h"

#define HELPER PKGLIBEXECDIR "/portlock-session"

/* One turn in the cluster costs two or three round trips, some milliseconds,
 * and a local hand-over some 20 us: with a hundred the cluster is a small part
 * of all.  No other host waits for us longer than a second plus one hold. */
#define LOCAL_GRANTS 100
#define LOCAL_MS 1000
#define LOCAL_GRANTS_SET "PORTLOCK_ETCD_LOCAL_GRANTS"
#define LOCAL_MS_SET "PORTLOCK_ETCD_LOCAL_MS"

#define STRING(member) offsetof(struct portlock_options, member)

/* The first that is there: the option, the environment's, the default. */
static const struct {
	const char *name;
	size_t option;
	const char *variable;
	const char *standard; /* NULL: left out */
	bool is_file;	      /* which the helper, in another folder, reads */
} settings[] = {
	{ SESSION_ENDPOINTS, STRING(endpoints), "PORTLOCK_ETCD_ENDPOINTS",
	  "http://127.0.0.1:2379", false },
	{ SESSION_PREFIX, STRING(prefix), "PORTLOCK_ETCD_PREFIX", NULL, false },
	{ SESSION_CA, STRING(ca_file), "PORTLOCK_ETCD_CA", NULL, true },
	{ SESSION_CERTIFICATE, STRING(cert_file), "PORTLOCK_ETCD_CERT", NULL,
	  true },
	{ SESSION_CERTIFICATE_KEY, STRING(key_file), "PORTLOCK_ETCD_KEY", NULL,
	  true },
	{ SESSION_USER, STRING(user), "PORTLOCK_ETCD_USER", NULL, false },
	{ SESSION_PASSWORD_FILE, STRING(password_file),
	  "PORTLOCK_ETCD_PASSWORD_FILE", NULL, true },
	/* The last: see name_sessions(). */
	{ SESSION_PASSWORD, STRING(password), "PORTLOCK_ETCD_PASSWORD", NULL,
	  false },
};
#define PASSWORD (sizeof(settings) / sizeof(settings[0]) - 1)

/* A packet that grows; NULL: only its size is wanted. */
struct packet {
	char *bytes;
	size_t size;
	size_t open;	    /* all before the password */
	const char *folder; /* where relative names of files begin */
};

static void append(struct packet *packet, const void *bytes, size_t size)
{
	if (packet->bytes)
		memcpy(packet->bytes + packet->size, bytes, size);
	packet->size += size;
}

static void append_setting(struct packet *packet, const char *name,
			   const char *value)
{
	append(packet, name, strlen(name));
	append(packet, "=", 1);
	append(packet, value, strlen(value) + 1);
}

static void append_file(struct packet *packet, const char *name,
			const char *value)
{
	append(packet, name, strlen(name));
	append(packet, "=", 1);
	if (*value != '/' && *packet->folder) {
		append(packet, packet->folder, strlen(packet->folder));
		append(packet, "/", 1);
	}
	append(packet, value, strlen(value) + 1);
}

/* Empty variables are as good as none. */
static const char *variable(const char *name)
{
	const char *value = pl_ops->variable(name);

	return value && *value ? value : NULL;
}

/* One option for the password stands against both variables for it. */
static bool is_overruled(size_t i, const struct portlock_options *options)
{
	return (options->password &&
		settings[i].option == STRING(password_file)) ||
	       (options->password_file &&
		settings[i].option == STRING(password));
}

static const char *value_of(size_t i, const struct portlock_options *options)
{
	const char *value;

	memcpy(&value, (const char *)options + settings[i].option,
	       sizeof(value));
	if (!value && !is_overruled(i, options))
		value = variable(settings[i].variable);
	return value ? value : settings[i].standard;
}

/* Whether the number is a good one, the helper says. */
static void append_number(struct packet *packet, const char *name,
			  int32_t option, const char *set)
{
	const char *value = variable(set);
	char text[16];

	snprintf(text, sizeof(text), "%d", option);
	if (option)
		value = text;
	if (value)
		append_setting(packet, name, value);
}

/* Whether it is one, portlock-session says. */
static int margin_of(const struct portlock_options *options)
{
	const char *value = variable("PORTLOCK_ETCD_TTL");
	long ttl = options->ttl_s;

	if (!ttl)
		ttl = value ? strtol(value, NULL, 10) : SESSION_TTL_DEFAULT;
	if (ttl < SESSION_TTL_MIN || ttl > SESSION_TTL_MAX)
		ttl = SESSION_TTL_DEFAULT;
	return SESSION_MARGIN((int)ttl);
}

static void write_packet(struct packet *packet, const char *key,
			 const struct portlock_options *options)
{
	struct session_request request = { .kind = SESSION_CONFIGURE };

	append(packet, &request, sizeof(request));
	append_setting(packet, SESSION_KEY, key);
	append_number(packet, SESSION_TTL, options->ttl_s, "PORTLOCK_ETCD_TTL");
	append_number(packet, SESSION_CONTACT, options->contact_ms,
		      "PORTLOCK_ETCD_CONTACT_MS");
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		const char *value = value_of(i, options);

		if (i == PASSWORD)
			packet->open = packet->size;
		if (value && settings[i].is_file)
			append_file(packet, settings[i].name, value);
		else if (value)
			append_setting(packet, settings[i].name, value);
	}
}

/* Whole, from 1 to max; 0: neither an option nor a variable. */
static int read_limit(int64_t *limit, int32_t option, const char *name,
		      int64_t standard)
{
	const char *value = variable(name);
	char *end;

	*limit = option;
	if (option == 0 && value) {
		errno = 0;
		*limit = strtol(value, &end, 10);
		if (errno || *end || *limit < 1)
			return -EINVAL;
	}
	if (*limit == 0)
		*limit = standard;
	return *limit < 0 || *limit > INT32_MAX ? -EINVAL : 0;
}

bool pl_cluster_wrong_variable(char text[PL_DETAIL_SIZE])
{
	static const char *const names[] = { LOCAL_GRANTS_SET, LOCAL_MS_SET };
	int64_t limit;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (read_limit(&limit, 0, names[i], 1) == 0)
			continue;
		snprintf(text, PL_DETAIL_SIZE,
			 "%s is \"%.100s\", not a number from 1 to %d",
			 names[i], variable(names[i]), INT32_MAX);
		return true;
	}
	return false;
}

/*
 * Sessions are for who means the same lock in the same cluster in the same way:
 * their names differ if anything else does.  All users can see them, and try
 * passwords on them if those were in.
 */
static void name_sessions(struct pl_address *address,
			  const struct packet *packet)
{
	uint8_t digest[SHA1_DIGEST_LENGTH];
	char *end = address->session;
	SHA1_CTX context;

	SHA1Init(&context);
	SHA1Update(&context, (const uint8_t *)packet->bytes, packet->open);
	SHA1Final(digest, &context);
	end += sprintf(end, PL_SESSION_PREFIX);
	for (size_t i = 0; i < sizeof(digest); i++)
		end += sprintf(end, "%02x", digest[i]);
}

int pl_cluster_make(struct pl_cluster **cluster, struct pl_address *address,
		    const char *key, const struct portlock_options *options)
{
	char folder[PATH_MAX];
	struct packet packet = { .folder = folder };
	const char *helper = variable("PORTLOCK_SESSION");
	int64_t grants, milliseconds;
	struct pl_cluster *made;
	size_t helper_size;

	/* Without one a relative name is refused by the helper. */
	if (!getcwd(folder, sizeof(folder)))
		folder[0] = '\0';
	helper = helper ? helper : HELPER;
	helper_size = strlen(helper) + 1;
	write_packet(&packet, key, options);
	if (packet.size > SESSION_CONFIGURE_MAX || options->ttl_s < 0 ||
	    options->contact_ms < 0 ||
	    read_limit(&grants, options->local_grants, LOCAL_GRANTS_SET,
		       LOCAL_GRANTS) < 0 ||
	    read_limit(&milliseconds, options->local_ms, LOCAL_MS_SET,
		       LOCAL_MS) < 0)
		return -EINVAL;
	made = pl_ops->calloc(1, sizeof(*made) + packet.size + helper_size);
	if (!made)
		return -ENOMEM;
	packet = (struct packet){ .bytes = made->packet, .folder = folder };
	write_packet(&packet, key, options);
	made->size = packet.size;
	made->helper = memcpy(made->packet + packet.size, helper, helper_size);
	made->local_grants = (unsigned)grants;
	made->local_ns = milliseconds * PL_MSEC;
	made->margin_ms = margin_of(options);
	name_sessions(address, &packet);
	*cluster = made;
	return 0;
}

const char *pl_cluster_endpoints(const struct pl_cluster *cluster)
{
	static const char start[] = SESSION_ENDPOINTS "=";
	const size_t length = sizeof(start) - 1;
	const char *setting = cluster->packet + sizeof(struct session_request);

	/* It is always among them. */
	while (strncmp(setting, start, length) != 0)
		setting += strlen(setting) + 1;
	return setting + length;
}

void pl_cluster_free(struct pl_cluster *cluster)
{
	if (!cluster)
		return;
	explicit_bzero(cluster->packet, cluster->size);
	pl_ops->free(cluster);
}

/* ---- the text of a failure ------------------------------------------------ */

/* Never held across anything that blocks, nor across a fork. */
static void detail_lock(struct pl_cluster *cluster)
{
	pl_window_open();
	while (atomic_flag_test_and_set(&cluster->detail_in_use))
		continue;
}

static void detail_unlock(struct pl_cluster *cluster)
{
	atomic_flag_clear(&cluster->detail_in_use);
	pl_window_close();
}

void pl_detail_set(struct pl_cluster *cluster, const char *text)
{
	detail_lock(cluster);
	snprintf(cluster->detail, sizeof(cluster->detail), "%s", text);
	detail_unlock(cluster);
}

void pl_detail_get(struct pl_cluster *cluster, char text[PL_DETAIL_SIZE])
{
	detail_lock(cluster);
	memcpy(text, cluster->detail, PL_DETAIL_SIZE);
	detail_unlock(cluster);
}
