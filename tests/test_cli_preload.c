/* SPDX-License-Identifier: MIT */
/* test_cli_preload.c - portlock preload: rules, environment, and the programs
 * that it refuses.  What the shim does is not tested here.
 */
#include "config.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/command.h"

#define RULE "--rule", "sem /x"
#define SHIM_OPTIONS RULE, "--"

static struct command command;
static char directory[] = "/tmp/portlock-test-XXXXXX";
static char shim[PATH_MAX], path[PATH_MAX];

static int setup(void **state)
{
	const char *real = getenv("PORTLOCK_SHIM");

	(void)state;
	require(real && mkdtemp(directory));
	snprintf(shim, sizeof(shim), "%s/shim.so", directory);
	require(symlink(real, shim) == 0);
	snprintf(path, sizeof(path), "%s/file", directory);
	setenv("PORTLOCK_SHIM", shim, 1);
	unsetenv("PORTLOCK_RULES");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	unlink(shim);
	return rmdir(directory);
}

/* Puts these bytes into the file at `path`. */
static void make_file(const void *bytes, size_t size, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	require(fd >= 0 && write(fd, bytes, size) == (ssize_t)size &&
		fchmod(fd, mode) == 0 && close(fd) == 0);
}

static void make_text(const char *text, mode_t mode)
{
	make_file(text, strlen(text), mode);
}

/* What a program can be like; it would not really run. */
struct likeness {
	const char *loader;  /* NULL: static */
	const char *section; /* NULL: none but names */
	bool other_class;
};

struct program {
	ElfW(Ehdr) header;
	ElfW(Phdr) segment;
	ElfW(Shdr) names, section;
	char loader[64], text[64];
};

static void make_program(const struct likeness *likeness)
{
	struct program program = { 0 };
	ElfW(Ehdr) *header = &program.header;
	int fd = open(shim, O_RDONLY | O_CLOEXEC);

	require(fd >= 0 &&
		read(fd, header, sizeof(*header)) == (ssize_t)sizeof(*header));
	close(fd);
	if (likeness->other_class)
		header->e_ident[EI_CLASS] ^= ELFCLASS32 ^ ELFCLASS64;
	header->e_type = ET_DYN;
	header->e_phoff = offsetof(struct program, segment);
	header->e_phnum = 1;
	header->e_shoff = offsetof(struct program, names);
	header->e_shnum = likeness->section ? 2 : 1;
	header->e_shstrndx = 0;
	program.segment.p_type = likeness->loader ? PT_INTERP : PT_LOAD;
	program.segment.p_offset = offsetof(struct program, loader);
	if (likeness->loader)
		strcpy(program.loader, likeness->loader);
	program.segment.p_filesz = strlen(program.loader) + 1;
	program.names.sh_offset = offsetof(struct program, text);
	program.section.sh_name = 1;
	if (likeness->section)
		strcpy(program.text + 1, likeness->section);
	make_file(&program, sizeof(program), 0755);
}

/* Expects that the file at `path` is refused. */
static void assert_refused(const char *why)
{
	assert_int_equal(command_run(&command, "preload", SHIM_OPTIONS, path),
			 126);
	assert_mentions(command.errors, path);
	assert_mentions(command.errors, why);
	assert_mentions(command.errors, "portlock run KEY -- COMMAND");
}

static void runs_the_command_with_its_status(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "preload", SHIM_OPTIONS, "sh",
				     "-c", "exit 7"),
			 7);
	assert_int_equal(
		command_run(&command, "preload", RULE, "sh", "-c", "exit 8"),
		8);
}

static void puts_the_shim_before_other_preloads(void **state)
{
	const char *first, *second;

	(void)state;
	setenv("LD_PRELOAD", "/nonexistent/portlock.so", 1);
	command_run(&command, "preload", SHIM_OPTIONS, "sh", "-c",
		    "echo $LD_PRELOAD");
	unsetenv("LD_PRELOAD");
	first = strstr(command.output, shim);
	second = strstr(command.output, "/nonexistent/portlock.so");
	assert_non_null(first);
	assert_non_null(second);
	assert_true(first < second);
	assert_int_equal(second[-1], ':');
}

static void puts_the_shim_in_once(void **state)
{
	char before[3 * PATH_MAX];

	(void)state;
	/* Here in the middle; a longer name before it is not its own. */
	snprintf(before, sizeof(before), "%s.old %s:/nonexistent.so", shim,
		 shim);
	setenv("LD_PRELOAD", before, 1);
	command_run(&command, "preload", SHIM_OPTIONS, "sh", "-c",
		    "echo $LD_PRELOAD");
	unsetenv("LD_PRELOAD");
	strcat(before, "\n");
	assert_string_equal(command.output, before);
}

