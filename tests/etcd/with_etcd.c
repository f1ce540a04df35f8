/* SPDX-License-Identifier: MIT */
/* with_etcd.c - runs a command beside an etcd that is there for it alone. */
#include "config.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/etcd/cluster.h"
#include "tests/etcd/hosts.h"

static const char usage[] =
	"usage: with_etcd [--members 1|3] [--tls] [--authentication]\n"
	"                 [--hosts COUNT] [--] COMMAND [ARGUMENT]...\n"
	"The command finds the etcd by PORTLOCK_ETCD_* and ETCDCTL_*, the\n"
	"pids of its members in ETCD_PIDS.  With hosts, $HOST_1 PROGRAM runs "
	"a\n"
	"program on the first one and so on.  The exit status is the\n"
	"command's; etcd is gone then.  77: no hosts can be made here.\n";

struct wishes {
	struct etcd_plan plan;
	int hosts;
};

static void read_options(struct wishes *wishes, int argc, char **argv)
{
	static const struct option options[] = {
		{ "members", required_argument, NULL, 'm' },
		{ "tls", no_argument, NULL, 't' },
		{ "authentication", no_argument, NULL, 'a' },
		{ "hosts", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "+", options, NULL)) >= 0) {
		if (option == 'm')
			wishes->plan.members = atoi(optarg);
		else if (option == 't')
			wishes->plan.tls = true;
		else if (option == 'a')
			wishes->plan.authentication = true;
		else if (option == 'n')
			wishes->hosts = atoi(optarg);
		else if (option == 'h')
			exit(fputs(usage, stdout) < 0);
		else
			exit(64);
	}
	if (optind < argc && wishes->plan.members >= 0 &&
	    wishes->plan.members <= MEMBERS_MAX && wishes->hosts >= 0 &&
	    wishes->hosts <= HOSTS_MAX)
		return;
	fputs(usage, stderr);
	exit(64);
}

/* Their pids; where it is, to etcdctl. */
static void tell_etcd(const struct etcd *etcd)
{
	char pids[64] = "";
	int used = 0;

	for (int i = 0; i < etcd->count; i++)
		used += snprintf(pids + used, sizeof(pids) - (size_t)used,
				 "%s%d", i > 0 ? " " : "",
				 (int)etcd->members[i].pid);
	setenv("ETCD_PIDS", pids, 1);
	setenv("ETCDCTL_API", "3", 1);
	setenv("ETCDCTL_ENDPOINTS", etcd->endpoints, 1);
	if (etcd->plan.tls) {
		setenv("ETCDCTL_CACERT", etcd->ca, 1);
		setenv("ETCDCTL_CERT", etcd->certificate, 1);
		setenv("ETCDCTL_KEY", etcd->certificate_key, 1);
	}
	if (etcd->plan.authentication)
		setenv("ETCDCTL_USER", ETCD_USER ":" ETCD_PASSWORD, 1);
}

/* nsenter is told the namespace by a descriptor of ours. */
static void tell_hosts(int count)
{
	for (int i = 0; i < count; i++) {
		char name[24], value[64];

		snprintf(name, sizeof(name), "HOST_%d", i + 1);
		snprintf(value, sizeof(value), "nsenter --net=/proc/%d/fd/%d",
			 (int)getpid(), hosts[i].network);
		setenv(name, value, 1);
	}
}

static int run(char **arguments)
{
	pid_t this = getpid(), pid = fork();
	int status;

	require(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() == this)
			execvp(arguments[0], arguments);
		fprintf(stderr, "with_etcd: %s cannot be run\n", arguments[0]);
		_exit(127);
	}
	/* The terminal's are for the command; its end is ours. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	require(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	struct wishes wishes = { { 0 }, 0 };
	struct etcd *etcd;
	int status;

	read_options(&wishes, argc, argv);
	alarm(0); /* of the support: it is for tests */
	if (!etcd_is_installed())
		return 1;
	if (wishes.hosts > 0 && !hosts_make(wishes.hosts))
		return 77;
	if (wishes.hosts > 0)
		wishes.plan.address = HUB_ADDRESS;
	etcd = etcd_start(&wishes.plan);
	etcd_tell(etcd);
	tell_etcd(etcd);
	tell_hosts(wishes.hosts);
	status = run(argv + optind);
	etcd_end(etcd);
	return status;
}
