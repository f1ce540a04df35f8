/* SPDX-License-Identifier: MIT */
/* test_process.c - whose memory this is. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/internal.h"
#include "support/support.h"

/* The kernel that the core's call finds; libc is not asked. */
static enum { AS_IT_IS, REFUSES, IGNORES } advice_is;

int madvise(void *memory, size_t size, int advice)
{
	if (advice_is == IGNORES)
		return 0;
	if (advice_is == AS_IT_IS)
		return (int)syscall(SYS_madvise, memory, size, advice);
	errno = EINVAL;
	return -1;
}

/* Says no, and yes after it has claimed the memory; or we are told. */
static void assert_a_bare_child_knows(void)
{
	pid_t child = _Fork();
	int status;

	require(child >= 0);
	if (child == 0) {
		if (pl_process_is_ours())
			_exit(1);
		pl_process_claim();
		_exit(pl_process_is_ours() ? 0 : 2);
	}
	require(waitpid(child, &status, 0) == child);
	assert_int_equal(status, 0);
	assert_true(pl_process_is_ours());
}

static void a_bare_child_knows_whatever_the_kernel_does(void **state)
{
	(void)state;
	for (advice_is = AS_IT_IS; advice_is <= IGNORES; advice_is++) {
		errno = 0;
		pl_process_begin();
		assert_int_equal(errno, 0);
		assert_a_bare_child_knows();
	}
	advice_is = AS_IT_IS;
}

static atomic_bool ends;

/* NULL: it was always ours. */
static void *ask(void *nothing)
{
	while (!atomic_load(&ends))
		if (!pl_process_is_ours())
			return &ends;
	return nothing;
}

/* Two threads may open the first handle. */
static void it_is_ours_also_while_it_begins(void **state)
{
	pthread_t thread;
	void *stranger;

	(void)state;
	require(pthread_create(&thread, NULL, ask, NULL) == 0);
	for (int i = 0; i < rounds(2000); i++)
		pl_process_begin();
	atomic_store(&ends, true);
	require(pthread_join(thread, &stranger) == 0);
	assert_null(stranger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bare_child_knows_whatever_the_kernel_does),
		cmocka_unit_test(it_is_ours_also_while_it_begins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
