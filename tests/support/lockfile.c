/* SPDX-License-Identifier: MIT */
/* lockfile.c - a folder with a lock file, and victims that use it. */
#include "config.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lockfile.h"

int lockfile_setup(void **state)
{
	static struct lockfile file;
	const char *parent = getenv("TMPDIR");
	char made[PATH_MAX - 64];

	snprintf(made, sizeof(made), "%s/portlock-test-XXXXXX",
		 parent ? parent : "/tmp");
	/* As the shim names it: without symbolic links. */
	if (!mkdtemp(made) || !realpath(made, file.folder))
		return -1;
	snprintf(file.alias, sizeof(file.alias), "%s-alias", file.folder);
	snprintf(file.name, sizeof(file.name), "%s/x.lock", file.folder);
	snprintf(file.protects, sizeof(file.protects), "%s/x", file.folder);
	snprintf(file.key, sizeof(file.key), "lockfile:%s", file.name);
	if (symlink(file.folder, file.alias) < 0)
		return -1;
	victim_log_setup();
	*state = &file;
	return 0;
}

static int remove_one(const char *path, const struct stat *about, int type,
		      struct FTW *where)
{
	(void)about;
	(void)type;
	(void)where;
	return remove(path);
}

int lockfile_teardown(void **state)
{
	struct lockfile *file = *state;
	bool removed;

	children_kill();
	removed = nftw(file->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0;
	unlink(file->alias);
	victim_log_teardown();
	return removed && !gate_is_bound(file->key) ? 0 : -1;
}

struct child *lockfile_victim(const struct lockfile *file, const char *rules)
{
	struct child *victim =
		victim_start("victim_lockfile", file->name, rules);

	/* It has started when it answers. */
	require(victim_do(victim, LOCKFILE_nothing) == 0);
	return victim;
}

struct child *lockfile_maker(const struct lockfile *file, const char *rules,
			     int command)
{
	struct child *victim = lockfile_victim(file, rules);

	require(victim_do(victim, command) == 0);
	return victim;
}

void lockfile_wait(const struct lockfile *file, struct child *victim,
		   int command)
{
	say(victim, command);
	wait_for_gate(file->key);
	wait_asleep(victim->pid);
	require(!has_said(victim));
}

void lockfile_wait_behind(const struct lockfile *file, struct child *victim,
			  int number)
{
	say(victim, LOCKFILE_open);
	wait_for_queue(file->key, number);
	require(!has_said(victim));
}

bool lockfile_exists(const struct lockfile *file)
{
	struct stat about;

	return lstat(file->name, &about) == 0;
}

bool is_marked(const char *path)
{
	return lgetxattr(path, "user.portlock", NULL, 0) > 0;
}

void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	require(fd >= 0 &&
		write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}
