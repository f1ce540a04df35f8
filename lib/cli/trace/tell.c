/* SPDX-License-Identifier: MIT */
/* tell.c - what a trace has of each lock, in comments. */
#include "config.h"

#include <string.h>

#include "lib/cli/show/show.h"
#include "lib/cli/trace/trace.h"
#include "shim/pattern.h"

int trace_rule_of(const struct rules *rules, const struct traced *lock)
{
	for (int i = 0; i < rules->count; i++)
		if (rules->list[i].family == lock->family &&
		    pattern_matches(rules->list[i].pattern, lock->name))
			return i + 1;
	return 0;
}

/* The ending of what there are so many of. */
static const char *s(unsigned long number)
{
	return number == 1 ? "" : "s";
}

static void tell_calls(FILE *out, const struct traced *lock)
{
	fprintf(out, "#   %s %lu time%s",
		lock->family == SHIM_OPEN ? "written" : "taken", lock->taken,
		s(lock->taken));
	if (lock->functions[0]) {
		fputs(" (", out);
		print_text(out, lock->functions);
		fputc(')', out);
	}
	if (lock->longest > 0)
		fprintf(out, ", longest call %.6f s",
			(double)lock->longest / 1000000);
	fputc('\n', out);
	if (lock->failed > 0)
		fprintf(out, "#   failed %lu time%s\n", lock->failed,
			s(lock->failed));
	if (lock->waiting > 0)
		fprintf(out, "#   %ld call%s waited and did not come back\n",
			lock->waiting, s((unsigned long)lock->waiting));
}

static void tell_holder(FILE *out, const struct trace *trace,
			const struct traced *lock)
{
	if (!lock->holder)
		return;
	switch (trace_end_of(trace, lock->holder)) {
	case TRACE_KILLED:
		fprintf(out,
			"#   held by process %ld when that was killed (or "
			"started a program without a trace)\n",
			(long)lock->holder);
		break;
	case TRACE_LIVES:
		fprintf(out, "#   held by process %ld, which still runs\n",
			(long)lock->holder);
		break;
	default:
		/* The kernel frees locks of files with their process. */
		if (lock->family == SHIM_FLOCK || lock->family == SHIM_FCNTL)
			return;
		fprintf(out,
			"#   not given back by process %ld, which "
			"exited\n",
			(long)lock->holder);
	}
}

static void note(FILE *out, bool so, const char *text)
{
	if (so)
		fprintf(out, "#   %s\n", text);
}

static void tell_kind(FILE *out, const struct traced *lock)
{
	bool sem = lock->family == SHIM_SEM || lock->family == SHIM_SYSVSEM;
	bool file = lock->family == SHIM_FLOCK || lock->family == SHIM_FCNTL;
	bool tried = trace_is_tried(lock) && lock->shared < lock->taken;

	note(out, sem && lock->counts,
	     "it counts, or tells of events: no mutex, so no rule serves it");
	note(out, lock->family == SHIM_SEM && lock->unlinked,
	     "its name was removed: who opens that again has another one");
	note(out, strncmp(lock->name, "/private/", 9) == 0,
	     "it has no key (IPC_PRIVATE), so no rule can name it");
	note(out, lock->undo, "with SEM_UNDO the kernel frees it already");
	note(out, lock->taken > 0 && lock->shared == lock->taken,
	     "by readers alone, who share it: rules let them pass");
	note(out,
	     lock->taken > lock->shared && lock->shared > 0 && !lock->upgraded,
	     "readers share it: rules let those pass");
	note(out, lock->ranges,
	     "parts of the file: a rule makes them one lock");
	note(out, file && !tried,
	     "the kernel frees it when its holder dies: a rule only adds "
	     "order");
	note(out, lock->family == SHIM_OPEN && lock->rewrite,
	     "read, and then written anew: it must be held until the end");
	note(out, lock->family == SHIM_OPEN,
	     "no lock was held when it was opened for that");
	note(out, tried,
	     "the kernel frees it when its holder dies; only tried: with "
	     "timeout=\n#   in a rule, the tries wait, in order");
	note(out, lock->upgraded,
	     "who shares it asks for it alone: a rule must hold from the "
	     "first on");
	note(out, lock->again && !lock->protects,
	     "taken again after what it protects was read under it");
	if (lock->protects) {
		fputs("#   asked for after ", out);
		print_text(out, lock->protects);
		fputs(" had been opened: to wait here is too late\n", out);
	}
}

