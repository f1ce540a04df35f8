/* SPDX-License-Identifier: MIT */
/* test_families.c - programs that know of one host only, on two hosts, under
 * "portlock preload" with a rule of each family: they never overlap.
 *
 * A host here has more of its own than a network: files, semaphores, /etc.  So
 * without portlock both hosts are inside at once.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/etcd/cluster.h"
#include "tests/etcd/places.h"
#include "tests/etcd/referee.h"
#include "tests/victim_filelock.h"
#include "tests/victim_liblockfile.h"
#include "tests/victim_lockfile.h"
#include "tests/victim_mutex.h"
#include "tests/victim_open.h"
#include "tests/victim_passwd.h"
#include "tests/victim_sem.h"
#include "tests/victim_sysvsem.h"

#define HOSTS 2
#define EACH 2	  /* processes of a host */
#define COUNTER 3 /* descriptor of the memory in which victims count */
#define NONE (-1)

static struct etcd *etcd;

/* ---- programs ------------------------------------------------------------- */

static struct family {
	const char *name;
	const char *pattern; /* in rules; %s is the folder of the program */
	const char *program;
	const char *argument; /* likewise */
	bool shares;	      /* its files are in the common folder */
	int begin[2];	      /* what it does first */
	int take, give, count;
	int rounds; /* of count */
} families[] = {
	{ "flock",
	  "%s/*",
	  "victim_filelock",
	  "%s",
	  false,
	  { NONE, NONE },
	  FILE_ex,
	  FILE_un,
	  FILE_count_ex,
	  VICTIM_FILELOCK_ROUNDS },
	{ "fcntl",
	  "%s/*",
	  "victim_filelock",
	  "%s",
	  false,
	  { NONE, NONE },
	  FILE_wait_w,
	  FILE_set_u,
	  FILE_count_w,
	  VICTIM_FILELOCK_ROUNDS },
	{ "lockfile",
	  "%s/x.lock",
	  "victim_lockfile",
	  "%s/x.lock",
	  false,
	  { NONE, NONE },
	  LOCKFILE_open,
	  LOCKFILE_unlink,
	  LOCKFILE_turns,
	  VICTIM_LOCKFILE_ROUNDS },
	{ "liblockfile",
	  "%s/x.lock",
	  "victim_liblockfile",
	  "%s/x.lock",
	  false,
	  { LIB_load, NONE },
	  LIB_create,
	  LIB_remove,
	  LIB_count,
	  VICTIM_LIBLOCKFILE_ROUNDS },
	{ "open",
	  "%s/x",
	  "victim_open",
	  "%s/x",
	  true,
	  { NONE, NONE },
	  OPEN_update,
	  OPEN_close,
	  OPEN_count,
	  OPEN_COUNT },
	{ "sem",
	  "/portlock-test",
	  "victim_sem",
	  "/portlock-test",
	  false,
	  { SEM_create, NONE },
	  SEM_wait,
	  SEM_post,
	  SEM_count,
	  VICTIM_SEM_ROUNDS },
	{ "sysvsem",
	  "/0x706c/*",
	  "victim_sysvsem",
	  "0x706c",
	  false,
	  { SYSV_create, SYSV_set_1 },
	  SYSV_take,
	  SYSV_give,
	  SYSV_count,
	  VICTIM_SYSVSEM_ROUNDS },
	{ "mutex",
	  "*/victim_mutex:hidden_mutex",
	  "victim_mutex",
	  "hidden",
	  false,
	  { NONE, NONE },
	  MUTEX_lock,
	  MUTEX_unlock,
	  MUTEX_count,
	  VICTIM_MUTEX_ROUNDS *VICTIM_MUTEX_THREADS },
	{ "passwd",
	  "/etc/.pwd.lock",
	  "victim_passwd",
	  "-",
	  false,
	  { NONE, NONE },
	  PASSWD_lock,
	  PASSWD_unlock,
	  PASSWD_count,
	  VICTIM_PASSWD_ROUNDS },
};

static long *counter;
static int counter_fd;

static void counter_make(void)
{
	int low = memfd_create("counter", MFD_CLOEXEC);

	/* Where the pipes of children will not be put over it. */
	counter_fd = fcntl(low, F_DUPFD_CLOEXEC, 10);
	require(counter_fd >= 0 && ftruncate(counter_fd, sizeof(long)) == 0);
	close(low);
	counter = mmap(NULL, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED,
		       counter_fd, 0);
	require(counter != MAP_FAILED);
}

struct start {
	const struct family *family;
	const char *key; /* NULL: without portlock */
};

__attribute__((format_arg(1))) static const char *in_folder(const char *format)
{
	return format;
}

static void run(struct child *parent, void *argument)
{
	const struct start *start = argument;
	const struct family *family = start->family;
	const char *folder = family->shares ? PLACE_COMMON : PLACE_OWN;
	char pattern[128], rule[256], program[512], name[128];

	snprintf(program, sizeof(program), "%s/tests/%s",
		 getenv("top_builddir"), family->program);
	snprintf(name, sizeof(name), in_folder(family->argument), folder);
	snprintf(pattern, sizeof(pattern), in_folder(family->pattern), folder);
	snprintf(rule, sizeof(rule), "%s %s transport=etcd timeout=100 key=%s",
		 family->name, pattern, start->key ? start->key : "");
	require(dup2(parent->in, STDIN_FILENO) >= 0 &&
		dup2(parent->out, STDOUT_FILENO) >= 0 &&
		dup2(counter_fd, COUNTER) >= 0);
	if (start->key)
		execl(getenv("PORTLOCK_COMMAND"), "portlock", "preload",
		      "--rule", rule, "--", program, name, (char *)NULL);
	else
		execl(program, program, name, (char *)NULL);
	perror(program);
	_exit(127);
}

