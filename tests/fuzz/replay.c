/* SPDX-License-Identifier: MIT */
/* replay.c - runs a fuzz target on files: FUZZ_TARGET [FILE]...
 *
 * Without a FILE it takes all of the target's corpus.  Works with any compiler,
 * under valgrind and with sanitizers.
 */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define INPUT_MAX (1 << 20)

static void replay(const char *path)
{
	uint8_t *data = malloc(INPUT_MAX), *exact;
	FILE *file = fopen(path, "re");
	size_t size;

	if (!file || !data) {
		perror(path);
		exit(1);
	}
	size = fread(data, 1, INPUT_MAX, file);
	fclose(file);
	/* No byte more, which only tools would miss. */
	exact = malloc(size ? size : 1);
	fuzz_check(exact);
	memcpy(exact, data, size);
	free(data);
	printf("%s\n", path);
	fflush(stdout); /* the last line names what fails */
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static int replay_folder(const char *folder)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, alphasort), inputs = 0;
	char path[4096];

	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder,
			 entries[i]->d_name);
		if (entries[i]->d_name[0] != '.') {
			replay(path);
			inputs++;
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return inputs;
}

int main(int argc, char **argv)
{
	const char *source = getenv("top_srcdir");
	char folder[2048];

	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (argc > 1)
		return 0;
	snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s",
		 source ? source : ".", fuzz_name);
	if (replay_folder(folder) > 0)
		return 0;
	fprintf(stderr,
		"there are no inputs in %s: set top_srcdir, or name a FILE\n",
		folder);
	return 1;
}
