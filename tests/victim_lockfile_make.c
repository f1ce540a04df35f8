/* SPDX-License-Identifier: MIT */
/* victim_lockfile_make.c - victim_lockfile makes the lock file. */
#include "config.h"

#include <pthread.h>
#include <sys/stat.h>

#include "victim_lockfile_parts.h"

int do_open(void)
{
	return opened(open(name, EXCLUSIVE, 0600));
}

static void *run(void *function)
{
	int (**make)(void) = function;

	return (void *)(intptr_t)(*make)();
}

static int in_thread(int (*make)(void))
{
	pthread_t thread;
	void *result;
	int error = pthread_create(&thread, NULL, run, &make);

	if (error == 0)
		error = pthread_join(thread, &result);
	return error ? error : (int)(intptr_t)result;
}

int do_open_in_thread(void)
{
	return in_thread(do_open);
}

static void name_second(char second[PATH_MAX])
{
	snprintf(second, PATH_MAX, "%s.second", name);
}

int do_open_second(void)
{
	char second[PATH_MAX];

	name_second(second);
	return opened(open(second, EXCLUSIVE, 0600));
}

int do_open_second_in_thread(void)
{
	return in_thread(do_open_second);
}

int do_unlink_second(void)
{
	char second[PATH_MAX];

	name_second(second);
	return result_of(unlink(second));
}

int do_open64(void)
{
	return opened(open64(name, EXCLUSIVE, 0600));
}

int do_openat(void)
{
	return opened(openat(directory, last_component(name), EXCLUSIVE, 0600));
}

int do_fopen(void)
{
	FILE *stream = fopen(name, "wx");

	if (!stream)
		return errno;
	fclose(stream);
	return 0;
}

int do_mkdir(void)
{
	return result_of(mkdir(name, 0700));
}

int do_mkdirat(void)
{
	return result_of(mkdirat(directory, last_component(name), 0700));
}

/* Both names of the file go through here. */
static int with_file(int (*make_link)(const char *file))
{
	char file[PATH_MAX];
	int result, fd;

	snprintf(file, sizeof(file), "%s.%d", name, (int)getpid());
	fd = open(file, EXCLUSIVE, 0600);
	if (fd < 0)
		return errno;
	close(fd);
	result = result_of(make_link(file));
	unlink(file);
	return result;
}

static int link_to(const char *file)
{
	return link(file, name);
}

static int linkat_to(const char *file)
{
	return linkat(directory, last_component(file), directory,
		      last_component(name), 0);
}

int do_link(void)
{
	return with_file(link_to);
}

int do_linkat(void)
{
	return with_file(linkat_to);
}

/* The other name stays. */
int do_link_kept(void)
{
	char file[PATH_MAX];
	int result;

	snprintf(file, sizeof(file), "%s.kept", name);
	result = opened(open(file, O_WRONLY | O_CREAT, 0600));
	return result ? result : result_of(link(file, name));
}

int do_link_too_long(void)
{
	char file[PATH_MAX], path[PATH_MAX + 2 * NAME_MAX];
	int result;

	snprintf(file, sizeof(file), "%s.kept", name);
	result = opened(open(file, O_WRONLY | O_CREAT, 0600));
	snprintf(path, sizeof(path), "%s/%0*d%s", here, NAME_MAX, 0,
		 last_component(name));
	return result ? result : result_of(link(file, path));
}

/* A file without a name, by both ways to give it one. */
static int with_nameless(int (*make_link)(int fd))
{
	int fd = open(here, O_TMPFILE | O_RDWR, 0600), result;

	if (fd < 0)
		return errno;
	result = result_of(make_link(fd));
	close(fd);
	return result;
}

static int link_by_proc(int fd)
{
	char file[32];

	snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, file, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

static int link_by_fd(int fd)
{
	return linkat(fd, "", directory, last_component(name), AT_EMPTY_PATH);
}

int do_link_nameless(void)
{
	return with_nameless(link_by_proc);
}

int do_link_nameless_fd(void)
{
	return with_nameless(link_by_fd);
}

static int link_other(const char *file)
{
	return chown(file, NOBODY, NOBODY) < 0 ? -1 : link(file, name);
}

int do_link_other(void)
{
	return with_file(link_other);
}

/* More than one lock from one file. */
static int link_two(const char *file)
{
	char second[PATH_MAX];

	name_second(second);
	return link(file, name) < 0 ? -1 : link(file, second);
}

int do_link_two(void)
{
	return with_file(link_two);
}

static int rename_to(const char *file)
{
	return renameat2(directory, last_component(file), AT_FDCWD, name,
			 RENAME_NOREPLACE);
}

int do_rename_into(void)
{
	return with_file(rename_to);
}

int do_symlink(void)
{
	return result_of(symlink("anything", name));
}

int do_symlinkat(void)
{
	return result_of(
		symlinkat("anything", directory, last_component(name)));
}

int do_open_here(void)
{
	if (fchdir(directory) < 0)
		return errno;
	return opened(open(last_component(name), EXCLUSIVE, 0600));
}

int do_open_by_alias(void)
{
	return opened(open(alias, EXCLUSIVE, 0600));
}

int do_open_as_zero(void)
{
	int input = dup(STDIN_FILENO), fd;

	close(STDIN_FILENO);
	fd = open(name, EXCLUSIVE, 0600);
	if (fd >= 0)
		close(fd);
	dup2(input, STDIN_FILENO);
	close(input);
	return fd;
}
