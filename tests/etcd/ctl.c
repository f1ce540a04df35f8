/* SPDX-License-Identifier: MIT */
/* ctl.c - questions and orders to an etcd, by its own etcdctl. */
#include "config.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/etcd/cluster.h"

#define ARGUMENTS 32

/* Passwords are not for the command line. */
static void become(const struct etcd *etcd, const char *const *arguments,
		   int output)
{
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	setenv("ETCDCTL_API", "3", 1);
	unsetenv("ETCDCTL_ENDPOINTS");
	unsetenv("ETCDCTL_USER");
	if (etcd->authenticated)
		setenv("ETCDCTL_USER", "root:" ETCD_ROOT_PASSWORD, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execvp("etcdctl", (char *const *)arguments);
	_exit(70);
}

static int run(const struct etcd *etcd, char text[CTL_TEXT],
	       const char *const *arguments)
{
	size_t used = 0;
	ssize_t got;
	int ends[2], status;
	pid_t pid;

	require(pipe2(ends, O_CLOEXEC) == 0);
	pid = fork();
	require(pid >= 0);
	if (pid == 0)
		become(etcd, arguments, ends[1]);
	close(ends[1]);
	while ((got = read(ends[0], text + used, CTL_TEXT - 1 - used)) > 0)
		used += (size_t)got;
	text[used] = '\0';
	close(ends[0]);
	require(got == 0 && used < CTL_TEXT - 1);
	require(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int etcd_ctl_run(struct etcd *etcd, const char *endpoints, char text[CTL_TEXT],
		 const char *const *arguments)
{
	const char *list[ARGUMENTS] = { "etcdctl", "--dial-timeout=2s",
					"--command-timeout=3s", "--endpoints",
					endpoints ? endpoints
						  : etcd->endpoints };
	int count = 5;

	if (etcd->plan.tls) {
		list[count++] = "--cacert";
		list[count++] = etcd->ca;
		list[count++] = "--cert";
		list[count++] = etcd->certificate;
		list[count++] = "--key";
		list[count++] = etcd->certificate_key;
	}
	for (; *arguments; arguments++) {
		require(count < ARGUMENTS - 1);
		list[count++] = *arguments;
	}
	return run(etcd, text, list);
}

/* What must succeed. */
#define order(etcd, ...)                                                       \
	do {                                                                   \
		static char text_[CTL_TEXT];                                   \
		int status_ = etcd_ctl(etcd, text_, __VA_ARGS__);              \
                                                                               \
		if (status_ != 0)                                              \
			print_error("etcdctl: %s\n", text_);                   \
		require(status_ == 0);                                         \
	} while (0)

void etcd_authenticate(struct etcd *etcd)
{
	order(etcd, "user", "add", "root:" ETCD_ROOT_PASSWORD);
	order(etcd, "user", "grant-role", "root", "root");
	order(etcd, "role", "add", "locker");
	order(etcd, "role", "grant-permission", "locker", "--prefix=true",
	      "readwrite", "portlock/");
	order(etcd, "user", "add", ETCD_USER ":" ETCD_PASSWORD);
	order(etcd, "user", "grant-role", ETCD_USER, "locker");
	order(etcd, "auth", "enable");
	etcd->authenticated = true;
}

int etcd_leader(struct etcd *etcd)
{
	static char text[CTL_TEXT];
	const char *const status[] = { "endpoint", "status", NULL };

	for (int i = 0; i < etcd->count; i++) {
		struct etcd_member *member = &etcd->members[i];
		char *field = text;

		if (member->pid == 0 || process_state(member->pid) == 'T' ||
		    etcd_ctl_run(etcd, member->url, text, status) != 0)
			continue;
		/* URL, id, version, size, is leader, ... */
		for (int j = 0; field && j < 4; j++) {
			field = strchr(field, ',');
			field += field ? 1 : 0;
		}
		if (field && strncmp(field, " true", 5) == 0)
			return i;
	}
	return -1;
}

/* ---- keys ---------------------------------------------------------------- */

/* Lines of the format "fields": "Key" : "portlock/x/1f", "Lease" : 31. */
static int read_keys(const char *text, struct etcd_key keys[KEYS_LISTED])
{
	int count = 0;

	for (; text; text = strchr(text, '\n')) {
		struct etcd_key *last = &keys[count > 0 ? count - 1 : 0];

		text += *text == '\n';
		if (strncmp(text, "\"Key\" : ", 8) == 0) {
			require(count < KEYS_LISTED);
			require(sscanf(text, "\"Key\" : \"%255[^\"]\"",
				       keys[count].name) == 1);
			count++;
		}
		sscanf(text, "\"CreateRevision\" : %" SCNd64,
		       &last->create_revision);
		sscanf(text, "\"Lease\" : %" SCNd64, &last->lease);
	}
	return count;
}

int etcd_keys(struct etcd *etcd, const char *prefix,
	      struct etcd_key keys[KEYS_LISTED])
{
	static char text[CTL_TEXT];

	require(etcd_ctl(etcd, text, "get", "--prefix", "--keys-only",
			 "--sort-by=CREATE", "--order=ASCEND",
			 "--write-out=fields", prefix) == 0);
	return read_keys(text, keys);
}

int etcd_queue(struct etcd *etcd, const char *key,
	       struct etcd_key keys[KEYS_LISTED])
{
	char name[1024] = "portlock/";
	size_t used = strlen(name);

	for (; *key; key++)
		used += (size_t)snprintf(name + used, sizeof(name) - used,
					 isalnum((unsigned char)*key) ||
							 strchr("._-", *key)
						 ? "%c"
						 : "%%%02X",
					 (unsigned char)*key);
	snprintf(name + used, sizeof(name) - used, "/");
	return etcd_keys(etcd, name, keys);
}

struct queue {
	struct etcd *etcd;
	const char *key;
	int length;
};

static bool is_that_long(void *argument)
{
	static struct etcd_key keys[KEYS_LISTED];
	struct queue *queue = argument;

	return etcd_queue(queue->etcd, queue->key, keys) == queue->length;
}

void etcd_wait_queue(struct etcd *etcd, const char *key, int length)
{
	struct queue queue = { etcd, key, length };

	wait_until(is_that_long, &queue);
}

/* ---- leases -------------------------------------------------------------- */

bool etcd_revoke(struct etcd *etcd, int64_t lease)
{
	static char text[CTL_TEXT];
	char id[32];
	int status;

	snprintf(id, sizeof(id), "%" PRIx64, (uint64_t)lease);
	status = etcd_ctl(etcd, text, "lease", "revoke", id);
	require(status == 0 || strstr(text, "requested lease not found"));
	return status == 0;
}

int etcd_leases(struct etcd *etcd)
{
	static char text[CTL_TEXT];
	int count;

	require(etcd_ctl(etcd, text, "lease", "list") == 0);
	require(sscanf(text, "found %d leases", &count) == 1);
	return count;
}

int etcd_lease_left(struct etcd *etcd, int64_t lease)
{
	static char text[CTL_TEXT];
	char id[32], *found;
	int left;

	snprintf(id, sizeof(id), "%" PRIx64, (uint64_t)lease);
	require(etcd_ctl(etcd, text, "lease", "timetolive", id) == 0);
	found = strstr(text, "remaining(");
	if (!found)
		return -1;
	require(sscanf(found, "remaining(%d", &left) == 1);
	return left;
}
