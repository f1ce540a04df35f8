/* SPDX-License-Identifier: MIT */
/* symbol.h - the symbols of an ELF file. */
#ifndef PORTLOCK_SHIM_SYMBOL_H
#define PORTLOCK_SHIM_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol {
	const char *name; /* in the image */
	uint64_t start;	  /* its value */
};

/*
 * The variable that has the address, as the file counts addresses: from
 * .symtab, or else from .dynsym.  The image may be of anything; what is no ELF
 * file for this kind of processor has no symbols.  Allocates nothing.
 */
bool symbol_find(const void *image, size_t size, uint64_t address,
		 struct symbol *symbol);

#endif
