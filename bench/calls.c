/* SPDX-License-Identifier: MIT */
/* calls.c - the list of the calls that the shim hooks. */
#include "config.h"

#include <string.h>

#include "bench/calls.h"

extern const struct call call_portlock, call_sem, call_sem_unnamed,
	call_sysvsem, call_mutex, call_open, call_open_absolute, call_lockfile,
	call_lockfile_absolute, call_lockfile_link, call_lockfile_mkdir,
	call_lockfile_mkdir_absolute, call_lockfile_open,
	call_lockfile_open_absolute, call_flock, call_fcntl, call_fcntl_other;

const struct call *const calls[] = {
	&call_portlock,
	&call_sem,
	&call_sysvsem,
	&call_sem_unnamed,
	&call_mutex,
	&call_open,
	&call_open_absolute,
	&call_lockfile,
	&call_lockfile_absolute,
	&call_lockfile_link,
	&call_lockfile_mkdir,
	&call_lockfile_mkdir_absolute,
	&call_lockfile_open,
	&call_lockfile_open_absolute,
	&call_flock,
	&call_fcntl,
	&call_fcntl_other,
	NULL,
};

const struct call *call_find(const char *name)
{
	for (int i = 0; calls[i]; i++)
		if (strcmp(calls[i]->name, name) == 0)
			return calls[i];
	return NULL;
}
