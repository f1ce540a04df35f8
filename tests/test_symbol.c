/* SPDX-License-Identifier: MIT */
/* test_symbol.c - variables are found in ELF files, and nothing is believed
 * that a broken file says.
 */
#include "config.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/symbol.c" /* which the shim does not export */
#include "support/support.h"

extern const char __executable_start[];

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int exported_variable[4] = { 1 };
static int hidden_variable[4] = { 2 };
extern EXPORTED int alias_of_hidden[4]
	__attribute__((alias("hidden_variable")));

/* A file whose last byte is the last one that can be read. */
struct elf_file {
	char *bytes;
	size_t size;
	char *memory;
	size_t mapped;
};

static int setup(void **state)
{
	static struct elf_file image;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat about;

	if (fd < 0 || fstat(fd, &about) < 0)
		return -1;
	image.size = (size_t)about.st_size;
	image.mapped = (image.size + page - 1) / page * page + page;
	image.memory = mmap(NULL, image.mapped, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(image.memory != MAP_FAILED);
	require(mprotect(image.memory + image.mapped - page, page, PROT_NONE) ==
		0);
	image.bytes = image.memory + image.mapped - page - image.size;
	require(pread(fd, image.bytes, image.size, 0) == about.st_size);
	close(fd);
	*state = &image;
	return 0;
}

static int teardown(void **state)
{
	struct elf_file *image = *state;

	return munmap(image->memory, image->mapped);
}

static uint64_t value_of(const void *variable)
{
	return (uint64_t)((const char *)variable - __executable_start);
}

static void assert_named(const struct elf_file *image, uint64_t value,
			 const char *name, uint64_t inside)
{
	struct symbol symbol;

	assert_true(symbol_find(image->bytes, image->size, value, &symbol));
	assert_string_equal(symbol.name, name);
	assert_true(value - symbol.start == inside);
}

static void variables_have_their_names(void **state)
{
	struct elf_file *image = *state;
	struct symbol symbol;

	assert_named(image, value_of(exported_variable), "exported_variable",
		     0);
	assert_named(image, value_of(exported_variable) + 15,
		     "exported_variable", 15);
	/* Of two names the one that others know. */
	assert_named(image, value_of(hidden_variable + 1), "alias_of_hidden",
		     sizeof(int));
	assert_false(symbol_find(image->bytes, image->size,
				 value_of((void *)(uintptr_t)setup), &symbol));
	assert_false(symbol_find(image->bytes, image->size, 0, &symbol));
	assert_false(
		symbol_find(image->bytes, image->size, UINT64_MAX, &symbol));
}

/* Turns all sections of the type into another one. */
static void change_type(struct elf_file *image, unsigned from, unsigned to)
{
	ElfW(Ehdr) header;

	memcpy(&header, image->bytes, sizeof(header));
	for (unsigned i = 0; i < header.e_shnum; i++) {
		char *at =
			image->bytes + header.e_shoff + i * sizeof(ElfW(Shdr));
		ElfW(Shdr) section;

		memcpy(&section, at, sizeof(section));
		if (section.sh_type == from)
			section.sh_type = to;
		memcpy(at, &section, sizeof(section));
	}
}

static void a_stripped_file_has_the_names_that_others_need(void **state)
{
	struct elf_file *image = *state;
	struct symbol symbol;

	change_type(image, SHT_SYMTAB, SHT_PROGBITS);
	assert_named(image, value_of(exported_variable), "exported_variable",
		     0);
	change_type(image, SHT_DYNSYM, SHT_PROGBITS);
	assert_false(symbol_find(image->bytes, image->size,
				 value_of(exported_variable), &symbol));
}

static void another_kind_of_processor_has_none(void **state)
{
	static const struct {
		int byte;
		char value;
	} wrong[] = { { EI_MAG0, 'E' },
		      { EI_CLASS, ELFCLASSNONE },
		      { EI_DATA, ELFDATANONE } };
	struct elf_file *image = *state;
	struct symbol symbol;

	for (int i = 0; i < 3; i++) {
		char right = image->bytes[wrong[i].byte];

		image->bytes[wrong[i].byte] = wrong[i].value;
		assert_false(symbol_find(image->bytes, image->size,
					 value_of(exported_variable), &symbol));
		image->bytes[wrong[i].byte] = right;
	}
}

/* What is cut off at the front of the memory is cut off at the file's end. */
static void a_file_may_be_cut_off_anywhere(void **state)
{
	struct elf_file *image = *state;
	char *end = image->bytes + image->size;
	char *copy = malloc(image->size);
	struct symbol symbol;
	size_t step = image->size / (size_t)rounds(2000) + 1;

	require(copy);
	memcpy(copy, image->bytes, image->size);
	for (size_t size = 0; size < image->size;
	     size += size < sizeof(ElfW(Ehdr)) ? 1 : step) {
		memcpy(end - size, copy, size);
		assert_false(symbol_find(end - size, size,
					 value_of(exported_variable), &symbol));
	}
	free(copy);
}

/* The headers of the file and its sections decide what is looked at. */
static char *somewhere(struct elf_file *image, const ElfW(Ehdr) * header)
{
	size_t at = (size_t)rand();

	if (at % 4 == 0)
		return image->bytes + at / 4 % sizeof(*header);
	return image->bytes + header->e_shoff +
	       at / 4 % (header->e_shnum * sizeof(ElfW(Shdr)));
}

static void a_file_may_say_anything(void **state)
{
	static const char values[] = { 0, 1, 2, 0x7f, (char)0x80, (char)0xff };
	struct elf_file *image = *state;
	ElfW(Ehdr) header;
	struct symbol symbol;

	srand((unsigned)getpid());
	memcpy(&header, image->bytes, sizeof(header));
	for (int i = 0; i < rounds(3000); i++) {
		char *changed[3], before[3];

		for (int k = 0; k < 3; k++) {
			changed[k] = somewhere(image, &header);
			before[k] = *changed[k];
			*changed[k] =
				rand() % 2 ? (char)rand() : values[rand() % 6];
		}
		if (symbol_find(image->bytes, image->size,
				value_of(exported_variable), &symbol))
			assert_true(strlen(symbol.name) > 0);
		for (int k = 2; k >= 0; k--)
			*changed[k] = before[k];
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_IMAGE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		WITH_IMAGE(variables_have_their_names),
		WITH_IMAGE(a_stripped_file_has_the_names_that_others_need),
		WITH_IMAGE(another_kind_of_processor_has_none),
		WITH_IMAGE(a_file_may_be_cut_off_anywhere),
		WITH_IMAGE(a_file_may_say_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
