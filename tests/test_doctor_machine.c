/* SPDX-License-Identifier: MIT */
/* test_doctor_machine.c - what portlock doctor makes of what it has seen. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cli/doctor/doctor.h"
#include "tests/support/command.h"

static struct report report;

static int teardown(void **state)
{
	(void)state;
	report_free(&report);
	return 0;
}

#define judged(test) cmocka_unit_test_teardown(test, teardown)

/* Of the last finding; NULL: nothing is to be done. */
static void assert_found(enum level level, const char *what, const char *todo)
{
	const struct finding *finding = &report.list[report.count - 1];

	assert_true(report.count > 0 && !report.failed);
	assert_mentions(finding->what, what);
	assert_int_equal(finding->level, level);
	if (todo)
		assert_mentions(finding->todo ? finding->todo : "", todo);
	else
		assert_null(finding->todo);
}

static void the_ports_that_others_get(void **state)
{
	(void)state;
	judge_range(&report, "32768\t60999", "");
	assert_found(LEVEL_WARNING, "gives 20002 of the ports 40000-60001",
		     "ip_local_reserved_ports=40000-60001 &&");
	judge_range(&report, "32768\t60999", "40000-60001");
	assert_found(LEVEL_OK, "no program is given", NULL);
	judge_range(&report, "10000\t39999", "");
	assert_found(LEVEL_OK, "no program is given", NULL);
	judge_range(&report, "10000\t40000", "");
	assert_found(LEVEL_WARNING, "gives 1 of", "40000-60001");
	judge_range(&report, "60001\t65535", "");
	assert_found(LEVEL_WARNING, "gives 1 of", "40000-60001");
	judge_range(&report, "60002\t65535", "");
	assert_found(LEVEL_OK, "no program is given", NULL);
}

static void what_is_reserved_already_stays_so(void **state)
{
	(void)state;
	judge_range(&report, "32768\t60999", "8080,39999,50000-60000,65535");
	assert_found(LEVEL_WARNING, "gives 10001 of",
		     "ip_local_reserved_ports=8080,39999-60001,65535 &&");
}

static void lists_of_ports_that_are_none(void **state)
{
	static const char *const lists[] = { "x",   "1-", "2-1",  "65536",
					     "1 2", "-1", "1,,2", "99999999" };

	(void)state;
	for (int i = 0; i < 8; i++) {
		judge_range(&report, "32768\t60999", lists[i]);
		assert_found(LEVEL_NOTE, "cannot be told", NULL);
	}
	judge_range(&report, NULL, "");
	judge_range(&report, "32768", "");
	assert_found(LEVEL_NOTE, "cannot be told", NULL);
	assert_int_equal(report.count, 10);
}

#define HEAD "  sl  local_address rem_address   st\n"
#define REST " 00000000:00000000 00:00000000 00000000     0        0 1\n"
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOOPBACK "0100007F"
#define MAPPED "0000000000000000FFFF0000" LOOPBACK
#else
#define LOOPBACK "7F000001"
#define MAPPED "00000000000000000000FFFF" LOOPBACK
#endif
#define ANY6 "00000000000000000000000000000000"
#define OTHER6 "000080FE000000000000000001000000"

static void strangers_on_the_ports(void **state)
{
	(void)state;
	judge_sockets(&report, HEAD, NULL);
	assert_found(LEVEL_OK, "no other program has a port", NULL);
	judge_sockets(&report,
		      /* 39999, 40000, 60001, 60002; and another address */
		      HEAD "   0: " LOOPBACK ":9C3F 00000000:0000 0A" REST
			   "   1: " LOOPBACK ":9C40 00000000:0000 0A" REST
			   "   2: 00000000:EA61 00000000:0000 0A" REST
			   "   3: 00000000:EA62 00000000:0000 0A" REST
			   "   4: " LOOPBACK ":C350 00000000:1000 06" REST
			   "   5: 0A00000A:C350 00000000:0000 0A" REST,
		      HEAD "   0: " ANY6 ":C351 " ANY6 ":0000 0A" REST
			   "   1: " MAPPED ":C352 " ANY6 ":0000 01" REST
			   "   2: " OTHER6 ":C353 " ANY6 ":0000 0A" REST);
	assert_found(LEVEL_NOTE,
		     "have 5 sockets on ports of 40000-60001, of which 3 "
		     "listen: 40000, 60001, 50001",
		     "portlock who");
	judge_sockets(&report, NULL, NULL);
	assert_found(LEVEL_NOTE, "cannot be told", NULL);
	judge_sockets(&report, HEAD "nonsense\n\n 1: zz", "");
	assert_found(LEVEL_OK, "no other program has a port", NULL);
}

