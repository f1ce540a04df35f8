/* SPDX-License-Identifier: MIT */
/* attack.c - processes of another user that do what they can against a key. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "attack.h"
#include "impostor.h"
#include "old_kernel.h"
#include "lib/internal.h"

#define REST_NS INT64_C(100000)
#define HELD_NS INT64_C(5000000) /* a name, until others have a chance */
#define FDS_MAX 253
#define BATCH 64    /* connections between two looks */
#define USERS 50000 /* from 10000 on, as a container may have no more */

/* ---- the queue ----------------------------------------------------------- */

int attack_connect(const char *key)
{
	struct pl_address address;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	pl_address_of_key(&address, key);
	if (connect(fd, (struct sockaddr *)&address.gate,
		    address.gate_length) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Opens until the queue or the process is full; then lets all go at once, if
 * it was the process. */
static bool flood_and_keep(const struct key *key)
{
	static int kept[20000];
	static int count;
	int fd = attack_connect(key->text);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE))
		while (count > 0)
			close(kept[--count]);
	if (fd < 0)
		return false;
	kept[count++] = fd;
	if (count == sizeof(kept) / sizeof(*kept))
		while (count > 0)
			close(kept[--count]);
	return true;
}

/* What is closed stays in the queue, and costs its owner nothing. */
static bool flood_and_close(const struct key *key)
{
	int fd = -1;

	for (int i = 0; i < BATCH; i++) {
		fd = attack_connect(key->text);
		if (fd < 0)
			return false;
		close(fd);
	}
	return true;
}

/* ---- what is sent -------------------------------------------------------- */

/* A TCP connection over loopback, full; it has time to linger. */
static int lingering_socket(void)
{
	static char data[65536];
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct linger linger = { 1, 3600 };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int full = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	require(listener >= 0 && full >= 0 &&
		bind(listener, (struct sockaddr *)&address, length) == 0 &&
		listen(listener, 1) == 0 &&
		getsockname(listener, (struct sockaddr *)&address, &length) ==
			0 &&
		connect(full, (struct sockaddr *)&address, length) == 0);
	/* Kept for good, and never read. */
	require(accept4(listener, NULL, NULL, SOCK_CLOEXEC) >= 0);
	close(listener);
	while (send(full, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	require(setsockopt(full, SOL_SOCKET, SO_LINGER, &linger,
			   sizeof(linger)) == 0);
	return full;
}

static int send_descriptors(int connection, const int *fds, size_t count,
			    int flags)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec data = { "x", 1 };
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen =
					  CMSG_SPACE(count * sizeof(int)) };
	struct cmsghdr *header = &control.align;

	memset(&control, 0, sizeof(control));
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	flags |= MSG_DONTWAIT | MSG_NOSIGNAL;
	return sendmsg(connection, &message, flags) < 0 ? -errno : 0;
}

int attack_send_lingering(int connection, int flags)
{
	int fd = lingering_socket();
	int error = send_descriptors(connection, &fd, 1, flags);
	struct linger none = { 0, 0 };

	/* Back with us, it must not hold us up. */
	if (error < 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(fd);
	return error;
}

/* As many sockets as one message takes; whoever closes it closes them. */
static int send_sockets(int connection)
{
	int fds[FDS_MAX];
	size_t count = 0;
	int error = -EMFILE;

	while (count < FDS_MAX) {
		fds[count] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fds[count] < 0)
			break;
		count++;
	}
	if (count > 0)
		error = send_descriptors(connection, fds, count, 0);
	while (count > 0)
		close(fds[--count]);
	return error;
}

static bool send_cargo(const struct key *key)
{
	int fd = attack_connect(key->text);
	bool sent;

	if (fd < 0)
		return false;
	sent = send_sockets(fd) == 0;
	while (sent && send_sockets(fd) == 0)
		;
	close(fd);
	return true;
}

static bool send_junk(const struct key *key)
{
	static const struct grant_bytes grant = GRANT_BYTES;
	int fd = attack_connect(key->text);

	if (fd < 0)
		return false;
	while (send(fd, &grant, sizeof(grant), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
	close(fd);
	return true;
}

/* Sockets in flight through each other keep the kernel's collector busy. */
static bool fly_in_circles(const struct key *key)
{
	int fds[FDS_MAX];

	(void)key;
	for (int i = 0; i + 1 < FDS_MAX; i += 2)
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
			       fds + i) < 0)
			return false;
	for (int i = 0; i + 1 < FDS_MAX; i++)
		send_descriptors(fds[i], fds, FDS_MAX - 1, 0);
	for (int i = 0; i + 1 < FDS_MAX; i++)
		close(fds[i]);
	return true;
}

/* ---- the names ----------------------------------------------------------- */

static bool hold_unheard(const struct key *key)
{
	int gate = bind_gate(key->text);

	if (gate < 0)
		return false;
	sleep_ns(HELD_NS);
	close(gate);
	return false;
}

static bool hold_and_listen(const struct key *key)
{
	int gate = bind_gate(key->text);

	if (gate < 0)
		return false;
	listen(gate, 4096);
	sleep_ns(HELD_NS);
	close(gate);
	return false;
}

