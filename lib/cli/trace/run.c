/* SPDX-License-Identifier: MIT */
/* run.c - starts a program whose locks are written down, and reports. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib/cli/show/show.h"
#include "lib/cli/supervise.h"
#include "lib/cli/trace/trace.h"

/* Where the lines go. */
struct trace_file {
	/* Absolute: programs change their directory.  NULL: see errno. */
	char *path;
	int fd;
};

static int cannot_write(const char *path)
{
	return misuse(&verb_preload,
		      "cannot write the trace '%s': %s: name a file with "
		      "--trace=FILE",
		      path, strerror(errno));
}

/* No standard descriptor, although those may be closed: messages would go
 * there. */
static int moved_up(int fd)
{
	int moved = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (fd >= 0)
		close(fd);
	return moved;
}

/* A file of its own, not what is there: appended lines would be of two runs. */
static void place_file(struct trace_file *place, const char *path)
{
	char *directory = NULL;

	place->fd = moved_up(
		open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
	if (place->fd < 0)
		return;
	if (*path == '/')
		place->path = strdup(path);
	else if ((directory = getcwd(NULL, 0)) == NULL ||
		 asprintf(&place->path, "%s/%s", directory, path) < 0)
		place->path = NULL;
	free(directory);
}

/* Memory that other processes open by a path, as long as this one lives. */
static void place_memory(struct trace_file *place)
{
	place->fd = moved_up(memfd_create("portlock-trace", MFD_CLOEXEC));
	if (place->fd >= 0 && asprintf(&place->path, "/proc/%ld/fd/%d",
				       (long)getpid(), place->fd) < 0)
		place->path = NULL;
}

/* The library lies beside the shim; 0 or the status after a message. */
static int preload_beside(const char *shim)
{
	const char *base = strrchr(shim, '/');
	char *library;
	int status;

	if (asprintf(&library, "%.*s/portlock-trace.so", (int)(base - shim),
		     shim) < 0) {
		complain("%s", strerror(errno));
		return EXIT_SYSTEM;
	}
	if (access(library, R_OK) < 0) {
		complain("'%s', which --trace needs beside the shim, cannot be "
			 "read: %s",
			 library, strerror(errno));
		status = EXIT_SYSTEM;
	} else {
		status = preload_first(library);
	}
	free(library);
	return status;
}

static int prepare(const struct trace_file *place, const char *shim)
{
	struct timespec now;
	char zero[32];
	int status = preload_beside(shim);

	if (status)
		return status;
	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(zero, sizeof(zero), "%" PRId64,
		 (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
	if (setenv("PORTLOCK_TRACE", place->path, 1) < 0 ||
	    setenv("PORTLOCK_TRACE_START", zero, 1) < 0) {
		complain("%s", strerror(errno));
		return EXIT_SYSTEM;
	}
	return 0;
}

static int report(const struct rules *rules, FILE *lines, FILE *out)
{
	struct trace trace = { .lines = 0 };
	bool good = trace_read(&trace, lines);

	if (good) {
		trace_tell(out, &trace, rules);
		trace_propose(out, &trace, rules);
	} else {
		complain("cannot read the trace: %s", strerror(errno));
	}
	trace_free(&trace);
	return good ? 0 : EXIT_SYSTEM;
}

/* Other processes may have written there, too. */
static void copy(FILE *from, FILE *to)
{
	char *text = NULL;
	size_t room = 0;

	while (getline(&text, &room, from) >= 0 && !ferror(to)) {
		text[strcspn(text, "\n")] = '\0';
		print_text(to, text);
		fputc('\n', to);
	}
	free(text);
	rewind(from);
}

static void report_place(const struct rules *rules, struct trace_file *place,
			 bool show)
{
	FILE *lines = fdopen(place->fd, "r");

	if (!lines) {
		complain("cannot read the trace: %s", strerror(errno));
		return;
	}
	place->fd = -1;
	rewind(lines);
	if (show)
		copy(lines, stderr);
	report(rules, lines, stderr);
	fclose(lines);
}

int trace_run(const struct rules *rules, const char *shim, const char *path,
	      char **command)
{
	struct trace_file place = { .fd = -1 };
	int status;

	if (path)
		place_file(&place, path);
	else
		place_memory(&place);
	status = place.path ? prepare(&place, shim)
			    : cannot_write(path ? path : "(memory)");
	if (status == 0) {
		status = supervise_alone(command);
		report_place(rules, &place, !path);
	}
	if (place.fd >= 0)
		close(place.fd);
	free(place.path);
	return status;
}

int trace_report(const struct rules *rules, const char *path)
{
	FILE *lines = fopen(path, "re");
	int status, written;

	if (!lines)
		return misuse(&verb_preload, "cannot read the trace '%s': %s",
			      path, strerror(errno));
	status = report(rules, lines, stdout);
	fclose(lines);
	written = finish_output();
	return status ? status : written;
}
