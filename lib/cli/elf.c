/* SPDX-License-Identifier: MIT */
/* elf.c - what kind of program a file is: will the loader put a shim into it?
 *
 * Nothing here says why a program that would fail to start does so: that is
 * for the kernel to find.  What cannot be read counts as no obstacle.
 */
#include "config.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/cli/cli.h"

typedef ElfW(Shdr) section_header;

#define SONAME "portlock-shim.so"

struct image {
	int fd;
	ElfW(Ehdr) header;
};

static bool read_at(int fd, void *to, size_t size, ElfW(Off) offset)
{
	return pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

/* False if it is no ELF file (or cannot be read). */
static bool image_open(struct image *image, const char *path)
{
	image->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (image->fd < 0)
		return false;
	if (read_at(image->fd, &image->header, sizeof(image->header), 0) &&
	    memcmp(image->header.e_ident, ELFMAG, SELFMAG) == 0)
		return true;
	close(image->fd);
	return false;
}

/* The loader that the program asks for, in a buffer; false: none, static. */
static bool loader_of(const struct image *image, char loader[PATH_MAX])
{
	ElfW(Phdr) segment;

	for (int i = 0; i < image->header.e_phnum; i++) {
		if (!read_at(image->fd, &segment, sizeof(segment),
			     image->header.e_phoff + i * sizeof(segment)))
			return false;
		if (segment.p_type != PT_INTERP)
			continue;
		if (segment.p_filesz >= PATH_MAX ||
		    !read_at(image->fd, loader, segment.p_filesz,
			     segment.p_offset))
			return false;
		loader[segment.p_filesz] = '\0';
		return true;
	}
	return false;
}

static bool read_section(const struct image *image, unsigned index,
			 section_header *section)
{
	return read_at(image->fd, section, sizeof(*section),
		       image->header.e_shoff + index * sizeof(*section));
}

/* Whether it has what the Go linker leaves, even in stripped programs. */
static bool is_go(const struct image *image)
{
	section_header names, section;
	char name[sizeof(".note.go.buildid")];

	if (!read_section(image, image->header.e_shstrndx, &names))
		return false;
	for (unsigned i = 0; i < image->header.e_shnum; i++) {
		memset(name, 0, sizeof(name));
		if (!read_section(image, i, &section) ||
		    pread(image->fd, name, sizeof(name),
			  (off_t)(names.sh_offset + section.sh_name)) < 0)
			return false;
		if (strncmp(name, ".note.go.buildid", sizeof(name)) == 0 ||
		    strncmp(name, ".go.buildinfo", sizeof(name)) == 0)
			return true;
	}
	return false;
}

/* In such a program the loader takes nothing from its environment. */
static const char *privileges_of(const char *path)
{
	struct stat file;

	if (stat(path, &file) == 0 && (file.st_mode & S_ISUID) &&
	    file.st_uid != getuid())
		return "it runs as another user (set-user-ID), and such "
		       "programs load no shim";
	if (stat(path, &file) == 0 && (file.st_mode & S_ISGID) &&
	    (file.st_mode & S_IXGRP) && file.st_gid != getgid())
		return "it runs as another group (set-group-ID), and such "
		       "programs load no shim";
	if (getuid() != 0 &&
	    getxattr(path, "security.capability", NULL, 0) >= 0)
		return "it has capabilities of its own, and such programs "
		       "load no shim";
	return NULL;
}

/* Whether it is for machines such as this command itself is for. */
static bool is_native(const struct image *image)
{
	const ElfW(Ehdr) *header = &image->header;
	struct image self;
	bool same;

	if (!image_open(&self, "/proc/self/exe"))
		return true;
	same = header->e_ident[EI_CLASS] == self.header.e_ident[EI_CLASS] &&
	       header->e_ident[EI_DATA] == self.header.e_ident[EI_DATA] &&
	       header->e_machine == self.header.e_machine;
	close(self.fd);
	return same;
}

static const char *obstacle_in(const struct image *image)
{
	char loader[PATH_MAX];

	if (!is_native(image))
		return "it is for another kind of processor, or of another "
		       "word size, than the shim";
	if (is_go(image))
		return "Go programs make their system calls without libc";
	if (!loader_of(image, loader))
		return "it is statically linked, so nothing can be preloaded";
	if (strstr(loader, "/ld-musl"))
		return "it is made for the musl C library, the shim for the "
		       "GNU C library";
	return NULL;
}

const char *elf_obstacle(const char *path)
{
	const char *obstacle = NULL;
	struct image image;

	if (image_open(&image, path)) {
		obstacle = obstacle_in(&image);
		close(image.fd);
	}
	return obstacle ? obstacle : privileges_of(path);
}

bool elf_loader(const char *path, char loader[PATH_MAX])
{
	struct image image;
	bool has_loader = false;

	if (image_open(&image, path)) {
		has_loader = is_native(&image) && loader_of(&image, loader);
		close(image.fd);
	}
	return has_loader;
}

/* Whether it was linked under the shim's name, whatever its file is called. */
static bool has_soname(const struct image *image)
{
	char name[sizeof(SONAME)];
	section_header dynamic, names;
	ElfW(Dyn) entry;
	unsigned i = 0;

	do {
		if (i == image->header.e_shnum ||
		    !read_section(image, i++, &dynamic))
			return false;
	} while (dynamic.sh_type != SHT_DYNAMIC);
	if (!read_section(image, dynamic.sh_link, &names))
		return false;
	for (ElfW(Off) at = 0; at < dynamic.sh_size; at += sizeof(entry)) {
		if (!read_at(image->fd, &entry, sizeof(entry),
			     dynamic.sh_offset + at))
			return false;
		if (entry.d_tag == DT_SONAME)
			return read_at(image->fd, name, sizeof(name),
				       names.sh_offset + entry.d_un.d_val) &&
			       memcmp(name, SONAME, sizeof(name)) == 0;
	}
	return false;
}

bool elf_is_shim(const char *path)
{
	struct image image;
	bool shim = false;

	if (image_open(&image, path)) {
		shim = is_native(&image) && has_soname(&image);
		close(image.fd);
	}
	return shim;
}
