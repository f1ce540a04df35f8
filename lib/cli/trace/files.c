/* SPDX-License-Identifier: MIT */
/* files.c - what a trace tells of files: locks by being there, and those
 * that are written.
 */
#include "config.h"

#include <string.h>

#include "lib/cli/trace/call.h"

static void keep_protected(const struct call *call, struct traced *lock)
{
	const char *read = trace_detail(call->line, "read");

	if (read && *read && !lock->protects) {
		lock->protects = strdup(read);
		call->trace->failed |= !lock->protects;
	}
}

static void on_make(const struct call *call, const char *name)
{
	bool there = strcmp(call->line->result, "EEXIST") == 0;
	struct traced *lock;

	if (!call->done && !there)
		return;
	lock = trace_lock(call->trace, SHIM_LOCKFILE, name);
	if (!lock)
		return;
	lock->exclusive |= trace_detail(call->line, "exclusive") != NULL;
	lock->again |= trace_detail(call->line, "again") != NULL;
	keep_protected(call, lock);
	call_take(call, lock);
}

/* Something was written over what had been read, and nothing was held. */
static void on_write(const struct call *call, const char *name, bool rewrite)
{
	struct traced *file;

	if (!call->done || call->process->holds > 0)
		return;
	file = trace_lock(call->trace, SHIM_OPEN, name);
	if (!file)
		return;
	call_name_function(file, call->line->function);
	file->taken++;
	*(rewrite ? &file->rewrite : &file->update) = true;
}

void call_on_open(const struct call *call)
{
	const char *read = trace_detail(call->line, "read");

	if (trace_detail(call->line, "exclusive"))
		on_make(call, call->line->name);
	else if (trace_detail(call->line, "update"))
		on_write(call, call->line->name, false);
	else if (trace_detail(call->line, "write") && read)
		on_write(call, call->line->name, true);
}

void call_on_end(const struct call *call)
{
	static const enum shim_family families[] = { SHIM_LOCKFILE,
						     SHIM_LIBLOCKFILE };
	const char *to = trace_detail(call->line, "to");

	for (int i = 0; i < 2 && call->done; i++) {
		struct traced *lock =
			trace_known(call->trace, families[i], call->line->name);
		size_t length = to ? strlen(to) : 0;

		if (!lock)
			continue;
		call_give_back(call, lock);
		lock->removed |= !to;
		/* X.lock to X. */
		lock->replaces |= length > 0 &&
				  strncmp(lock->name, to, length) == 0 &&
				  lock->name[length] == '.';
		if (lock->replaces)
			return;
	}
	if (to && trace_detail(call->line, "read"))
		on_write(call, to, true);
}

void call_on_renameat2(const struct call *call)
{
	const char *to = trace_detail(call->line, "to");

	if (strcmp(call->line->result, "EEXIST") == 0 && to)
		on_make(call, to);
	else
		call_on_end(call);
}

void call_on_name(const struct call *call)
{
	on_make(call, call->line->name);
}
