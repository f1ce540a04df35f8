/* SPDX-License-Identifier: MIT */
/* etcd.c - the cluster to measure with: the user's, or one node of our own. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/etcd.h"
#include "bench/etcd_node.h"
#include "bench/fail.h"
#include "bench/http.h"

/* ---- what is there -------------------------------------------------------- */

static bool is_in_path(const char *program)
{
	const char *path = getenv("PATH");
	char file[PATH_MAX];

	while (path && *path) {
		int length = (int)strcspn(path, ":");

		snprintf(file, sizeof(file), "%.*s/%s", length, path, program);
		if (access(file, X_OK) == 0)
			return true;
		path += length + (path[length] == ':');
	}
	return false;
}

/* The next one of a list with commas, or false. */
static bool next_endpoint(const char **list, char url[256])
{
	size_t length = strcspn(*list += strspn(*list, ", "), ", ");

	snprintf(url, 256, "%.*s", (int)length, *list);
	*list += length;
	return length > 0;
}

const char *etcd_endpoints(void)
{
	const char *list = getenv(ETCD_ENDPOINTS);

	return list ? list : "";
}

const char *etcd_obstacle(void)
{
	static char why[PATH_MAX + 256];
	const char *helper = getenv("PORTLOCK_SESSION");
	const char *list = etcd_endpoints();
	char url[256];

	helper = helper && *helper ? helper : PKGLIBEXECDIR "/portlock-session";
	if (access(helper, X_OK) < 0) {
		snprintf(why, sizeof(why),
			 "portlock's transport etcd needs '%s': %s "
			 "(PORTLOCK_SESSION can name another place; a build "
			 "without libcurl has none)",
			 helper, strerror(errno));
		return why;
	}
	if (!is_in_path("etcdctl"))
		return "etcdctl, which portlock is compared with, is not "
		       "installed (Debian: apt-get install etcd-client)";
	if (!*list && !is_in_path("etcd"))
		return "etcd is not installed (Debian: apt-get install "
		       "etcd-server), and --etcd names no cluster";
	while (next_endpoint(&list, url))
		if (!http_understands(url))
			return "the bare requests, which portlock is compared "
			       "with, need endpoints such as http://HOST:2379, "
			       "without TLS: name others with --etcd";
	return NULL;
}

void etcd_connect(struct http *http)
{
	const char *list = etcd_endpoints();
	char url[256];

	snprintf(http->error, sizeof(http->error), "no endpoint is named");
	while (next_endpoint(&list, url))
		if (http_open(http, url))
			return;
	fail("etcd: %s", http->error);
}

/* ---- the one of the run ---------------------------------------------------- */

/* The user's: better known now than from a process that fails. */
static void try_endpoints(void)
{
	struct http http;
	json_t *reply;

	etcd_connect(&http);
	reply = http_post(&http, ETCD_MEMBERS, "{}");
	if (!reply)
		fail("etcd: %s", http.error);
	json_decref(reply);
	http_close(&http);
}

void etcd_begin(void)
{
	if (*etcd_endpoints())
		try_endpoints();
	else
		setenv(ETCD_ENDPOINTS, node_begin(), 1);
}

void etcd_end(void)
{
	if (!node_runs())
		return;
	node_end();
	unsetenv(ETCD_ENDPOINTS);
}
