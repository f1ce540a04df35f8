/* SPDX-License-Identifier: MIT */
/* terminal.c - a terminal for what a test runs. */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "support.h"
#include "terminal.h"

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
