/* SPDX-License-Identifier: MIT */
/* faults.c - the core's table of calls, made to count, to fail and to tell. */
#include "config.h"

#include <errno.h>
#include <sys/mman.h>

#include "faults.h"
#include "lib/internal.h"
#include "support.h"

static struct faults *used;

struct faults *faults_new(void)
{
	return shared_memory(sizeof(struct faults));
}

void faults_free(struct faults *faults)
{
	munmap(faults, sizeof(*faults));
}

void fault_set(struct faults *faults, enum call call, int skip, int error)
{
	faults->calls[call].error = error;
	atomic_store(&faults->calls[call].fatal,
		     atomic_load(&faults->calls[call].count) + skip + 1);
}

int calls_of(struct faults *faults, enum call call)
{
	return atomic_load(&faults->calls[call].count);
}

/* Whether the call goes on; errno set otherwise. */
static bool begin(enum call call)
{
	int number = atomic_fetch_add(&used->calls[call].count, 1) + 1;

	if (used->calls[call].before)
		used->calls[call].before();
	if (number != atomic_load(&used->calls[call].fatal))
		return true;
	errno = used->calls[call].error;
	return false;
}

/* The hook behind a call that leaves its result as it is. */
static long end(enum call call, long result)
{
	int error = errno;

	if (used->calls[call].after)
		used->calls[call].after();
	errno = error;
	return result;
}

/* One call of the table: the number, and libc's function. */
#define PASS(call, function)                                                   \
	(begin(call) ? end(call, (long)(pl_libc_ops.function)) : -1)

static int faulty_socket(int domain, int type, int protocol)
{
	return (int)PASS(CALL_SOCKET, socket(domain, type, protocol));
}

static int faulty_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	return (int)PASS(CALL_BIND, bind(fd, address, length));
}

static int faulty_listen(int fd, int backlog)
{
	if (used->backlog > 0 && backlog > used->backlog)
		backlog = used->backlog;
	return (int)PASS(CALL_LISTEN, listen(fd, backlog));
}

static int faulty_connect(int fd, const struct sockaddr *address,
			  socklen_t length)
{
	return (int)PASS(CALL_CONNECT, connect(fd, address, length));
}

static int faulty_accept4(int fd, struct sockaddr *address, socklen_t *length,
			  int flags)
{
	return (int)PASS(CALL_ACCEPT, accept4(fd, address, length, flags));
}

static ssize_t faulty_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return PASS(CALL_SENDMSG, sendmsg(fd, message, flags));
}

static ssize_t faulty_recvmsg(int fd, struct msghdr *message, int flags)
{
	return PASS(CALL_RECVMSG, recvmsg(fd, message, flags));
}

static int faulty_getsockopt(int fd, int level, int name, void *value,
			     socklen_t *length)
{
	return (int)PASS(CALL_GETSOCKOPT,
			 getsockopt(fd, level, name, value, length));
}

static int faulty_getsockname(int fd, struct sockaddr *address,
			      socklen_t *length)
{
	return (int)PASS(CALL_GETSOCKNAME, getsockname(fd, address, length));
}

static int telling_ppoll(struct pollfd *fds, nfds_t count,
			 const struct timespec *timeout, const sigset_t *mask)
{
	if (count == 0 && timeout) {
		int64_t pause = timeout->tv_sec * INT64_C(1000000000) +
				timeout->tv_nsec;

		if (pause > atomic_load(&used->pause_longest))
			atomic_store(&used->pause_longest, pause);
		atomic_fetch_add(&used->pauses, 1);
	}
	return pl_libc_ops.ppoll(fds, count, timeout, mask);
}

static void *faulty_calloc(size_t count, size_t size)
{
	return begin(CALL_CALLOC) ? pl_libc_ops.calloc(count, size) : NULL;
}

static void counting_free(void *memory)
{
	begin(CALL_FREE);
	pl_libc_ops.free(memory);
}

void faults_use(struct faults *faults)
{
	static struct pl_ops table;

	if (!faults) {
		pl_ops = &pl_libc_ops;
		return;
	}
	used = faults;
	table = pl_libc_ops;
	table.socket = faulty_socket;
	table.bind = faulty_bind;
	table.listen = faulty_listen;
	table.connect = faulty_connect;
	table.accept4 = faulty_accept4;
	table.sendmsg = faulty_sendmsg;
	table.recvmsg = faulty_recvmsg;
	table.getsockopt = faulty_getsockopt;
	table.getsockname = faulty_getsockname;
	table.ppoll = telling_ppoll;
	table.calloc = faulty_calloc;
	table.free = counting_free;
	pl_ops = &table;
}
