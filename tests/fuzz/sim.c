/* SPDX-License-Identifier: MIT */
/* sim.c - a lock and its enemies in one thread. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "sim.h"
#include "tests/support/old_kernel.h"

#define SECOND INT64_C(1000000000)

/* More sleeps than any input is worth: it is busy for ever. */
#define SLEEPS_MAX 20000

static struct {
	struct pl_ops ops;
	int64_t now;
	bool (*act)(void);
	void (*before)(void);
	int sleeps;
	const char *text;
	size_t size;
	uid_t uid;
	int connection, number; /* accepted last; -1: closed */
	uid_t (*peer)(int number);
	void (*closing)(int number);
} sim;

static int tell(clockid_t clock, struct timespec *now)
{
	(void)clock;
	sim.now += 1000; /* what a look costs */
	now->tv_sec = (time_t)(sim.now / SECOND);
	now->tv_nsec = (long)(sim.now % SECOND);
	return 0;
}

void sim_pass(int64_t ns)
{
	sim.now += ns;
}

/* A sleep without an end, after everybody else has done all that it could, is
 * a wake-up that was lost. */
static int sleep_and_see(struct pollfd *fds, nfds_t count,
			 const struct timespec *timeout, const sigset_t *mask)
{
	static const struct timespec at_once;
	int ready = ppoll(fds, count, &at_once, mask);

	if (timeout && timeout->tv_sec == 0 && timeout->tv_nsec == 0)
		return ready;
	fuzz_check(++sim.sleeps < SLEEPS_MAX);
	while (ready == 0 && sim.act()) {
		ready = ppoll(fds, count, &at_once, mask);
		if (count == 0)
			break;
	}
	if (ready != 0)
		return ready;
	fuzz_check(timeout);
	sim.now += timeout->tv_sec * SECOND + timeout->tv_nsec;
	return 0;
}

static void interfere(void)
{
	if (sim.before)
		sim.before();
}

static int accept_late(int fd, struct sockaddr *address, socklen_t *length,
		       int flags)
{
	int connection;

	interfere();
	connection = accept4(fd, address, length, flags);
	if (connection >= 0) {
		sim.connection = connection;
		sim.number++;
	}
	return connection;
}

static int get_option(int fd, int level, int name, void *value,
		      socklen_t *length)
{
	int result = getsockopt(fd, level, name, value, length);

	if (result == 0 && name == SO_PEERCRED && fd == sim.connection &&
	    sim.peer)
		((struct ucred *)value)->uid = sim.peer(sim.number);
	return result;
}

static ssize_t send_late(int fd, const struct msghdr *message, int flags)
{
	interfere();
	return sendmsg(fd, message, flags);
}

static int close_late(int fd)
{
	interfere();
	if (fd == sim.connection) {
		sim.connection = -1;
		if (sim.closing)
			sim.closing(sim.number);
	}
	return close(fd);
}

static int open_file(const char *path, int flags)
{
	(void)path;
	return open("/dev/null", flags);
}

static ssize_t read_file(int fd, void *buffer, size_t size)
{
	(void)fd;
	if (size > sim.size)
		size = sim.size;
	if (size > 0)
		memcpy(buffer, sim.text, size);
	return (ssize_t)size;
}

static uid_t tell_user(void)
{
	return sim.uid;
}

void sim_user(uid_t uid)
{
	sim.uid = uid;
	sim.ops.geteuid = tell_user;
}

void sim_peers(uid_t (*peer)(int number), void (*closing)(int number))
{
	sim.peer = peer;
	sim.closing = closing;
}

void sim_old_kernel(void)
{
	sim.ops.setsockopt = old_setsockopt;
}

void sim_file(const char *text, size_t size)
{
	sim.text = text;
	sim.size = size;
}

void sim_start(bool (*act)(void), void (*before)(void))
{
	memset(&sim, 0, sizeof(sim));
	sim.now = 1000 * SECOND;
	sim.connection = sim.number = -1;
	sim.act = act;
	sim.before = before;
	sim.ops = pl_libc_ops;
	sim.ops.clock_gettime = tell;
	sim.ops.ppoll = sleep_and_see;
	sim.ops.accept4 = accept_late;
	sim.ops.getsockopt = get_option;
	sim.ops.sendmsg = send_late;
	sim.ops.close = close_late;
	sim.ops.open = open_file;
	sim.ops.read = read_file;
	pl_ops = &sim.ops;
}

void sim_end(void)
{
	pl_ops = &pl_libc_ops;
}
