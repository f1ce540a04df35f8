/* SPDX-License-Identifier: MIT */
/* network.c - a network namespace of a test's own, and a terminal. */
#include "config.h"

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "network.h"
#include "support.h"

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

void terminal_open(struct terminal *terminal, int columns)
{
	struct winsize size = { .ws_col = (unsigned short)columns,
				.ws_row = 24 };
	struct termios modes;

	terminal->keyboard = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	require(terminal->keyboard >= 0 && grantpt(terminal->keyboard) == 0 &&
		unlockpt(terminal->keyboard) == 0);
	terminal->path = ptsname(terminal->keyboard);
	require(terminal->path);
	terminal->screen = open(terminal->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	require(terminal->screen >= 0);
	require(ioctl(terminal->screen, TIOCSWINSZ, &size) == 0);
	require(tcgetattr(terminal->screen, &modes) == 0);
	cfmakeraw(&modes);
	require(tcsetattr(terminal->screen, TCSANOW, &modes) == 0);
}

void terminal_close(struct terminal *terminal)
{
	close(terminal->screen);
	close(terminal->keyboard);
}

void terminal_read_until(struct terminal *terminal, char *shown, size_t size,
			 const char *text)
{
	struct pollfd ready = { .fd = terminal->keyboard, .events = POLLIN };
	size_t length = 0;
	ssize_t got;

	*shown = '\0';
	while (!strstr(shown, text)) {
		require(length < size - 1);
		require(poll(&ready, 1, is_slow() ? 1200000 : 120000) > 0);
		got = read(terminal->keyboard, shown + length,
			   size - 1 - length);
		require(got > 0);
		length += (size_t)got;
		shown[length] = '\0';
	}
}
