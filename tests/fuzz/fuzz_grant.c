/* SPDX-License-Identifier: MIT */
/* fuzz_grant.c - a hostile holder, by a script of letters, and one waiter.
 *
 * The first letter is the waiter's transport (t tcp, else unix; T and U: the
 * holder is another user's, as far as the waiter can see), the second one
 * how it waits (w for 50 ms, y a try, i inside of the holder, else for ever).
 * The rest is what the holder does, see the table; all other characters stand
 * for one of these.  At the end it lets go of everything.
 *
 * The waiter holds the lock only if it was granted or free, and gets it at last
 * if it waits for ever; no descriptor is left over, whatever was sent.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fuzz.h"
#include "sim.h"
#include "socket.h"

const char fuzz_name[] = "grant";

#define FDS_MAX 253 /* in one message */
#define MINE_MAX 600
#define STEPS_MAX 300

struct grant {
	char magic[8];
	uint64_t token;
};

static struct {
	struct input script;
	char name[PL_GATE_MAX + 1];
	int mine[MINE_MAX], mines; /* descriptors to close */
	int gate, connection, ports[PORTLOCK_PORTS];
	int list[FDS_MAX], count; /* what the next message takes along */
	char stream[sizeof(struct grant)]; /* the first bytes sent */
	size_t sent;
	bool gate_sent; /* with them */
	bool granted, ended;
	bool stranger; /* another user's */
	int steps;
	struct rlimit limit;
} holder;

static const struct socket_key *key;

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
		holder.ports[i] =
			own(socket_bind_port(key->ports[i], SOCK_STREAM));
	add(holder.ports[i]);
}

static void add_other_gate(void)
{
	char name[PL_GATE_MAX + 1];
	int fd;

	snprintf(name, sizeof(name), "/portlock/%s-other", key->text);
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
	struct grant grant = { .token = token };

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
		return add(own(socket_bind_port(key->ports[0], SOCK_DGRAM)));
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
		return send_grant("plgrant1", 1000, sizeof(struct grant));
	case '!':
		return send_grant("plgrant1", UINT64_MAX, sizeof(struct grant));
	case 'P':
		return send_grant("plgrant1", 1000, 15);
	case 'W':
		return send_grant("plgrant2", 1000, sizeof(struct grant));
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

static void let_go(void)
{
	while (holder.mines > 0)
		close(holder.mine[--holder.mines]);
	holder.gate = -1;
	holder.ended = true;
}

static bool act(void)
{
	static const char letters[] = "+M!PWBHDXKNRbl.012Gf|SsdktTuLoemc*";
	int byte;

	if (holder.ended)
		return false;
	if (holder.script.at == holder.script.end ||
	    ++holder.steps > STEPS_MAX) {
		let_go();
		return true;
	}
	byte = input_byte(&holder.script);
	do_letter(byte && strchr(letters, byte)
			  ? (char)byte
			  : letters[(size_t)byte % (sizeof(letters) - 1)]);
	return true;
}

/* ---- the waiter ---------------------------------------------------------- */

static bool is_inside(const struct pl_address *address, pid_t listener)
{
	(void)address;
	return listener == getpid();
}

static int acquire(struct portlock_lock *lock, int mode)
{
	struct pl_wait how = { .deadline = PL_NEVER,
			       .sleep = lock->sleep,
			       .queue = mode != 'y',
			       .watch = -1 };
	int error;

	if (mode == 'w')
		how.deadline = pl_deadline_after(50);
	if (mode == 'i')
		how.is_inside = is_inside;
	error = pl_acquire(lock, &how);
	setrlimit(RLIMIT_NOFILE, &holder.limit);
	if (error == 0 || error == -EMFILE)
		return error;
	fuzz_check((error == -ETIMEDOUT && mode == 'w') ||
		   (error == -EBUSY && mode == 'y') ||
		   (error == -EALREADY && mode == 'i'));
	return error;
}

static void check_port(int fd, int *last)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	int index;

	fuzz_check(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
	fuzz_check(address.sin_family == AF_INET &&
		   address.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	index = ntohs(address.sin_port) - key->ports[0];
	fuzz_check(index >= 0 && index < PORTLOCK_PORTS && index != *last);
	fuzz_check(socket_bind_port(key->ports[index], SOCK_STREAM) ==
		   -EADDRINUSE);
	*last = index;
}

/* That the bundle is the lock, by plain calls. */
static void check_held(const struct portlock_lock *lock)
{
	struct sockaddr_un address;
	socklen_t length = sizeof(address);
	int last = -1;

	fuzz_check(holder.gate < 0 || holder.granted);
	fuzz_check(portlock_has_locked(lock));
	fuzz_check(portlock_token(lock) > 0);
	memset(&address, 0, sizeof(address));
	fuzz_check(getsockname(lock->bundle.gate, (struct sockaddr *)&address,
			       &length) == 0);
	fuzz_check(length == lock->address.gate_length &&
		   memcmp(&address, &lock->address.gate, length) == 0);
	fuzz_check(socket_bind_name(holder.name, SOCK_STREAM) == -EADDRINUSE);
	for (int i = 0; i < PL_QUORUM; i++)
		if (lock->transport == PL_TCP)
			check_port(lock->bundle.ports[i], &last);
		else
			fuzz_check(lock->bundle.ports[i] < 0);
}

static void begin(struct input script, bool stranger)
{
	memset(&holder, 0, sizeof(holder));
	holder.stranger = stranger;
	key = socket_key();
	holder.script = script;
	holder.connection = -1;
	for (int i = 0; i < PORTLOCK_PORTS; i++)
		holder.ports[i] = -1;
	snprintf(holder.name, sizeof(holder.name), "/portlock/%s", key->text);
	getrlimit(RLIMIT_NOFILE, &holder.limit);
	holder.gate =
		own(listening(socket_bind_name(holder.name, SOCK_STREAM)));
	fuzz_check(holder.gate >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	struct input input = { data, data + size };
	struct portlock_lock lock;
	int first = input_byte(&input), mode = input_byte(&input);
	int fds, held;

	options.transport = first == 't' || first == 'T' ? "tcp" : "unix";
	begin(input, first == 'T' || first == 'U');
	fds = sockets_open() - holder.mines;
	sim_start(act, NULL);
	if (holder.stranger)
		sim_user(geteuid() + 1);
	fuzz_check(pl_lock_init(&lock, key->text, &options) == 0);
	held = acquire(&lock, mode);
	if (held == 0) {
		check_held(&lock);
		portlock_release(&lock);
	}
	fuzz_check(!portlock_has_locked(&lock));
	if (held != 0)
		fuzz_check(sockets_open() == fds + holder.mines);
	let_go();
	pl_lock_fini(&lock);
	sim_end();
	fuzz_check(sockets_open() == fds);
	fuzz_check(socket_name_is_free(holder.name));
	for (int i = 0; i < PORTLOCK_PORTS; i++)
		fuzz_check(socket_port_is_free(key->ports[i]));
	return 0;
}
