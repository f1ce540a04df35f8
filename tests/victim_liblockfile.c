/* SPDX-License-Identifier: MIT */
/* victim_liblockfile.c - a program that uses liblockfile, if there is one.
 *
 * It loads it as plug-ins are loaded, out of the global scope: all that is
 * there under the library's names is what the shim may have put there.
 */
#include "config.h"

#include <dlfcn.h>
#include <limits.h>
#include <sched.h>
#include <sys/mman.h>

#include "victim.h"
#include "victim_liblockfile.h"

#define L_PID 16

static const char *name;
static int (*create)(const char *, int, int);
static int (*remove_file)(const char *);
static int (*mail_lock)(const char *, int);
static void (*mail_unlock)(void);

static int do_load(void)
{
	void *library = dlopen("liblockfile.so.1", RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return ENOENT;
	*(void **)&create = dlsym(RTLD_DEFAULT, "lockfile_create");
	if (!create)
		*(void **)&create = dlsym(library, "lockfile_create");
	*(void **)&remove_file = dlsym(library, "lockfile_remove");
	*(void **)&mail_lock = dlsym(library, "maillock");
	*(void **)&mail_unlock = dlsym(library, "mailunlock");
	return create && remove_file && mail_lock && mail_unlock ? 0 : ENOSYS;
}

static int do_create(void)
{
	return create(name, 1, 0);
}

static int do_create_pid(void)
{
	return create(name, 1, L_PID);
}

static int do_try(void)
{
	return create(name, 0, 0);
}

static int do_create_nowhere(void)
{
	char nowhere[PATH_MAX];

	snprintf(nowhere, sizeof(nowhere), "%s.d/x.lock", name);
	return create(nowhere, 1, 0);
}

static int do_remove(void)
{
	return remove_file(name) < 0 ? errno : 0;
}

static int do_mail_lock(void)
{
	char mailbox[PATH_MAX];
	size_t length = strlen(name) - strlen(".lock");

	snprintf(mailbox, sizeof(mailbox), "%.*s", (int)length, name);
	setenv("MAIL", mailbox, 1);
	return mail_lock(strrchr(mailbox, '/') + 1, 1);
}

static int do_mail_unlock(void)
{
	mail_unlock();
	return 0;
}

static int do_count(void)
{
	volatile long *counter =
		mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE, MAP_SHARED,
		     VICTIM_SHARED, 0);

	if (counter == MAP_FAILED)
		return errno;
	for (int i = 0; i < VICTIM_LIBLOCKFILE_ROUNDS; i++) {
		int result = do_create();
		long seen;

		if (result)
			return result;
		seen = *counter;
		sched_yield();
		*counter = seen + 1;
		result = do_remove();
		if (result)
			return result;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct command commands[] = {
#define COMMAND(name) { #name, do_##name },
		VICTIM_LIBLOCKFILE_COMMANDS(COMMAND){ NULL, NULL }
	};

	if (argc < 2) {
		fprintf(stderr, "usage: victim_liblockfile X.lock "
				"[COMMAND]...\n");
		return 64;
	}
	name = argv[1];
	return argc > 2 ? run_all(commands, argv + 2) : serve(commands);
}
