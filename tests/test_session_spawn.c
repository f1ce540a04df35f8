/* SPDX-License-Identifier: MIT */
/* test_session_spawn.c - the helper process of transport etcd: what it has of
 * its host, and hosts where it cannot be.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/internal.h"
#include "support/cluster.h"
#include "support/support.h"
#include "support/thread.h"

/* ---- what it has of its host ---------------------------------------------- */

static char text[65536];

/* Of /proc/PID/NAME; returns its size. */
static size_t read_about(pid_t pid, const char *name)
{
	char path[64];
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	require(fd >= 0);
	size = read(fd, text, sizeof(text) - 1);
	require(size >= 0);
	close(fd);
	text[size] = '\0';
	return (size_t)size;
}

static const char *link_about(pid_t pid, const char *name)
{
	char path[64];
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	size = readlink(path, text, sizeof(text) - 1);
	text[size > 0 ? size : 0] = '\0';
	return text;
}

static uint64_t mask_about(pid_t pid, const char *name)
{
	const char *line;

	read_about(pid, "status");
	line = strstr(text, name);
	require(line != NULL);
	return strtoull(line + strlen(name), NULL, 16);
}

/* The fourth of /proc/PID/stat and those after it. */
struct relations {
	int parent, group, session, terminal;
};

static struct relations relations_of(pid_t pid)
{
	struct relations of;

	read_about(pid, "stat");
	require(sscanf(strrchr(text, ')'), ") %*c %d %d %d %d", &of.parent,
		       &of.group, &of.session, &of.terminal) == 4);
	return of;
}

/* valgrind does not take its log back from a program that it lets go. */
static bool is_log(const char *path, pid_t pid)
{
	const char *name = strrchr(path, '/');
	char log[32];

	snprintf(log, sizeof(log), "/%d.log", (int)pid);
	return name && strcmp(name, log) == 0;
}

static int fds_but_logs(pid_t pid)
{
	int count = open_fds(pid);
	char path[16];

	for (int fd = 6; fd < 20; fd++) {
		snprintf(path, sizeof(path), "fd/%d", fd);
		count -= is_log(link_about(pid, path), pid);
	}
	return count;
}

/* The last one is its connection to the cluster, that only fake_session has. */
static void require_only_its_descriptors(pid_t pid)
{
	static const char *const null = "/dev/null";

	require(strcmp(link_about(pid, "fd/0"), null) == 0);
	require(strcmp(link_about(pid, "fd/1"), null) == 0);
	require(strcmp(link_about(pid, "fd/2"), null) == 0);
	require(strncmp(link_about(pid, "fd/3"), "socket:", 7) == 0);
	require(strcmp(link_about(pid, "fd/4"), "anon_inode:[timerfd]") == 0);
	require(strncmp(link_about(pid, "fd/5"), "socket:", 7) == 0);
	require(fds_but_logs(pid) == 6);
}

static void require_own_process(pid_t pid)
{
	struct relations helper = relations_of(pid);

	require(helper.session == pid && helper.group == pid);
	require(helper.terminal == 0 && helper.parent != (int)getpid());
	require(read_about(pid, "environ") == 0);
	require(read_about(pid, "cmdline") ==
		strlen(getenv("PORTLOCK_SESSION")) + 1);
	require(strcmp(link_about(pid, "cwd"), "/") == 0);
	/* Until its program says otherwise. */
	require(mask_about(pid, "SigBlk:") & 1ULL << (SIGTERM - 1));
	require(mask_about(pid, "SigIgn:") == 0);
}

/* In a child: a host with everything that could be inherited. */
static void be_untidy(struct child *parent, void *argument)
{
	struct key *key = argument;
	sigset_t some;
	portlock_t *lock;

	for (int i = 0; i < 30; i++)
		require(open("/proc/self/stat", O_RDONLY) >= 0);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	sigprocmask(SIG_BLOCK, &some, NULL);
	setenv("PORTLOCK_ETCD_PASSWORD", "of nobody's business", 1);
	lock = open_lock(key->text, "etcd");
	require(portlock_acquire(lock) == 0);
	require_only_its_descriptors(atomic_load(&cluster->helper));
	require_own_process(atomic_load(&cluster->helper));
	say(parent, 0);
	hear_or_end(parent, &(int64_t){ 0 });
	portlock_close(lock);
}

static void it_has_nothing_of_its_host(void **state)
{
	struct child *host = child_start(be_untidy, *state);

	hear(host);
	assert_int_equal(child_end(host), 0);
	cluster_await_all_ended(cluster);
}

static void close_standard(struct child *parent, void *argument)
{
	struct key *key = argument;
	portlock_t *lock = open_lock(key->text, "etcd");

	for (int fd = 0; fd < 3; fd++)
		close(fd);
	require(portlock_acquire(lock) == 0);
	require_only_its_descriptors(atomic_load(&cluster->helper));
	portlock_close(lock);
	say(parent, 0);
}

static void a_host_may_have_closed_all_but_its_own(void **state)
{
	struct child *host = child_start(close_standard, *state);

	hear(host);
	assert_int_equal(child_end(host), 0);
	cluster_await_all_ended(cluster);
}