static void more_listeners_than_are_told(void **state)
{
	char table[4096] = HEAD;

	(void)state;
	for (int i = 0; i < 20; i++)
		strcat(table, " 1: 00000000:FFFF 0:0 0A\n"
			      " 2: 00000000:C350 00000000:0000 0A" REST);
	judge_sockets(&report, table, NULL);
	assert_found(LEVEL_NOTE,
		     "which 20 listen: 50000, 50000, 50000, 50000, 50000, "
		     "50000, 50000, 50000, ...",
		     "portlock who");
}

static void queues_and_descriptors(void **state)
{
	struct rlimit limit = { 1024, 4096 };

	(void)state;
	judge_queue(&report, "4096");
	assert_found(LEVEL_OK, "4096 can wait", NULL);
	judge_queue(&report, "128");
	assert_found(LEVEL_WARNING, "128 can wait",
		     "sysctl -w net.core.somaxconn=4096");
	judge_queue(&report, NULL);
	assert_found(LEVEL_NOTE, "cannot be told", NULL);
	judge_descriptors(&report, &limit);
	assert_found(LEVEL_OK, "some 341 locks by tcp, 1024 by unix", NULL);
	limit.rlim_cur = 16;
	judge_descriptors(&report, &limit);
	assert_found(LEVEL_WARNING, "some 5 locks", "ulimit -n 1024");
	limit.rlim_max = 16;
	judge_descriptors(&report, &limit);
	assert_found(LEVEL_WARNING, "some 5 locks", "LimitNOFILE=");
	limit.rlim_cur = RLIM_INFINITY;
	judge_descriptors(&report, &limit);
	assert_found(LEVEL_OK, "no limit", NULL);
}

static void namespaces(void **state)
{
	static const char first_pid[] = "pid:[4026531836]";

	(void)state;
	judge_namespace(&report, "net:[1]", "net:[1]", first_pid);
	assert_found(LEVEL_OK, "machine's own network, net:[1]", NULL);
	judge_namespace(&report, "net:[4026531833]", NULL, "pid:[7]");
	assert_found(LEVEL_OK, "machine's own network", NULL);
	judge_namespace(&report, "net:[1]", NULL, first_pid);
	assert_found(LEVEL_NOTE, "cannot be told", NULL);
	judge_namespace(&report, "net:[2]", "net:[1]", first_pid);
	assert_found(LEVEL_NOTE, "net:[2], which is not that of process 1",
		     "share the network");
	judge_namespace(&report, "net:[2]", "net:[2]", "pid:[7]");
	assert_found(LEVEL_NOTE, "a container", "readlink");
	judge_namespace(&report, NULL, NULL, NULL);
	assert_found(LEVEL_NOTE, "cannot be told", NULL);
}

static void what_who_can_see(void **state)
{
	static const char open[] = "proc /proc proc rw,nosuid 0 0\n";
	static const char shut[] =
		"x / ext4 rw 0 0\nproc /proc proc rw,hidepid=invisible 0 0\n";

	(void)state;
	judge_sight(&report, "0", open, true, true);
	assert_found(LEVEL_OK, "root can see", NULL);
	judge_sight(&report, "0", open, true, false);
	assert_found(LEVEL_NOTE, "without rights", "SYS_PTRACE");
	judge_sight(&report, NULL, open, false, false);
	assert_found(LEVEL_NOTE, "this user's processes only", "as root");
	judge_sight(&report, NULL, shut, false, false);
	assert_found(LEVEL_NOTE, "hidepid=invisible", "as root");
	judge_sight(&report, NULL, NULL, false, false);
	assert_found(LEVEL_NOTE, "this user's processes only", "as root");
	judge_sight(&report, "2", open, true, true);
	assert_found(LEVEL_OK, "yama's ptrace_scope 2", NULL);
}

