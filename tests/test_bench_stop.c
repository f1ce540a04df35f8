/* SPDX-License-Identifier: MIT */
/* test_bench_stop.c - portlock-bench interrupted at any moment, in every
 * scenario and with every lock: it ends by that signal and nothing stays.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/command.h"

#define CTRL_C "\003"
#define CLEARED "\r\033[K"

#define MOMENT (80 * 1000 * 1000) /* ns, longer than a measurement */

#define NAMES_MAX 64

static struct command command;
static char bench[4096], folder[] = "/tmp/portlock-test-XXXXXX";
static char scenarios[NAMES_MAX][32], locks[NAMES_MAX][32];
static int scenario_count, lock_count;
static bool own_sets; /* semaphore sets of no one else are seen */

#define start_bench(...)                                                       \
	program_start(&command, bench,                                         \
		      (const char *const[]){ "portlock-bench", "--rounds",     \
					     "1000", "--duration", "0.05",     \
					     "--processes", "4", "--keys",     \
					     "10", __VA_ARGS__, NULL })

/* ---- what could stay ------------------------------------------------------ */

static bool has_file(const char *path, const char *part)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	bool found = false;

	require(directory);
	while ((entry = readdir(directory)))
		if (*entry->d_name != '.' && strstr(entry->d_name, part))
			found = true;
	closedir(directory);
	return found;
}

static bool has_line(const char *path, const char *part, int from)
{
	FILE *file = fopen(path, "r");
	char line[512];
	bool found = false;

	require(file);
	for (int i = 0; fgets(line, sizeof(line), file); i++)
		if (i >= from && strstr(line, part))
			found = true;
	fclose(file);
	return found;
}

static void nothing_stays(pid_t group)
{
	char name[64];

	snprintf(name, sizeof(name), "portlock-bench-%d-", (int)group);
	assert_false(has_file(folder, ""));
	assert_false(has_file("/dev/shm", name));
	assert_false(has_line("/proc/net/unix", name, 1));
	if (own_sets)
		assert_false(has_line("/proc/sysvipc/sem", "", 1));
}

/* All its processes are in its group. */
static bool group_is_empty(void *argument)
{
	pid_t group = *(const pid_t *)argument;

	while (waitpid(-group, NULL, WNOHANG) > 0)
		continue;
	return kill(-group, 0) < 0 && errno == ESRCH;
}

/* ---- interruptions -------------------------------------------------------- */

/* Until it says that it measures, or why it does not. */
static void wait_for_words(void)
{
	struct pollfd ready = { .fd = command.err, .events = POLLIN };

	while (poll(&ready, 1, -1) < 0)
		require(errno == EINTR);
}

/* A lock that stays taken is not killed for. */
static bool had_nothing_to_do(int status)
{
	return status == 1 && strstr(command.errors, "nothing was measured");
}

static void interrupt(const char *scenario, const char *lock, int number)
{
	pid_t group;
	int status;

	start_bench("--locks", lock, scenario);
	group = command.pid;
	wait_for_words();
	sleep_ns(rand() % MOMENT);
	assert_int_equal(kill(-group, number), 0);
	status = command_end(&command);
	if (status != -number && !had_nothing_to_do(status))
		fail_msg("%s, %s: signal %d ends it with %d: %s", scenario,
			 lock, number, command.status, command.errors);
	assert_true(group_is_empty(&group));
	assert_string_equal(command.output, "");
	nothing_stays(group);
}

/* Some of all pairs: other ones in each run, of each scenario and each lock. */
static void a_signal_ends_all_at_any_moment(void **state)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	int step = is_slow() ? 10 : 3, count = 0;

	(void)state;
	for (int i = rand() % step; i < scenario_count * lock_count; i += step)
		interrupt(scenarios[i / lock_count], locks[i % lock_count],
			  numbers[count++ % 4]);
}

/* What a killed one leaves: its folder, at times a semaphore or a set of them,
 * which ends with its namespace. */
static void remove_what_stays(pid_t group)
{
	char line[256];

	snprintf(line, sizeof(line),
		 "rm -r \"$TMPDIR\"/portlock-bench-* && "
		 "rm -f /dev/shm/sem.portlock-bench-%d-*",
		 (int)group);
	require(system(line) == 0);
	if (own_sets)
		require(unshare(CLONE_NEWIPC) == 0);
}

