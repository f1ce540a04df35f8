/* SPDX-License-Identifier: MIT */
/* test_bench_options.c - what portlock-bench understands, and what it says of
 * what it does not.
 */
#include "config.h"

#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/lock.h"
#include "bench/options.h"
#include "bench/scenario.h"

#define WORDS_MAX 8
#define TEXT_MAX 4096

#define MSEC INT64_C(1000000)

typedef const char *const words[WORDS_MAX];

static void read_words(struct options *options, const char *const *words)
{
	char *arguments[WORDS_MAX + 1] = { "portlock-bench" };
	int count = 1;

	for (; words[count - 1]; count++)
		arguments[count] = (char *)words[count - 1];
	optind = 0; /* begin anew */
	options_read(options, count, arguments);
}

#define READ(options, ...) read_words(options, (words){ __VA_ARGS__ })

/* What it prints on the descriptor, and its exit status. */
static int end_of(const char *const *words, int fd, char text[TEXT_MAX])
{
	struct options options;
	size_t length = 0;
	int ends[2], status;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], fd);
		close(ends[0]);
		close(ends[1]);
		read_words(&options, words);
		_exit(99); /* there was nothing to exit for */
	}
	close(ends[1]);
	while ((got = read(ends[0], text + length, TEXT_MAX - 1 - length)) > 0)
		length += (size_t)got;
	text[length] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' does not mention '%s'", text, part);
}

/* ---- what is right -------------------------------------------------------- */

static void without_options_everything_is_measured(void **state)
{
	struct options options;
	struct bench_lock *lock = bench_locks;
	int i;

	(void)state;
	READ(&options, NULL);
	for (i = 0; lock; lock = lock->next)
		assert_ptr_equal(options.locks[i++], lock);
	assert_null(options.locks[i]);
	for (i = 0; scenarios[i]; i++)
		assert_ptr_equal(options.scenarios[i], scenarios[i]);
	assert_null(options.scenarios[i]);
	assert_true(options.all_scenarios);
	assert_int_equal(options.rounds, 5);
	assert_int_equal(duration_of(&options, 77), 77);
	assert_true(options.hold < 0 && options.think < 0);
	assert_int_equal(options.processes[0], 0);
	assert_int_equal(options.keys[0], 0);
	assert_true(options.noise > 0.249 && options.noise < 0.251);
	assert_false(options.idle || options.quiet);
	assert_null(options.csv);
	assert_null(options.json);
	assert_null(options.report);
	assert_null(options.folder);
}

static void numbers_are_read(void **state)
{
	struct options options;

	(void)state;
	READ(&options, "--rounds", "7", "--duration=.25", "--hold=12.5",
	     "--think", "0", "--noise=10");
	assert_int_equal(options.rounds, 7);
	assert_int_equal(duration_of(&options, 77), 250 * MSEC);
	assert_int_equal(options.hold, 12500);
	assert_int_equal(options.think, 0);
	assert_true(options.noise > 0.099 && options.noise < 0.101);
}

static void lists_are_read(void **state)
{
	struct options options;

	(void)state;
	READ(&options, "--processes=2,16,100", "-k", "1000000");
	assert_int_equal(options.processes[0], 2);
	assert_int_equal(options.processes[1], 16);
	assert_int_equal(options.processes[2], 100);
	assert_int_equal(options.processes[3], 0);
	assert_int_equal(options.keys[0], 1000000);
	assert_int_equal(options.keys[1], 0);
}

static void the_last_list_of_numbers_counts(void **state)
{
	struct options options;

	(void)state;
	READ(&options, "--processes=2,16,100", "--processes=4");
	assert_int_equal(options.processes[0], 4);
	assert_int_equal(options.processes[1], 0);
}

/* Room for as many as fit, and not one more. */
static void a_list_may_be_long(void **state)
{
	struct options options;
	char list[LIST_MAX * 4], text[TEXT_MAX];
	int length = 0;

	(void)state;
	for (int i = 1; i < LIST_MAX; i++)
		length += sprintf(list + length, ",%d", i);
	READ(&options, "--processes", list + 1);
	assert_int_equal(options.processes[LIST_MAX - 2], LIST_MAX - 1);
	assert_int_equal(options.processes[LIST_MAX - 1], 0);
	sprintf(list + length, ",%d", LIST_MAX);
	assert_int_equal(
		end_of((words){ "--processes", list + 1 }, STDERR_FILENO, text),
		64);
	assert_has(text, "more than 63");
}

static void locks_are_chosen_in_the_order_given(void **state)
{
	struct options options;

	(void)state;
	READ(&options, "--locks", "flock,portlock-tcp", "-l", "portlock-unix");
	assert_string_equal(options.locks[0]->name, "flock");
	assert_string_equal(options.locks[1]->name, "portlock-tcp");
	assert_string_equal(options.locks[2]->name, "portlock-unix");
	assert_null(options.locks[3]);
}

