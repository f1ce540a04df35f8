/* SPDX-License-Identifier: MIT */
/* cluster.c - starts, stops and kills the members of an etcd. */
#include "config.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/etcd/cluster.h"

#define TRIES 20 /* to find ports that nobody else takes at that moment */

/* Not of those that the system gives to clients (from 32768 on): a port stays
 * free while its member is down. */
#define FIRST_PORT 16000
#define PORTS 16000

static bool is_there(const char *program)
{
	char command[64];

	snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1",
		 program);
	return system(command) == 0;
}

bool etcd_is_installed(void)
{
	if (is_there("etcd") && is_there("etcdctl") && is_there("openssl"))
		return true;
	print_message("etcd or openssl is missing (Debian: apt-get install "
		      "etcd-server etcd-client openssl)\n");
	return false;
}

/* ---- ports --------------------------------------------------------------- */

static int free_port(void)
{
	static unsigned next;

	if (next == 0)
		next = (unsigned)(now_ns() / 1000 + getpid() * 7919);
	for (;;) {
		uint16_t port = (uint16_t)(FIRST_PORT + next++ % PORTS);

		if (port_is_free(port))
			return port;
	}
}

static void name_members(struct etcd *etcd)
{
	const char *address = etcd->plan.address;
	size_t used = 0;

	for (int i = 0; i < etcd->count; i++) {
		struct etcd_member *member = &etcd->members[i];

		member->port = free_port();
		member->peer_port = free_port();
		snprintf(member->name, sizeof(member->name), "m%d", i);
		snprintf(member->url, sizeof(member->url), "%s://%.40s:%d",
			 etcd->plan.tls ? "https" : "http", address,
			 member->port);
		snprintf(member->peer_url, sizeof(member->peer_url),
			 "http://%.40s:%d", address, member->peer_port);
		used += (size_t)snprintf(etcd->endpoints + used,
					 sizeof(etcd->endpoints) - used, "%s%s",
					 i > 0 ? "," : "", member->url);
	}
}

/* ---- processes ----------------------------------------------------------- */

#define ARGUMENTS 40

struct arguments {
	const char *list[ARGUMENTS];
	int count;
};

static void add(struct arguments *to, const char *name, const char *value)
{
	require(to->count + 2 < ARGUMENTS);
	to->list[to->count++] = name;
	to->list[to->count++] = value;
}

static void add_certificates(struct arguments *to, const struct etcd *etcd)
{
	if (!etcd->plan.tls)
		return;
	add(to, "--trusted-ca-file", etcd->ca);
	add(to, "--cert-file", etcd->server_certificate);
	add(to, "--key-file", etcd->server_key);
	to->list[to->count++] = "--client-cert-auth";
}

_Noreturn static void become(const struct etcd *etcd,
			     const struct etcd_member *member, pid_t test)
{
	struct arguments arguments = { { "etcd" }, 1 };
	char data[128], log[128], all[3 * 80] = "";
	size_t used = 0;
	int fd;

	snprintf(data, sizeof(data), "%s/%s", etcd->folder, member->name);
	snprintf(log, sizeof(log), "%s/%s.log", etcd->folder, member->name);
	for (int i = 0; i < etcd->count; i++)
		used += (size_t)snprintf(all + used, sizeof(all) - used,
					 "%s%s=%s", i > 0 ? "," : "",
					 etcd->members[i].name,
					 etcd->members[i].peer_url);
	add(&arguments, "--name", member->name);
	add(&arguments, "--data-dir", data);
	add(&arguments, "--listen-client-urls", member->url);
	add(&arguments, "--advertise-client-urls", member->url);
	add(&arguments, "--listen-peer-urls", member->peer_url);
	add(&arguments, "--initial-advertise-peer-urls", member->peer_url);
	add(&arguments, "--initial-cluster", all);
	add(&arguments, "--logger", "zap");
	add(&arguments, "--log-level", "warn");
	add_certificates(&arguments, etcd);
	/* On a busy machine a login would take longer than a request may. */
	if (etcd->plan.authentication)
		add(&arguments, "--bcrypt-cost", "4");
	if (etcd->plan.short_tokens)
		add(&arguments, "--auth-token", etcd->tokens);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == test)
		execvp("etcd", (char *const *)arguments.list);
	_exit(70);
}

void etcd_restart(struct etcd *etcd, int number)
{
	struct etcd_member *member = &etcd->members[number];
	pid_t test = getpid();

	require(member->pid == 0);
	member->pid = fork();
	require(member->pid >= 0);
	if (member->pid == 0)
		become(etcd, member, test);
}

