/* SPDX-License-Identifier: MIT */
/* canary_leak.c - leaves a descriptor open, or memory allocated if it has an
 * argument: valgrind must not let it pass.
 */
#include <stdlib.h>
#include <unistd.h>

static void *volatile memory;

int main(int argc, char **argv)
{
	(void)argv;
	if (argc == 1)
		return dup(STDOUT_FILENO) < 0;
	memory = malloc(1);
	if (!memory)
		return 1;
	memory = NULL;
	return 0;
}
