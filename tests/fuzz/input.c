/* SPDX-License-Identifier: MIT */
/* input.c - reads the inputs of fuzz targets, piece by piece. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

void fuzz_failed(const char *what, const char *file, int line)
{
	/* Not by stderr, which a target may have for itself. */
	dprintf(STDERR_FILENO, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

int input_byte(struct input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

char *input_text(struct input *input, int end, size_t *size)
{
	size_t left = (size_t)(input->end - input->at);
	const uint8_t *stop =
		end >= 0 && left > 0 ? memchr(input->at, end, left) : NULL;
	char *text;

	*size = stop ? (size_t)(stop - input->at) : left;
	text = malloc(*size + 1);
	fuzz_check(text);
	if (*size > 0)
		memcpy(text, input->at, *size);
	text[*size] = '\0';
	input->at = stop ? stop + 1 : input->end;
	return text;
}

int input_file(const char *text, size_t size)
{
	int fd = memfd_create("input", MFD_CLOEXEC);

	fuzz_check(fd >= 0);
	fuzz_check(write(fd, text, size) == (ssize_t)size);
	return fd;
}
