/* SPDX-License-Identifier: MIT */
/* mutex_name.c - what a mutex in the data of a program or library is called.
 *
 * The question comes up in the middle of anything: in constructors, inside of
 * malloc(), with the program's locks held.  So there is no allocation here, and
 * the loader's lock is not taken, which a thread that waits for one of those
 * locks might have: the kernel knows which file is mapped where, and the file
 * knows its symbols.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/mutex.h"
#include "shim/symbol.h"

#define DELETED " (deleted)"

/* ---- the module ---------------------------------------------------------- */

#ifdef HAVE__DL_FIND_OBJECT

bool mutex_module_of(const void *address, struct mutex_module *module)
{
	struct dl_find_object found;

	if (_dl_find_object((void *)(uintptr_t)address, &found) != 0)
		return false;
	*module = (struct mutex_module){
		.start = (uintptr_t)found.dlfo_map_start,
		.end = (uintptr_t)found.dlfo_map_end,
		.base = found.dlfo_link_map->l_addr,
	};
	return true;
}

#else

/* Before glibc 2.35 there is no way without the loader's lock. */

struct question {
	uintptr_t address;
	struct mutex_module *module;
};

static int look(struct dl_phdr_info *info, size_t size, void *argument)
{
	struct question *question = argument;
	struct mutex_module module = { UINTPTR_MAX, 0, info->dlpi_addr };

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + part->p_vaddr;

		if (part->p_type != PT_LOAD)
			continue;
		if (start < module.start)
			module.start = start;
		if (start + part->p_memsz > module.end)
			module.end = start + part->p_memsz;
	}
	if (question->address < module.start || question->address >= module.end)
		return 0;
	*question->module = module;
	return 1;
}

bool mutex_module_of(const void *address, struct mutex_module *module)
{
	struct question question = { (uintptr_t)address, module };

	return dl_iterate_phdr(look, &question) == 1;
}

#endif

/* ---- its file ------------------------------------------------------------ */

/* The path in a line of /proc/self/maps, "START-END PERMISSIONS OFFSET DEVICE
 * INODE PATH", if that is of a file in the module's memory. */
static const char *path_in(const char *line, const struct mutex_module *module)
{
	unsigned long start;
	int path = 0;

	if (sscanf(line, "%lx-%*x %*s %*s %*s %*s %n", &start, &path) != 1 ||
	    path == 0 || start < module->start || start >= module->end)
		return NULL;
	return line[path] == '/' ? line + path : NULL;
}

static bool copy_path(char to[MUTEX_NAME_MAX], const char *path)
{
	size_t length = strlen(path), deleted = strlen(DELETED);

	/* After an upgrade, old and new processes should meet. */
	if (length > deleted && strcmp(path + length - deleted, DELETED) == 0)
		length -= deleted;
	if (length >= PATH_MAX)
		return false;
	memcpy(to, path, length);
	to[length] = '\0';
	return true;
}

/* Into names->offset; with names->scratch for the lines. */
static bool find_path(struct mutex_names *names,
		      const struct mutex_module *module)
{
	int fd = REAL(open)("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	char *text = names->scratch, *stop;
	size_t length = 0;
	bool found = false;
	ssize_t size;

	if (fd < 0)
		return false;
	while (!found && length < sizeof(names->scratch) - 1 &&
	       (size = read(fd, text + length,
			    sizeof(names->scratch) - 1 - length)) > 0) {
		char *line = text;
		const char *path;

		length += (size_t)size;
		while (!found &&
		       (stop = memchr(line, '\n',
				      (size_t)(text + length - line)))) {
			*stop = '\0';
			path = path_in(line, module);
			found = path && copy_path(names->offset, path);
			line = stop + 1;
		}
		length -= (size_t)(line - text);
		memmove(text, line, length);
	}
	REAL(close)(fd);
	return found;
}

/* ---- its symbols --------------------------------------------------------- */

/* Whether the file is what the module was loaded from, and no new version: the
 * first page has its headers, and as a rule the build id. */
static bool is_of(const void *image, size_t size,
		  const struct mutex_module *module)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (size > page)
		size = page;
	return size <= module->end - module->start &&
	       memcmp(image, (const void *)module->start, size) == 0;
}

static void put_symbol(struct mutex_names *names, const struct symbol *symbol,
		       uintptr_t value)
{
	uint64_t inside = value - symbol->start;
	int length = snprintf(names->symbol, MUTEX_NAME_MAX, "%s:%s",
			      names->offset, symbol->name);

	if (inside > 0 && length < MUTEX_NAME_MAX)
		length += snprintf(names->symbol + length,
				   MUTEX_NAME_MAX - (size_t)length, "+0x%llx",
				   (unsigned long long)inside);
	if (length >= MUTEX_NAME_MAX)
		names->symbol[0] = '\0';
}

/* Who cuts a file off that is mapped ends the program, also without us. */
static void find_symbol(struct mutex_names *names, int fd,
			const struct mutex_module *module, uintptr_t value)
{
	struct symbol symbol;
	struct stat64 about;
	void *image;

	if (fstat64(fd, &about) < 0 || !S_ISREG(about.st_mode) ||
	    about.st_size <= 0)
		return;
	image = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd,
		     0);
	if (image == MAP_FAILED)
		return;
	if (is_of(image, (size_t)about.st_size, module) &&
	    symbol_find(image, (size_t)about.st_size, value, &symbol))
		put_symbol(names, &symbol, value);
	munmap(image, (size_t)about.st_size);
}

bool mutex_names_of(const void *address, const struct mutex_module *module,
		    struct mutex_names *names)
{
	uintptr_t value = (uintptr_t)address - module->base;
	size_t length;
	int fd;

	names->symbol[0] = '\0';
	if (!find_path(names, module))
		return false;
	fd = REAL(open)(names->offset,
			O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0) {
		find_symbol(names, fd, module, value);
		REAL(close)(fd);
	}
	length = strlen(names->offset);
	snprintf(names->offset + length, MUTEX_NAME_MAX - length, "+0x%llx",
		 (unsigned long long)value);
	return true;
}