static void tell_one(FILE *out, const struct trace *trace,
		     const struct traced *lock, const struct rules *rules)
{
	int rule = trace_rule_of(rules, lock);

	fprintf(out, "# %s ", shim_family_name(lock->family));
	print_text(out, lock->name);
	fputc('\n', out);
	tell_calls(out, lock);
	if (lock->family == SHIM_MUTEX) {
		fprintf(out,
			"#   found locked %lu time%s; of this process alone, "
			"as far as is known\n",
			lock->busy, s(lock->busy));
	} else {
		tell_holder(out, trace, lock);
		tell_kind(out, lock);
		note(out, trace_may_be_lock(trace, lock),
		     "a lock only if others must keep away while it is there");
	}
	if (rule) {
		fprintf(out, "#   matched by the rule '%s ",
			shim_family_name(lock->family));
		print_text(out, rules->list[rule - 1].pattern);
		fputs("'\n", out);
	}
}

static void tell_nothing(FILE *out, const struct trace *trace, bool mutexes)
{
	fprintf(out, "# no %slock-like call seen", mutexes ? "other " : "");
	if (trace->foreign > 0 && trace->lines == 0) {
		fputs(", nor any line of a trace: is this the file?\n", out);
		return;
	}
	if (trace->starts == 0) {
		fputs(", nor any process: the program is static, or has\n"
		      "# closed itself to LD_PRELOAD, or could not write its "
		      "lines\n",
		      out);
		return;
	}
	fputs("; this is what is not to be seen:\n"
	      "#   programs that are started without the environment "
	      "(env -i, sudo)\n"
	      "#   what goes on after the command, as a daemon: for that, "
	      "--trace=FILE\n"
	      "#   and at any time --propose=FILE\n"
	      "#   static programs, Go, and others that call the kernel by "
	      "themselves\n"
	      "#   processes that may not write to the trace: other users, "
	      "other roots\n"
	      "#   a shell that only looks whether a file is there "
	      "(set -C)\n"
	      "#   memory that processes share, and rows of a database\n",
	      out);
}

static void tell_mutexes(FILE *out, unsigned long count, unsigned long busy)
{
	if (count == 0)
		return;
	fprintf(out, "# %lu mutex%s of single processes", count,
		count == 1 ? "" : "es");
	if (busy > 0)
		fprintf(out, ", %lu of which %s found locked\n", busy,
			busy == 1 ? "was" : "were");
	else
		fprintf(out, ", never found locked\n");
}

/* Whether it gets lines of its own. */
static bool is_told(const struct trace *trace, const struct traced *lock)
{
	switch (lock->family) {
	case SHIM_OPEN:
		return !trace_has_lock(trace, lock);
	case SHIM_MUTEX:
		return trace_is_lock(trace, lock) &&
		       trace_offers_mutexes(trace);
	default:
		return trace_is_lock(trace, lock) ||
		       trace_may_be_lock(trace, lock);
	}
}

void trace_tell(FILE *out, const struct trace *trace, const struct rules *rules)
{
	unsigned long others = 0, told = 0, mutexes = 0, busy = 0;
	const struct traced *lock;

	fprintf(out,
		"# portlock trace: %lu program%s started, %lu line%s, "
		"%.3f s\n",
		trace->starts, s(trace->starts), trace->lines, s(trace->lines),
		(double)trace->end / 1000000);
	for (lock = trace->locks; lock; lock = lock->next) {
		bool tells = is_told(trace, lock);

		if (lock->family == SHIM_MUTEX) {
			mutexes++;
			busy += lock->busy > 0;
		} else {
			told += tells;
			others += !tells && lock->family == SHIM_LOCKFILE;
		}
		if (tells)
			tell_one(out, trace, lock, rules);
	}
	tell_mutexes(out, mutexes, busy);
	if (others > 0)
		fprintf(out,
			"# %lu more file%s or folder%s %s made that %s not "
			"taken for %s\n",
			others, s(others), s(others),
			others == 1 ? "was" : "were",
			others == 1 ? "was" : "were",
			others == 1 ? "a lock" : "locks");
	if (told == 0)
		tell_nothing(out, trace, mutexes > 0);
}