static void end(struct etcd_member *member, int signal)
{
	if (member->pid == 0)
		return;
	kill(member->pid, signal);
	require(waitpid(member->pid, NULL, 0) == member->pid);
	member->pid = 0;
}

void etcd_kill(struct etcd *etcd, int member)
{
	end(&etcd->members[member], SIGKILL);
}

void etcd_stop(struct etcd *etcd, int member)
{
	end(&etcd->members[member], SIGTERM);
}

void etcd_freeze(struct etcd *etcd, int member)
{
	pid_t pid = etcd->members[member].pid;

	kill(pid, SIGSTOP);
	wait_stopped(pid);
}

static bool is_thawed(void *pid)
{
	return process_state(*(pid_t *)pid) != 'T';
}

void etcd_thaw(struct etcd *etcd, int member)
{
	pid_t pid = etcd->members[member].pid;

	kill(pid, SIGCONT);
	wait_until(is_thawed, &pid);
}

/* ---- the whole ----------------------------------------------------------- */

/* Which member has ended by itself; -1: none. */
static int ended(struct etcd *etcd)
{
	for (int i = 0; i < etcd->count; i++) {
		struct etcd_member *member = &etcd->members[i];

		if (member->pid > 0 &&
		    waitpid(member->pid, NULL, WNOHANG) == member->pid) {
			member->pid = 0;
			return i;
		}
	}
	return -1;
}

/* Whether somebody else has taken one of its ports; else its log is shown. */
static bool lacks_port(const struct etcd *etcd, int member)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "grep -q 'address already in use' '%s/%s.log' || "
		 "{ tail -n 20 '%s/%s.log' >&2; false; }",
		 etcd->folder, etcd->members[member].name, etcd->folder,
		 etcd->members[member].name);
	return system(command) == 0;
}

static bool answers(struct etcd *etcd)
{
	static char text[CTL_TEXT];

	return etcd_ctl(etcd, text, "get", "--keys-only", "health") == 0;
}

static void kill_all(struct etcd *etcd)
{
	for (int i = 0; i < etcd->count; i++)
		etcd_kill(etcd, i);
}

/* Starts all; false, with none left, if ports are taken. */
static bool come_up(struct etcd *etcd)
{
	int gone;

	name_members(etcd);
	for (int i = 0; i < etcd->count; i++)
		etcd_restart(etcd, i);
	while (!answers(etcd)) {
		gone = ended(etcd);
		if (gone < 0)
			continue;
		require(lacks_port(etcd, gone));
		kill_all(etcd);
		return false;
	}
	return true;
}

void etcd_wait(struct etcd *etcd)
{
	int64_t hang = now_ns() + INT64_C(120000000000);

	while (!answers(etcd)) {
		int gone = ended(etcd);

		require(gone < 0 || lacks_port(etcd, gone));
		require(gone < 0); /* its port was taken meanwhile */
		require(now_ns() < hang);
	}
}

struct etcd *etcd_start(const struct etcd_plan *plan)
{
	struct etcd *etcd = calloc(1, sizeof(*etcd));
	bool is_up = false;

	require(etcd);
	etcd->plan = *plan;
	etcd->count = plan->members ? plan->members : 1;
	if (!plan->address)
		etcd->plan.address = "127.0.0.1";
	for (int i = 0; !is_up && i < TRIES; i++) {
		if (i > 0)
			folder_remove(etcd);
		folder_make(etcd);
		if (plan->tls)
			certificates_make(etcd);
		if (plan->short_tokens)
			tokens_make(etcd);
		is_up = come_up(etcd);
	}
	require(is_up);
	if (plan->authentication)
		etcd_authenticate(etcd);
	return etcd;
}

void etcd_end(struct etcd *etcd)
{
	kill_all(etcd);
	folder_remove(etcd);
	free(etcd);
}

/* What is not there must not be left from another one. */
static void set(const char *name, const char *value, bool is_there)
{
	if (is_there)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

void etcd_tell(const struct etcd *etcd)
{
	const struct etcd_plan *plan = &etcd->plan;

	set("PORTLOCK_ETCD_ENDPOINTS", etcd->endpoints, true);
	set("PORTLOCK_ETCD_CA", etcd->ca, plan->tls);
	set("PORTLOCK_ETCD_CERT", etcd->certificate, plan->tls);
	set("PORTLOCK_ETCD_KEY", etcd->certificate_key, plan->tls);
	set("PORTLOCK_ETCD_USER", ETCD_USER, plan->authentication);
	set("PORTLOCK_ETCD_PASSWORD", ETCD_PASSWORD, plan->authentication);
}