static void locks_are_left_out(void **state)
{
	struct options options;
	int count = 0;

	(void)state;
	READ(&options, "--locks", "-flock,-portlock-tcp");
	for (; options.locks[count]; count++) {
		assert_string_not_equal(options.locks[count]->name, "flock");
		assert_string_not_equal(options.locks[count]->name,
					"portlock-tcp");
	}
	for (struct bench_lock *lock = bench_locks; lock; lock = lock->next)
		count--;
	assert_int_equal(count, -2);
	READ(&options, "--locks=flock,portlock-tcp", "--locks=-flock");
	assert_string_equal(options.locks[0]->name, "portlock-tcp");
	assert_null(options.locks[1]);
}

static void scenarios_are_operands_too(void **state)
{
	struct options options;

	(void)state;
	READ(&options, "fairness", "--scenarios=handoff", "--", "keys");
	assert_ptr_equal(options.scenarios[0], scenario_find("handoff"));
	assert_ptr_equal(options.scenarios[1], scenario_find("fairness"));
	assert_ptr_equal(options.scenarios[2], scenario_find("keys"));
	assert_null(options.scenarios[3]);
	assert_false(options.all_scenarios);
	READ(&options, "--scenarios=-handoff");
	assert_ptr_not_equal(options.scenarios[1], scenario_find("handoff"));
	assert_true(options.all_scenarios);
}

static void outputs_and_switches_are_read(void **state)
{
	struct options options;

	(void)state;
	READ(&options, "--idle", "-q", "--csv=a.csv", "--json=-", "--report=r",
	     "--folder=f", "--etcd=http://a:1");
	assert_true(options.idle && options.quiet);
	assert_string_equal(options.csv, "a.csv");
	assert_string_equal(options.json, "-");
	assert_string_equal(options.report, "r");
	assert_string_equal(options.folder, "f");
	assert_string_equal(getenv("PORTLOCK_ETCD_ENDPOINTS"), "http://a:1");
	READ(&options, "--csv=-");
	assert_string_equal(options.csv, "-");
	assert_false(options.idle || options.quiet);
}

static void quick_yields_to_what_is_named(void **state)
{
	struct options options;

	(void)state;
	READ(&options, "--quick");
	assert_int_equal(options.rounds, 1);
	assert_int_equal(duration_of(&options, 77), 100 * MSEC);
	assert_int_equal(options.processes[0], 2);
	assert_int_equal(options.processes[2], 0);
	assert_int_equal(options.keys[0], 1);
	READ(&options, "--rounds=3", "--keys=5", "--quick", "--processes=9",
	     "--duration=2");
	assert_int_equal(options.rounds, 3);
	assert_int_equal(duration_of(&options, 77), 2000 * MSEC);
	assert_int_equal(options.processes[0], 9);
	assert_int_equal(options.processes[1], 0);
	assert_int_equal(options.keys[0], 5);
	assert_int_equal(options.keys[1], 0);
}

/* ---- what is asked instead ------------------------------------------------ */

static void help_goes_to_standard_output(void **state)
{
	char text[TEXT_MAX];

	(void)state;
	assert_int_equal(end_of((words){ "--help" }, STDOUT_FILENO, text), 0);
	assert_has(text, "Usage: portlock-bench [OPTION]... [SCENARIO]...\n");
	assert_has(text, "-d, --duration SECONDS ");
	assert_has(text, "--report DIR ");
	assert_int_equal(end_of((words){ "-h" }, STDERR_FILENO, text), 0);
	assert_string_equal(text, "");
}

static void list_has_a_line_for_each(void **state)
{
	char text[TEXT_MAX], line[64];

	(void)state;
	assert_int_equal(end_of((words){ "--list" }, STDOUT_FILENO, text), 0);
	for (struct bench_lock *lock = bench_locks; lock; lock = lock->next) {
		snprintf(line, sizeof(line), "\n  %s ", lock->name);
		assert_has(text, line);
		assert_has(text, lock->what);
	}
	for (int i = 0; scenarios[i]; i++) {
		snprintf(line, sizeof(line), "\n  %s ", scenarios[i]->name);
		assert_has(text, line);
	}
}

static void tells_its_version(void **state)
{
	char text[TEXT_MAX];

	(void)state;
	assert_int_equal(end_of((words){ "-V" }, STDOUT_FILENO, text), 0);
	assert_string_equal(text, "portlock-bench " PACKAGE_VERSION "\n");
}

/* ---- what is wrong -------------------------------------------------------- */

