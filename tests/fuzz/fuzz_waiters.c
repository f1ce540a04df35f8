/* SPDX-License-Identifier: MIT */
/* fuzz_waiters.c - a holder that releases, among hostile waiters.
 *
 * The first letter is the holder's transport (t tcp, else unix; T and U: on a
 * kernel that cannot refuse descriptors).  Then comes what others do, a letter each, see do_letter(), up to a newline; what they do
 * after an R they do in the middle of the release.  What follows the newline is
 * what the kernel says of the first waiter's process in /proc/PID/stat.
 *
 * The release ends, and leaves nothing; at most one gets the lock, the first
 * in the queue that can, never another user; and if nobody does, the names are
 * free.  They also are when descriptors are closed that another user has sent.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "sim.h"
#include "socket.h"

const char fuzz_name[] = "waiters";

#define WAITERS_MAX 16
#define STEPS_MAX 200
#define READ_MAX 511 /* of the kernel's words */

struct waiter {
	bool honest, gone;
	bool stranger;		   /* another user's */
	bool sent, loaded;	   /* bytes; descriptors */
	int number;		   /* in the queue; -1: it is not */
	int fd;			   /* of a hostile one; -1: closed */
	struct pl_attempt attempt; /* of an honest one */
};

static struct {
	struct input script;
	struct pl_address address;
	struct waiter waiters[WAITERS_MAX];
	int count, queued;
	struct waiter *at; /* whom the letters are about */
	int steps;
	bool old;  /* the kernel */
	bool late; /* the release is going on */
	bool interfered;
	bool passed; /* descriptors, into the queue */
} world;

static const struct socket_key *key;

enum kind { HONEST, HOSTILE, STRANGER };

static void join(enum kind kind)
{
	struct waiter *waiter = &world.waiters[world.count];

	if (world.count == WAITERS_MAX)
		return;
	*waiter = (struct waiter){ .honest = kind == HONEST,
				   .stranger = kind == STRANGER,
				   .number = -1,
				   .fd = -1 };
	if (waiter->honest) {
		waiter->attempt = (struct pl_attempt){
			.epoch = pl_epoch(),
			.socket = -1,
			.bundle = PL_BUNDLE_NONE,
		};
		waiter->gone =
			pl_gate_connect(&waiter->attempt, &world.address) < 0;
	} else {
		waiter->fd = socket_connect(world.address.name);
		waiter->gone = waiter->fd < 0;
	}
	if (!waiter->gone)
		waiter->number = world.queued++;
	world.at = waiter;
	world.count++;
}

static int fd_of(const struct waiter *waiter)
{
	return waiter->honest ? waiter->attempt.socket : waiter->fd;
}

static void end_connection(struct waiter *waiter)
{
	waiter->gone = true;
	if (fd_of(waiter) >= 0)
		close(fd_of(waiter));
	waiter->fd = waiter->attempt.socket = -1;
}

static void send_through(const void *data, size_t size, const int *fds,
			 int count, int flags)
{
	if (socket_send(fd_of(world.at), data, size, fds, (size_t)count,
			flags) <= 0)
		return;
	world.at->sent = true;
	world.at->loaded |= count > 0;
}

/* Passes descriptors, its own and those of others, into the queue: who has
 * closed its connection may be there still. */
static void send_things(void)
{
	char data[16] = "plgrant1";
	int fds[WAITERS_MAX + 1], count = 0;

	for (int i = 0; i < world.count; i++)
		if (fd_of(&world.waiters[i]) >= 0)
			fds[count++] = fd_of(&world.waiters[i]);
	world.interfered = world.passed = true;
	send_through(data, sizeof(data), fds, count, 0);
}

