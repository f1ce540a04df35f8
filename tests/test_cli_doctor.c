/* SPDX-License-Identifier: MIT */
/* test_cli_doctor.c - portlock doctor of a machine, in a network namespace that
 * is the test's own, with good and bad settings.
 */
#include "config.h"

#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/support/command.h"

#define RANGE "/proc/sys/net/ipv4/ip_local_port_range"
#define RESERVED "/proc/sys/net/ipv4/ip_local_reserved_ports"
#define QUEUE "/proc/sys/net/core/somaxconn"

static struct command command;
static bool has_network; /* of its own */

static bool set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 &&
		    write(fd, value, strlen(value)) == (ssize_t)strlen(value);

	if (fd >= 0)
		close(fd);
	return done;
}

static void set_loopback(bool up)
{
	struct ifreq lo = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	require(fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &lo) == 0);
	lo.ifr_flags =
		(short)(up ? lo.ifr_flags | IFF_UP : lo.ifr_flags & ~IFF_UP);
	require(ioctl(fd, SIOCSIFFLAGS, &lo) == 0 && close(fd) == 0);
}

/* Nothing for doctor to complain of. */
static int setup(void **state)
{
	if (has_network) {
		set_loopback(true);
		require(set(RANGE, "32768 60999") &&
			set(RESERVED, "40000-60001") && set(QUEUE, "4096"));
	}
	return key_setup(state);
}

static int group_setup(void **state)
{
	(void)state;
	unsetenv("PORTLOCK_SHIM");
	if (unshare(CLONE_NEWNET) < 0)
		return 0;
	has_network = set(RESERVED, "40000-60001");
	return 0;
}

static void need_network(void)
{
	if (has_network)
		return;
	print_message("skipped: no network of its own, or no right to change "
		      "its settings (be root, outside of a container)\n");
	skip();
}

static void all_is_well(void **state)
{
	(void)state;
	need_network();
	assert_int_equal(command_run(&command, "doctor"), 0);
	assert_string_equal(command.errors, "");
	assert_mentions(command.output, "ok       trial: a lock was taken and "
					"let go, transport unix\n");
	assert_mentions(command.output, "ok       trial: a lock was taken and "
					"let go, transport tcp\n");
	assert_mentions(command.output, "ok       loopback: ");
	assert_mentions(command.output, "ok       ports: ");
	assert_mentions(command.output, "ok       sockets: ");
	assert_mentions(command.output, "ok       queue: ");
	assert_null(strstr(command.output, "warning "));
	assert_null(strstr(command.output, "problem "));
}

static void ports_that_are_not_reserved(void **state)
{
	char *line, value[128];

	(void)state;
	need_network();
	require(set(RESERVED, "8080"));
	assert_int_equal(command_run(&command, "doctor"), 1);
	assert_mentions(command.output, "warning  ports: the kernel gives ");
	line = strstr(command.output,
		      "sysctl -w net.ipv4.ip_local_reserved_ports=");
	require(line);
	require(sscanf(line, "%*[^=]=%127[0-9,-]", value) == 1);
	assert_string_equal(value, "8080,40000-60001");
	/* What it said is what helps. */
	require(set(RESERVED, value));
	assert_int_equal(command_run(&command, "doctor"), 0);
}

static void a_short_queue(void **state)
{
	(void)state;
	need_network();
	require(set(QUEUE, "128"));
	assert_int_equal(command_run(&command, "doctor"), 1);
	assert_mentions(command.output, "warning  queue: 128 can wait");
}

static void a_network_without_loopback(void **state)
{
	(void)state;
	need_network();
	set_loopback(false);
	assert_int_equal(command_run(&command, "doctor"), 0);
	set_loopback(true);
	assert_mentions(command.output, "note     loopback: lo is down");
	/* Linux lets it be bound all the same. */
	assert_mentions(command.output, "ok       trial: a lock was taken and "
					"let go, transport tcp\n");
}

static void set_address(in_addr_t address)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(address) };
	struct ifreq lo = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(&lo.ifr_addr, &at, sizeof(at));
	require(fd >= 0 && ioctl(fd, SIOCSIFADDR, &lo) == 0 && close(fd) == 0);
}

static void a_network_without_its_address(void **state)
{
	(void)state;
	need_network();
	set_address(0x0a090909);
	assert_int_equal(command_run(&command, "doctor"), 1);
	set_address(INADDR_LOOPBACK);
	assert_mentions(command.output, "problem  trial: a lock that nobody "
					"has could not be taken, transport "
					"tcp: 127.0.0.1 does not exist here");
	assert_mentions(command.output, "ok       trial: a lock was taken and "
					"let go, transport unix\n");
}

