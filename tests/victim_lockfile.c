/* SPDX-License-Identifier: MIT */
/* victim_lockfile.c - a program that makes and removes lock files. */
#undef _FORTIFY_SOURCE /* what it makes of open() is called by name here */
#include "config.h"

#include <signal.h>
#include <sys/stat.h>

#include "victim_lockfile_parts.h"

#define MANY 100

/* What calls with _FORTIFY_SOURCE become. */
int __open_2(const char *path, int flags);
int __openat_2(int directory, const char *path, int flags);

const char *name;
char protected_name[PATH_MAX], alias[PATH_MAX], here[PATH_MAX];
char program[PATH_MAX];
int directory;

int result_of(int result)
{
	return result < 0 ? errno : 0;
}

int opened(int fd)
{
	int error = result_of(fd);

	if (fd >= 0)
		close(fd);
	return error;
}

const char *last_component(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* ---- to open what is protected ------------------------------------------- */

int do_read(void)
{
	return opened(open(protected_name, O_RDONLY));
}

int do_read_stream(void)
{
	FILE *stream = fopen(protected_name, "r");

	if (!stream)
		return errno;
	fclose(stream);
	return 0;
}

int do_read_at(void)
{
	return opened(
		openat(directory, last_component(protected_name), O_RDONLY));
}

int do_read_fortified(void)
{
	return opened(__open_2(protected_name, O_RDONLY));
}

int do_read_fortified_at(void)
{
	return opened(__openat_2(directory, last_component(protected_name),
				 O_RDONLY));
}

/* ---- other things -------------------------------------------------------- */

int do_hold(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	return 0;
}

int do_nothing(void)
{
	return 0;
}

static void ignore(int signal)
{
	(void)signal;
}

static int handle_signals(int flags)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = flags };

	return result_of(sigaction(SIGUSR2, &action, NULL));
}

int do_handle_signals(void)
{
	return handle_signals(0);
}

int do_restart_signals(void)
{
	return handle_signals(SA_RESTART);
}

int do_many(void)
{
	char path[PATH_MAX];
	int i, result = 0;

	for (i = 0; i < MANY && result == 0; i++) {
		snprintf(path, sizeof(path), "%s.%d.lock", name, i);
		result = opened(open(path, EXCLUSIVE, 0600));
	}
	while (i-- > 0 && result == 0) {
		snprintf(path, sizeof(path), "%s.%d.lock", name, i);
		result = result_of(unlink(path));
	}
	return result;
}

/* Not atomic: only the lock file makes it right. */
static void count(void)
{
	long value;

	if (pread(VICTIM_SHARED, &value, sizeof(value), 0) == sizeof(value)) {
		value++;
		if (pwrite(VICTIM_SHARED, &value, sizeof(value), 0) < 0)
			abort();
	}
}

int do_turns(void)
{
	int result = 0;

	for (int i = 0; i < VICTIM_LOCKFILE_ROUNDS && result == 0; i++) {
		result = do_open();
		if (result)
			break;
		count();
		result = do_unlink();
	}
	return result;
}

static int loop(int (*make)(void))
{
	int result;

	do
		result = make();
	while (result == 0 && (result = do_unlink()) == 0);
	return result;
}

int do_loop(void)
{
	return loop(do_open);
}

int do_loop_link(void)
{
	return loop(do_link);
}

int do_nowhere(void)
{
	return opened(open("/nonexistent/portlock-test.lock", EXCLUSIVE, 0600));
}

int do_no_name(void)
{
	return opened(open("", EXCLUSIVE, 0600));
}

int do_null(void)
{
	const char *volatile null = NULL;

	return opened(open(null, EXCLUSIVE, 0600));
}

int do_dot(void)
{
	return result_of(mkdir(".", 0700));
}

int do_too_long(void)
{
	char path[2 * PATH_MAX];

	memset(path, 'x', sizeof(path) - 1);
	strcpy(path + sizeof(path) - 6, ".lock");
	return opened(open(path, EXCLUSIVE, 0600));
}

int do_below_a_file(void)
{
	return opened(open("/proc/self/exe/x.lock", EXCLUSIVE, 0600));
}

static bool prepare(const char *argument)
{
	const char *slash = strrchr(argument, '/');
	size_t length = strlen(argument);

	if (!slash || length < 5 || strcmp(argument + length - 5, ".lock") != 0)
		return false;
	name = argument;
	snprintf(protected_name, sizeof(protected_name), "%.*s",
		 (int)(length - 5), name);
	snprintf(here, sizeof(here), "%.*s", (int)(slash - name), name);
	snprintf(alias, sizeof(alias), "%.*s-alias%s", (int)(slash - name),
		 name, slash);
	directory = open(here, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return directory >= 0 &&
	       readlink("/proc/self/exe", program, sizeof(program) - 1) > 0;
}

int main(int argc, char **argv)
{
	static const struct command commands[] = {
#define COMMAND(name) { #name, do_##name },
		VICTIM_LOCKFILE_COMMANDS(COMMAND)
#undef COMMAND
			{ NULL, NULL },
	};

	if (argc < 2 || !prepare(argv[1])) {
		fprintf(stderr, "usage: victim_lockfile DIRECTORY/X.lock "
				"[COMMAND...]\n");
		return 64;
	}
	return argc > 2 ? run_all(commands, argv + 2) : serve(commands);
}
