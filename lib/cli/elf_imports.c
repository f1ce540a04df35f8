/* SPDX-License-Identifier: MIT */
/* elf_imports.c - the names that an ELF file wants of others, from a file of
 * which nothing is believed.
 */
#include "config.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cli/doctor/doctor.h"

typedef ElfW(Shdr) section_header;

/* A table of names beyond this is a lie. */
#define TABLE_MAX (64 << 20)

struct image {
	int fd;
	uint64_t size;
	ElfW(Ehdr) header;
};

static bool read_at(const struct image *image, void *to, size_t size,
		    uint64_t offset)
{
	return offset <= image->size && size <= image->size - offset &&
	       pread(image->fd, to, size, (off_t)offset) == (ssize_t)size;
}

static int image_open(struct image *image, const char *path)
{
	ElfW(Ehdr) *header = &image->header;
	struct stat file;

	image->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (image->fd < 0)
		return -errno;
	if (fstat(image->fd, &file) == 0 && S_ISREG(file.st_mode)) {
		image->size = (uint64_t)file.st_size;
		if (read_at(image, header, sizeof(*header), 0) &&
		    memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
		    header->e_ident[EI_CLASS] ==
			    (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) &&
		    header->e_shentsize == sizeof(section_header))
			return 0;
	}
	close(image->fd);
	return -ENOEXEC;
}

static bool read_section(const struct image *image, unsigned index,
			 section_header *section)
{
	return index < image->header.e_shnum &&
	       read_at(image, section, sizeof(*section),
		       (uint64_t)image->header.e_shoff +
			       (uint64_t)index * sizeof(*section));
}

/* The section's bytes and a '\0', to be freed, or NULL. */
static char *load(const struct image *image, const section_header *section)
{
	size_t size = (size_t)section->sh_size;
	char *bytes;

	if (section->sh_size > TABLE_MAX || section->sh_size > image->size)
		return NULL;
	bytes = malloc(size + 1);
	if (!bytes)
		return NULL;
	bytes[size] = '\0';
	if (read_at(image, bytes, size, section->sh_offset))
		return bytes;
	free(bytes);
	return NULL;
}

static bool find_symbols(const struct image *image, section_header *symbols,
			 section_header *names)
{
	for (unsigned i = 0; read_section(image, i, symbols); i++)
		if (symbols->sh_type == SHT_DYNSYM)
			return read_section(image, symbols->sh_link, names);
	return false;
}

static void visit_all(const char *table, size_t size, const char *names,
		      size_t names_size,
		      void (*visit)(void *argument, const char *name),
		      void *argument)
{
	ElfW(Sym) symbol;

	for (size_t at = 0; size - at >= sizeof(symbol); at += sizeof(symbol)) {
		memcpy(&symbol, table + at, sizeof(symbol));
		if (symbol.st_shndx == SHN_UNDEF &&
		    symbol.st_name < names_size && names[symbol.st_name])
			visit(argument, names + symbol.st_name);
	}
}

int elf_imports(const char *path,
		void (*visit)(void *argument, const char *name), void *argument)
{
	section_header symbols, names;
	char *table = NULL, *text = NULL;
	struct image image = { .fd = -1 };
	int error = image_open(&image, path);

	if (error)
		return error;
	error = -ENOEXEC;
	if (find_symbols(&image, &symbols, &names)) {
		table = load(&image, &symbols);
		text = load(&image, &names);
	}
	if (table && text) {
		visit_all(table, (size_t)symbols.sh_size, text,
			  (size_t)names.sh_size, visit, argument);
		error = 0;
	}
	free(table);
	free(text);
	close(image.fd);
	return error;
}
