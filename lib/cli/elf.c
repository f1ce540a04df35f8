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

/* Whether it has what the Go linker leaves, even in stripped programs. */
static bool is_go(const struct image *image)
{
	const ElfW(Ehdr) *header = &image->header;
	ElfW(Shdr) names, section;
	char name[sizeof(".note.go.buildid")];

	if (!read_at(image->fd, &names, sizeof(names),
		     header->e_shoff + header->e_shstrndx * sizeof(names)))
		return false;
	for (int i = 0; i < header->e_shnum; i++) {
		memset(name, 0, sizeof(name));
		if (!read_at(image->fd, &section, sizeof(section),
			     header->e_shoff + i * sizeof(section)) ||
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

bool elf_is_native(const char *path)
{
	struct image image;
	bool native = false;

	if (image_open(&image, path)) {
		native = is_native(&image);
		close(image.fd);
	}
	return native;
}
