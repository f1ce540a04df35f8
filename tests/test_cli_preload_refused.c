/* SPDX-License-Identifier: MIT */
/* test_cli_preload_refused.c - portlock preload: shims, programs and systems
 * that it refuses.
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

#include "tests/support/preload.h"

static struct command command;

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
	int fd = open(preload_shim, O_RDONLY | O_CLOEXEC);

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
	preload_bytes(&program, sizeof(program), 0755);
}

/* Expects that the file at `preload_path` is refused. */
static void assert_refused(const char *why)
{
	assert_int_equal(
		command_run(&command, "preload", SHIM_OPTIONS, preload_path),
		126);
	assert_mentions(command.errors, preload_path);
	assert_mentions(command.errors, why);
	assert_mentions(command.errors, "portlock run KEY -- COMMAND");
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
		setenv("PORTLOCK_SHIM", preload_shim, 1);
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
	setenv("PORTLOCK_SHIM", preload_shim, 1);
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
	require(chown(preload_path, 65534, 0) == 0 &&
		chmod(preload_path, 04755) == 0);
	assert_refused("set-user-ID");
	require(chown(preload_path, 0, 65534) == 0 &&
		chmod(preload_path, 02755) == 0);
	assert_refused("set-group-ID");
}

/* Runs it where nothing is in /proc; last comes "--", or "--check". */
static int run_without_proc(const char *rule, const char *last)
{
	program_start(&command, "unshare",
		      (const char *const[]){
			      "unshare", "-m", "sh", "-c",
			      "mount -t tmpfs none /proc && exec \"$@\"", "sh",
			      command_path(), "preload", RULE, "--rule", rule,
			      last, "true", NULL });
	return command_end(&command);
}

static void skip_without_mounts(void)
{
#ifdef __SANITIZE_ADDRESS__
	skip(); /* the sanitizer itself needs /proc */
#endif
	program_start(&command, "unshare",
		      (const char *const[]){ "unshare", "-m", "mount", "-t",
					     "tmpfs", "none", "/proc", NULL });
	if (command_end(&command) != 0)
		skip(); /* only root can take /proc away */
}

static void refuses_rules_that_match_nothing_without_proc(void **state)
{
	static const struct {
		const char *family, *rule;
	} cases[] = {
		{ "flock", "flock */x.lock" },
		{ "fcntl", "fcntl */x.lock" },
		{ "lockfile", "lockfile */x.lock" },
		{ "liblockfile", "liblockfile */x.lock" },
		{ "open", "open */x" },
		{ "mutex", "mutex */x:lock" },
	};
	static const char *const last[] = { "--", "--check" };
	char message[128];

	(void)state;
	skip_without_mounts();
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(*cases); i++) {
		snprintf(message, sizeof(message),
			 "--rule 2:1: without /proc, no rule of the family %s "
			 "matches",
			 cases[i / 2].family);
		assert_int_equal(
			run_without_proc(cases[i / 2].rule, last[i % 2]), 71);
		assert_mentions(command.errors, message);
	}
}

static void goes_on_without_proc_where_none_is_needed(void **state)
{
	static const char *const rules[] = { "sem /y", "sysvsem /0x4d2/0",
					     "passwd *" };

	(void)state;
	skip_without_mounts();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(run_without_proc(rules[i], "--"), 0);
		assert_string_equal(command.errors, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_command(explains_a_missing_shim),
		with_command(refuses_a_library_that_is_no_shim),
		with_command(refuses_a_static_program),
		with_command(refuses_a_go_program),
		with_command(refuses_a_musl_program),
		with_command(refuses_a_program_of_another_word_size),
		with_command(refuses_a_program_that_changes_its_user),
		with_command(refuses_rules_that_match_nothing_without_proc),
		with_command(goes_on_without_proc_where_none_is_needed),
	};

	return cmocka_run_group_tests(tests, preload_group_setup,
				      preload_group_teardown);
}
