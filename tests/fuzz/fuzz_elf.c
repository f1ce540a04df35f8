/* SPDX-License-Identifier: MIT */
/* fuzz_elf.c - an address, eight bytes, and a file that may be of ELF.
 *
 * A symbol's name is in the file, ends in it, and starts before the address;
 * what the command says of the program, or of a shim, is one of its answers;
 * names that it imports are in the file; no file stays open.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "lib/cli/doctor/doctor.h"
#include "shim/symbol.h"
#include "socket.h"

const char fuzz_name[] = "elf";

static void check_symbol(const char *image, size_t size, uint64_t address)
{
	struct symbol symbol;

	if (!symbol_find(image, size, address, &symbol))
		return;
	fuzz_check(symbol.name >= image && symbol.name < image + size);
	fuzz_check(*symbol.name);
	fuzz_check(memchr(symbol.name, '\0',
			  (size_t)(image + size - symbol.name)));
	fuzz_check(symbol.start <= address);
}

/* The symbol at the address that the file itself tells of: its words are tried,
 * as the input's address is rarely in its table. */
static void check_words(const char *image, size_t size)
{
	for (size_t at = 0; at + 8 <= size && at < 4096; at += 64) {
		uint64_t word;

		memcpy(&word, image + at, sizeof(word));
		check_symbol(image, size, word);
	}
}

static struct {
	const char *image;
	size_t size;
} imported;

/* A name is in the file, whole but for its end. */
static void check_name(void *argument, const char *name)
{
	fuzz_check(argument == &imported && *name);
	fuzz_check(memmem(imported.image, imported.size, name, strlen(name)));
}

static void check_imports(const char *path)
{
	int status = elf_imports(path, check_name, &imported);

	fuzz_check(status == 0 || status == -ENOEXEC);
}

static void check_program_file(const char *image, size_t size)
{
	FILE *errors = stderr;
	int fd = input_file(image, size), status;
	size_t words;
	char path[64], *said;

	sprintf(path, "/proc/self/fd/%d", fd);
	stderr = open_memstream(&said, &words);
	fuzz_check(stderr);
	status = check_program(path);
	fclose(stderr);
	stderr = errors;
	fuzz_check(status == 0 || status == EXIT_CANNOT_RUN ||
		   status == EXIT_NOT_FOUND);
	fuzz_check((status == 0) == (words == 0));
	free(said);
	imported.image = image;
	imported.size = size;
	check_imports(path);
	if (elf_is_shim(path))
		fuzz_check(memmem(image, size, "portlock-shim.so", 17));
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, data + size };
	int fds = sockets_open();
	uint64_t address = 0;
	char *image, *exact;

	for (int i = 0; i < 8; i++)
		address |= (uint64_t)(uint8_t)input_byte(&input) << 8 * i;
	image = input_text(&input, INPUT_ALL, &size);
	exact = malloc(size ? size : 1); /* without the byte after it */
	fuzz_check(exact);
	memcpy(exact, image, size);
	check_symbol(exact, size, address);
	check_words(exact, size);
	check_program_file(exact, size);
	free(exact);
	free(image);
	fuzz_check(sockets_open() == fds);
	return 0;
}
