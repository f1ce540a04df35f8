/* SPDX-License-Identifier: MIT */
/* holder.c - a hostile holder, by a script of letters. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "holder.h"
#include "sim.h"

#define STEPS_MAX 300

struct holder holder;

/* ---- what the holder has ------------------------------------------------- */

/* Notes a descriptor that is to be closed; a failure is none. */
static int own(int fd)
{
	if (fd < 0)
		return -1;
	if (holder.mines == MINE_MAX) {
		close(fd);
		return -1;
	}
	holder.mine[holder.mines++] = fd;
	return fd;
}

static void disown(int *fd)
{
	for (int i = 0; *fd >= 0 && i < holder.mines; i++)
		if (holder.mine[i] == *fd) {
			holder.mine[i] = holder.mine[--holder.mines];
			close(*fd);
			break;
		}
	for (int i = 0; i < holder.count; i++)
		if (holder.list[i] == *fd)
			holder.list[i--] = holder.list[--holder.count];
	*fd = -1;
}

static void add(int fd)
{
	if (fd >= 0 && holder.count < FDS_MAX)
		holder.list[holder.count++] = fd;
}

static void add_port(int i)
{
	if (holder.ports[i] < 0)
		holder.ports[i] = own(
			socket_bind_port(holder.key->ports[i], SOCK_STREAM));
	add(holder.ports[i]);
}

static void add_other_gate(void)
{
	char name[PL_GATE_MAX + 1];
	int fd;

	snprintf(name, sizeof(name), "/portlock/%s-other", holder.key->text);
	fd = own(socket_bind_name(name, SOCK_STREAM));
	if (fd >= 0)
		listen(fd, 1);
	add(fd);
}

static void add_pair(int (*make)(int fds[2]))
{
	int fds[2];

	if (make(fds) < 0)
		return;
	add(own(fds[0]));
	add(own(fds[1]));
}

static int make_pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
}

static int make_pipe(int fds[2])
{
	return pipe2(fds, O_CLOEXEC);
}

static int listening(int fd)
{
	if (fd >= 0)
		listen(fd, 1);
	return fd;
}

static void double_list(void)
{
	for (int i = holder.count; i > 0; i--)
		add(holder.list[i - 1]);
}

/* ---- what it says -------------------------------------------------------- */

/*
 * What of this the waiter may read as one message: the connection is a stream,
 * so a grant can come in pieces, and the gate with any of them.
 */
static void note_sent(const char *data, size_t size)
{
	size_t room = sizeof(holder.stream) - holder.sent;

	for (int i = 0; room > 0 && i < holder.count; i++)
		holder.gate_sent |=
			holder.list[i] == holder.gate && holder.gate >= 0;
	if (size > room)
		size = room;
	memcpy(holder.stream + holder.sent, data, size);
	holder.sent += size;
	holder.granted |= !holder.stranger && holder.gate_sent &&
			  holder.sent == sizeof(holder.stream) &&
			  memcmp(holder.stream, "plgrant1", 8) == 0;
}

static void send_data(const void *data, size_t size)
{
	if (size > 0 && socket_send(holder.connection, data, size, holder.list,
				    (size_t)holder.count, 0) > 0)
		note_sent(data, size);
	holder.count = 0;
}

static void send_grant(const char *magic, uint64_t token, size_t size)
{
	struct holder_grant grant = { .token = token };

	memcpy(grant.magic, magic, sizeof(grant.magic));
	send_data(&grant, size);
}

static void send_bytes(void)
{
	char bytes[64];
	size_t size = (size_t)input_byte(&holder.script) % sizeof(bytes);

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)input_byte(&holder.script);
	send_data(bytes, size);
}

static void bind_gate_again(bool listens)
{
	disown(&holder.gate);
	holder.gate = own(socket_bind_name(holder.name, SOCK_STREAM));
	if (listens && holder.gate >= 0)
		listen(holder.gate, 4);
}

static void set_blocking(void)
{
	if (holder.gate >= 0)
		fcntl(holder.gate, F_SETFL, 0);
}