/* ---- a helper that cannot be ---------------------------------------------- */

static void require_detail(portlock_t *lock, const char *part)
{
	char detail[256];

	require(portlock_detail(lock, detail, sizeof(detail)) == 0);
	if (!strstr(detail, part))
		print_error("\"%s\" does not have \"%s\"\n", detail, part);
	require(strstr(detail, part));
}

static void assert_fails(struct key *key, const char *path, int error,
			 const char *detail)
{
	int before = open_fds(0);
	portlock_t *lock;

	setenv("PORTLOCK_SESSION", path, 1);
	lock = open_lock(key->text, "etcd");
	assert_int_equal(portlock_acquire_for(lock, -1), error);
	require_detail(lock, detail);
	assert_int_equal(portlock_try_lock(lock), error);
	assert_false(portlock_has_locked(lock));
	assert_false(gate_is_bound(key->text));
	portlock_close(lock);
	assert_int_equal(open_fds(0), before);
}

static void one_that_is_not_there_is_named(void **state)
{
	const char *folder = getenv("top_builddir");
	char makefile[4096];

	assert_fails(*state, "/nonexistent/session", -ENOSYS,
		     "/nonexistent/session");
	assert_fails(*state, "/", -ENOSYS, "/ ");
	snprintf(makefile, sizeof(makefile), "%s/Makefile", folder);
	assert_fails(*state, makefile, -ENOSYS, makefile);
}

static int refusal;

static int refuse(const char *path, const int *fds, int count)
{
	(void)path;
	(void)fds;
	(void)count;
	return refusal;
}

static void one_that_is_refused_is_named(void **state)
{
	struct pl_ops table = pl_libc_ops;

	table.spawn = refuse;
	pl_ops = &table;
	refusal = -EAGAIN; /* RLIMIT_NPROC */
	assert_fails(*state, "/helper", -ENOMEM, "/helper cannot be started");
	refusal = -EPERM; /* seccomp */
	assert_fails(*state, "/helper", -ENOSYS, "/helper cannot be started");
	pl_ops = &pl_libc_ops;
}

static void one_that_ends_at_once_is_not_tried_again(void **state)
{
	assert_fails(*state, "/bin/true", -EIO, "ended without an answer");
	assert_fails(*state, "/bin/false", -EIO, "ended without an answer");
}

/* With more and more room, an acquire fails for want of it, and then it does
 * not.  valgrind's socketpair() may give one of two that do not have room. */
static void have_little_room(struct child *parent, void *argument)
{
	struct key *key = argument;
	portlock_t *lock = open_lock(key->text, "etcd");
	int before = open_fds(0), error = -EMFILE, failures = 0;
	struct rlimit limit;

	require(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	for (limit.rlim_cur = 3; error < 0; limit.rlim_cur++) {
		require(setrlimit(RLIMIT_NOFILE, &limit) == 0);
		error = portlock_acquire(lock);
		require(error == 0 || error == -EMFILE ||
			(error == -EIO && is_slow()));
		failures += error < 0;
	}
	require(failures >= 3);
	require_only_its_descriptors(atomic_load(&cluster->helper));
	portlock_close(lock);
	limit.rlim_cur = limit.rlim_max;
	require(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	require(open_fds(0) == before);
	say(parent, 0);
}

static void a_limit_on_descriptors_is_an_error(void **state)
{
	struct child *host = child_start(have_little_room, *state);

	hear(host);
	assert_int_equal(child_end(host), 0);
	cluster_await_all_ended(cluster);
}

/* ---- many ----------------------------------------------------------------- */

#define THREADS 8

static void *use_many(void *argument)
{
	struct key *key = argument;

	for (int i = 0; i < rounds(10); i++) {
		portlock_t *lock = open_lock(key->text, "etcd");

		require(portlock_acquire_for(lock, -1) == 0);
		require(portlock_has_locked(lock));
		portlock_close(lock);
	}
	return NULL;
}

/* Their helpers do not inherit each other's sockets: all of them end. */
static void threads_start_theirs_at_once(void **state)
{
	struct key keys[THREADS];
	pthread_t threads[THREADS];
	int before = open_fds(0);

	(void)state;
	for (int i = 0; i < THREADS; i++)
		key_make(&keys[i]);
	for (int i = 0; i < THREADS; i++)
		threads[i] = thread_start(use_many, &keys[i]);
	for (int i = 0; i < THREADS; i++)
		thread_end(threads[i]);
	cluster_await_all_ended(cluster);
	assert_int_equal(cluster->started, THREADS * rounds(10));
	for (int i = 0; i < THREADS; i++)
		key_free(&keys[i]);
	assert_int_equal(open_fds(0), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_cluster(it_has_nothing_of_its_host),
		with_cluster(a_host_may_have_closed_all_but_its_own),
		with_cluster(one_that_is_not_there_is_named),
		with_cluster(one_that_is_refused_is_named),
		with_cluster(one_that_ends_at_once_is_not_tried_again),
		with_cluster(a_limit_on_descriptors_is_an_error),
		with_cluster(threads_start_theirs_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
