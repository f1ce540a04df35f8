/* SPDX-License-Identifier: MIT */
/* victim_open_child.c - children, another program, signals. */
#include "config.h"

#include <signal.h>
#include <sys/wait.h>

#include "victim_open_parts.h"

static int status_of(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) < 0)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

int do_in_child(void)
{
	pid_t child = fork();

	if (child == 0) {
		int result = do_update();

		if (result == 0 && do_value() >= 0)
			result = do_add();
		close(fd);
		_exit(result);
	}
	return status_of(child);
}

int do_child_closes(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(do_close());
	return status_of(child);
}

int do_child_closes2(void)
{
	pid_t child = vfork();

	if (child == 0)
		_exit(close(fd) < 0);
	return status_of(child);
}

int do_exec(void)
{
	execl(program, "victim_open", name, (char *)NULL);
	return errno;
}

int do_execlp(void)
{
	execlp(program, "victim_open", name, (char *)NULL);
	return errno;
}

int do_execle(void)
{
	execle(program, "victim_open", name, (char *)NULL, environ);
	return errno;
}

static void ignore(int signal)
{
	(void)signal;
}

int do_handle_signals(void)
{
	struct sigaction action = { .sa_handler = ignore };

	return result_of(sigaction(SIGUSR1, &action, NULL));
}
