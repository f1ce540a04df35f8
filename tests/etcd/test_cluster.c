/* SPDX-License-Identifier: MIT */
/* test_cluster.c - the ground of the other tests: an etcd that is killed,
 * stopped and started again at will.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/etcd/cluster.h"

static char text[CTL_TEXT];

static void put(struct etcd *etcd, const char *key)
{
	assert_int_equal(etcd_ctl(etcd, text, "put", key, "value"), 0);
}

static void expect_keys(struct etcd *etcd, const char *prefix, int count)
{
	static struct etcd_key keys[KEYS_LISTED];

	assert_int_equal(etcd_keys(etcd, prefix, keys), count);
}

static void data_survives_the_death_of_the_member(void **state)
{
	struct etcd *etcd = etcd_start(&(struct etcd_plan){ 0 });

	(void)state;
	put(etcd, "a");
	etcd_kill(etcd, 0);
	assert_int_not_equal(etcd_ctl(etcd, text, "get", "a"), 0);
	etcd_restart(etcd, 0);
	etcd_wait(etcd);
	expect_keys(etcd, "a", 1);
	etcd_end(etcd);
}

static void a_frozen_member_is_silent_until_it_is_thawed(void **state)
{
	struct etcd *etcd = etcd_start(&(struct etcd_plan){ 0 });

	(void)state;
	etcd_freeze(etcd, 0);
	assert_int_not_equal(etcd_ctl(etcd, text, "get", "a"), 0);
	etcd_thaw(etcd, 0);
	etcd_wait(etcd);
	etcd_end(etcd);
}

static void three_members_survive_the_death_of_their_leader(void **state)
{
	struct etcd *etcd = etcd_start(&(struct etcd_plan){ .members = 3 });
	int first = etcd_leader(etcd);

	(void)state;
	assert_in_range(first, 0, 2);
	put(etcd, "a");
	etcd_kill(etcd, first);
	etcd_wait(etcd);
	assert_int_not_equal(etcd_leader(etcd), first);
	put(etcd, "b");
	etcd_kill(etcd, (first + 1) % 3); /* no majority */
	assert_int_not_equal(etcd_ctl(etcd, text, "get", "a"), 0);
	etcd_restart(etcd, first);
	etcd_wait(etcd);
	expect_keys(etcd, "", 2);
	etcd_end(etcd);
}

static void keys_and_leases_are_listed(void **state)
{
	struct etcd *etcd = etcd_start(&(struct etcd_plan){ 0 });
	static struct etcd_key keys[KEYS_LISTED];
	unsigned long lease;
	char id[32];

	(void)state;
	assert_int_equal(etcd_ctl(etcd, text, "lease", "grant", "60"), 0);
	assert_int_equal(sscanf(text, "lease %lx granted", &lease), 1);
	snprintf(id, sizeof(id), "--lease=%lx", lease);
	put(etcd, "portlock/k%2Fx/2");
	assert_int_equal(
		etcd_ctl(etcd, text, "put", id, "portlock/k%2Fx/1", "v"), 0);
	put(etcd, "portlock/k/1");
	assert_int_equal(etcd_queue(etcd, "k/x", keys), 2);
	assert_string_equal(keys[0].name, "portlock/k%2Fx/2");
	assert_string_equal(keys[1].name, "portlock/k%2Fx/1");
	assert_int_equal(keys[0].lease, 0);
	assert_int_equal(keys[1].lease, lease);
	assert_int_equal(keys[1].create_revision, keys[0].create_revision + 1);
	assert_int_equal(etcd_leases(etcd), 1);
	assert_in_range(etcd_lease_left(etcd, keys[1].lease), 1, 60);
	assert_true(etcd_revoke(etcd, keys[1].lease));
	assert_false(etcd_revoke(etcd, keys[1].lease));
	assert_int_equal(etcd_lease_left(etcd, keys[1].lease), -1);
	etcd_wait_queue(etcd, "k/x", 1);
	etcd_end(etcd);
}

static void certificates_and_passwords_are_asked_for(void **state)
{
	struct etcd *etcd = etcd_start(
		&(struct etcd_plan){ .tls = true, .authentication = true });
	const char *const wrong_client[] = {
		"get",	  "a",
		"--cert", etcd->wrong_certificate,
		"--key",  etcd->wrong_certificate_key,
		NULL
	};

	(void)state;
	put(etcd, "a");
	assert_int_not_equal(etcd_ctl_run(etcd, NULL, text, wrong_client), 0);
	etcd->authenticated = false;
	assert_int_not_equal(etcd_ctl(etcd, text, "get", "a"), 0);
	assert_non_null(strstr(text, "denied"));
	etcd->authenticated = true;
	etcd_end(etcd);
}

/* ---- its end ------------------------------------------------------------- */

/* Tells the pid of a member, and the folder, and waits to be killed. */
static void start_and_wait(struct child *parent, void *folder)
{
	struct etcd *etcd = etcd_start(&(struct etcd_plan){ 0 });

	memcpy(folder, etcd->folder, sizeof(etcd->folder));
	say(parent, etcd->members[0].pid);
	hear(parent);
}

static bool is_gone(void *folder)
{
	return access(folder, F_OK) < 0;
}

static bool has_ended(void *pid)
{
	return process_state(*(pid_t *)pid) == '?';
}

static void nothing_is_left_when_the_test_is_killed(void **state)
{
	char *folder = shared_memory(sizeof(((struct etcd *)0)->folder));
	struct child *child = child_start(start_and_wait, folder);
	pid_t member = (pid_t)hear(child);

	(void)state;
	assert_false(is_gone(folder));
	child_kill(child);
	wait_until(has_ended, &member);
	wait_until(is_gone, folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_survives_the_death_of_the_member),
		cmocka_unit_test(a_frozen_member_is_silent_until_it_is_thawed),
		cmocka_unit_test(
			three_members_survive_the_death_of_their_leader),
		cmocka_unit_test(keys_and_leases_are_listed),
		cmocka_unit_test(certificates_and_passwords_are_asked_for),
		cmocka_unit_test(nothing_is_left_when_the_test_is_killed),
	};

	if (!etcd_is_installed())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
