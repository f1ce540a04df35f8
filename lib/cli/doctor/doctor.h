/* SPDX-License-Identifier: MIT */
/* doctor.h - what the files of portlock doctor share. */
#ifndef PORTLOCK_CLI_DOCTOR_H
#define PORTLOCK_CLI_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "lib/cli/preload.h"

/* The candidates of all keys: the last one's first port is 59999. */
#define PORTS_FIRST 40000
#define PORTS_LAST 60001

/* ---- report.c: what was found -------------------------------------- */

/* A warning and a problem are for somebody to mend; a note is a limit. */
enum level { LEVEL_OK, LEVEL_NOTE, LEVEL_WARNING, LEVEL_PROBLEM };

struct finding {
	enum level level;
	const char *topic;
	char *what, *todo; /* todo NULL: nothing */
};

struct report {
	struct finding *list;
	int count;
	bool failed; /* no memory: something is missing */
};

void found(struct report *report, enum level level, const char *topic,
	   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What to do about what was found last. */
void advise(struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void report_free(struct report *report);

/* ---- machine.c, port_range.c: judgements, which look at nothing -- */

/* Texts are those of files in /proc, without the last newline; NULL: it cannot
 * be read. */
void judge_range(struct report *report, const char *range,
		 const char *reserved);
/* tcp, tcp6: the whole files. */
void judge_sockets(struct report *report, const char *tcp, const char *tcp6);

void judge_queue(struct report *report, const char *somaxconn);
void judge_descriptors(struct report *report, const struct rlimit *limit);
/* Names of namespaces, as links in /proc/PID/ns have them. */
void judge_namespace(struct report *report, const char *own_net,
		     const char *first_net, const char *own_pid);
void judge_sight(struct report *report, const char *ptrace_scope,
		 const char *mounts, bool is_root, bool sees_first);
void judge_loopback(struct report *report, bool is_up);
void judge_kernel(struct report *report, const char *release,
		  bool refuses_rights, bool has_pidfd);
/* What it came to, to take a lock of that transport: 0 or a negative errno, with
 * what is known about it beside, or "". */
void judge_trial(struct report *report, const char *transport, int error,
		 const char *detail);

/* ---- environment.c ------------------------------------------------- */

/* A variable whose name begins with PORTLOCK_; returns false if it has rules
 * that the shim would not take. */
bool judge_variable(struct report *report, const char *name, const char *value);

/* ---- cluster.c ----------------------------------------------------- */

/* The same of transport etcd's: whether it is one of them. */
bool judge_cluster_variable(struct report *report, const char *name,
			    const char *value);

/* ---- look.c: the machine as it is ---------------------------------- */

/* needs_shim: a missing one is a problem.  Returns false if the environment has
 * rules that the shim would not take. */
bool examine_machine(struct report *report, bool needs_shim);

/* ---- elf_imports.c, libraries.c: what a program is made of ---------- */

/* Calls visit() with each name that the file wants of others: 0, or a negative
 * errno; -ENOEXEC: it is no ELF file of this machine, or a broken one. */
int elf_imports(const char *path,
		void (*visit)(void *argument, const char *name),
		void *argument);

/* The lines in which the loader tells of the libraries that it would load for
 * the program, of which nothing is run; NULL: it does not. */
char *libraries_text(const char *path);

/* Cuts the next library off: its name, or its path with *is_found; NULL: no
 * more.  What is no file (the kernel's own) is left out. */
const char *libraries_next(char **text, bool *is_found);

/* ---- uses.c: which functions it calls by name ------------------------ */

/* What the shim does not serve, after its families. */
enum {
	USES_DLOPEN = SHIM_FAMILIES,
	USES_SYSCALL,
	USES_URING,
	USES_OTHERS,
	USES_GROUPS
};

struct use {
	struct use *next;
	int group; /* a family, or one of the above */
	char *function, *file;
};

struct uses {
	struct use *first, *last;
	const char *file; /* the one that is being read */
	bool failed;	  /* no memory */
};

/* Adds what the file imports; 0 or as elf_imports(). */
int uses_add(struct uses *uses, const char *file);

/* Whether there is one of the group; function NULL: whichever. */
bool uses_have(const struct uses *uses, int group, const char *function);

/* "sem_open sem_wait (server); sem_open (libx.so)", or NULL: none of them. */
char *uses_text(const struct uses *uses, int group);
void uses_free(struct uses *uses);

/* ---- program.c ------------------------------------------------------ */

struct program {
	const char *command; /* NULL: none was given */
	char path[PATH_MAX]; /* what the loader would load */
	struct uses uses;
	struct report report;
};

/* 0, or an exit status after a message: there is no such program. */
int examine_program(struct program *program, const struct rules *rules);

/* ---- print.c -------------------------------------------------------------- */

void doctor_print_words(const struct report *machine,
			const struct program *program);
/* 0, or EXIT_SYSTEM after a message. */
int doctor_print_json(const struct report *machine,
		      const struct program *program);

#endif
