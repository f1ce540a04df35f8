/* SPDX-License-Identifier: MIT */
/* fuzz_commands.c - a command line of portlock, a word a line.
 *
 * After a form feed follow what its files contain, after another one each the
 * values of PORTLOCK_RULES, PORTLOCK_RULES_FILE and LD_PRELOAD.  Nothing is
 * executed, locked or opened: what the command would do is looked at.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <portlock/portlock.h>

#include "commands.h"
#include "fuzz.h"
#include "lib/cli/cli.h"
#include "lib/cli/doctor/doctor.h"
#include "lib/cli/shim_path.h"
#include "lib/cli/show/show.h"
#include "lib/cli/supervise.h"
#include "lib/cli/trace/trace.h"
#include "lib/internal.h"
#include "lib/look/table.h"
#include "shim/shim.h"

const char fuzz_name[] = "commands";

#define SHIM "/shim"
#define WORDS_MAX 64

/* What is there, and what the command has done. */
static struct {
	char *file;
	size_t file_size;
	char *variables[3];
	char *preload, *rules; /* as it has set them */
	char **words;
	int executed, locked, refused, traced, looked;
} world;

static const char *const names[] = { "PORTLOCK_RULES", "PORTLOCK_RULES_FILE",
				     "LD_PRELOAD" };

/* ---- commands.h: what stands for libc ------------------------------------ */

int world_close(FILE *file)
{
	return file == stdout ? fflush(file) : fclose(file);
}

FILE *world_open(const char *path, const char *mode)
{
	(void)mode;
	if (world.file && *path && world.file_size > 0)
		return fmemopen(world.file, world.file_size, "r");
	errno = ENOENT;
	return NULL;
}

char *world_get(const char *name)
{
	for (int i = 0; i < 3; i++)
		if (strcmp(name, names[i]) == 0)
			return world.variables[i];
	return NULL;
}

int world_set(const char *name, const char *value, int replace)
{
	char **to =
		strcmp(name, "LD_PRELOAD") == 0 ? &world.preload : &world.rules;

	fuzz_check(replace && !*to);
	*to = strdup(value);
	return *to ? 0 : -1;
}

int world_unset(const char *name)
{
	fuzz_check(strcmp(name, "PORTLOCK_RULES_FILE") == 0);
	return 0;
}

/* The shim takes the rules that it is given. */
int world_execute(const char *file, char *const words[])
{
	static struct shim_rule list[SHIM_RULES_MAX];
	struct shim_rule_error error;

	fuzz_check(file == words[0] && words >= world.words);
	fuzz_check(world.preload && strstr(world.preload, SHIM));
	fuzz_check(world.rules && strlen(world.rules) < SHIM_RULES_TEXT_MAX);
	fuzz_check(shim_rules_parse(world.rules, list, SHIM_RULES_MAX,
				    &error) >= 1);
	world.executed++;
	errno = ENOENT;
	return -1;
}

/* ---- what stands for the rest of the command ----------------------------- */

const char *shim_path(void)
{
	return SHIM;
}

int check_shim(const char *shim)
{
	fuzz_check(strcmp(shim, SHIM) == 0);
	return 0;
}

int check_program(const char *command)
{
	fuzz_check(command);
	return 0;
}

bool examine_machine(struct report *report, bool needs_shim)
{
	fuzz_check(!report->list);
	return needs_shim;
}

int examine_program(struct program *program, const struct rules *rules)
{
	fuzz_check(program->command && rules->count <= SHIM_RULES_MAX);
	return 0;
}

void uses_free(struct uses *uses)
{
	fuzz_check(!uses->first);
}

void doctor_print_words(const struct report *machine,
			const struct program *program)
{
	fuzz_check(!machine->list && !program->report.list);
}

int doctor_print_json(const struct report *machine,
		      const struct program *program)
{
	doctor_print_words(machine, program);
	return 0;
}

/* Nothing is to be seen. */
int look(struct look *look, const char *gate)
{
	fuzz_check(!gate || *gate);
	memset(look, 0, sizeof(*look));
	world.looked++;
	return -EIO;
}

void look_free(struct look *look)
{
	fuzz_check(!look->locks);
}

int look_ports(struct look_socket **sockets, int *count, uint16_t first_port)
{
	fuzz_check(first_port >= 40000);
	*sockets = NULL;
	*count = 0;
	world.looked++;
	return -EIO;
}

int table_read(struct table *table, const char *gate)
{
	fuzz_check(table && *gate);
	world.looked++;
	return -EIO;
}

void table_free(struct table *table)
{
	(void)table;
}

struct waiting *waiting_begin(const char *key, const struct place *place)
{
	fuzz_check(*key && *place->gate);
	return NULL;
}

void waiting_end(struct waiting *waiting)
{
	fuzz_check(!waiting);
}

int supervise(portlock_t *lock, char **command, const struct guard *guard)
{
	fuzz_check(world.locked == 1 && command > world.words && *command);
	fuzz_check(*guard->key && guard->grace_ms >= 500);
	fuzz_check(portlock_gate(lock));
	world.executed++;
	return 0;
}

