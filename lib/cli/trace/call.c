/* SPDX-License-Identifier: MIT */
/* call.c - what one line of a trace tells. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/cli/trace/call.h"

static long number_of(const struct trace_line *line, const char *word)
{
	const char *value = trace_detail(line, word);

	return value ? strtol(value, NULL, 10) : -1;
}

void call_name_function(struct traced *lock, const char *function)
{
	size_t length = strlen(lock->functions), size = strlen(function);
	const char *found = lock->functions;

	while ((found = strstr(found, function)) != NULL) {
		if ((found == lock->functions || found[-1] == ' ') &&
		    (found[size] == ' ' || !found[size]))
			return;
		found += size;
	}
	if (length + size + 2 > TRACE_FUNCTIONS)
		return;
	if (length > 0)
		lock->functions[length++] = ' ';
	strcpy(lock->functions + length, function);
}

void call_give_back(const struct call *call, struct traced *lock)
{
	struct process *holder;

	lock->ended++;
	if (lock->holder) {
		holder = trace_process(call->trace, lock->holder);
		if (holder && holder->holds > 0)
			holder->holds--;
	}
	lock->holder = 0;
}

/* Other locks have no readers, whatever a line says. */
static bool is_shared(const struct call *call, const struct traced *lock)
{
	return (lock->family == SHIM_FLOCK || lock->family == SHIM_FCNTL) &&
	       trace_detail(call->line, "shared");
}

/* A try to take it: how it went. */
void call_take(const struct call *call, struct traced *lock)
{
	const struct trace_line *line = call->line;

	call_name_function(lock, line->function);
	if (call->waits) {
		lock->waiting++;
		lock->blocking = true;
		return;
	}
	if (line->took > lock->longest)
		lock->longest = line->took;
	if (!call->done) {
		lock->failed++;
		return;
	}
	lock->taken++;
	if (is_shared(call, lock)) {
		lock->shared++;
		lock->reader = line->pid;
		return;
	}
	lock->upgraded |= lock->reader == line->pid;
	if (lock->holder != line->pid)
		call->process->holds++;
	lock->holder = line->pid;
}

/* The line that a call wrote before it was about to block has its end. */
static void came_back(const struct call *call, struct traced *lock)
{
	if (!call->waits && lock->waiting > 0)
		lock->waiting--;
}

/* ---- the families -------------------------------------------------------- */

static void on_sem(const struct call *call)
{
	const char *what = call->line->function + strlen("sem_");
	struct traced *lock =
		trace_lock(call->trace, SHIM_SEM, call->line->name);
	long value = number_of(call->line, "value");

	if (!lock)
		return;
	if (strcmp(what, "unlink") == 0) {
		lock->unlinked |= call->done;
	} else if (strcmp(what, "open") == 0) {
		lock->counts |= value > 1;
	} else if (strcmp(what, "post") == 0) {
		if (value > 1 || lock->taken == 0)
			lock->counts = true;
		call_give_back(call, lock);
	} else if (strcmp(what, "close") != 0) {
		if (strcmp(what, "trywait") != 0)
			came_back(call, lock);
		call_take(call, lock);
		if (call->done && value > 0)
			lock->counts = true;
	}
}

static void on_sysvsem(const struct call *call)
{
	struct traced *lock =
		trace_lock(call->trace, SHIM_SYSVSEM, call->line->name);
	long add = number_of(call->line, "add");
	long value = number_of(call->line, "value");
	bool has_add = trace_detail(call->line, "add") != NULL;

	if (!lock)
		return;
	lock->undo |= trace_detail(call->line, "undo") != NULL;
	if (call->waits) {
		call_take(call, lock);
		return;
	}
	if (!has_add)
		return;
	if (call->done && value > 1)
		lock->counts = true;
	if (add <= 0)
		came_back(call, lock);
	if (add == 0) {
		lock->inverse = true;
	} else if ((add < 0) == !lock->inverse) {
		call_take(call, lock);
		if (call->done && add < 0 && value > 0)
			lock->counts = true;
	} else if (call->done) {
		if (lock->taken == 0 && !lock->inverse)
			lock->counts = true;
		call_give_back(call, lock);
	}
}

