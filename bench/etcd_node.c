/* SPDX-License-Identifier: MIT */
/* etcd_node.c - an etcd of the run's own, of one node.
 *
 * Its port is one that was free a moment ago.  If somebody else was faster,
 * etcd ends at once and the next one is tried; that an answer is ours, and not
 * from that somebody's etcd, is told by the node's name.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/etcd.h"
#include "bench/etcd_node.h"
#include "bench/fail.h"
#include "bench/http.h"
#include "bench/lock.h"
#include "bench/stop.h"
#include "bench/worker.h"

#define TRIES 5
#define LOOK_EVERY (20 * 1000 * 1000)		    /* ns */
#define PATIENCE (INT64_C(30) * 1000 * 1000 * 1000) /* ns */

static struct node {
	pid_t pid; /* 0: none */
	char name[48], url[48], folder[PATH_MAX];
} node;

static int free_port(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(any);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("no socket: %s", strerror(errno));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&any, &length) < 0)
		fail("no port for etcd on 127.0.0.1: %s", strerror(errno));
	close(fd);
	return ntohs(any.sin_port);
}

/* One node speaks to no other: the port between nodes may be any. */
static void become_etcd(void *argument)
{
	const struct node *self = argument;
	const char *peer = "http://127.0.0.1:0";
	char log[PATH_MAX + 8], cluster[128];
	int fd;

	snprintf(log, sizeof(log), "%s.log", self->folder);
	snprintf(cluster, sizeof(cluster), "%s=%s", self->name, peer);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 ||
	    dup2(fd, STDERR_FILENO) < 0)
		fail("etcd: %s: %s", log, strerror(errno));
	execlp("etcd", "etcd", "--name", self->name, "--data-dir", self->folder,
	       "--listen-client-urls", self->url, "--advertise-client-urls",
	       self->url, "--listen-peer-urls", peer,
	       "--initial-advertise-peer-urls", peer, "--initial-cluster",
	       cluster, (char *)NULL);
	fail("cannot run etcd: %s", strerror(errno));
}

static bool answers(void)
{
	struct http http;
	json_t *reply = NULL, *member;
	const char *name = NULL;
	bool is_ours;

	if (http_open(&http, node.url))
		reply = http_post(&http, ETCD_MEMBERS, "{}");
	http_close(&http);
	member = json_array_get(json_object_get(reply, "members"), 0);
	name = json_string_value(json_object_get(member, "name"));
	is_ours = name && strcmp(name, node.name) == 0;
	json_decref(reply);
	return is_ours;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
		       0 &&
	       info.si_pid;
}

/* False: it has ended. */
static bool start(int number)
{
	int64_t limit = now_ns() + PATIENCE;

	snprintf(node.name, sizeof(node.name), "portlock-bench-%d-%d",
		 (int)getpid(), number);
	snprintf(node.folder, sizeof(node.folder), "%s/etcd-%d", bench_folder,
		 number);
	snprintf(node.url, sizeof(node.url), "http://127.0.0.1:%d",
		 free_port());
	node.pid = worker_start(become_etcd, &node);
	while (!answers()) {
		if (has_ended(node.pid)) {
			worker_kill(node.pid);
			node.pid = 0;
			return false;
		}
		if (now_ns() > limit)
			fail("etcd has not answered within %d s",
			     (int)(PATIENCE / 1000000000));
		stop_check();
		sleep_ns(LOOK_EVERY);
	}
	return true;
}

/* The last that it said. */
static void explain(char text[512])
{
	char log[PATH_MAX + 8], line[512];
	FILE *file;

	snprintf(log, sizeof(log), "%s.log", node.folder);
	file = fopen(log, "re");
	snprintf(text, 512, "it said nothing");
	while (file && fgets(line, sizeof(line), file))
		if (line[strspn(line, " \n")])
			snprintf(text, 512, "%.*s", (int)strcspn(line, "\n"),
				 line);
	if (file)
		fclose(file);
}

const char *node_begin(void)
{
	char text[512];

	/* What portlocks start becomes ours: see end_sessions(). */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 1; i <= TRIES; i++)
		if (start(i))
			return node.url;
	explain(text);
	fail("etcd ends as soon as it has begun: %s", text);
}

bool node_runs(void)
{
	return node.pid != 0;
}

/* Of our processes, one that is left; 0: none, or it is not told. */
static pid_t any_child(void)
{
	char path[64];
	long pid = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children",
		 (int)getpid());
	file = fopen(path, "re");
	if (file && fscanf(file, "%ld", &pid) != 1)
		pid = 0;
	if (file)
		fclose(file);
	return (pid_t)pid;
}

/* They would go on trying to give something back, for as long as a lease. */
static void end_sessions(void)
{
	pid_t pid;

	while ((pid = any_child()) > 0) {
		kill(pid, SIGKILL);
		if (waitpid(pid, NULL, 0) < 0)
			break;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

void node_end(void)
{
	worker_kill(node.pid);
	end_sessions();
	node.pid = 0;
}

void node_clean(void)
{
	if (node.pid)
		end_sessions();
}
