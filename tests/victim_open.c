/* SPDX-License-Identifier: MIT */
/* victim_open.c - a program that changes a file and knows no lock. */
#undef _FORTIFY_SOURCE /* what it calls is to be what is written here */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "victim_open_parts.h"

int __open(const char *path, int flags, ...);
int __open64(const char *path, int flags, ...);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int directory, const char *path, int flags);
int __openat64_2(int directory, const char *path, int flags);

const char *name;
static char beside[PATH_MAX], alias[PATH_MAX], other[PATH_MAX];
static char folder[PATH_MAX - 64];
static int directory;
char program[PATH_MAX];
int fd = -1;
FILE *stream;
static int value;

int result_of(int result)
{
	return result < 0 ? errno : 0;
}

/* ---- to open ------------------------------------------------------------- */

static int opened(int result)
{
	fd = result;
	return result_of(fd);
}

int do_read(void)
{
	return opened(open(name, O_RDONLY));
}

int do_update(void)
{
	return opened(open(name, O_RDWR | O_CLOEXEC));
}

int do_open64(void)
{
	return opened(open64(name, O_RDWR));
}

int do_openat(void)
{
	return opened(openat(directory, strrchr(name, '/') + 1, O_RDWR));
}

int do_openat64(void)
{
	return opened(openat64(directory, strrchr(name, '/') + 1, O_RDWR));
}

int do_fortified(void)
{
	return opened(__open_2(name, O_RDWR));
}

int do_fortified64(void)
{
	return opened(__open64_2(name, O_RDWR));
}

int do_fortified_at(void)
{
	return opened(__openat_2(directory, strrchr(name, '/') + 1, O_RDWR));
}

int do_fortified_at64(void)
{
	return opened(__openat64_2(directory, strrchr(name, '/') + 1, O_RDWR));
}

int do___open(void)
{
	return opened(__open(name, O_RDWR));
}

int do___open64(void)
{
	return opened(__open64(name, O_RDWR));
}

int do_create(void)
{
	return opened(open(name, O_RDWR | O_CREAT, 0600));
}

int do_creat(void)
{
	return opened(creat(name, 0600));
}

int do_creat64(void)
{
	return opened(creat64(name, 0600));
}

int do_exclusive(void)
{
	return opened(open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
}

int do_truncate(void)
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

int do_stream(void)
{
	return opened_stream(fopen(name, "r+"));
}

int do_stream64(void)
{
	return opened_stream(fopen64(name, "r+"));
}

int do_stream_write(void)
{
	return opened_stream(fopen(name, "w"));
}

int do_restream(void)
{
	return opened_stream(freopen(name, "r+", fopen("/dev/null", "r")));
}

int do_restream64(void)
{
	return opened_stream(freopen64(name, "r+", fopen("/dev/null", "r")));
}

int do_mode(void)
{
	return opened_stream(freopen(NULL, "r", stream));
}

int do_alias(void)
{
	return opened(open(alias, O_RDWR));
}

int do_link(void)
{
	return opened(open(other, O_RDWR));
}

int do_beside(void)
{
	return opened(open(beside, O_RDWR | O_CREAT, 0600));
}

int do_path(void)
{
	return opened(open(name, O_PATH));
}

int do_directory(void)
{
	return opened(open(folder, O_RDONLY));
}

/* ---- to change ----------------------------------------------------------- */

int do_value(void)
{
	char text[16] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) < 0)
		return -errno;
	value = atoi(text);
	return value;
}

int do_add(void)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d\n", value + 1);

	return pwrite(fd, text, (size_t)length, 0) == length ? 0 : errno;
}

int do_count(void)
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

int do_count_streams(void)
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

int do_replace(void)
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

int do_nothing(void)
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