static void on_file_lock(const struct call *call)
{
	enum shim_family family = strcmp(call->line->function, "flock") == 0
					  ? SHIM_FLOCK
					  : SHIM_FCNTL;
	struct traced *lock = trace_lock(call->trace, family, call->line->name);

	if (!lock)
		return;
	lock->ranges |= trace_detail(call->line, "length") != NULL;
	if (trace_detail(call->line, "unlock")) {
		if (!trace_detail(call->line, "length"))
			lock->reader = 0;
		if (call->done)
			call_give_back(call, lock);
		return;
	}
	came_back(call, lock);
	call_take(call, lock);
}

static void on_passwd(const struct call *call)
{
	bool ends = call->line->function[0] == 'u';
	struct traced *lock = (ends ? trace_known : trace_lock)(
		call->trace, SHIM_PASSWD, call->line->name);

	if (!lock)
		return;
	if (ends) {
		call_give_back(call, lock);
		return;
	}
	came_back(call, lock);
	call_take(call, lock);
}

static void on_liblockfile(const struct call *call)
{
	struct traced *lock =
		trace_lock(call->trace, SHIM_LIBLOCKFILE, call->line->name);

	if (!lock)
		return;
	came_back(call, lock);
	call_take(call, lock);
}

static void on_mutex(const struct call *call)
{
	struct traced *lock =
		trace_lock(call->trace, SHIM_MUTEX, call->line->name);

	if (!lock)
		return;
	call_name_function(lock, "pthread_mutex_lock");
	lock->taken += (unsigned long)number_of(call->line, "locked");
	lock->busy += (unsigned long)number_of(call->line, "busy");
}

/* ---- all ----------------------------------------------------------------- */

static void on_start(const struct call *call)
{
	call->trace->starts++;
	call->process->exited = false;
}

static void on_exit_line(const struct call *call)
{
	call->process->exited = true;
}

void trace_call(struct trace *trace, const struct trace_line *line)
{
	static const struct {
		const char *start; /* of the function's name */
		void (*look)(const struct call *call);
	} looks[] = {
		{ "sem_", on_sem },
		{ "semop", on_sysvsem },
		{ "semtimedop", on_sysvsem },
		{ "flock", on_file_lock },
		{ "fcntl", on_file_lock },
		{ "lockf", on_file_lock },
		{ "lckpwdf", on_passwd },
		{ "ulckpwdf", on_passwd },
		{ "mutex", on_mutex },
		{ "open", call_on_open },
		{ "creat", call_on_open },
		{ "fopen", call_on_open },
		{ "freopen", call_on_open },
		{ "link", call_on_name },
		{ "symlink", call_on_name },
		{ "mkdir", call_on_name },
		{ "unlink", call_on_end },
		{ "rmdir", call_on_end },
		{ "remove", call_on_end },
		{ "renameat2", call_on_renameat2 },
		{ "rename", call_on_end },
		{ "start", on_start },
		{ "exit", on_exit_line },
	};
	struct call call = {
		.trace = trace,
		.line = line,
		.process = trace_process(trace, line->pid),
		.waits = strcmp(line->result, "waits") == 0,
		.done = strcmp(line->result, "ok") == 0,
	};

	if (!call.process)
		return;
	trace->lines++;
	if (line->time > trace->end)
		trace->end = line->time;
	if (strcmp(line->function, "lockfile_create") == 0) {
		on_liblockfile(&call);
		return;
	}
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		if (strncmp(line->function, looks[i].start,
			    strlen(looks[i].start)) == 0) {
			looks[i].look(&call);
			return;
		}
	}
}
