/* SPDX-License-Identifier: MIT */
/* test_cli_doctor_program.c - portlock doctor of programs: what they call, what
 * is in the shim's way, and which rules can match.
 */
#include "config.h"

#include <elf.h>
#include <fcntl.h>
#include <jansson.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/shim.h"
#include "tests/support/preload.h"

static struct command command;

/* A program of the tests' folder, in a buffer. */
static const char *program(const char *name)
{
	static char path[PATH_MAX];
	const char *folder = getenv("top_builddir");

	require(folder);
	snprintf(path, sizeof(path), "%s/tests/%s", folder, name);
	return path;
}

/* What doctor says of the program, from its line on. */
static const char *findings(void)
{
	const char *line = strstr(command.output, "\n\nok       program: ");

	assert_string_equal(command.errors, "");
	require(line);
	return line + 2;
}

/* The line of a topic, in a buffer, or NULL. */
static const char *line_of(const char *topic)
{
	static char line[COMMAND_TEXT];
	char start[128];
	const char *at;

	snprintf(start, sizeof(start), " %s: ", topic);
	at = strstr(findings(), start);
	if (!at)
		return NULL;
	while (at[-1] != '\n')
		at--;
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
	return line;
}

static void examine(const char *path)
{
	assert_in_range(command_run(&command, "doctor", "--", path), 0, 1);
}

static void names_the_families_of_each_victim(void **state)
{
	static const struct {
		const char *victim;
		enum shim_family family;
		const char *function;
	} cases[] = {
		{ "victim_sem", SHIM_SEM, "sem_open" },
		{ "victim_lockfile", SHIM_LOCKFILE, "link" },
		{ "victim_open", SHIM_OPEN, "fopen" },
		{ "victim_mutex", SHIM_MUTEX, "pthread_mutex_lock" },
		{ "victim_sysvsem", SHIM_SYSVSEM, "semop" },
		{ "victim_filelock", SHIM_FLOCK, "flock" },
		{ "victim_filelock", SHIM_FCNTL, "fcntl" },
		{ "victim_passwd", SHIM_PASSWD, "lckpwdf" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *line;

		examine(program(cases[i].victim));
		line = line_of(shim_family_name(cases[i].family));
		if (!line)
			fail_msg("%s: no family %s in %s", cases[i].victim,
				 shim_family_name(cases[i].family),
				 command.output);
		assert_mentions(line, "ok       ");
		assert_mentions(line, cases[i].function);
		assert_mentions(line, "(");
		assert_mentions(line, cases[i].victim);
	}
}

static void names_no_family_that_is_not_there(void **state)
{
	(void)state;
	examine(program("victim_passwd"));
	assert_null(line_of("sem"));
	assert_null(line_of("sysvsem"));
	assert_null(line_of("flock"));
	assert_null(line_of("liblockfile"));
	assert_non_null(line_of("unseen"));
}

static void looks_into_libraries(void **state)
{
	const char *line;

	(void)state;
	/* The C library of the command is that of the system; libjansson,
	 * which it is linked with, opens files. */
	examine(command_path());
	line = line_of("open");
	require(line);
	assert_mentions(line, "(libjansson.so");
	assert_null(strstr(line, "(libc.so"));
	assert_null(strstr(line, "(ld-linux"));
}

static void tells_which_rules_can_match(void **state)
{
	const char *said;

	(void)state;
	setenv("PORTLOCK_RULES", "sem /abc\npasswd *", 1);
	assert_int_equal(command_run(&command, "doctor", "--rule", "sem /a*",
				     "-r", "sysvsem /0x1/*", "--",
				     program("victim_sem")),
			 1);
	unsetenv("PORTLOCK_RULES");
	said = findings();
	assert_mentions(said, "ok       rule: --rule 1:1: sem /a*: can match");
	assert_mentions(said, "warning  rule: --rule 2:1: sysvsem /0x1/*: "
			      "matches nothing here: none of semop");
	assert_mentions(said, "warning  rule: PORTLOCK_RULES:1: sem /abc: "
			      "never matches, as --rule 1:1 comes first");
	assert_mentions(said, "PORTLOCK_RULES:2: passwd *: matches nothing");
}

static void a_script_is_its_interpreter(void **state)
{
	static const char *const lines[] = { "#!%s x\n", "#! %s",
					     "#!/usr/bin/env %s\n",
					     "#!/usr/bin/env\t%s \n" };
	char text[2 * PATH_MAX];

	(void)state;
	for (int i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), lines[i], program("victim_sem"));
		preload_text(text, 0755);
		examine(preload_path);
		assert_mentions(line_of("program"), program("victim_sem"));
		assert_non_null(line_of("sem"));
	}
	/* These are env's own. */
	preload_text("#!/usr/bin/env -S true\n", 0755);
	examine(preload_path);
	assert_mentions(line_of("program"), "/env");
	preload_text("#!/usr/bin/env A=true\n", 0755);
	examine(preload_path);
	assert_mentions(line_of("program"), "/env");
}

