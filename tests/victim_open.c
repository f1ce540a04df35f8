/* SPDX-License-Identifier: MIT */
/* victim_open.c - a program that changes a file and knows no lock. */
#undef _FORTIFY_SOURCE /* what it calls is to be what is written here */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "victim.h"
#include "victim_open.h"

int __open_2(const char *path, int flags);
int __close(int fd);

static const char *name;
static char beside[PATH_MAX], alias[PATH_MAX], other[PATH_MAX];
static char program[PATH_MAX], folder[PATH_MAX - 64];
static int directory, fd = -1;
static FILE *stream;
static int value;

static int result_of(int result)
{
	return result < 0 ? errno : 0;
}

/* ---- to open ---------------------------------------------------------------- */

static int opened(int result)
{
	fd = result;
	return result_of(fd);
}

static int do_read(void)
{
	return opened(open(name, O_RDONLY));
}

static int do_update(void)
{
	return opened(open(name, O_RDWR | O_CLOEXEC));
}

static int do_open64(void)
{
	return opened(open64(name, O_RDWR));
}

static int do_openat(void)
{
	return opened(openat(directory, strrchr(name, '/') + 1, O_RDWR));
}

static int do_openat64(void)
{
	return opened(openat64(directory, strrchr(name, '/') + 1, O_RDWR));
}

static int do_fortified(void)
{
	return opened(__open_2(name, O_RDWR));
}

static int do_create(void)
{
	return opened(open(name, O_RDWR | O_CREAT, 0600));
}

static int do_creat(void)
{
	return opened(creat(name, 0600));
}

static int do_exclusive(void)
{
	return opened(open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
}

static int do_truncate(void)
{
	return opened(open(name, O_WRONLY | O_TRUNC));
}

static int opened_stream(FILE *result)
{
	stream = result;
	if (!stream)
		return errno;
	fd = fileno(stream);
	return 0;
}

static int do_stream(void)
{
	return opened_stream(fopen(name, "r+"));
}

static int do_stream_write(void)
{
	return opened_stream(fopen(name, "w"));
}

static int do_restream(void)
{
	return opened_stream(freopen(name, "r+", fopen("/dev/null", "r")));
}

static int do_mode(void)
{
	return opened_stream(freopen(NULL, "r", stream));
}

static int do_alias(void)
{
	return opened(open(alias, O_RDWR));
}

static int do_link(void)
{
	return opened(open(other, O_RDWR));
}

static int do_beside(void)
{
	return opened(open(beside, O_RDWR | O_CREAT, 0600));
}

static int do_path(void)
{
	return opened(open(name, O_PATH));
}

static int do_directory(void)
{
	return opened(open(folder, O_RDONLY));
}

/* ---- to close and copy ---------------------------------------------------------- */

static int do_close(void)
{
	return result_of(close(fd));
}

static int do___close(void)
{
	return result_of(__close(fd));
}

static int do_fclose(void)
{
	return result_of(fclose(stream));
}

static int do_close_range(void)
{
	return result_of(close_range((unsigned)fd, (unsigned)fd, 0));
}

static int do_close_range_cloexec(void)
{
	return result_of(close_range((unsigned)fd, ~0u, CLOSE_RANGE_CLOEXEC));
}

static int do_closefrom(void)
{
	closefrom(fd);
	return fcntl(fd, F_GETFD) < 0 ? 0 : EBUSY;
}

static int copied(int copy)
{
	int first = fd;

	if (copy < 0 || close(first) < 0)
		return errno;
	fd = copy;
	return 0;
}

static int do_copy(void)
{
	return copied(dup(fd));
}

static int do_copy2(void)
{
	return copied(dup2(fd, 100));
}

static int do_copy3(void)
{
	return copied(dup3(fd, 101, O_CLOEXEC));
}

static int do_overwrite(void)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	int result = result_of(dup2(nothing, fd));

	close(nothing);
	return result;
}

static int do_overwrite_fails(void)
{
	return dup2(-1, fd) < 0 ? 0 : EBUSY;
}

/* ---- to change ------------------------------------------------------------------- */

static int do_value(void)
{
	char text[16] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) < 0)
		return -errno;
	value = atoi(text);
	return value;
}

static int do_add(void)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d\n", value + 1);

	return pwrite(fd, text, (size_t)length, 0) == length ? 0 : errno;
}

static int do_count(void)
{
	int result = 0;

	for (int i = 0; i < OPEN_COUNT && result == 0; i++) {
		result = do_update();
		if (result == 0 && do_value() >= 0)
			result = do_add();
		close(fd);
	}
	return result;
}

static int do_count_streams(void)
{
	int i;

	for (i = 0; i < OPEN_COUNT && do_stream() == 0; i++) {
		if (fscanf(stream, "%d", &value) != 1)
			return EIO;
		rewind(stream);
		fprintf(stream, "%d\n", value + 1);
		fclose(stream);
	}
	return i == OPEN_COUNT ? 0 : errno;
}

static int do_replace(void)
{
	char next[PATH_MAX + 8];
	FILE *file;

	do_value();
	snprintf(next, sizeof(next), "%s.next", name);
	file = fopen(next, "w");
	if (!file)
		return errno;
	fprintf(file, "%d\n", value + 1);
	fclose(file);
	return result_of(rename(next, name));
}

/* ---- processes ------------------------------------------------------------------- */

static int status_of(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) < 0)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

static int do_in_child(void)
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

static int do_child_closes(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(do_close());
	return status_of(child);
}

static int do_child_closes2(void)
{
	pid_t child = vfork();

	if (child == 0)
		_exit(close(fd) < 0);
	return status_of(child);
}

static int do_exec(void)
{
	execl(program, "victim_open", name, (char *)NULL);
	return errno;
}

static void ignore(int signal)
{
	(void)signal;
}

static int do_handle_signals(void)
{
	struct sigaction action = { .sa_handler = ignore };

	return result_of(sigaction(SIGUSR1, &action, NULL));
}

static int do_nothing(void)
{
	return 0;
}

int main(int argc, char **argv)
{
#define VICTIM_OPEN_COMMAND(name) { #name, do_##name },
	static const struct command commands[] = { VICTIM_OPEN_COMMANDS(
		VICTIM_OPEN_COMMAND){ NULL, NULL } };
	const char *base;

	if (argc < 2 || !strrchr(argv[1], '/'))
		return 64;
	name = argv[1];
	base = strrchr(name, '/') + 1;
	snprintf(folder, sizeof(folder), "%.*s", (int)(base - name - 1), name);
	snprintf(alias, sizeof(alias), "%s-alias/%s", folder, base);
	snprintf(beside, sizeof(beside), "%s/beside", folder);
	snprintf(other, sizeof(other), "%s/other/%s", folder, base);
	directory = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!realpath("/proc/self/exe", program))
		return 64;
	return argv[2] ? run_all(commands, argv + 2) : serve(commands);
}
