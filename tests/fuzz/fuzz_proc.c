/* SPDX-License-Identifier: MIT */
/* fuzz_proc.c - what the kernel may say in /proc: a name in the first line, the
 * text of a file after it.
 *
 * Every reader of such files reads it: of the state of processes, of sockets by
 * name, of file locks, of mapped files.  What it finds is in the text, and the
 * same in whatever pieces the text is read.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"
#include "shim/filelock.h"
#include "shim/shim.h"

const char fuzz_name[] = "proc";

/* ---- the file that all of them open -------------------------------------- */

#define FILE_FD 1000000

static struct {
	const char *text;
	size_t size, at, piece;
	int open;
} file;

static int fuzz_open(const char *path, int flags, ...)
{
	(void)flags;
	fuzz_check(strncmp(path, "/proc/", 6) == 0);
	file.at = 0;
	file.open++;
	return FILE_FD;
}

static int fuzz_close(int fd)
{
	fuzz_check(fd == FILE_FD && file.open-- > 0);
	return 0;
}

static ssize_t fuzz_read(int fd, void *buffer, size_t size)
{
	fuzz_check(fd == FILE_FD && file.open > 0);
	if (size > file.size - file.at)
		size = file.size - file.at;
	if (size > file.piece)
		size = file.piece;
	if (size > 0)
		memcpy(buffer, file.text + file.at, size);
	file.at += size;
	return (ssize_t)size;
}

static int fuzz_fcntl(int fd, int command, ...)
{
	(void)fd;
	(void)command;
	return 0;
}

#undef REAL
#define REAL(name) fuzz_##name
#define open fuzz_open
#define close fuzz_close
#define read fuzz_read
#include "lib/cli/ended.c"
#include "shim/filelock_seen.c"
#include "shim/gate.c"
#include "shim/mutex_name.c"
#include "shim/unix_lines.c"
#include "shim/who.c"
#undef open
#undef close
#undef read

/* ---- the readers --------------------------------------------------------- */

static void check_state(void)
{
	struct look look = { .state = 0 };
	pid_t parent = shim_parent_of(1);
	uint64_t started = shim_started(1);
	bool is_process = memchr(file.text, ')', file.size);

	fuzz_check(is_process || (parent == 0 && started == UINT64_MAX));
	fuzz_check(!look_at(1, &look) || is_process);
	/* It ends, also where everybody is a child of itself. */
	shim_child_of(-1);
}

struct findings {
	uint64_t inode;
	unsigned locks;
	bool mapped;
	char path[MUTEX_NAME_MAX];
};

static void read_all(struct findings *found, const char *name, size_t piece)
{
	static struct mutex_names names;
	const struct mutex_module module = { 0x1000, 0x100000, 0 };

	memset(found, 0, sizeof(*found));
	file.piece = piece;
	found->inode = gate_inode(name);
	found->locks = filelock_seen(3, "FLOCK");
	found->mapped = find_path(&names, &module);
	if (found->mapped)
		strcpy(found->path, names.offset);
	fuzz_check(file.open == 0);
}

static bool has_text(const char *text)
{
	return memmem(file.text, file.size, text, strlen(text));
}

/* What looks like two gates is none: one of them is but a name. */
static void check_doubt(const char *name)
{
	static const char twice[] =
		"0: 2 0 00010000 1 1 41 @%.*s\n0: 2 0 00010000 1 1 42 @%.*s\n";
	int length = (int)strcspn(name, "\n");
	char text[512];

	file.text = text;
	file.size = (size_t)snprintf(text, sizeof(text), twice, length, name,
				     length, name);
	fuzz_check(gate_inode(name) == 0);
	file.size = file.size / 2;
	fuzz_check(gate_inode(name) == 41);
}

static void check_findings(const struct findings *found, const char *name)
{
	char digits[32], line[256];

	snprintf(digits, sizeof(digits), "%" PRIu64, found->inode);
	snprintf(line, sizeof(line), "@%.*s", (int)strcspn(name, "\n"), name);
	if (found->inode != 0)
		fuzz_check(has_text(line));
	if (found->inode != 0 && found->inode != UINT64_MAX)
		fuzz_check(has_text(digits) || has_text("-"));
	/* The text may have the number of this very process. */
	fuzz_check((found->locks & ~(SEEN_READ | SEEN_WRITE | SEEN_OWN)) == 0);
	fuzz_check(found->locks != SEEN_OWN);
	if (found->locks)
		fuzz_check(has_text("lock:") && has_text("FLOCK"));
	if (found->mapped)
		fuzz_check(*found->path == '/' && has_text(found->path));
}

/* A line that is longer than what a reader has room for is not whole. */
static bool has_long_line(void)
{
	size_t length = 0;

	for (size_t i = 0; i < file.size; i++) {
		length = file.text[i] == '\n' ? 0 : length + 1;
		if (length >= 500)
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct findings whole, pieces;
	struct input input = { data, data + size };
	char *line = input_text(&input, '\n', &size);
	char name[PL_GATE_MAX + 1];
	char *text = input_text(&input, INPUT_ALL, &size);

	snprintf(name, sizeof(name), "/portlock/%s", line);
	file.text = text;
	file.size = size;
	file.piece = SIZE_MAX;
	check_state();
	read_all(&whole, name, SIZE_MAX);
	check_findings(&whole, name);
	if (!has_long_line()) {
		read_all(&pieces, name, 1);
		fuzz_check(memcmp(&whole, &pieces, sizeof(whole)) == 0);
		read_all(&pieces, name, 7);
		fuzz_check(memcmp(&whole, &pieces, sizeof(whole)) == 0);
	}
	file.piece = SIZE_MAX;
	check_doubt(name);
	free(line);
	free(text);
	return 0;
}
