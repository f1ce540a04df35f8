/* SPDX-License-Identifier: MIT */
/* liblockfile.c - lockfile_create(), which maillock() and the lockfile-progs
 * call: waits for its turn, and not for the end of a long sleep.
 *
 * The library makes the file and says which one is stale; only its pauses are
 * not taken.  Its own calls of libc's functions are nothing to the shim.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>

#include "shim/lockfile.h"
#include "shim/path.h"

#define LIBRARY "liblockfile.so.1"
/* A process may die, or a file come of age, and nothing tells. */
#define LOOK_AGAIN (1000 * PL_MSEC)

/* Results of the library. */
#define EXISTS 4 /* L_MAXTRYS */
#define FAILED 5 /* L_ERROR, and errno says why */

typedef int create_function(const char *path, int retries, int flags);

struct liblockfile_call {
	struct lockfile_call call;
	struct lockfile_entry *entry;
	create_function *create;
	int flags;
	int result, error; /* of the last try; as if the file were there */
};

/*
 * Not in the list of real.h, as few programs have the library, and to look for
 * what is not there allocates memory.  The library of a plug-in is not in the
 * scope that RTLD_NEXT means.
 */
static create_function *look_up(void)
{
	static _Atomic(create_function *) found;
	create_function *create = atomic_load(&found);
	void *library;

	if (create)
		return create;
	create = (create_function *)dlsym(RTLD_NEXT, "lockfile_create");
	if (!create) {
		library = REAL(dlopen)(LIBRARY, RTLD_LAZY | RTLD_NOLOAD);
		if (library)
			create = (create_function *)dlsym(library,
							  "lockfile_create");
	}
	atomic_store(&found, create);
	return create;
}

/* One try, in the terms of lockfile_wait(). */
static int make(struct lockfile_call *call)
{
	struct liblockfile_call *ours = (struct liblockfile_call *)call;

	ours->result = ours->create(call->path, 0, ours->flags);
	ours->error = errno;
	if (ours->result == 0) {
		if (lockfile_take_token(ours->entry))
			lockfile_mark(ours->entry, ours->entry->path, -1);
		return 0;
	}
	errno = ours->result == EXISTS ? EEXIST : EIO;
	return -1;
}

/* False: no rule matches. */
static bool create_in_turn(struct liblockfile_call *ours)
{
	struct lockfile_entry *entry = ours->entry;
	const struct shim_rule *rule;

	if (!path_resolve(AT_FDCWD, ours->call.path, entry->path, &entry->base))
		return false;
	rule = shim_rule_find(SHIM_LIBLOCKFILE, entry->path);
	if (!rule)
		return false;
	lockfile_key_settle(entry, lockfile_wait(&ours->call, entry, rule));
	return true;
}

static int create(create_function *real, const char *path, int retries,
		  int flags)
{
	struct liblockfile_call ours = {
		.call = { .make = make,
			  .directory = AT_FDCWD,
			  .path = path,
			  .look_again = LOOK_AGAIN },
		.entry = lockfile_claim(),
		.create = real,
		.flags = flags,
		.result = EXISTS,
		.error = EEXIST,
	};
	int error = errno;
	bool waited = ours.entry && create_in_turn(&ours);

	if (ours.entry)
		lockfile_settle(ours.entry);
	if (!waited)
		return real(path, retries, flags);
	errno = ours.result == 0 ? error : ours.error;
	return ours.result;
}

int lockfile_create(const char *path, int retries, int flags);

SHIM_HOOK int lockfile_create(const char *path, int retries, int flags)
{
	create_function *real = look_up();
	int result, cancel;

	if (!real) {
		errno = ENOSYS;
		return FAILED;
	}
	if (!path || !shim_family_has_rules(SHIM_LIBLOCKFILE) || !shim_enter())
		return real(path, retries, flags);
	/* A wait that is cancelled would keep its turn for ever. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	result = create(real, path, retries, flags);
	pthread_setcancelstate(cancel, NULL);
	shim_leave();
	return result;
}
