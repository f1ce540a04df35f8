/* SPDX-License-Identifier: MIT */
/* look.c - looks at the machine, for the judgements. */
#include "config.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/cli/doctor/doctor.h"
#include "lib/cli/shim_path.h"

#define TRIALS 8 /* keys, as a stranger may have the ports of one */

/* All of it without its last newline, to be freed; NULL: not to be read. */
static char *read_text(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;
	ssize_t size = file ? getdelim(&text, &room, '\0', file) : -1;

	if (file && size < 0 && feof(file))
		size = 0;
	if (file)
		fclose(file);
	if (size > 0 && text[size - 1] == '\n')
		text[size - 1] = '\0';
	else if (size <= 0 && text)
		*text = '\0';
	if (size >= 0)
		return text ? text : strdup("");
	free(text);
	return NULL;
}

static void look_at_ports(struct report *report)
{
	char *range = read_text("/proc/sys/net/ipv4/ip_local_port_range");
	char *reserved =
		read_text("/proc/sys/net/ipv4/ip_local_reserved_ports");
	char *tcp = read_text("/proc/net/tcp");
	char *tcp6 = read_text("/proc/net/tcp6");

	judge_range(report, range, reserved);
	judge_sockets(report, tcp, tcp6);
	free(range);
	free(reserved);
	free(tcp);
	free(tcp6);
}

static void look_at_limits(struct report *report)
{
	char *somaxconn = read_text("/proc/sys/net/core/somaxconn");
	struct rlimit limit;

	judge_queue(report, somaxconn);
	free(somaxconn);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		judge_descriptors(report, &limit);
}

/* What the link says, in a buffer, or NULL. */
static const char *read_link(const char *path, char text[64])
{
	ssize_t size = readlink(path, text, 63);

	text[size > 0 ? size : 0] = '\0';
	return size > 0 ? text : NULL;
}

static void look_at_namespaces(struct report *report)
{
	char own_net[64], first_net[64], own_pid[64];
	char *scope = read_text("/proc/sys/kernel/yama/ptrace_scope");
	char *mounts = read_text("/proc/self/mounts");
	const char *first = read_link("/proc/1/ns/net", first_net);

	judge_namespace(report, read_link("/proc/self/ns/net", own_net), first,
			read_link("/proc/self/ns/pid", own_pid));
	judge_sight(report, scope, mounts, geteuid() == 0, first);
	free(scope);
	free(mounts);
}

static bool loopback_is_up(void)
{
	struct ifreq lo = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up = fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &lo) == 0 &&
		  (lo.ifr_flags & IFF_UP);

	if (fd >= 0)
		close(fd);
	return up;
}

/* Newer than many headers.  Elsewhere the number is another. */
#if !defined(SO_PASSRIGHTS) && !defined(__sparc__) && !defined(__hppa__)
#define SO_PASSRIGHTS 83
#endif

static bool refuses_rights(void)
{
	bool known = false;
#ifdef SO_PASSRIGHTS
	int pass = 0, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	known = setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &pass,
			   sizeof(pass)) == 0;
	close(fd);
#endif
	return known;
}

static void look_at_kernel(struct report *report)
{
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	struct utsname name;

	if (uname(&name) == 0)
		judge_kernel(report, name.release, refuses_rights(),
			     pidfd >= 0);
	if (pidfd >= 0)
		close(pidfd);
}

/* 0, or why a lock that nobody else wants is not to be had. */
static int try_key(const char *key, const char *transport, char detail[256])
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	portlock_t *lock;
	int error;

	options.transport = transport;
	error = portlock_open(&lock, key, &options);
	if (error == 0)
		error = portlock_try_lock(lock);
	*detail = '\0';
	portlock_detail(lock, detail, 256);
	portlock_close(lock);
	return error;
}

static void try_transport(struct report *report, const char *transport)
{
	char key[64], detail[256] = "";
	int error = -EBUSY;

	for (int i = 0; error == -EBUSY && i < TRIALS; i++) {
		snprintf(key, sizeof(key), "portlock doctor %d %d",
			 (int)getpid(), i);
		error = try_key(key, transport, detail);
	}
	judge_trial(report, transport, error, detail);
}

/* It is a cluster of others: only who is to use it tries it. */
static bool wants_etcd(void)
{
	const char *transport = getenv("PORTLOCK_TRANSPORT");
	const char *endpoints = getenv("PORTLOCK_ETCD_ENDPOINTS");

	return (transport && strcmp(transport, "etcd") == 0) ||
	       (endpoints && *endpoints);
}

static void look_at_shim(struct report *report, bool is_needed)
{
	char why[OBSTACLE_MAX];
	const char *shim = shim_path();

	if (!shim_obstacle(shim, why)) {
		found(report, LEVEL_OK, "shim",
		      "%s, for %d-bit programs of this machine", shim,
		      (int)sizeof(void *) * 8);
		return;
	}
	found(report, is_needed ? LEVEL_PROBLEM : LEVEL_NOTE, "shim",
	      "%s; only 'portlock preload' needs it", why);
}

static bool look_at_environment(struct report *report)
{
	char name[64];
	bool good = true;

	for (char **at = environ; at && *at; at++) {
		size_t length = strcspn(*at, "=");

		if (strncmp(*at, "PORTLOCK_", 9) != 0 || !(*at)[length] ||
		    length >= sizeof(name))
			continue;
		memcpy(name, *at, length);
		name[length] = '\0';
		good &= judge_variable(report, name, *at + length + 1);
	}
	return good;
}

bool examine_machine(struct report *report, bool needs_shim)
{
	try_transport(report, "unix");
	try_transport(report, "tcp");
	if (wants_etcd())
		try_transport(report, "etcd");
	judge_loopback(report, loopback_is_up());
	look_at_ports(report);
	look_at_limits(report);
	look_at_namespaces(report);
	look_at_kernel(report);
	look_at_shim(report, needs_shim || getenv("PORTLOCK_SHIM"));
	return look_at_environment(report);
}
