/* SPDX-License-Identifier: MIT */
/* victim_mutex_library.c - it uses a mutex of a library that comes and goes. */
#include "config.h"

#include <dlfcn.h>

#include "victim.h"
#include "victim_mutex.h"

const char *plugins;
static void *library;

static int load(const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", plugins, name);
	library = dlopen(path, RTLD_NOW);
	if (!library)
		return ENOENT;
	mutex = dlsym(library, "plugin_mutex");
	return 0;
}

int do_load_first(void)
{
	return load("first.so");
}

int do_load_second(void)
{
	return load("second.so");
}

int do_unload(void)
{
	return dlclose(library);
}

int do_place(void)
{
	return (int)((uintptr_t)mutex >> 4 & 0x7fffffff);
}
