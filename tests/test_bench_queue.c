/* SPDX-License-Identifier: MIT */
/* test_bench_queue.c - portlock-bench's scenarios of a held lock and its
 * blocked waiters, crash and idle, with locks of which it is known how they
 * wait.
 */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* the benchmark's is another */

#include "bench/fail.h"
#include "bench/locks/file.h"
#include "bench/proc.h"
#include "bench/scenario.h"

#define MSEC (1000 * 1000)

static int sleep_for_it(void *lock)
{
	return flock(lock_file_fd(lock), LOCK_EX) < 0 ? errno : 0;
}

static int poll_for_it(void *lock)
{
	static const struct timespec moment = { .tv_nsec = MSEC };

	while (flock(lock_file_fd(lock), LOCK_EX | LOCK_NB) < 0)
		nanosleep(&moment, NULL);
	return 0;
}

static int spin_for_it(void *lock)
{
	while (flock(lock_file_fd(lock), LOCK_EX | LOCK_NB) < 0)
		continue;
	return 0;
}

static int let_go(void *lock)
{
	return flock(lock_file_fd(lock), LOCK_UN) < 0 ? errno : 0;
}

#define LOCK(id, how_acquired)                                                 \
	static const struct bench_lock id = {                                  \
		.name = #id,                                                   \
		.open = lock_file_open,                                        \
		.acquire = how_acquired,                                       \
		.release = let_go,                                             \
		.close = lock_file_close,                                      \
	}

LOCK(sleeper, sleep_for_it);
LOCK(poller, poll_for_it);
LOCK(spinner, spin_for_it);

static void *open_nothing(const char *name)
{
	static char nothing;

	(void)name;
	return &nothing;
}

static int do_nothing(void *lock)
{
	(void)lock;
	return 0;
}

static void close_nothing(void *lock, bool remove)
{
	(void)lock;
	(void)remove;
}

static const struct bench_lock no_lock = {
	.name = "no_lock",
	.open = open_nothing,
	.acquire = do_nothing,
	.release = do_nothing,
	.close = close_nothing,
};

/* Runs a scenario under each of its settings. */
static struct results measure(const char *name, const struct bench_lock *lock,
			      const struct options *options)
{
	struct setting settings[LIST_MAX];
	struct results results = { 0 };
	struct measurement measurement = {
		.scenario = scenario_find(name),
		.options = options,
		.subject = lock->name,
		.lock = lock,
		.name = "lock",
		.opened = lock->open("lock"),
		.results = &results,
	};
	int count = measurement.scenario->settings(options, settings);

	assert_non_null(measurement.opened);
	for (int i = 0; i < count; i++) {
		measurement.setting = &settings[i];
		measurement.scenario->measure(&measurement);
	}
	lock->close(measurement.opened, true);
	return results;
}

static double found(const struct results *results, const char *scenario,
		    const char *setting, const char *subject,
		    const char *metric)
{
	struct figure *figure =
		results_find(results, scenario, setting, subject, metric);

	assert_non_null(figure);
	return samples_median(&figure->rounds);
}

static void a_holder_is_killed_ten_times_or_more(void **state)
{
	static const struct options options = { .duration = 0 };
	struct results results = measure("crash", &sleeper, &options);
	int settings = 0;

	(void)state;
	for (struct figure *figure = results.figures; figure;
	     figure = figure->next) {
		double value = samples_median(&figure->rounds);

		assert_true(value > 0);
		if (strcmp(figure->metric, "kills") == 0) {
			assert_int_equal(value, 10);
			settings++;
		}
	}
	assert_int_equal(settings, 3);
	results_free(&results);
}

static void a_lock_that_stays_taken_is_left_out(void **state)
{
	struct bench_lock orphan = sleeper;
	struct measurement measurement = {
		.scenario = scenario_find("crash"),
		.lock = &orphan,
	};

	(void)state;
	assert_true(measurement.scenario->suits(&measurement));
	orphan.orphans = true;
	assert_false(measurement.scenario->suits(&measurement));
}

static double idle(const struct bench_lock *lock, const char *metric)
{
	static const struct options options = {
		.duration = 50 * MSEC,
		.processes = { 3 },
	};
	struct results results = measure("idle", lock, &options);
	double value = found(&results, "idle", "3 waiters", lock->name, metric);

	results_free(&results);
	return value;
}

static void waiters_that_sleep_use_nothing(void **state)
{
	(void)state;
	/* The thread sanitizer has a thread in each of them, which may begin late;
	 * the switches are those of the first thread alone. */
#ifndef __SANITIZE_THREAD__
	assert_true(idle(&sleeper, "processor time") == 0);
#endif
	assert_true(idle(&sleeper, "switches") == 0);
}

static void waiters_that_poll_are_seen(void **state)
{
	(void)state;
	assert_true(idle(&poller, "processor time") > 0);
	assert_true(idle(&poller, "switches") >= 3);
}

static void waiters_that_spin_are_seen(void **state)
{
	(void)state;
	assert_true(idle(&spinner, "clock ticks") > 0);
}

static void two_holders_end_the_run(void **state)
{
	static const char *const names[] = { "crash", "idle" };
	static const struct options options = { .duration = 0 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			measure(names[i], &no_lock, &options);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), EXIT_VIOLATION);
	}
}

static void a_stopped_process_does_not_count_as_asleep(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	assert_int_equal(proc_state(pid), 'T');
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static char folder[] = "/tmp/portlock-test-bench-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	bench_folder = mkdtemp(folder);
	return bench_folder ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_holder_is_killed_ten_times_or_more),
		cmocka_unit_test(a_lock_that_stays_taken_is_left_out),
		cmocka_unit_test(waiters_that_sleep_use_nothing),
		cmocka_unit_test(waiters_that_poll_are_seen),
		cmocka_unit_test(waiters_that_spin_are_seen),
		cmocka_unit_test(two_holders_end_the_run),
		cmocka_unit_test(a_stopped_process_does_not_count_as_asleep),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