/* Descriptors of the kinds that are in a byte, which nobody else has. */
static void send_kinds(int flags)
{
	int kinds = input_byte(&world.script);
	int pair[2], fds[8], count = 0;

	if (kinds & 1 && pipe2(pair, O_CLOEXEC) == 0) {
		fds[count++] = pair[0];
		fds[count++] = pair[1];
	}
	if (kinds & 2)
		fds[count++] = socket_bind_port(0, SOCK_STREAM);
	if (kinds & 4)
		fds[count++] = socket_bind_name(world.address.name, SOCK_DGRAM);
	if (kinds & 8)
		fds[count++] = epoll_create1(EPOLL_CLOEXEC);
	if (kinds & 16)
		fds[count++] = memfd_create("thing", MFD_CLOEXEC);
	if (kinds & 32)
		fds[count++] = open("/dev/null", O_RDWR | O_CLOEXEC);
	send_through("x", 1, fds, count, flags);
	while (count > 0)
		close(fds[--count]);
}

static void send_bytes(void)
{
	char bytes[256];
	int size = 1 + input_byte(&world.script) % (int)sizeof(bytes);

	memset(bytes, 'x', sizeof(bytes));
	send_through(bytes, (size_t)size, NULL, 0, 0);
}

static void do_letter(char letter)
{
	switch (letter) {
	case 'h': /* an honest waiter joins */
		return join(HONEST);
	case 'c': /* a hostile one */
		return join(HOSTILE);
	case 'n': /* another user's */
		return join(STRANGER);
	case '.':
		return sim_pass(PL_MSEC);
	case '<': /* the one before */
		if (world.at > world.waiters)
			world.at--;
		return;
	}
	if (!world.at || fd_of(world.at) < 0)
		return;
	switch (letter) {
	case 'b':
		return send_bytes();
	case 'd':
		return send_things();
	case 'k':
		return send_kinds(0);
	case 'o':
		return send_kinds(MSG_OOB);
	case 'w': /* half closes */
		shutdown(fd_of(world.at), SHUT_WR);
		return;
	case 'r':
		world.at->gone = true;
		shutdown(fd_of(world.at), SHUT_RD);
		return;
	case 's':
		world.at->gone = true;
		shutdown(fd_of(world.at), SHUT_RDWR);
		return;
	case 'x':
		return end_connection(world.at);
	}
}

/* One letter's worth; false: it is the holder's turn. */
static bool step(void)
{
	static const char letters[] = "hc.<bdwrsxRnko";
	int byte;

	if (world.script.at == world.script.end || ++world.steps > STEPS_MAX)
		return false;
	byte = input_byte(&world.script);
	if (!byte || !strchr(letters, byte))
		byte = letters[(size_t)byte % (sizeof(letters) - 1)];
	if (byte == 'R')
		return false;
	do_letter((char)byte);
	return true;
}

static bool nothing(void)
{
	return false;
}

static void interfere(void)
{
	if (world.late)
		world.interfered |= step();
}

static struct waiter *accepted(int number)
{
	for (int i = 0; i < world.count; i++)
		if (world.waiters[i].number == number)
			return &world.waiters[i];
	fuzz_check(false);
	return NULL;
}

static uid_t user_of(int number)
{
	return geteuid() + (accepted(number)->stranger ? 1 : 0);
}

/* Which can take any time. */
static void closing(int number)
{
	const struct waiter *waiter = accepted(number);

	if (waiter->stranger && waiter->loaded)
		fuzz_check(socket_name_is_free(world.address.name));
}

/* ---- what may come of it ------------------------------------------------- */

/* Whether that, in /proc/PID/stat, is a stopped process. */
static bool is_stopped(const char *text, size_t size)
{
	size_t length = strnlen(text, size < READ_MAX ? size : READ_MAX);
	size_t after = length;

	while (after > 0 && text[after - 1] != ')')
		after--;
	return after > 0 && after + 1 < length && text[after] == ' ' &&
	       text[after + 1] == 'T';
}