/* The processes see to their own end; its folder has nobody who could. */
static void no_process_outlives_a_killed_bench(void **state)
{
	pid_t group;

	(void)state;
	require(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	for (int i = 0; i < scenario_count; i++) {
		start_bench("--locks", "portlock-unix", scenarios[i]);
		group = command.pid;
		wait_for_words();
		sleep_ns(rand() % MOMENT);
		kill(group, SIGKILL);
		assert_int_equal(command_end(&command), -SIGKILL);
		wait_until(group_is_empty, &group);
		assert_true(has_file(folder, "portlock-bench-"));
		remove_what_stays(group);
	}
	require(prctl(PR_SET_CHILD_SUBREAPER, 0) == 0);
}

/* Nobody reads what it says. */
static void a_closed_pipe_ends_it_cleanly(void **state)
{
	pid_t group;

	(void)state;
	start_bench("--locks", "flock", "handoff", "scaling", "fairness",
		    "--rounds", "1");
	group = command.pid;
	wait_for_words();
	close(command.err);
	command.err = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(command_end(&command), -SIGPIPE);
	assert_true(group_is_empty(&group));
	nothing_stays(group);
}

/* Nor what it has measured. */
static void a_closed_output_ends_it_cleanly(void **state)
{
	pid_t group;

	(void)state;
	start_bench("--quiet", "--locks", "flock", "uncontended", "--rounds",
		    "1");
	group = command.pid;
	close(command.out);
	command.out = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(command_end(&command), -SIGPIPE);
	assert_true(group_is_empty(&group));
	nothing_stays(group);
}

static void ctrl_c_leaves_the_line_clean(void **state)
{
	static const char script[] =
		"exec \"$0\" --rounds 1000 handoff 2>/dev/tty";
	int keyboard = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), screen;
	char text[65536];
	size_t length = 0;
	ssize_t got;

	(void)state;
	require(keyboard >= 0 && grantpt(keyboard) == 0 &&
		unlockpt(keyboard) == 0);
	screen = open(ptsname(keyboard), O_RDWR | O_NOCTTY | O_CLOEXEC);
	require(screen >= 0);
	session_start(&command, ptsname(keyboard), "sh",
		      (const char *const[]){ "sh", "-c", script, bench, NULL });
	/* It has something to say. */
	require(read(keyboard, text, 1) == 1);
	require(write(keyboard, CTRL_C, 1) == 1);
	assert_int_equal(command_end(&command), -SIGINT);
	/* The end: an error, when nobody has the other side. */
	close(screen);
	while ((got = read(keyboard, text + length,
			   sizeof(text) - 1 - length)) > 0)
		length += (size_t)got;
	text[length] = '\0';
	assert_true(length > strlen(CLEARED));
	assert_string_equal(text + length - strlen(CLEARED), CLEARED);
	assert_false(has_file(folder, ""));
	close(keyboard);
}

/* ---- setup ---------------------------------------------------------------- */

/* The cluster is interrupted where there is one: etcd/test_bench.sh. */
static bool can_run(const char *name)
{
	const char *shim = getenv("PORTLOCK_SHIM");

	if (strcmp(name, "shim") == 0)
		return shim && *shim;
	return strcmp(name, "cluster") != 0;
}

/* "  NAME  description" are scenarios, and locks after a heading. */
static void read_list(char *text)
{
	bool of_locks = false;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *name = of_locks ? locks[lock_count]
				      : scenarios[scenario_count];

		if (strcmp(line, "Locks:") == 0)
			of_locks = true;
		else if (sscanf(line, "  %31s ", name) == 1 && *line == ' ' &&
			 can_run(name))
			of_locks ? lock_count++ : scenario_count++;
		require(lock_count < NAMES_MAX && scenario_count < NAMES_MAX);
	}
	require(lock_count > 2 && scenario_count > 2);
}

/* The address sanitizer looks for leaks from a process of its own, a child of
 * the program that ends: one that is killed meanwhile leaves it to init, dead
 * but not yet waited for.  Other tests look for the benchmark's leaks.
 */
static void look_for_no_leaks(void)
{
	const char *options = getenv("ASAN_OPTIONS");
	char text[512];

	snprintf(text, sizeof(text), "%s:detect_leaks=0",
		 options ? options : "");
	setenv("ASAN_OPTIONS", text, 1);
}

static int setup(void **state)
{
	const char *top = getenv("top_builddir");

	(void)state;
	require(top && mkdtemp(folder));
	setenv("TMPDIR", folder, 1);
	look_for_no_leaks();
	snprintf(bench, sizeof(bench), "%s/portlock-bench", top);
	srand((unsigned)getpid());
	/* As a shell starts its jobs, whatever has started us. */
	signal(SIGINT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	own_sets = unshare(CLONE_NEWIPC) == 0;
	program_start(
		&command, bench,
		(const char *const[]){ "portlock-bench", "--list", NULL });
	require(command_end(&command) == 0);
	read_list(command.output);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_command(a_signal_ends_all_at_any_moment),
		with_command(no_process_outlives_a_killed_bench),
		with_command(a_closed_pipe_ends_it_cleanly),
		with_command(a_closed_output_ends_it_cleanly),
		with_command(ctrl_c_leaves_the_line_clean),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