static void a_stranger_that_listens(void **state)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint16_t port = ((struct key *)*state)->ports[0];
	struct sockaddr_in at = any;
	char text[64];

	need_network();
	at.sin_port = htons(port);
	require(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
		listen(fd, 1) == 0);
	assert_int_equal(command_run(&command, "doctor"), 0);
	close(fd);
	snprintf(text, sizeof(text), "of which 1 listen: %u\n", port);
	assert_mentions(command.output, "note     sockets: ");
	assert_mentions(command.output, text);
}

static void few_descriptors(void **state)
{
	struct rlimit limit, few;

	(void)state;
	if (is_slow())
		skip(); /* valgrind has limits of its own */
	require(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	few = limit;
	few.rlim_cur = 32;
	require(setrlimit(RLIMIT_NOFILE, &few) == 0);
	assert_int_equal(command_run(&command, "doctor"), 1);
	require(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	assert_mentions(command.output, "warning  descriptors: 32 a process");
	assert_mentions(command.output, "to do: ulimit -n ");
}

static void a_wrong_environment(void **state)
{
	const char *before = getenv("PORTLOCK_GUARD");
	char guard[PATH_MAX];

	(void)state;
	snprintf(guard, sizeof(guard), "%s", before ? before : "");
	setenv("PORTLOCK_RULES", "sem\tno\x1bslash", 1);
	setenv("PORTLOCK_LOG", "here", 1);
	setenv("PORTLOCK_GUARD", "/", 1);
	assert_int_equal(command_run(&command, "doctor", "--", "true"), 1);
	unsetenv("PORTLOCK_RULES");
	unsetenv("PORTLOCK_LOG");
	setenv("PORTLOCK_GUARD", guard, 1);
	assert_mentions(command.output, "problem  environment: PORTLOCK_RULES: "
					"the shim ignores it: line 1, ");
	assert_mentions(command.output, "warning  environment: PORTLOCK_LOG: ");
	assert_mentions(command.output,
			"problem  environment: PORTLOCK_GUARD: '/' cannot be "
			"run");
	/* No byte of others commands a terminal. */
	assert_null(strchr(command.output, '\x1b'));
}

static void json_has_the_same(void **state)
{
	json_t *all, *finding = NULL;
	size_t i;

	(void)state;
	setenv("PORTLOCK_LOG", "here\xff", 1);
	assert_int_equal(command_run(&command, "doctor", "--json"), 1);
	unsetenv("PORTLOCK_LOG");
	all = json_loads(command.output, 0, NULL);
	require(all);
	assert_null(json_object_get(all, "program"));
	assert_in_range(json_array_size(json_object_get(all, "machine")), 8,
			100);
	json_array_foreach(json_object_get(all, "machine"), i, finding) if (
		strcmp(json_string_value(json_object_get(finding, "topic")),
		       "environment") == 0 &&
		strstr(json_string_value(json_object_get(finding, "what")),
		       "PORTLOCK_LOG: 'here\\xff' is no place")) break;
	assert_string_equal(
		json_string_value(json_object_get(finding, "level")),
		"warning");
	assert_mentions(json_string_value(json_object_get(finding, "todo")),
			"stderr");
	json_decref(all);
}

static void misuse(void **state)
{
	(void)state;
	assert_int_equal(command_run(&command, "doctor", "--wrong"), 64);
	assert_mentions(command.errors, "portlock doctor: ");
	assert_mentions(command.errors, "use --rule RULE, --rules FILE");
	assert_int_equal(command_run(&command, "doctor", "-r", "sem"), 64);
	assert_mentions(command.errors, "portlock doctor: --rule 1: line 1");
	assert_int_equal(command_run(&command, "doctor", "-r", "sem /x"), 64);
	assert_mentions(command.errors, "rules need a COMMAND");
	assert_int_equal(command_run(&command, "doctor", "--"), 64);
	assert_mentions(command.errors, "COMMAND is missing");
	assert_int_equal(command_run(&command, "doctor", "/nonexistent"), 127);
	assert_mentions(command.errors, "/nonexistent");
	assert_string_equal(command.output, "");
	assert_int_equal(command_run(&command, "doctor", "--help"), 0);
	assert_mentions(command.output, "Usage: portlock doctor");
}

#define doctored(test)                                                         \
	cmocka_unit_test_setup_teardown(test, setup, command_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		doctored(all_is_well),
		doctored(ports_that_are_not_reserved),
		doctored(a_short_queue),
		doctored(a_network_without_loopback),
		doctored(a_network_without_its_address),
		doctored(a_stranger_that_listens),
		doctored(few_descriptors),
		doctored(a_wrong_environment),
		doctored(json_has_the_same),
		doctored(misuse),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
