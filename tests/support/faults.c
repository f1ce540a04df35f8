/* SPDX-License-Identifier: MIT */
/* faults.c - the core's table of calls, made to count, to fail and to tell. */
#include "config.h"

#include <errno.h>
#include <limits.h>
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

void fault_plant(struct faults *faults, const struct fault_plan *plan)
{
	int first = atomic_load(&faults->calls[plan->call].count) + plan->skip;

	faults->calls[plan->call].error = plan->error;
	faults->calls[plan->call].form = plan->form;
	atomic_store(&faults->calls[plan->call].last,
		     plan->persists ? INT_MAX : first + 1);
	atomic_store(&faults->calls[plan->call].fatal, first + 1);
}

void fault_clear(struct faults *faults)
{
	for (int i = 0; i < CALL_COUNT; i++)
		atomic_store(&faults->calls[i].fatal, 0);
}

void fault_set(struct faults *faults, enum call call, int skip, int error)
{
	struct fault_plan plan = { .call = call, .skip = skip, .error = error };

	fault_plant(faults, &plan);
}

int calls_of(struct faults *faults, enum call call)
{
	return atomic_load(&faults->calls[call].count);
}

#define NO_FAULT (-1)

/* The form in which this call of its kind fails, or NO_FAULT. */
static _Thread_local int meets;

/* Whether the call goes on; errno set otherwise. */
static bool begin(enum call call)
{
	int number = atomic_fetch_add(&used->calls[call].count, 1) + 1;
	int first = atomic_load(&used->calls[call].fatal);

	meets = NO_FAULT;
	if (used->calls[call].before)
		used->calls[call].before();
	if (first == 0 || number < first ||
	    number > atomic_load(&used->calls[call].last))
		return true;
	atomic_fetch_add(&used->met, 1);
	meets = (int)used->calls[call].form;
	errno = used->calls[call].error;
	return meets != FAULT_NOT_DONE && meets != FAULT_ZERO;
}

/* The hook behind a call that leaves its result as it is. */
static long end(enum call call, long result)
{
	bool lies = meets == FAULT_DONE;
	int error = lies ? used->calls[call].error : errno;

	if (used->calls[call].after)
		used->calls[call].after();
	errno = error;
	return lies ? -1 : result;
}

/* One call of the table: the number, and libc's function. */
#define PASS(call, function)                                                   \
	(begin(call)	       ? end(call, (long)(pl_libc_ops.function))       \
	 : meets == FAULT_ZERO ? 0                                             \
			       : -1)

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
	struct iovec bytes = message->msg_iov[0];
	struct msghdr sent = *message;

	if (!begin(CALL_SENDMSG))
		return meets == FAULT_ZERO ? 0 : -1;
	if (meets == FAULT_SHORT)
		bytes.iov_len /= 2;
	sent.msg_iov = &bytes;
	return end(CALL_SENDMSG, pl_libc_ops.sendmsg(fd, &sent, flags));
}

static ssize_t faulty_recvmsg(int fd, struct msghdr *message, int flags)
{
	if (!begin(CALL_RECVMSG)) {
		message->msg_controllen = 0;
		message->msg_flags = 0;
		return meets == FAULT_ZERO ? 0 : -1;
	}
	if (meets == FAULT_SHORT)
		message->msg_iov[0].iov_len /= 2;
	if (meets == FAULT_CUT && message->msg_control)
		message->msg_controllen = CMSG_LEN(sizeof(int));
	return end(CALL_RECVMSG, pl_libc_ops.recvmsg(fd, message, flags));
}

static int faulty_shutdown(int fd, int how)
{
	return (int)PASS(CALL_SHUTDOWN, shutdown(fd, how));
}

static int faulty_getsockopt(int fd, int level, int name, void *value,
			     socklen_t *length)
{
	return (int)PASS(CALL_GETSOCKOPT,
			 getsockopt(fd, level, name, value, length));
}

