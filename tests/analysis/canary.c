/* SPDX-License-Identifier: MIT */
/* canary.c - faults that the tools of make check-analysis must find. */
#include <stdlib.h>
#include <string.h>

void for_gcc(char *memory)
{
	free(memory);
	free(memory);
}

int for_clang_tidy(const char *left, const char *right)
{
	if (strcmp(left, right))
		return 1;
	return 0;
}

int for_cppcheck(void)
{
	int numbers[4] = { 0 };

	return numbers[4];
}
