/* SPDX-License-Identifier: MIT */
/* network.c - a network namespace of a test's own. */
#include "config.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "network.h"

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return written;
}

/* Of a user who is not root, and becomes it for what is in there. */
static bool enter_as_user(void)
{
	char users[32], groups[32];

	snprintf(users, sizeof(users), "0 %u 1", (unsigned)geteuid());
	snprintf(groups, sizeof(groups), "0 %u 1", (unsigned)getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 &&
	       write_file("/proc/self/setgroups", "deny") &&
	       write_file("/proc/self/uid_map", users) &&
	       write_file("/proc/self/gid_map", groups);
}

bool network_enter(void)
{
	struct ifreq loopback = { .ifr_name = "lo" };
	int fd;
	bool up;

	if (unshare(CLONE_NEWNET) < 0 && !enter_as_user())
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	loopback.ifr_flags = IFF_UP;
	up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &loopback) == 0;
	if (fd >= 0)
		close(fd);
	return up;
}
