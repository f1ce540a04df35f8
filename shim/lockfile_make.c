/* SPDX-License-Identifier: MIT */
/* lockfile_make.c - to make a lock file that has its mark from the first moment.
 *
 * A process that is killed between making a file and marking it would leave a
 * lock that nobody may remove.  So the file is made by another name in the same
 * directory, marked there, and then renamed, which never replaces anything.
 * Who dies before that leaves a file that is no lock, and who has the next turn
 * removes it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/hold.h"
#include "shim/lockfile.h"

#define NOT_HERE (-2) /* it cannot be done like this */

/* A portlock that this attempt alone has in this place, or NULL.  A hold may
 * be one for all threads. */
static const char *turn_of(const struct lockfile_entry *entry)
{
	if (entry->has_turnstile && pl_is_held(&entry->turnstile))
		return entry->turnstile.address.name;
	if (entry->hold && gettid() == getpid())
		return hold_address(entry->hold)->name;
	return NULL;
}

/* Nobody else makes a file by that name: it stands for our turn, if we have
 * one, or else for the token. */
static bool name_for_now(const struct lockfile_entry *entry,
			 char name[PATH_MAX])
{
	const char *place = strrchr(entry->mark, '-');
	char whose[PL_GATE_MAX + 1 + LOCKFILE_MARK_MAX];
	const char *turn = turn_of(entry);
	int length;

	length = snprintf(whose, sizeof(whose), "%s%s",
			  turn ? turn : entry->mark, turn ? place : "");
	return snprintf(name, PATH_MAX, "%.*s.%s.portlock-%" PRIx64,
			(int)entry->base, entry->path,
			entry->path + entry->base,
			shim_hash(whose, (size_t)length)) < PATH_MAX;
}

static int make_as(struct lockfile_call *call, const char *name)
{
	struct lockfile_call other = *call;
	int result;

	other.directory = AT_FDCWD;
	other.path = name;
	result = other.make(&other);
	call->stream = other.stream;
	return result;
}

void lockfile_unmake(struct lockfile_call *call, const char *name, int result)
{
	if (call->stream)
		fclose(call->stream);
	else if (call->opens)
		REAL(close)(result);
	call->stream = NULL;
	REAL(remove)(name);
}

static int make_marked(struct lockfile_call *call, struct lockfile_entry *entry)
{
	char name[PATH_MAX];
	int result, error;

	if (!lockfile_take_token(entry) || !name_for_now(entry, name))
		return NOT_HERE;
	result = make_as(call, name);
	if (result < 0 && errno == EEXIST && REAL(remove)(name) == 0)
		result = make_as(call, name);
	/* The program shall see what its own path gives. */
	if (result < 0)
		return NOT_HERE;
	if (!lockfile_mark(entry, name, call->opens ? result : -1))
		error = ENOTSUP;
	else if (REAL(renameat2)(AT_FDCWD, name, AT_FDCWD, entry->path,
				 RENAME_NOREPLACE) < 0)
		error = errno;
	else
		return result;
	entry->marked = false;
	lockfile_unmake(call, name, result);
	errno = error;
	return error == EEXIST ? -1 : NOT_HERE;
}

/* Whether the call makes what can have a mark. */
static bool makes_markable(const struct lockfile_call *call)
{
	if (!call->opens)
		return call->makes_directory;
	return !(call->flags & (O_PATH | O_DIRECTORY)) &&
	       call->path[strlen(call->path) - 1] != '/';
}

int lockfile_make(struct lockfile_call *call, struct lockfile_entry *entry)
{
	bool markable = makes_markable(call);
	int result = NOT_HERE;
	struct stat64 there;

	if (call->names)
		return lockfile_make_name(call, entry);
	/* Not by the call itself: it could make the file after all, without
	 * a mark. */
	if (markable && lstat64(entry->path, &there) == 0) {
		errno = EEXIST;
		return -1;
	}
	if (markable && errno == ENOENT)
		result = make_marked(call, entry);
	if (result != NOT_HERE)
		return result;
	result = call->make(call);
	if (result >= 0 && markable && lockfile_take_token(entry))
		lockfile_mark(entry, entry->path, call->opens ? result : -1);
	return result;
}