/* The waiter, if it was granted the lock: closes what it got. */
static bool is_granted(struct waiter *waiter)
{
	static const struct pl_wait at_once = { .watch = -1 };

	if (!waiter->honest)
		return waiter->fd >= 0 && socket_gets_descriptors(waiter->fd);
	if (waiter->attempt.socket < 0 ||
	    pl_gate_wait(&waiter->attempt, &world.address, &at_once) < 0)
		return false;
	fuzz_check(!socket_name_is_free(world.address.name));
	fuzz_check(waiter->attempt.bundle.gate >= 0);
	pl_bundle_close(&waiter->attempt.bundle);
	return true;
}

static void check_grants(bool stopped)
{
	struct waiter *first = NULL, *granted = NULL;
	bool ended = stopped;

	for (int i = 0; i < world.count; i++) {
		struct waiter *waiter = &world.waiters[i];

		/* Who may have sent descriptors must not be closed yet. */
		ended |= world.old && waiter->stranger && waiter->sent;
		if (!first && !waiter->gone && !waiter->stranger && !ended)
			first = waiter;
		if (!is_granted(waiter))
			continue;
		fuzz_check(!granted && !waiter->stranger);
		granted = waiter;
	}
	if (!world.interfered)
		fuzz_check(granted == first);
}

/*
 * Whether it holds; where descriptors were passed round in circles, when the
 * holder has let go of its side of the connection, and the kernel has cleared
 * up, which it does in its own time.
 */
static void wait_until(bool (*holds)(struct portlock_lock *lock),
		       struct portlock_lock *lock)
{
	int left = world.passed ? 5000 : 0;

	while (!holds(lock)) {
		fuzz_check(left-- > 0);
		usleep(1000);
	}
}

static bool can_lock(struct portlock_lock *lock)
{
	return portlock_try_lock(lock) == 0;
}

static bool is_all_free(struct portlock_lock *unused)
{
	bool free = socket_name_is_free(world.address.name);

	(void)unused;
	for (int i = 0; i < PORTLOCK_PORTS; i++)
		free = free && socket_port_is_free(key->ports[i]);
	return free;
}

static void hold_and_release(const char *stat, size_t size)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	struct portlock_lock lock;
	uint64_t token;
	bool stopped;
	int first = input_byte(&world.script);

	options.transport = first == 't' || first == 'T' ? "tcp" : "unix";
	world.old = first == 'T' || first == 'U';
	if (world.old)
		sim_old_kernel();
	fuzz_check(pl_lock_init(&lock, key->text, &options) == 0);
	fuzz_check(portlock_try_lock(&lock) == 0);
	token = portlock_token(&lock);
	while (step())
		;
	sim_file(stat, size);
	stopped = is_stopped(stat, size) &&
		  (uint64_t)pl_now(CLOCK_BOOTTIME) - token >= PL_MSEC;
	world.late = true;
	fuzz_check(portlock_release(&lock) == 0);
	world.late = false;
	fuzz_check(!portlock_has_locked(&lock) && portlock_token(&lock) == 0);
	check_grants(stopped);
	/* It is free, and nothing is in the way. */
	wait_until(can_lock, &lock);
	pl_lock_fini(&lock);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, data + size };
	char *script = input_text(&input, '\n', &size);
	size_t stat_size;
	char *stat = input_text(&input, INPUT_ALL, &stat_size);
	int fds;

	memset(&world, 0, sizeof(world));
	key = socket_key();
	pl_address_of_key(&world.address, key->text);
	world.script =
		(struct input){ (uint8_t *)script, (uint8_t *)script + size };
	fds = sockets_open();
	sim_start(nothing, interfere);
	sim_peers(user_of, closing);
	hold_and_release(stat, stat_size);
	for (int i = 0; i < world.count; i++)
		end_connection(&world.waiters[i]);
	sim_end();
	fuzz_check(sockets_open() == fds);
	wait_until(is_all_free, NULL);
	free(script);
	free(stat);
	return 0;
}
