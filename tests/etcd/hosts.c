/* SPDX-License-Identifier: MIT */
/* hosts.c - network namespaces at a bridge. */
#include "config.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/etcd/hosts.h"
#include "tests/support/network.h"
#include "tests/support/support.h"

#define PREFIX "10.77.0"

struct host hosts[HOSTS_MAX];

static int hub = -1;

static int here(void)
{
	return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* Runs the command with the host's namespace as descriptor 9. */
__attribute__((format(printf, 2, 3))) static bool shell(const struct host *host,
							const char *format, ...)
{
	char command[512], all[640];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	snprintf(all, sizeof(all), "{ %s; } 9</proc/%d/fd/%d", command,
		 (int)getpid(), host ? host->network : hub);
	return system(all) == 0;
}

static bool add_host(struct host *host, int number)
{
	bool made;

	host->number = number;
	snprintf(host->address, sizeof(host->address), "%s.%d", PREFIX, number);
	snprintf(host->port, sizeof(host->port), "port%d", number);
	if (unshare(CLONE_NEWNET) < 0)
		return false;
	host->network = here();
	made = host->network >= 0 && setns(hub, CLONE_NEWNET) == 0 &&
	       shell(host,
		     "ip link add %s type veth peer name eth0 "
		     "netns /proc/self/fd/9 && ip link set %s master hub up",
		     host->port, host->port);
	if (!made)
		return false;
	host_visit(host);
	made = shell(host,
		     "ip link set lo up && ip link set eth0 up && "
		     "ip address add %s/24 dev eth0",
		     host->address);
	host_visit(NULL);
	return made;
}

bool hosts_make(int count)
{
	bool made;

	require(hub < 0 && count <= HOSTS_MAX);
	if (!network_enter()) {
		print_message("hosts need network namespaces, which the "
			      "system does not let us make: be root, or "
			      "allow user namespaces\n");
		return false;
	}
	hub = here();
	made = hub >= 0 &&
	       shell(NULL, "ip link add hub type bridge && "
			   "ip link set hub up && "
			   "ip address add " HUB_ADDRESS "/24 dev hub");
	for (int i = 0; made && i < count; i++)
		made = add_host(&hosts[i], i + 1);
	if (!made)
		print_message("hosts need ip (Debian: apt-get install "
			      "iproute2) and a kernel with bridge and veth\n");
	return made;
}

void host_visit(const struct host *host)
{
	/* Without hosts everybody is in the one network that there is. */
	if (host || hub >= 0)
		require(setns(host ? host->network : hub, CLONE_NEWNET) == 0);
}

struct child *contender_on(const struct host *host, const char *key)
{
	struct child *contender;

	host_visit(host);
	contender = contender_start(key, "etcd");
	host_visit(NULL);
	return contender;
}

void host_cut(const struct host *host)
{
	require(shell(host, "ip link set %s nomaster", host->port));
}

void host_join(const struct host *host)
{
	require(shell(host, "ip link set %s master hub", host->port));
}
