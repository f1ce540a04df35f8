/* SPDX-License-Identifier: MIT */
/* fuzz.h - what the fuzz targets share.
 *
 * A target is one file with a LLVMFuzzerTestOneInput(), which libFuzzer calls
 * with ever new inputs ("make check-fuzz"), and replay.c with those that are
 * kept in corpus/ ("make check").  It returns if all is well, and aborts if
 * not.  It depends on its input alone, so that a failure can be replayed.
 */
#ifndef PORTLOCK_TESTS_FUZZ_H
#define PORTLOCK_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Its corpus. */
extern const char fuzz_name[];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- input.c ------------------------------------------------------------- */

/* Like assert(), and there in every build. */
#define fuzz_check(condition)                                                  \
	((condition) ? (void)0 : fuzz_failed(#condition, __FILE__, __LINE__))
void fuzz_failed(const char *what, const char *file, int line)
	__attribute__((noreturn));

/* The rest of an input. */
struct input {
	const uint8_t *at, *end;
};

/* The next byte; 0 at the end. */
int input_byte(struct input *input);

/*
 * The text before the next such character, or all that is left, in memory of
 * just that size, which the caller frees.  It may hold NUL bytes, so that it is
 * shorter as a string.
 */
char *input_text(struct input *input, int end, size_t *size);
#define INPUT_ALL (-1) /* in place of a character: no end */

/* A file in memory with that text; its descriptor. */
int input_file(const char *text, size_t size);

#endif