static void kernels(void **state)
{
	(void)state;
	judge_kernel(&report, "6.16.0-1", true, true);
	assert_found(LEVEL_OK, "Linux 6.16.0-1 has all", NULL);
	judge_kernel(&report, "6.8.0", false, true);
	assert_found(LEVEL_NOTE, "SO_PASSRIGHTS, since 6.16", NULL);
	judge_kernel(&report, "6.7.12", true, true);
	assert_found(LEVEL_NOTE, "bound only (since 6.8)", NULL);
	judge_kernel(&report, "5.10.0", true, true);
	assert_found(LEVEL_NOTE, "bound only (since 6.8)", NULL);
	judge_kernel(&report, "6.16", true, false);
	assert_found(LEVEL_NOTE, "no pidfd_open", NULL);
	assert_int_equal(report.count, 5);
}

static void trials(void **state)
{
	(void)state;
	judge_trial(&report, "unix", 0, "");
	assert_found(LEVEL_OK, "taken and let go, transport unix", NULL);
	judge_trial(&report, "unix", -EACCES, "");
	assert_found(LEVEL_PROBLEM, "could not be taken, transport unix",
		     "must allow abstract unix sockets");
	judge_trial(&report, "tcp", -EACCES, "");
	assert_found(LEVEL_PROBLEM, "transport tcp", "must allow binding");
	judge_trial(&report, "tcp", -EMFILE, "");
	assert_found(LEVEL_PROBLEM, "no free file descriptor", "portlock(3)");
	judge_trial(&report, "etcd", -ENOSYS, "/x is not there");
	assert_found(LEVEL_PROBLEM, "/x is not there", "PORTLOCK_SESSION");
	judge_trial(&report, "etcd", -EHOSTUNREACH, "http://h: refused");
	assert_found(LEVEL_PROBLEM, "http://h: refused", "_ENDPOINTS");
	judge_trial(&report, "etcd", -EKEYREJECTED, "");
	assert_found(LEVEL_PROBLEM, "etcd", "PORTLOCK_ETCD_USER");
	judge_loopback(&report, true);
	assert_found(LEVEL_OK, "lo is up", NULL);
	judge_loopback(&report, false);
	assert_found(LEVEL_NOTE, "lo is down", "ip link set lo up");
}