static int faulty_setsockopt(int fd, int level, int name, const void *value,
			     socklen_t length)
{
	return (int)PASS(CALL_SETSOCKOPT,
			 setsockopt(fd, level, name, value, length));
}

static int faulty_getsockname(int fd, struct sockaddr *address,
			      socklen_t *length)
{
	return (int)PASS(CALL_GETSOCKNAME, getsockname(fd, address, length));
}

static int faulty_getpeername(int fd, struct sockaddr *address,
			      socklen_t *length)
{
	return (int)PASS(CALL_GETPEERNAME, getpeername(fd, address, length));
}

static int faulty_socketpair(int domain, int type, int protocol, int fds[2])
{
	return (int)PASS(CALL_SOCKETPAIR,
			 socketpair(domain, type, protocol, fds));
}

static int faulty_timerfd_create(int clock, int flags)
{
	return (int)PASS(CALL_TIMERFD_CREATE, timerfd_create(clock, flags));
}

static int faulty_timerfd_gettime(int fd, struct itimerspec *left)
{
	return (int)PASS(CALL_TIMERFD_GETTIME, timerfd_gettime(fd, left));
}

static int faulty_spawn(const char *path, const int *fds, int count)
{
	int result = begin(CALL_SPAWN) ? pl_libc_ops.spawn(path, fds, count)
				       : -errno;

	return meets == FAULT_DONE ? -used->calls[CALL_SPAWN].error : result;
}

static int faulty_times(int fd, struct timespec times[2])
{
	return (int)PASS(CALL_TIMES, times(fd, times));
}

static int faulty_ppoll(struct pollfd *fds, nfds_t count,
			const struct timespec *timeout, const sigset_t *mask)
{
	if (count == 0 && timeout) {
		int64_t pause = timeout->tv_sec * INT64_C(1000000000) +
				timeout->tv_nsec;

		if (pause > atomic_load(&used->pause_longest))
			atomic_store(&used->pause_longest, pause);
		atomic_fetch_add(&used->pauses, 1);
	}
	return (int)PASS(CALL_PPOLL, ppoll(fds, count, timeout, mask));
}

static int faulty_open(const char *path, int flags)
{
	return (int)PASS(CALL_OPEN, open(path, flags));
}

static ssize_t faulty_read(int fd, void *buffer, size_t size)
{
	return PASS(CALL_READ, read(fd, buffer, size));
}

static int faulty_close(int fd)
{
	return (int)PASS(CALL_CLOSE, close(fd));
}

static int faulty_dup(int fd)
{
	return (int)PASS(CALL_DUP, dup(fd));
}

static int faulty_set_status(int fd, int status)
{
	return (int)PASS(CALL_SET_STATUS, set_status(fd, status));
}

static int faulty_futimens(int fd, const struct timespec times[2])
{
	return (int)PASS(CALL_FUTIMENS, futimens(fd, times));
}

static int faulty_clock_gettime(clockid_t clock, struct timespec *now)
{
	if (clock != CLOCK_BOOTTIME)
		return pl_libc_ops.clock_gettime(clock, now);
	return (int)PASS(CALL_BOOTTIME, clock_gettime(clock, now));
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
	table.shutdown = faulty_shutdown;
	table.getsockopt = faulty_getsockopt;
	table.setsockopt = faulty_setsockopt;
	table.getsockname = faulty_getsockname;
	table.getpeername = faulty_getpeername;
	table.socketpair = faulty_socketpair;
	table.timerfd_create = faulty_timerfd_create;
	table.timerfd_gettime = faulty_timerfd_gettime;
	table.spawn = faulty_spawn;
	table.times = faulty_times;
	table.ppoll = faulty_ppoll;
	table.open = faulty_open;
	table.read = faulty_read;
	table.close = faulty_close;
	table.dup = faulty_dup;
	table.set_status = faulty_set_status;
	table.futimens = faulty_futimens;
	table.clock_gettime = faulty_clock_gettime;
	table.calloc = faulty_calloc;
	table.free = counting_free;
	pl_ops = &table;
}
