/* SPDX-License-Identifier: MIT */
/* counters.c - counters of lines that outlive their process, for coverage.
 *
 * libgcov writes its files when a process exits.  Ours are killed, end by
 * _exit(), become other programs, change their root and their user, and count
 * their descriptors; and the shim hooks what libgcov calls.  So each module (a
 * program or a shared object) maps its counters from a file that all its
 * processes share: what is counted stays, nothing is done at exit, and no
 * descriptor is kept.  With PORTLOCK_COVERAGE_DUMP in its environment a module
 * does nothing but hand its counters to libgcov, which writes them as usual.
 */
#include "config.h"

#include <elf.h>
#include <fcntl.h>
#include <gcov.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The linker's: all counters of this module, on pages of their own. */
extern uint64_t coverage_first[], coverage_last[];
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* Stands for libgcov's, which instrumented objects call at exit. */
void __wrap___gcov_exit(void);

void __wrap___gcov_exit(void)
{
}

/* The name of build-id notes has 4 bytes, as their number has words before. */
static const ElfW(Nhdr) * find_id(const char *note, size_t size)
{
	const ElfW(Nhdr) *head = (const void *)note;

	while (size >= sizeof(*head) && head->n_type != NT_GNU_BUILD_ID) {
		size_t length = sizeof(*head) + ((head->n_namesz + 3) & ~3u) +
				((head->n_descsz + 3) & ~3u);

		if (length > size)
			return NULL;
		size -= length;
		note += length;
		head = (const void *)note;
	}
	return size >= sizeof(*head) ? head : NULL;
}

/* A file for each build of each module: another one has other counters. */
static bool name_file(char *path, size_t size)
{
	const char *base = (const char *)&__ehdr_start;
	const ElfW(Phdr) *part = (const void *)(base + __ehdr_start.e_phoff);
	const ElfW(Nhdr) *id = NULL;
	const unsigned char *bytes;
	int length = snprintf(path, size, "%s/", COVERAGE_FOLDER);
	uintptr_t bias = (uintptr_t)base - part->p_vaddr;
	int count = __ehdr_start.e_phnum;

	for (int i = 0; i < count; i++) {
		if (part[i].p_type == PT_LOAD && part[i].p_offset == 0)
			bias = (uintptr_t)base - part[i].p_vaddr;
	}
	for (int i = 0; i < count && !id; i++) {
		if (part[i].p_type == PT_NOTE)
			id = find_id((const char *)(bias + part[i].p_vaddr),
				     part[i].p_memsz);
	}
	if (!id)
		return false;
	bytes = (const unsigned char *)(id + 1) + id->n_namesz;
	for (unsigned i = 0; i < id->n_descsz; i++)
		length += snprintf(path + length, size - length, "%02x",
				   bytes[i]);
	return true;
}

/* Not by libc's names: in the shim these are hooks.  Any user may count. */
static int open_file(const char *path, int flags, off_t size)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path,
			      O_RDWR | O_CLOEXEC | flags, 0666);

	if (fd >= 0 && (flags & O_CREAT)) {
		fchmod(fd, 0666);
		if (ftruncate(fd, size) < 0)
			abort();
	}
	return fd;
}

static bool map_counters(const char *path, int flags)
{
	size_t size = (char *)coverage_last - (char *)coverage_first;
	int fd = open_file(path, flags, (off_t)size);
	uint64_t *shared;

	if (fd < 0)
		return false;
	shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	syscall(SYS_close, fd);
	if (shared == MAP_FAILED)
		return false;
	/* What constructors before us have done. */
	for (size_t i = 0; i < size / sizeof(*shared); i++)
		__atomic_fetch_add(&shared[i], coverage_first[i],
				   __ATOMIC_RELAXED);
	return mremap(shared, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
		      coverage_first) != MAP_FAILED;
}

__attribute__((constructor(101))) static void begin(void)
{
	char path[4096];
	bool dumps = getenv("PORTLOCK_COVERAGE_DUMP");

	if (!name_file(path, sizeof(path)))
		abort();
	if (map_counters(path, dumps ? 0 : O_CREAT) && dumps) {
		__gcov_dump();
		syscall(SYS_unlinkat, AT_FDCWD, path, 0);
	}
	if (dumps)
		syscall(SYS_exit_group, 0);
}