static const struct {
	words words;
	const char *says;  /* the option, and the value */
	const char *right; /* what would be */
} wrong[] = {
	{ { "--rounds=0" }, "--rounds: '0' is", "1 to 1000, such as 5" },
	{ { "--rounds=1001" }, "--rounds: '1001' is", "1 to 1000" },
	{ { "--rounds=2.5" }, "--rounds: '2.5' is no number of rounds", "" },
	{ { "--rounds=5x" }, "'5x'", "1 to 1000" },
	{ { "--rounds=-3" }, "'-3'", "1 to 1000" },
	{ { "--rounds=+3" }, "'+3'", "1 to 1000" },
	{ { "--rounds=" }, "''", "1 to 1000" },
	{ { "--rounds=18446744073709551617" }, "'18446744073709551617'", "" },
	{ { "-r", "many" }, "--rounds: 'many'", "1 to 1000" },
	{ { "--duration=0" },
	  "--duration: '0' is no time in seconds",
	  "0.001 to 3600, such as 0.5" },
	{ { "--duration=1e1" }, "'1e1'", "such as 0.5" },
	{ { "--duration=0x1" }, "'0x1'", "such as 0.5" },
	{ { "--duration=nan" }, "'nan'", "such as 0.5" },
	{ { "--duration=inf" }, "'inf'", "such as 0.5" },
	{ { "--duration= 1" }, "' 1'", "such as 0.5" },
	{ { "--duration=1 " }, "'1 '", "such as 0.5" },
	{ { "--duration=." }, "'.'", "such as 0.5" },
	{ { "--duration=1.2.3" }, "'1.2.3'", "such as 0.5" },
	{ { "--duration=0,5" }, "'0,5'", "such as 0.5" },
	{ { "--hold=1000001" }, "--hold: '1000001'", "0 to 1000000" },
	{ { "--think=-1" }, "--think: '-1'", "0 to 1000000" },
	{ { "--noise=25%" }, "--noise: '25%'", "such as 25" },
	{ { "--processes=" }, "--processes: ''", "1 to 2048" },
	{ { "--processes=2,,4" }, "'' in '2,,4'", "such as 2,16,100" },
	{ { "--processes=2," }, "'' in '2,'", "such as 2,16,100" },
	{ { "--processes=,2" }, "'' in ',2'", "such as 2,16,100" },
	{ { "--processes=2;4" }, "'2;4'", "such as 2,16,100" },
	{ { "--processes=0" }, "'0'", "1 to 2048" },
	{ { "--processes=2,4,2" }, "'2' is twice in '2,4,2'", "once" },
	{ { "--keys=1,1000001" }, "'1000001' in '1,1000001'", "1 to 1000000" },
	{ { "--locks=" }, "--locks: there is no lock ''", "portlock-tcp, " },
	{ { "--locks=flok" }, "--locks: there is no lock 'flok'", "flock" },
	{ { "--locks=flock," }, "no lock ''", "portlock-unix, " },
	{ { "--locks=-flok" }, "no lock 'flok'", "flock" },
	{ { "--locks=flock,flock" }, "lock 'flock' is named twice", "once" },
	{ { "--locks=flock,-flock" }, "--locks: no lock is left", "fewer" },
	{ { "--scenarios=walk" },
	  "--scenarios: there is no scenario 'walk'",
	  "uncontended, handoff, " },
	{ { "walk" }, ": there is no scenario 'walk'", "uncontended, " },
	{ { "keys", "keys" }, "scenario 'keys' is named twice", "once" },
	{ { "--csv=" }, "--csv: the name is empty", "a file" },
	{ { "--folder", "" }, "--folder: the name is empty", "folder" },
	{ { "--etcd=" }, "--etcd: no endpoint", "http://127.0.0.1:2379" },
	{ { "--csv=-", "--json=-" }, "--csv and --json both", "another file" },
	{ { "--rounds" }, "'--rounds' needs a value", "" },
	{ { "-d" }, "'-d' needs a value", "" },
	{ { "--quiet=yes" }, "'--quiet=yes' takes no value", "" },
	{ { "--walk" }, "unknown option '--walk'", "--help" },
	{ { "-qz" }, "unknown option '-z'", "--help" },
};

static void what_is_wrong_is_named_in_one_line(void **state)
{
	char text[TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(end_of(wrong[i].words, STDERR_FILENO, text),
				 64);
		assert_has(text, wrong[i].says);
		assert_has(text, wrong[i].right);
		assert_ptr_equal(strstr(text, "portlock-bench: "), text);
		assert_ptr_equal(strchr(text, '\n') + 1, strchr(text, '\0'));
		assert_int_equal(end_of(wrong[i].words, STDOUT_FILENO, text),
				 64);
		assert_string_equal(text, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_options_everything_is_measured),
		cmocka_unit_test(numbers_are_read),
		cmocka_unit_test(lists_are_read),
		cmocka_unit_test(the_last_list_of_numbers_counts),
		cmocka_unit_test(a_list_may_be_long),
		cmocka_unit_test(locks_are_chosen_in_the_order_given),
		cmocka_unit_test(locks_are_left_out),
		cmocka_unit_test(scenarios_are_operands_too),
		cmocka_unit_test(outputs_and_switches_are_read),
		cmocka_unit_test(quick_yields_to_what_is_named),
		cmocka_unit_test(help_goes_to_standard_output),
		cmocka_unit_test(list_has_a_line_for_each),
		cmocka_unit_test(tells_its_version),
		cmocka_unit_test(what_is_wrong_is_named_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
