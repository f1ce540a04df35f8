/* SPDX-License-Identifier: MIT */
/* machine.c - judges what look.c has seen of the machine. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli/doctor/doctor.h"

/* The machine's own namespaces; that of networks is known since Linux 6.18. */
#define FIRST_PID_NAMESPACE "pid:[4026531836]"
#define FIRST_NET_NAMESPACE "net:[4026531833]"

#define FDS_OF_TCP 3 /* a gate and two ports */
#define FEW_FDS 64

void judge_queue(struct report *report, const char *somaxconn)
{
	unsigned room;

	if (!somaxconn || sscanf(somaxconn, "%u", &room) != 1) {
		found(report, LEVEL_NOTE, "queue",
		      "how many can queue (somaxconn) cannot be told");
	} else if (room >= PL_BACKLOG) {
		found(report, LEVEL_OK, "queue",
		      "%d can wait in order for "
		      "each lock",
		      PL_BACKLOG);
	} else {
		found(report, LEVEL_WARNING, "queue",
		      "%u can wait in order for each lock "
		      "(net.core.somaxconn); more than that try again and "
		      "again, in no order",
		      room);
		advise(report, "sysctl -w net.core.somaxconn=%d", PL_BACKLOG);
	}
}

void judge_descriptors(struct report *report, const struct rlimit *limit)
{
	unsigned long long soft = limit->rlim_cur, hard = limit->rlim_max;

	if (limit->rlim_cur == RLIM_INFINITY) {
		found(report, LEVEL_OK, "descriptors", "there is no limit");
		return;
	}
	found(report, soft < FEW_FDS ? LEVEL_WARNING : LEVEL_OK, "descriptors",
	      "%llu a process: some %llu locks by tcp, %llu by unix", soft,
	      soft / FDS_OF_TCP, soft);
	if (soft >= FEW_FDS)
		return;
	if (limit->rlim_max > limit->rlim_cur)
		advise(report, "ulimit -n %llu", hard > 1024 ? 1024ULL : hard);
	else
		advise(report, "raise the limit where the service is started: "
			       "LimitNOFILE= of systemd, or limits.conf");
}

/* By its name, or as that of a process 1 which is not a container's. */
static bool is_machines_own(const char *own_net, const char *first_net,
			    const char *own_pid)
{
	return strcmp(own_net, FIRST_NET_NAMESPACE) == 0 ||
	       (first_net && strcmp(own_net, first_net) == 0 && own_pid &&
		strcmp(own_pid, FIRST_PID_NAMESPACE) == 0);
}

void judge_namespace(struct report *report, const char *own_net,
		     const char *first_net, const char *own_pid)
{
	if (!own_net) {
		found(report, LEVEL_NOTE, "namespace",
		      "the network namespace cannot be told");
	} else if (is_machines_own(own_net, first_net, own_pid)) {
		found(report, LEVEL_OK, "namespace",
		      "locks reach as far as the machine's own network, %s",
		      own_net);
	} else if (!first_net) {
		found(report, LEVEL_NOTE, "namespace",
		      "locks reach as far as %s; whether that is the machine's "
		      "own network cannot be told without rights over process "
		      "1",
		      own_net);
	} else if (strcmp(own_net, first_net) != 0) {
		found(report, LEVEL_NOTE, "namespace",
		      "locks reach as far as %s, which is not that of process "
		      "1 (%s)",
		      own_net, first_net);
		advise(report, "whoever is to share locks must share the "
			       "network, as with docker run "
			       "--network=host");
	} else {
		found(report, LEVEL_NOTE, "namespace",
		      "this is a container, and locks reach as far as its "
		      "network, %s",
		      own_net);
		advise(report, "compare with readlink /proc/self/ns/net "
			       "wherever locks are to be shared");
	}
}

/* The value of hidepid= of the last /proc that was mounted, in a buffer; ""
 * if there is none. */
static void find_hidepid(const char *mounts, char value[16])
{
	*value = '\0';
	for (const char *line = mounts; line && *line;
	     line = strchrnul(line, '\n'), line += *line == '\n') {
		char options[1024];
		const char *at;

		if (sscanf(line, "%*s /proc proc %1023s", options) != 1)
			continue;
		at = strstr(options, "hidepid=");
		*value = '\0';
		if (at)
			sscanf(at, "hidepid=%15[a-z0-9]", value);
	}
}