/* So many more descriptors than are open now. */
static void limit_descriptors(int more)
{
	struct rlimit limit = holder.limit;
	int lowest = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);

	if (lowest < 0)
		return;
	close(lowest);
	limit.rlim_cur = (rlim_t)(lowest + more);
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void add_thing(char letter)
{
	switch (letter) {
	case '0':
	case '1':
	case '2':
		return add_port(letter - '0');
	case 'G':
		return add(holder.gate);
	case 'f':
		return add(own(open("/dev/null", O_RDWR | O_CLOEXEC)));
	case '|':
		return add_pair(make_pipe);
	case 'S':
		return add_pair(make_pair);
	case 's':
		return add(own(socket(AF_UNIX, SOCK_STREAM, 0)));
	case 'd':
		return add(own(socket_bind_name(holder.name, SOCK_DGRAM)));
	case 'k':
		return add(listening(
			own(socket_bind_name(holder.name, SOCK_SEQPACKET))));
	case 't':
		return add(own(socket(AF_INET, SOCK_STREAM, 0)));
	case 'T':
		return add(own(socket_bind_port(0, SOCK_STREAM)));
	case 'u':
		return add(own(
			socket_bind_port(holder.key->ports[0], SOCK_DGRAM)));
	case 'L':
		add_port(1);
		listening(holder.ports[1]);
		return;
	case 'o':
		return add_other_gate();
	case 'e':
		return add(own(epoll_create1(EPOLL_CLOEXEC)));
	case 'm':
		return add(own(memfd_create("thing", MFD_CLOEXEC)));
	case 'c':
		/* One of ours could keep a waiter waiting by that, which waits
		 * for the end of a connection that it has in its own queue. */
		if (holder.stranger)
			add(holder.connection);
		return;
	case '*':
		return double_list();
	}
}

static void do_letter(char letter)
{
	switch (letter) {
	case '+':
		fcntl(holder.gate, F_SETFL, O_NONBLOCK);
		holder.connection = own(accept4(holder.gate, NULL, NULL,
						SOCK_CLOEXEC | SOCK_NONBLOCK));
		holder.sent = 0;
		holder.gate_sent = false;
		return;
	case 'M':
		return send_grant("plgrant1", 1000,
				  sizeof(struct holder_grant));
	case '!':
		return send_grant("plgrant1", UINT64_MAX,
				  sizeof(struct holder_grant));
	case 'P':
		return send_grant("plgrant1", 1000, 15);
	case 'W':
		return send_grant("plgrant2", 1000,
				  sizeof(struct holder_grant));
	case 'B':
		return send_bytes();
	case 'H':
		shutdown(holder.connection, SHUT_WR);
		return;
	case 'D':
		shutdown(holder.connection, SHUT_RD);
		return;
	case 'X':
		return disown(&holder.connection);
	case 'K':
		return disown(&holder.gate);
	case 'N':
		return bind_gate_again(false);
	case 'R':
		return bind_gate_again(true);
	case 'b':
		return set_blocking();
	case 'l':
		return limit_descriptors(input_byte(&holder.script) % 8);
	case '.':
		return sim_pass(PL_MSEC);
	default:
		return add_thing(letter);
	}
}

void holder_let_go(void)
{
	while (holder.mines > 0)
		close(holder.mine[--holder.mines]);
	holder.gate = -1;
	holder.ended = true;
}

bool holder_act(void)
{
	static const char letters[] = "+M!PWBHDXKNRbl.012Gf|SsdktTuLoemc*";
	int byte;

	if (holder.ended)
		return false;
	if (holder.script.at == holder.script.end ||
	    ++holder.steps > STEPS_MAX) {
		holder_let_go();
		return true;
	}
	byte = input_byte(&holder.script);
	do_letter(byte && strchr(letters, byte)
			  ? (char)byte
			  : letters[(size_t)byte % (sizeof(letters) - 1)]);
	return true;
}

void holder_begin(struct input script, bool stranger)
{
	memset(&holder, 0, sizeof(holder));
	holder.stranger = stranger;
	holder.key = socket_key();
	holder.script = script;
	holder.connection = -1;
	for (int i = 0; i < PORTLOCK_PORTS; i++)
		holder.ports[i] = -1;
	snprintf(holder.name, sizeof(holder.name), "/portlock/%s",
		 holder.key->text);
	getrlimit(RLIMIT_NOFILE, &holder.limit);
	holder.gate =
		own(listening(socket_bind_name(holder.name, SOCK_STREAM)));
	fuzz_check(holder.gate >= 0);
}