static int64_t tell(struct child *victim, int command)
{
	say(victim, command);
	return hear(victim);
}

static struct child *start_on(int host, const struct family *family,
			      const char *key)
{
	struct start start = { family, key };
	struct child *victim;

	host_visit(&hosts[host]);
	place_visit(host);
	victim = child_start(run, &start);
	place_visit(PLACE_OF_TEST);
	host_visit(NULL);
	return victim;
}

static struct child *victim_on(int host, const struct family *family,
			       const char *key)
{
	struct child *victim = start_on(host, family, key);

	for (int i = 0; i < 2 && family->begin[i] != NONE; i++)
		assert_int_equal(tell(victim, family->begin[i]), 0);
	return victim;
}

/* ---- tests ---------------------------------------------------------------- */

struct test {
	struct key key;
	const struct family *family;
};

static const char *common_file(void)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/x", places_common);
	return path;
}

static int setup(void **state)
{
	static struct test test;
	FILE *file;

	test.family = *state;
	key_make(&test.key);
	*counter = 0;
	file = fopen(common_file(), "w");
	require(file && fputs("0\n", file) >= 0 && fclose(file) == 0);
	*state = &test;
	return 0;
}

static int teardown(void **state)
{
	struct test *test = *state;

	children_kill();
	key_free(&test->key);
	unlink(common_file());
	return 0;
}

/* How many have been counted: in memory, or in the file that is locked. */
static long counted(const struct family *family)
{
	long count = *counter;
	FILE *file;

	if (!family->shares)
		return count;
	file = fopen(common_file(), "r");
	require(file && fscanf(file, "%ld", &count) == 1);
	fclose(file);
	return count;
}

static void without_it_both_are_inside(void **state)
{
	const struct family *family = ((struct test *)*state)->family;
	struct child *victims[HOSTS];

	for (int i = 0; i < HOSTS; i++) {
		victims[i] = victim_on(i, family, NULL);
		assert_int_equal(tell(victims[i], family->take), 0);
	}
	/* A lock file would stay. */
	for (int i = 0; i < HOSTS; i++)
		assert_int_equal(tell(victims[i], family->give), 0);
}

static void one_waits_for_the_other(void **state)
{
	const struct test *test = *state;
	const char *key = test->key.text;
	struct child *first = victim_on(0, test->family, key);
	struct child *second = victim_on(1, test->family, key);

	assert_int_equal(tell(first, test->family->take), 0);
	say(second, test->family->take);
	etcd_wait_queue(etcd, key, 2);
	assert_false(has_said(second));
	assert_int_equal(tell(first, test->family->give), 0);
	assert_int_equal(hear(second), 0);
	assert_int_equal(tell(second, test->family->give), 0);
	assert_int_equal(child_end(first), 0);
	assert_int_equal(child_end(second), 0);
	etcd_wait_queue(etcd, key, 0);
}

static void no_count_is_lost(void **state)
{
	const struct test *test = *state;
	const struct family *family = test->family;
	struct child *victims[HOSTS * EACH];

	for (int i = 0; i < HOSTS * EACH; i++)
		victims[i] = victim_on(i % HOSTS, family, test->key.text);
	for (int i = 0; i < HOSTS * EACH; i++)
		say(victims[i], family->count);
	for (int i = 0; i < HOSTS * EACH; i++)
		assert_int_equal(hear(victims[i]), 0);
	assert_int_equal(counted(family), HOSTS * EACH * family->rounds);
	for (int i = 0; i < HOSTS * EACH; i++)
		assert_int_equal(child_end(victims[i]), 0);
	etcd_wait_queue(etcd, test->key.text, 0);
}

#define FAMILIES (sizeof(families) / sizeof(families[0]))

static const struct {
	const char *name;
	CMUnitTestFunction test;
} kinds[] = {
	{ "without_it_both_are_inside", without_it_both_are_inside },
	{ "one_waits_for_the_other", one_waits_for_the_other },
	{ "no_count_is_lost", no_count_is_lost },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* liblockfile may be missing; the rest is libc's. */
static bool is_installed(const struct family *family)
{
	if (strcmp(family->name, "liblockfile") != 0)
		return true;
	return tell(start_on(0, family, NULL), LIB_load) == 0;
}

static int test_all(void)
{
	static char names[FAMILIES * KINDS][64];
	struct CMUnitTest tests[FAMILIES * KINDS];
	size_t count = 0;

	for (size_t i = 0; i < FAMILIES; i++) {
		if (!is_installed(&families[i])) {
			print_message("left out: %s is not installed\n",
				      families[i].name);
			continue;
		}
		for (size_t j = 0; j < KINDS; j++, count++) {
			snprintf(names[count], sizeof(names[count]), "%s: %s",
				 families[i].name, kinds[j].name);
			tests[count] =
				(struct CMUnitTest){ names[count],
						     kinds[j].test, setup,
						     teardown, &families[i] };
		}
	}
	children_kill();
	return _cmocka_run_group_tests("families", tests, count, NULL, NULL);
}

int main(void)
{
	int failed;

	if (!getenv("PORTLOCK_SHIM")[0]) {
		print_message("skipped: this build is without the shim\n");
		return 77;
	}
	etcd = ground_make(HOSTS, 1);
	places_make(HOSTS, etcd->folder);
	counter_make();
	failed = test_all();
	ground_end(etcd);
	return failed;
}