static void variables(void **state)
{
	static const struct {
		const char *name, *value, *what, *todo;
		enum level level;
		bool spoils;
	} cases[] = {
		{ "TRANSPORT", "unix", "'unix'", NULL, LEVEL_OK, false },
		{ "TRANSPORT", "udp", "no transport", "tcp, unix or etcd",
		  LEVEL_PROBLEM, false },
		{ "TRANSPORT", "etcd", "'etcd'", NULL, LEVEL_OK, false },
		{ "ETCD_ENDPOINTS", "http://a,https://b:1", "2 endpoints", NULL,
		  LEVEL_OK, false },
		{ "ETCD_ENDPOINTS", "http://a, https://b:1", "2 endpoints",
		  NULL, LEVEL_OK, false },
		{ "ETCD_ENDPOINTS", "http://a https://b:1", "part 1 is no URL",
		  "commas", LEVEL_PROBLEM, false },
		{ "ETCD_ENDPOINTS", "http://a,b", "part 2 is no URL",
		  "https://", LEVEL_PROBLEM, false },
		{ "ETCD_TTL", "5", "'5'", NULL, LEVEL_OK, false },
		{ "ETCD_TTL", "4", "'4' is no", "5 to 3600", LEVEL_PROBLEM,
		  false },
		{ "ETCD_CONTACT_MS", "86400001", "' is no", "1 to 86400000",
		  LEVEL_PROBLEM, false },
		{ "ETCD_LOCAL_MS", "1s", "'1s' is no", "1 to", LEVEL_PROBLEM,
		  false },
		{ "ETCD_CA", "/nonexistent", "cannot be read", NULL,
		  LEVEL_PROBLEM, false },
		{ "ETCD_PASSWORD", "hush", "PASSWORD: is set", "_FILE",
		  LEVEL_NOTE, false },
		{ "ETCD_TLT", "5", "no variable", NULL, LEVEL_NOTE, false },
		{ "LOG", "/a", "'/a'", NULL, LEVEL_OK, false },
		{ "LOG", "a", "nothing is logged", "stderr", LEVEL_WARNING,
		  false },
		{ "GUARD", "/bin/sh", "'/bin/sh'", NULL, LEVEL_OK, false },
		{ "GUARD", "/dev/null", "cannot be run", "portlock-guard",
		  LEVEL_PROBLEM, false },
		{ "RULES", "sem /x", "1 rule", NULL, LEVEL_OK, false },
		{ "RULES", "", "0 rules", "unset", LEVEL_WARNING, false },
		{ "RULES", "sem x", "line 1, column 5", "sem /my-mutex",
		  LEVEL_PROBLEM, true },
		{ "RULES_FILE", "x", "not absolute", "'/'", LEVEL_PROBLEM,
		  true },
		{ "RULES_FILE", "/nonexistent", "cannot be read", NULL,
		  LEVEL_PROBLEM, true },
		{ "RULES_FILE", "/dev/null", "/dev/null: 0 rules", "unset",
		  LEVEL_WARNING, false },
		{ "TOKEN", "7", "portlock run", NULL, LEVEL_NOTE, false },
		{ "RULE", "sem /x", "PORTLOCK_RULE: no variable", NULL,
		  LEVEL_NOTE, false },
	};
	char name[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(name, sizeof(name), "PORTLOCK_%s", cases[i].name);
		assert_int_equal(judge_variable(&report, name, cases[i].value),
				 !cases[i].spoils);
		assert_found(cases[i].level, cases[i].what, cases[i].todo);
	}
	assert_true(judge_variable(&report, "PORTLOCK_SHIM", "/x"));
	assert_int_equal(report.count, sizeof(cases) / sizeof(cases[0]));
}

static void secrets_that_all_can_read(void **state)
{
	char path[] = "/tmp/portlock-test-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	judge_variable(&report, "PORTLOCK_ETCD_PASSWORD_FILE", path);
	assert_found(LEVEL_OK, path, NULL);
	fchmod(fd, 0644);
	judge_variable(&report, "PORTLOCK_ETCD_PASSWORD_FILE", path);
	assert_found(LEVEL_WARNING, "open to all users", "chmod o-rwx");
	judge_variable(&report, "PORTLOCK_ETCD_KEY", path);
	assert_found(LEVEL_WARNING, "open to all users", "chmod o-rwx");
	close(fd);
	unlink(path);
}

static void what_the_loader_says(void **state)
{
	static const struct {
		const char *name;
		bool is_found;
	} expected[] = {
		{ "/lib/libm (2).so", true },
		{ "liba.so", false },
		{ "/x.so", true },
		{ "/lib/ld.so", true },
	};
	char said[] = "\tlinux-vdso.so.1 (0x7f)\n"
		      "\tlibm.so => /lib/libm (2).so (0x00)\n"
		      "\tliba.so => not found\n\n(\n/(\n => \n"
		      "/x.so (0x01)\n\t/lib/ld.so (0x02)";
	char *at = said;
	bool is_found;

	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_string_equal(libraries_next(&at, &is_found),
				    expected[i].name);
		assert_int_equal(is_found, expected[i].is_found);
	}
	assert_null(libraries_next(&at, &is_found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		judged(the_ports_that_others_get),
		judged(what_is_reserved_already_stays_so),
		judged(lists_of_ports_that_are_none),
		judged(strangers_on_the_ports),
		judged(more_listeners_than_are_told),
		judged(queues_and_descriptors),
		judged(namespaces),
		judged(what_who_can_see),
		judged(kernels),
		judged(trials),
		judged(variables),
		judged(secrets_that_all_can_read),
		judged(what_the_loader_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