static void make_static_program(bool other_class)
{
	ElfW(Ehdr) header;
	int fd = open(preload_shim, O_RDONLY | O_CLOEXEC);

	require(fd >= 0 &&
		read(fd, &header, sizeof(header)) == (ssize_t)sizeof(header));
	close(fd);
	if (other_class)
		header.e_ident[EI_CLASS] ^= ELFCLASS32 ^ ELFCLASS64;
	header.e_phnum = 0;
	header.e_shnum = 0;
	preload_bytes(&header, sizeof(header), 0755);
}

static void programs_that_cannot_be_served(void **state)
{
	(void)state;
	make_static_program(false);
	assert_int_equal(command_run(&command, "doctor", preload_path), 1);
	assert_mentions(findings(), "problem  program: the shim cannot serve "
				    "it: it is statically linked");
	assert_mentions(findings(), "to do: 'portlock run KEY -- COMMAND'");
	make_static_program(true);
	assert_int_equal(command_run(&command, "doctor", preload_path), 1);
	assert_mentions(findings(), "word size");
}

/* A program of which only the beginning is there. */
static void a_program_that_was_cut_off(void **state)
{
	char bytes[3000];
	int fd = open(program("victim_sem"), O_RDONLY | O_CLOEXEC);

	(void)state;
	require(fd >= 0 && read(fd, bytes, sizeof(bytes)) == sizeof(bytes));
	close(fd);
	preload_bytes(bytes, sizeof(bytes), 0755);
	assert_int_equal(command_run(&command, "doctor", preload_path), 1);
	assert_mentions(findings(), "problem  program: what it imports cannot "
				    "be read");
}

/* A copy of a victim at preload_path. */
static void copy_victim(mode_t mode)
{
	int fd = open(program("victim_sem"), O_RDONLY | O_CLOEXEC);
	struct stat file;
	char *bytes;

	require(fd >= 0 && fstat(fd, &file) == 0);
	bytes = malloc((size_t)file.st_size);
	require(bytes && read(fd, bytes, (size_t)file.st_size) == file.st_size);
	close(fd);
	preload_bytes(bytes, (size_t)file.st_size, mode);
	free(bytes);
}

static void a_program_with_privileges(void **state)
{
	(void)state;
	copy_victim(04755); /* of this user, so that it gains none */
	assert_int_equal(command_run(&command, "doctor", preload_path), 1);
	assert_mentions(findings(), "warning  program: the shim can serve it "
				    "for this user only");
	if (getuid() != 0) {
		print_message("half skipped: only root gives files away\n");
		return;
	}
	require(chown(preload_path, 65534, 0) == 0 &&
		chmod(preload_path, 04755) == 0);
	assert_int_equal(command_run(&command, "doctor", preload_path), 1);
	assert_mentions(findings(), "problem  program: the shim cannot serve "
				    "it: it runs as another user");
	assert_non_null(line_of("sem"));
}

static void a_missing_shim_is_a_problem_of_a_program(void **state)
{
	(void)state;
	setenv("PORTLOCK_SHIM", "/nonexistent/shim.so", 1);
	assert_int_equal(command_run(&command, "doctor", "true"), 1);
	setenv("PORTLOCK_SHIM", preload_shim, 1);
	assert_mentions(command.output, "problem  shim: the shim '/nonexistent"
					"/shim.so' cannot be read");
}

static void json_has_every_use(void **state)
{
	json_t *all, *uses, *use;
	bool has = false;
	size_t i;

	(void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	skip(); /* a sanitizer has hundreds of such functions */
#endif
	assert_in_range(command_run(&command, "doctor", "--json", "--",
				    program("victim_sem")),
			0, 1);
	all = json_loads(command.output, 0, NULL);
	require(all);
	uses = json_object_get(json_object_get(all, "program"), "uses");
	json_array_foreach(uses, i, use)
	{
		const char *family =
			json_string_value(json_object_get(use, "family"));

		has |= family && !strcmp(family, "sem") &&
		       !strcmp(json_string_value(
				       json_object_get(use, "function")),
			       "sem_open") &&
		       !strcmp(json_string_value(json_object_get(use, "file")),
			       program("victim_sem"));
	}
	assert_true(has);
	json_decref(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_command(names_the_families_of_each_victim),
		with_command(names_no_family_that_is_not_there),
		with_command(looks_into_libraries),
		with_command(tells_which_rules_can_match),
		with_command(a_script_is_its_interpreter),
		with_command(programs_that_cannot_be_served),
		with_command(a_program_that_was_cut_off),
		with_command(a_program_with_privileges),
		with_command(a_missing_shim_is_a_problem_of_a_program),
		with_command(json_has_every_use),
	};

	return cmocka_run_group_tests(tests, preload_group_setup,
				      preload_group_teardown);
}