void judge_sight(struct report *report, const char *ptrace_scope,
		 const char *mounts, bool is_root, bool sees_first)
{
	char hidepid[16];
	bool hidden;

	find_hidepid(mounts, hidepid);
	hidden = *hidepid && strcmp(hidepid, "0") != 0 &&
		 strcmp(hidepid, "off") != 0;
	if (is_root && sees_first) {
		found(report, LEVEL_OK, "sight",
		      "root can see who holds and waits");
	} else if (is_root) {
		found(report, LEVEL_NOTE, "sight",
		      "root without rights over process 1: who holds and waits "
		      "may be told of some processes only");
		advise(report, "the capability SYS_PTRACE gives these rights");
	} else {
		found(report, LEVEL_NOTE, "sight",
		      "who holds and waits is told of this user's "
		      "processes%s%s",
		      hidden ? "; /proc hides others: hidepid=" : " only",
		      hidden ? hidepid : "");
		advise(report, "run portlock who and list as root to see all");
	}
	if (ptrace_scope && strcmp(ptrace_scope, "0") != 0)
		found(report, LEVEL_OK, "sight",
		      "yama's ptrace_scope %s keeps strace and gdb from "
		      "processes; portlock needs neither",
		      ptrace_scope);
}

void judge_loopback(struct report *report, bool is_up)
{
	if (is_up) {
		found(report, LEVEL_OK, "loopback", "lo is up");
		return;
	}
	found(report, LEVEL_NOTE, "loopback",
	      "lo is down or missing in this network namespace; whether locks "
	      "by tcp can be had all the same, the trial tells; those of "
	      "--transport unix can");
	advise(report, "ip link set lo up");
}

static bool is_older(const char *release, unsigned major, unsigned minor)
{
	unsigned has_major, has_minor;

	return sscanf(release, "%u.%u", &has_major, &has_minor) == 2 &&
	       (has_major < major || (has_major == major && has_minor < minor));
}

void judge_kernel(struct report *report, const char *release,
		  bool refuses_rights, bool has_pidfd)
{
	bool is_blind = is_older(release, 6, 8);

	if (refuses_rights && has_pidfd && !is_blind)
		found(report, LEVEL_OK, "kernel", "Linux %s has all that helps",
		      release);
	if (!refuses_rights)
		found(report, LEVEL_NOTE, "kernel",
		      "Linux %s cannot refuse descriptors that other users "
		      "send unasked (SO_PASSRIGHTS, since 6.16): portlock "
		      "closes them, which takes a moment",
		      release);
	if (is_blind)
		found(report, LEVEL_NOTE, "kernel",
		      "Linux %s does not tell of TCP sockets that are bound "
		      "only (since 6.8): strangers on a key's ports may stay "
		      "unknown",
		      release);
	if (!has_pidfd)
		found(report, LEVEL_NOTE, "kernel",
		      "Linux %s, or a sandbox, has no pidfd_open (since 5.3): "
		      "portlock run looks every few ms whether its command has "
		      "ended",
		      release);
}

static void advise_on_trial(struct report *report, const char *transport,
			    int error)
{
	bool has_ports = strcmp(transport, "tcp") == 0;

	switch (error) {
	case -EACCES:
		advise(report,
		       "a sandbox or security module (seccomp, "
		       "AppArmor, SELinux, Landlock) must allow %s",
		       has_ports ? "binding ports of 127.0.0.1"
				 : "abstract unix sockets");
		break;
	case -ENOSYS:
		advise(report, "install portlock-session, which speaks to "
			       "etcd, or set PORTLOCK_SESSION to its path");
		break;
	case -EHOSTUNREACH:
		advise(report,
		       "see that etcd runs, and PORTLOCK_ETCD_ENDPOINTS "
		       "names it");
		break;
	case -EKEYREJECTED:
		advise(report,
		       "see the variables PORTLOCK_ETCD_USER, _PASSWORD, "
		       "_CA, _CERT and _KEY, and etcd's own log");
		break;
	default:
		advise(report, "see the other findings; portlock(3) has the "
			       "errors' meanings");
	}
}

void judge_trial(struct report *report, const char *transport, int error,
		 const char *detail)
{
	if (error == 0) {
		found(report, LEVEL_OK, "trial",
		      "a lock was taken and let go, transport %s", transport);
		return;
	}
	found(report, LEVEL_PROBLEM, "trial",
	      "a lock that nobody has could not be taken, transport %s: "
	      "%s%s%s",
	      transport, portlock_strerror(error), *detail ? ": " : "", detail);
	advise_on_trial(report, transport, error);
}