static void joins_the_rules_in_order(void **state)
{
	(void)state;
	make_text("# a comment\n\n  lockfile */b.lock", 0600);
	setenv("PORTLOCK_RULES", "sem /d", 1);
	command_run(&command, "preload", "--rule", "sem /a", "--rules", path,
		    "-r", "sem '/c c' timeout=0.5", "--", "sh", "-c",
		    "echo \"$PORTLOCK_RULES\" | grep -v '^$'");
	unsetenv("PORTLOCK_RULES");
	assert_string_equal(command.output,
			    "sem /a\n# a comment\n  lockfile */b.lock\n"
			    "sem '/c c' timeout=0.5\nsem /d\n");
}

static void rules_of_the_environment_suffice(void **state)
{
	(void)state;
	setenv("PORTLOCK_RULES", "sem /d", 1);
	assert_int_equal(command_run(&command, "preload", "--", "true"), 0);
	unsetenv("PORTLOCK_RULES");
}

static void says_where_a_rule_is_wrong(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "preload", "--rule",
				     "sem /x timeot=3", "--", "true"),
			 64);
	assert_mentions(command.errors, "--rule 'sem /x timeot=3'");
	assert_mentions(command.errors, "line 1, column 8:");
	assert_mentions(command.errors, "timeot=3");
	assert_mentions(command.errors, "good rule: sem /my-mutex)");

	make_text("sem /a\n# fine\n   lock /b\n", 0600);
	assert_int_equal(command_run(&command, "preload", RULE, "--rules", path,
				     "--", "true"),
			 64);
	assert_mentions(command.errors, path);
	assert_mentions(command.errors, "line 3, column 4:");
	assert_mentions(command.errors, "good rule: lockfile */.git/*.lock)");

	setenv("PORTLOCK_RULES", "sem", 1);
	assert_int_equal(command_run(&command, "preload", SHIM_OPTIONS, "true"),
			 64);
	unsetenv("PORTLOCK_RULES");
	assert_mentions(command.errors, "PORTLOCK_RULES in the environment");
}

static void needs_a_rule(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "preload", "--", "true"), 64);
	assert_mentions(command.errors, "there is no rule");
	assert_mentions(command.errors, "--rule '");
	assert_int_equal(command_run(&command, "preload", "--rule", "# none",
				     "--", "true"),
			 64);
	assert_mentions(command.errors, "--rule '# none': there is no rule");
}

static void refuses_more_rules_than_the_shim_takes(void **state)
{
	char text[129 * 8] = "";

	(void)state;
	for (int i = 0; i < 128; i++)
		strcat(text, "sem /a\n");
	make_text(text, 0600);
	assert_int_equal(
		command_run(&command, "preload", "--rules", path, "--", "true"),
		0);
	assert_int_equal(command_run(&command, "preload", "--rules", path, RULE,
				     "--", "true"),
			 64);
	assert_mentions(command.errors, "at most 128");
}

static void explains_an_unreadable_rules_file(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "preload", "--rules",
				     "/nonexistent/rules", "--", "true"),
			 64);
	assert_mentions(command.errors, "'/nonexistent/rules'");
	make_file("sem /a\n\0sem /b\n", 15, 0600);
	assert_int_equal(
		command_run(&command, "preload", "--rules", path, "--", "true"),
		64);
	assert_mentions(command.errors, "no text file");
}

static void misuse_is_explained(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "preload", RULE), 64);
	assert_mentions(command.errors, "COMMAND is missing");
	assert_int_equal(command_run(&command, "preload", RULE, "--"), 64);
	assert_mentions(command.errors, "COMMAND is missing");
	assert_int_equal(command_run(&command, "preload", "--ruel", "x"), 64);
	assert_mentions(command.errors, "'--ruel': use --rule RULE");
	assert_int_equal(command_run(&command, "preload", "--rule"), 64);
	assert_mentions(command.errors, "'--rule' needs a value");
}

static void explains_a_missing_shim(void **state)
{
	static const struct {
		const char *shim, *message;
	} cases[] = {
		{ "/nonexistent/shim.so", "cannot be read" },
		{ "shim.so", "not absolute" },
		{ "/a b/shim.so", "space or colon" },
		{ "/dev/null", "is no shim" },
	};

	(void)state;
	for (int i = 0; i < 4; i++) {
		setenv("PORTLOCK_SHIM", cases[i].shim, 1);
		assert_int_equal(
			command_run(&command, "preload", SHIM_OPTIONS, "true"),
			71);
		setenv("PORTLOCK_SHIM", shim, 1);
		assert_mentions(command.errors, cases[i].shim);
		assert_mentions(command.errors, cases[i].message);
	}
}

