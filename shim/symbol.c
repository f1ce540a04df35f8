/* SPDX-License-Identifier: MIT */
/* symbol.c - finds the variable that an address belongs to in an ELF file.
 *
 * Nothing in the file is believed: every structure is copied out of it after a
 * look at the bounds, so offsets may also be odd.
 */
#include "config.h"

#include <elf.h>
#include <endian.h>
#include <link.h>
#include <string.h>

#include "shim/symbol.h"

#if __ELF_NATIVE_CLASS == 64
#define CLASS ELFCLASS64
#define HEADER Elf64_Ehdr
#define SECTION Elf64_Shdr
#define SYMBOL Elf64_Sym
#define TYPE_OF(symbol) ELF64_ST_TYPE((symbol).st_info)
#define BINDING_OF(symbol) ELF64_ST_BIND((symbol).st_info)
#else
#define CLASS ELFCLASS32
#define HEADER Elf32_Ehdr
#define SECTION Elf32_Shdr
#define SYMBOL Elf32_Sym
#define TYPE_OF(symbol) ELF32_ST_TYPE((symbol).st_info)
#define BINDING_OF(symbol) ELF32_ST_BIND((symbol).st_info)
#endif

#if __BYTE_ORDER == __LITTLE_ENDIAN
#define ORDER ELFDATA2LSB
#else
#define ORDER ELFDATA2MSB
#endif

struct image {
	const char *bytes;
	size_t size;
};

static bool fits(const struct image *image, uint64_t offset, uint64_t size)
{
	return offset <= image->size && size <= image->size - offset;
}

static bool get(const struct image *image, uint64_t offset, void *to,
		size_t size)
{
	if (!fits(image, offset, size))
		return false;
	memcpy(to, image->bytes + offset, size);
	return true;
}

static bool get_header(const struct image *image, HEADER *header)
{
	return get(image, 0, header, sizeof(*header)) &&
	       memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
	       header->e_ident[EI_CLASS] == CLASS &&
	       header->e_ident[EI_DATA] == ORDER &&
	       header->e_shentsize == sizeof(SECTION) &&
	       fits(image, header->e_shoff,
		    (uint64_t)header->e_shnum * sizeof(SECTION));
}

/* The section with that number, whose contents are in the file. */
static bool get_section(const struct image *image, const HEADER *header,
			unsigned number, SECTION *section)
{
	return number < header->e_shnum &&
	       get(image, header->e_shoff + (uint64_t)number * sizeof(*section),
		   section, sizeof(*section)) &&
	       section->sh_type != SHT_NOBITS &&
	       fits(image, section->sh_offset, section->sh_size);
}

static bool find_section(const struct image *image, const HEADER *header,
			 unsigned type, SECTION *section)
{
	for (unsigned i = 0; i < header->e_shnum; i++)
		if (get_section(image, header, i, section) &&
		    section->sh_type == type)
			return true;
	return false;
}

/* NULL unless it is a string that ends in its section, and not empty. */
static const char *get_name(const struct image *image, const SECTION *strings,
			    uint64_t offset)
{
	const char *name;

	if (offset >= strings->sh_size)
		return NULL;
	name = image->bytes + strings->sh_offset + offset;
	return *name && memchr(name, '\0', strings->sh_size - offset) ? name
								      : NULL;
}

static bool covers(const SYMBOL *symbol, uint64_t address)
{
	return TYPE_OF(*symbol) == STT_OBJECT &&
	       symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS &&
	       address >= symbol->st_value &&
	       address - symbol->st_value < symbol->st_size;
}

/* Of two that cover an address: the inner one, or the one known outside. */
static bool is_better(const SYMBOL *symbol, const SYMBOL *best)
{
	if (symbol->st_value != best->st_value)
		return symbol->st_value > best->st_value;
	return BINDING_OF(*symbol) != STB_LOCAL &&
	       BINDING_OF(*best) == STB_LOCAL;
}

static bool find_in(const struct image *image, const HEADER *header,
		    unsigned type, uint64_t address, struct symbol *found)
{
	SECTION table, strings;
	SYMBOL symbol, best = { .st_size = 0 };
	uint64_t end;

	found->name = NULL;
	if (!find_section(image, header, type, &table) ||
	    table.sh_entsize != sizeof(symbol) ||
	    !get_section(image, header, table.sh_link, &strings))
		return false;
	end = table.sh_offset + table.sh_size / sizeof(symbol) * sizeof(symbol);
	for (uint64_t at = table.sh_offset; at < end; at += sizeof(symbol)) {
		const char *name;

		memcpy(&symbol, image->bytes + at, sizeof(symbol));
		if (!covers(&symbol, address) ||
		    (found->name && !is_better(&symbol, &best)))
			continue;
		name = get_name(image, &strings, symbol.st_name);
		if (!name)
			continue;
		best = symbol;
		*found = (struct symbol){ name, symbol.st_value };
	}
	return found->name;
}

bool symbol_find(const void *bytes, size_t size, uint64_t address,
		 struct symbol *symbol)
{
	const struct image image = { bytes, size };
	HEADER header;

	return get_header(&image, &header) &&
	       (find_in(&image, &header, SHT_SYMTAB, address, symbol) ||
		find_in(&image, &header, SHT_DYNSYM, address, symbol));
}
