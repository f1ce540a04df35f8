/* SPDX-License-Identifier: MIT */
/* program.c - judges what the shim can do for a program. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "lib/cli/doctor/doctor.h"

static void judge_file(struct program *program)
{
	const char *obstacle = elf_obstacle(program->path);
	struct report *report = &program->report;
	struct stat file;

	found(report, LEVEL_OK, "program", "%s", program->path);
	if (obstacle) {
		found(report, LEVEL_PROBLEM, "program",
		      "the shim cannot serve it: %s", obstacle);
		advise(report, "'portlock run KEY -- COMMAND' serialises whole "
			       "runs of any program");
	} else if ((stat(program->path, &file) == 0 &&
		    (file.st_mode & (S_ISUID | S_ISGID))) ||
		   getxattr(program->path, "security.capability", NULL, 0) >=
			   0) {
		found(report, LEVEL_WARNING, "program",
		      "the shim can serve it for this user only: it has "
		      "privileges of its own (set-user-ID, set-group-ID or "
		      "capabilities), and then the loader takes no shim from "
		      "other users");
	}
}

/* Notes what the program and its libraries import. */
static void add_libraries(struct program *program)
{
	struct report *report = &program->report;
	char *text = libraries_text(program->path), *at = text;
	const char *name;
	bool is_found;

	if (!text) {
		found(report, LEVEL_NOTE, "libraries",
		      "the loader does not tell which it needs: what follows "
		      "is about the program itself alone");
		return;
	}
	while ((name = libraries_next(&at, &is_found))) {
		if (!is_found) {
			found(report, LEVEL_PROBLEM, "libraries",
			      "%s is not found, so the program cannot start",
			      name);
			advise(report, "install it, or set LD_LIBRARY_PATH");
		} else if (!elf_is_shim(name)) {
			uses_add(&program->uses, name);
		}
	}
	free(text);
}

/* Unless it is opened by name, a semaphore is the program's own affair. */
static bool has_family(const struct uses *uses, int family)
{
	return uses_have(uses, family, family == SHIM_SEM ? "sem_open" : NULL);
}

static void judge_families(struct program *program)
{
	struct report *report = &program->report;
	int count = 0;

	for (int i = 0; i < SHIM_FAMILIES; i++) {
		char *text = has_family(&program->uses, i)
				     ? uses_text(&program->uses, i)
				     : NULL;

		if (text)
			found(report, LEVEL_OK, shim_families[i].name, "%s",
			      text);
		count += text != NULL;
		free(text);
	}
	if (count == 0)
		found(report, LEVEL_NOTE, "families",
		      "neither the program nor its libraries call any function "
		      "that takes a lock of a family by name");
}

static void judge_unseen(struct program *program)
{
	static const struct {
		int group;
		const char *topic, *what;
	} kinds[] = {
		{ USES_DLOPEN, "dlopen",
		  "loads more libraries as it runs, which are not told of here "
		  "and served all the same" },
		{ USES_SYSCALL, "syscall",
		  "makes system calls by number, which the shim does not see" },
		{ USES_URING, "io_uring",
		  "has the kernel open and lock files by io_uring, which the "
		  "shim does not see" },
		{ USES_OTHERS, "others", "locks that no family serves" },
	};

	for (int i = 0; i < 4; i++) {
		char *text = uses_text(&program->uses, kinds[i].group);

		if (text)
			found(&program->report, LEVEL_NOTE, kinds[i].topic,
			      "%s: %s", kinds[i].what, text);
		free(text);
	}
	found(&program->report, LEVEL_NOTE, "unseen",
	      "system calls without libc (inline assembler, futexes, io_uring) "
	      "are not visible here, nor what programs that it starts do");
	if (!elf_obstacle(program->path))
		advise(&program->report, "'portlock preload --trace' tells "
					 "what it really calls");
}

static void judge_rule(struct program *program, const struct rules *rules,
		       int number)
{
	const struct shim_rule *rule = &rules->list[number];
	const struct shim_family_facts *facts = &shim_families[rule->family];
	const char *source = rules_source(rules, number)->name;
	struct report *report = &program->report;
	int before = rules_taken_by(rules, number);

	if (before >= 0) {
		found(report, LEVEL_WARNING, "rule",
		      "%s:%u: %s %s: never matches, as %s:%u comes first",
		      source, rule->line, facts->name, rule->pattern,
		      rules_source(rules, before)->name,
		      rules->list[before].line);
	} else if (has_family(&program->uses, rule->family)) {
		found(report, LEVEL_OK, "rule",
		      "%s:%u: %s %s: can match, if the name does", source,
		      rule->line, facts->name, rule->pattern);
	} else if (uses_have(&program->uses, USES_DLOPEN, NULL)) {
		found(report, LEVEL_NOTE, "rule",
		      "%s:%u: %s %s: can match only in libraries that it loads "
		      "as it runs",
		      source, rule->line, facts->name, rule->pattern);
	} else {
		found(report, LEVEL_WARNING, "rule",
		      "%s:%u: %s %s: matches nothing here: none of %s is "
		      "called",
		      source, rule->line, facts->name, rule->pattern,
		      rule->family == SHIM_SEM ? "sem_open" : facts->takers);
	}
}

int examine_program(struct program *program, const struct rules *rules)
{
	int status = find_program(program->command, program->path);
	char loader[PATH_MAX];

	if (status)
		return status;
	judge_file(program);
	/* Of another machine, or static, there is nothing to be told. */
	if (!elf_loader(program->path, loader))
		return 0;
	if (uses_add(&program->uses, program->path) < 0) {
		found(&program->report, LEVEL_PROBLEM, "program",
		      "what it imports cannot be read: the file was cut off, "
		      "or stripped of its sections");
		advise(&program->report, "compare it with the one that was "
					 "installed; 'portlock preload "
					 "--trace' tells what it calls, if it "
					 "starts");
		return 0;
	}
	add_libraries(program);
	judge_families(program);
	judge_unseen(program);
	for (int i = 0; i < rules->count; i++)
		judge_rule(program, rules, i);
	return 0;
}