/* What it does to each waiter that comes while it has the gate. */
static bool hold_and(const struct key *key, void (*treat)(int gate, int waiter))
{
	int64_t end = now_ns() + HELD_NS;
	int gate = bind_gate(key->text);

	if (gate < 0)
		return false;
	require(listen(gate, 4096) == 0);
	require(fcntl(gate, F_SETFL, O_NONBLOCK) == 0);
	while (now_ns() < end) {
		int waiter = accept4(gate, NULL, NULL, SOCK_CLOEXEC);

		if (waiter >= 0)
			treat(gate, waiter);
		if (waiter >= 0)
			close(waiter);
	}
	close(gate);
	return false;
}

static void hang_up(int gate, int waiter)
{
	(void)gate;
	(void)waiter;
}

static void grant_falsely(int gate, int waiter)
{
	static const struct grant_bytes grant = GRANT_BYTES;

	impostor_send(waiter, &grant, sizeof(grant), &gate, 1);
}

static bool hold_and_hang_up(const struct key *key)
{
	return hold_and(key, hang_up);
}

static bool hold_and_grant(const struct key *key)
{
	return hold_and(key, grant_falsely);
}

static bool squat(const struct key *key, int first, int count)
{
	int fds[PORTLOCK_PORTS];

	for (int i = 0; i < count; i++)
		fds[i] = bind_port(key->ports[(first + i) % PORTLOCK_PORTS]);
	sleep_ns(HELD_NS);
	for (int i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return false;
}

static bool squat_one(const struct key *key)
{
	return squat(key, 0, 1);
}

static bool squat_all(const struct key *key)
{
	return squat(key, 0, PORTLOCK_PORTS);
}

static bool squat_in_turns(const struct key *key)
{
	static int first;

	return squat(key, first++, 2);
}

/* Names beside that of the gate in the kernel's table: the two words between
 * add nothing to its checksum of a name. */
static bool crowd_the_table(const struct key *key)
{
	static unsigned word;
	struct pl_address address;
	size_t size;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	pl_address_of_key(&address, key->text);
	size = address.gate_length - sizeof(sa_family_t);
	size += size % 2;
	for (int i = 0; i < 2; i++, word = ~word) {
		address.gate.sun_path[size++] = (char)word;
		address.gate.sun_path[size++] = (char)(word >> 8);
	}
	word++;
	if (bind(fd, (struct sockaddr *)&address.gate,
		 (socklen_t)(sizeof(sa_family_t) + size)) < 0)
		close(fd);
	return true;
}

const struct attack attacks[] = {
	{ "flood", "connects, without end", flood_and_keep },
	{ "flood-close", "connects and closes at once", flood_and_close },
	{ "junk", "connects, writes until it is full", send_junk },
	{ "cargo", "connects, sends thousands of sockets", send_cargo },
	{ "circles", "sends itself sockets in circles", fly_in_circles },
	{ "bind", "binds the gate, does not listen", hold_unheard },
	{ "listen", "binds the gate, listens, is silent", hold_and_listen },
	{ "hang-up", "binds the gate, hangs up on all", hold_and_hang_up },
	{ "grant", "binds the gate, sends a copy of it", hold_and_grant },
	{ "port", "binds one of the three ports", squat_one },
	{ "ports", "binds all ports", squat_all },
	{ "ports-turns", "binds two of the ports, in turns", squat_in_turns },
	{ "names", "binds thousands of names beside it", crowd_the_table },
};
const size_t attacks_count = sizeof(attacks) / sizeof(*attacks);

const struct attack *attack_find(const char *name)
{
	size_t i = 0;

	while (i < attacks_count && strcmp(attacks[i].name, name) != 0)
		i++;
	require(i < attacks_count);
	return &attacks[i];
}

/* ---- the process --------------------------------------------------------- */

struct mission {
	const struct attack *attack;
	const struct key *key;
};

/* The kernel counts descriptors in flight by user: who sends many is to keep
 * nobody in another test from sending one. */
static uid_t own_user(void)
{
	return 10000 + getpid() % USERS;
}

static void go_on(struct child *parent, void *argument)
{
	struct mission *mission = argument;
	struct rlimit limit;

	require(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = limit.rlim_max < 20000 ? limit.rlim_max : 20000;
	require(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	become_user(own_user());
	mission->attack->round(mission->key);
	say(parent, 0);
	for (;;)
		if (!mission->attack->round(mission->key))
			sleep_ns(REST_NS);
}

struct child *attack_start(const struct attack *attack, const struct key *key)
{
	struct mission mission = { attack, key };
	struct child *child = child_start(go_on, &mission);

	hear(child);
	return child;
}

/* ---- kernels ------------------------------------------------------------- */

void pretend_old_kernel(bool old)
{
	static struct pl_ops table;

	table = pl_libc_ops;
	table.setsockopt = old_setsockopt;
	pl_ops = old ? &table : &pl_libc_ops;
}

bool kernel_can_refuse(void)
{
	int pair[2];
	int null = dup(STDIN_FILENO);
	int error;

	require(null >= 0 &&
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	pl_cargo_refuse(pair[0]);
	error = send_descriptors(pair[1], &null, 1, 0);
	close(null);
	close(pair[0]);
	close(pair[1]);
	return error == -EPERM;
}
