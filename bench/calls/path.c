/* SPDX-License-Identifier: MIT */
/* path.c - calls that get a path: files that are opened, made, removed.
 *
 * Each with a path that depends on the folder that the process is in, which the
 * shim has to ask for, and with one that does not.
 */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/calls.h"
#include "bench/calls/checked.h"

static char file[PATH_MAX], file_lock[PATH_MAX], folder_lock[PATH_MAX];
static int fd;

/* The folder ends with a slash, or is empty. */
static void name_in(const char *folder)
{
	snprintf(file, sizeof(file), "%sfile", folder);
	snprintf(file_lock, sizeof(file_lock), "%sfile.lock", folder);
	snprintf(folder_lock, sizeof(folder_lock), "%sfolder.lock", folder);
}

static void relative(const char *name)
{
	(void)name;
	name_in("");
}

static void absolute(const char *name)
{
	char folder[PATH_MAX];

	(void)name;
	checked(getcwd(folder, sizeof(folder) - 1) ? 0 : -1, "getcwd");
	strcat(folder, "/");
	name_in(folder);
}

static void open_file(void)
{
	fd = checked(open(file, O_RDONLY | O_CLOEXEC), "open");
}

static void close_file(void)
{
	checked(close(fd), "close");
}

static void create_lock(void)
{
	fd = checked(
		open(file_lock, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600),
		"open with O_EXCL");
	close_file();
}

static void link_lock(void)
{
	checked(link(file, file_lock), "link");
}

static void unlink_lock(void)
{
	checked(unlink(file_lock), "unlink");
}

static void make_folder(void)
{
	checked(mkdir(folder_lock, 0700), "mkdir");
}

static void remove_folder(void)
{
	checked(rmdir(folder_lock), "rmdir");
}

/* The last part of the path would match. */
#define NOT_THESE(family) family " */none/*.lock\n" family " */none/file"

/* ---- the family open ----------------------------------------------------- */

const struct call call_open = {
	.name = "open",
	.family = "open",
	.matched = "*",
	.unmatched = NOT_THESE("open"),
	.locks = true,
	.begin = relative,
	.take = open_file,
	.give = close_file,
};

const struct call call_open_absolute = {
	.name = "open-absolute",
	.family = "open",
	.matched = "*",
	.unmatched = NOT_THESE("open"),
	.locks = true,
	.begin = absolute,
	.take = open_file,
	.give = close_file,
};

/* ---- the family lockfile ------------------------------------------------- */

const struct call call_lockfile = {
	.name = "lockfile",
	.family = "lockfile",
	.matched = "*/*.lock",
	.unmatched = NOT_THESE("lockfile"),
	.begin = relative,
	.take = create_lock,
	.give = unlink_lock,
};

const struct call call_lockfile_absolute = {
	.name = "lockfile-absolute",
	.family = "lockfile",
	.matched = "*/*.lock",
	.unmatched = NOT_THESE("lockfile"),
	.begin = absolute,
	.take = create_lock,
	.give = unlink_lock,
};

const struct call call_lockfile_link = {
	.name = "lockfile-link",
	.family = "lockfile",
	.matched = "*/*.lock",
	.unmatched = NOT_THESE("lockfile"),
	.begin = relative,
	.take = link_lock,
	.give = unlink_lock,
};

const struct call call_lockfile_mkdir = {
	.name = "lockfile-mkdir",
	.family = "lockfile",
	.matched = "*/*.lock",
	.unmatched = NOT_THESE("lockfile"),
	.begin = relative,
	.take = make_folder,
	.give = remove_folder,
};

const struct call call_lockfile_mkdir_absolute = {
	.name = "lockfile-mkdir-absolute",
	.family = "lockfile",
	.matched = "*/*.lock",
	.unmatched = NOT_THESE("lockfile"),
	.begin = absolute,
	.take = make_folder,
	.give = remove_folder,
};

/* What such a lock protects: the shim remembers who has read it. */
const struct call call_lockfile_open = {
	.name = "lockfile-open",
	.family = "lockfile",
	.matched = "*/*.lock",
	.unmatched = NOT_THESE("lockfile"),
	.begin = relative,
	.take = open_file,
	.give = close_file,
};

const struct call call_lockfile_open_absolute = {
	.name = "lockfile-open-absolute",
	.family = "lockfile",
	.matched = "*/*.lock",
	.unmatched = NOT_THESE("lockfile"),
	.begin = absolute,
	.take = open_file,
	.give = close_file,
};