static void refuses_a_library_that_is_no_shim(void **state)
{
	Dl_info libc;

	(void)state;
	require(dladdr(dlsym(RTLD_DEFAULT, "sigfillset"), &libc));
	setenv("PORTLOCK_SHIM", libc.dli_fname, 1);
	assert_int_equal(command_run(&command, "preload", SHIM_OPTIONS, "true"),
			 71);
	setenv("PORTLOCK_SHIM", shim, 1);
	assert_mentions(command.errors, "is no shim");
}

static void refuses_a_static_program(void **state)
{
	(void)state;
	make_program(&(struct likeness){ 0 });
	assert_refused("statically linked");
}

static void refuses_a_go_program(void **state)
{
	static const char *const sections[] = { ".note.go.buildid",
						".go.buildinfo" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		make_program(&(struct likeness){ .loader = "/lib64/ld.so",
						 .section = sections[i] });
		assert_refused("Go program");
	}
}

static void refuses_a_musl_program(void **state)
{
	(void)state;
	make_program(
		&(struct likeness){ .loader = "/lib/ld-musl-x86_64.so.1" });
	assert_refused("musl");
}

static void refuses_a_program_of_another_word_size(void **state)
{
	(void)state;
	make_program(&(struct likeness){ .loader = "/lib/ld-linux.so.2",
					 .other_class = true });
	assert_refused("another word size");
}

static void refuses_a_program_that_changes_its_user(void **state)
{
	(void)state;
	if (getuid() != 0)
		skip(); /* only root can give a file away */
	make_program(&(struct likeness){ .loader = "/lib64/ld.so",
					 .section = ".text" });
	require(chown(path, 65534, 0) == 0 && chmod(path, 04755) == 0);
	assert_refused("set-user-ID");
	require(chown(path, 0, 65534) == 0 && chmod(path, 02755) == 0);
	assert_refused("set-group-ID");
}

static void follows_scripts_to_their_interpreter(void **state)
{
	char text[PATH_MAX + 4];

	(void)state;
	make_text("#! /bin/sh -e\nexit 9\n", 0755);
	assert_int_equal(command_run(&command, "preload", SHIM_OPTIONS, path),
			 9);
	/* One that names itself is never ready (and crashes valgrind). */
	snprintf(text, sizeof(text), "#!%s\n", path);
	make_text(text, 0755);
	if (!is_slow())
		assert_int_equal(
			command_run(&command, "preload", SHIM_OPTIONS, path),
			126);
	make_text("#!/nonexistent/sh\n", 0755);
	assert_int_equal(command_run(&command, "preload", SHIM_OPTIONS, path),
			 126);
	assert_mentions(command.errors, "/nonexistent/sh");
}

static void finds_the_command_as_a_shell_would(void **state)
{
	(void)state;
	make_text("exit 9\n", 0755); /* no interpreter: sh */
	setenv("PATH_BEFORE", getenv("PATH"), 1);
	setenv("PATH", directory, 1);
	command_start(&command, "preload", SHIM_OPTIONS, "file");
	setenv("PATH", getenv("PATH_BEFORE"), 1);
	assert_int_equal(command_end(&command), 9);

	make_text("exit 9\n", 0644);
	assert_int_equal(command_run(&command, "preload", SHIM_OPTIONS, path),
			 126);
	assert_mentions(command.errors, "Permission denied");
	assert_int_equal(command_run(&command, "preload", SHIM_OPTIONS,
				     "portlock-no-such-program"),
			 127);
	assert_mentions(command.errors, "no such program in PATH");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_command(runs_the_command_with_its_status),
		with_command(puts_the_shim_before_other_preloads),
		with_command(puts_the_shim_in_once),
		with_command(joins_the_rules_in_order),
		with_command(rules_of_the_environment_suffice),
		with_command(says_where_a_rule_is_wrong),
		with_command(needs_a_rule),
		with_command(refuses_more_rules_than_the_shim_takes),
		with_command(explains_an_unreadable_rules_file),
		with_command(misuse_is_explained),
		with_command(explains_a_missing_shim),
		with_command(refuses_a_library_that_is_no_shim),
		with_command(refuses_a_static_program),
		with_command(refuses_a_go_program),
		with_command(refuses_a_musl_program),
		with_command(refuses_a_program_of_another_word_size),
		with_command(refuses_a_program_that_changes_its_user),
		with_command(follows_scripts_to_their_interpreter),
		with_command(finds_the_command_as_a_shell_would),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