/* Without a rule, too. */
int trace_run(const struct rules *rules, const char *shim, const char *path,
	      char **command)
{
	fuzz_check(rules && strcmp(shim, SHIM) == 0 && (!path || *path));
	fuzz_check(command > world.words && *command);
	fuzz_check(world.preload && world.rules);
	world.executed++;
	world.traced++;
	return 0;
}

int trace_report(const struct rules *rules, const char *path)
{
	fuzz_check(rules && path);
	world.traced++;
	return 0;
}

int world_acquire(portlock_t *lock, int64_t timeout_ms)
{
	fuzz_check(lock && timeout_ms >= -1);
	world.locked++;
	world.refused = timeout_ms > 5000;
	return world.refused ? -ETIMEDOUT : 0;
}

int world_try(portlock_t *lock)
{
	return world_acquire(lock, 0);
}

/* ---- the invariants ------------------------------------------------------ */

/* A line of "portlock address", turned back. */
static const char *check_address(const char *line, const char *key)
{
	struct pl_address address;
	char name[PL_GATE_MAX + 1];
	size_t length = 0;
	unsigned port, byte;
	int end = -1;

	pl_address_of_key(&address, key);
	fuzz_check(*line++ == '@');
	for (; *line != ' '; line++) {
		fuzz_check(*line > ' ' && *line < 0x7f && length < PL_GATE_MAX);
		if (*line != '\\') {
			name[length++] = *line;
			continue;
		}
		fuzz_check(sscanf(line, "\\x%2x%n", &byte, &end) == 1);
		name[length++] = (char)byte;
		line += end - 1;
	}
	name[length] = '\0';
	fuzz_check(strcmp(name, address.name) == 0);
	fuzz_check(sscanf(line, " 127.0.0.1:%u,%*u,%*u%n", &port, &end) == 1);
	fuzz_check(port == address.first_port && line[end] == '\n');
	return line + end + 1;
}

static void check_addresses(const char *output, char **keys)
{
	keys += strcmp(*keys, "--") == 0;
	while (*keys)
		output = check_address(output, *keys++);
	fuzz_check(!*output);
}

static bool is_help(const char *output)
{
	return strncmp(output, "Usage: ", 7) == 0 ||
	       strncmp(output, "portlock " PORTLOCK_VERSION, 12) == 0;
}

static void check_done(int status, const char *output, const char *errors)
{
	const char *verb = world.words[1];

	fuzz_check(status == 0 || status == EXIT_BUSY || status == EXIT_USAGE ||
		   status == EXIT_NOT_FOUND ||
		   (world.looked && status == EXIT_SYSTEM) ||
		   (world.locked && status > 0 && status <= 255));
	fuzz_check(world.executed <= 1 && world.locked <= 1);
	if (*errors)
		fuzz_check(strncmp(errors, "portlock", 8) == 0);
	fuzz_check((status != EXIT_USAGE && status != EXIT_NOT_FOUND) ||
		   *errors);
	if (status == EXIT_USAGE && !world.locked)
		fuzz_check(!world.executed);
	if (status != 0 || is_help(output))
		return;
	if (strcmp(verb, "address") == 0)
		check_addresses(output, world.words + 2);
	else if (strcmp(verb, "run") == 0)
		fuzz_check(world.locked && world.executed + world.refused == 1);
	else if (strcmp(verb, "doctor") == 0)
		fuzz_check(!world.locked && !world.executed);
	else if (!world.traced) /* preload --check */
		fuzz_check(!world.executed && strstr(output, "taken by"));
}

static void run_command(int count)
{
	FILE *output = stdout, *errors = stderr;
	char *texts[2];
	size_t sizes[2];
	int status;

	stdout = open_memstream(&texts[0], &sizes[0]);
	stderr = open_memstream(&texts[1], &sizes[1]);
	fuzz_check(stdout && stderr);
	optind = 0;
	status = portlock_main(count, world.words);
	fclose(stdout);
	fclose(stderr);
	stdout = output;
	stderr = errors;
	check_done(status, texts[0], texts[1]);
	free(texts[0]);
	free(texts[1]);
}

static int split(char *text, char **words)
{
	int count = 0;

	words[count++] = "portlock";
	if (!*text)
		text = NULL;
	while (text && count < WORDS_MAX) {
		words[count++] = text;
		text = strchr(text, '\n');
		if (text)
			*text++ = '\0';
	}
	words[count] = NULL;
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, data + size };
	char *words[WORDS_MAX + 1], *line;
	int count;

	memset(&world, 0, sizeof(world));
	line = input_text(&input, '\f', &size);
	world.file = input_text(&input, '\f', &world.file_size);
	for (int i = 0; i < 3; i++)
		if (input.at < input.end)
			world.variables[i] = input_text(&input, '\f', &size);
	count = split(line, words);
	world.words = words;
	run_command(count);
	for (int i = 0; i < 3; i++)
		free(world.variables[i]);
	free(world.file);
	free(world.preload);
	free(world.rules);
	free(line);
	return 0;
}
