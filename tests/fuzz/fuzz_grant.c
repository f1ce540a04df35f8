/* SPDX-License-Identifier: MIT */
/* fuzz_grant.c - a hostile holder, by a script of letters, and one waiter.
 *
 * The first letter is the waiter's transport (t tcp, else unix; T and U: the
 * holder is another user's, as far as the waiter can see), the second one
 * how it waits (w for 50 ms, y a try, i inside of the holder, else for ever).
 * The rest is what the holder does (holder.c); all other characters stand
 * for one of these.  At the end it lets go of everything.
 *
 * The waiter holds the lock only if it was granted or free, and gets it at last
 * if it waits for ever; no descriptor is left over, whatever was sent.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "holder.h"
#include "sim.h"
#include "socket.h"

const char fuzz_name[] = "grant";

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
	index = ntohs(address.sin_port) - holder.key->ports[0];
	fuzz_check(index >= 0 && index < PORTLOCK_PORTS && index != *last);
	fuzz_check(socket_bind_port(holder.key->ports[index], SOCK_STREAM) ==
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	struct input input = { data, data + size };
	struct portlock_lock lock;
	int first = input_byte(&input), mode = input_byte(&input);
	int fds, held;

	options.transport = first == 't' || first == 'T' ? "tcp" : "unix";
	holder_begin(input, first == 'T' || first == 'U');
	fds = sockets_open() - holder.mines;
	sim_start(holder_act, NULL);
	if (holder.stranger)
		sim_user(geteuid() + 1);
	fuzz_check(pl_lock_init(&lock, holder.key->text, &options) == 0);
	held = acquire(&lock, mode);
	if (held == 0) {
		check_held(&lock);
		portlock_release(&lock);
	}
	fuzz_check(!portlock_has_locked(&lock));
	if (held != 0)
		fuzz_check(sockets_open() == fds + holder.mines);
	holder_let_go();
	pl_lock_fini(&lock);
	sim_end();
	fuzz_check(sockets_open() == fds);
	fuzz_check(socket_name_is_free(holder.name));
	for (int i = 0; i < PORTLOCK_PORTS; i++)
		fuzz_check(socket_port_is_free(holder.key->ports[i]));
	return 0;
}
