/* SPDX-License-Identifier: MIT */
/* terminal.c - lends the terminal to a command in a process group of its own.
 *
 * Our group keeps the terminal for as long as the command can do without: the
 * others in it, such as a pager that the command writes to, may need it, and
 * what is typed to end or stop all of them reaches the command by way of the
 * wrapper.  A command that wants to read or to set the terminal is stopped by
 * the kernel; then it gets it, and goes on.
 */
#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/cli/supervise.h"

/* -1: there is none. */
static int open_terminal(void)
{
	return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* From one group to the other; true if the latter has it now.  (SIGTTOU, which
 * could stop us for it, is blocked.) */
static bool pass(pid_t from, pid_t to)
{
	int fd = open_terminal();
	pid_t owner;

	if (fd < 0)
		return false;
	owner = tcgetpgrp(fd);
	if (owner == from && tcsetpgrp(fd, to) == 0)
		owner = to;
	close(fd);
	return owner == to;
}

bool terminal_lend(pid_t group)
{
	return pass(getpgrp(), group);
}

bool terminal_is_lent(pid_t group)
{
	return pass(group, group);
}

bool terminal_take_back(pid_t group)
{
	return terminal_is_lent(group) && pass(group, getpgrp());
}
