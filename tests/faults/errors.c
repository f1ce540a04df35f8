/* SPDX-License-Identifier: MIT */
/* errors.c - how each call of the core can fail, by its manual page.
 *
 * All that section 2 and 7 of the manual name, also where a socket of this
 * family never fails like that: an emulator, a sandbox (seccomp) or a security
 * module may.  FAULT_DONE stands where the work can be done in spite of the
 * error and nothing is lost with it, as a new descriptor would be.  close() has
 * no other form: on Linux the descriptor is gone, whatever it says.  getpid(),
 * geteuid() and free() cannot fail, and clock_gettime() only for a clock that
 * the kernel lacks.  timerfd_gettime() is how a lock is asked whether it is
 * held, by the scenes too: that it fails is not a fault but a lock that is lost.
 */
#include "config.h"

#include <errno.h>
#include <stddef.h>

#include "errors.h"

#define ERRORS(...)                                                            \
	(const int[])                                                          \
	{                                                                      \
		__VA_ARGS__, 0                                                 \
	}

#define NOT_DONE (1u << FAULT_NOT_DONE)
#define DONE (1u << FAULT_DONE)
#define ZERO (1u << FAULT_ZERO)
#define SHORT (1u << FAULT_SHORT)
#define CUT (1u << FAULT_CUT)

const struct call_errors call_errors[] = {
	{ CALL_SOCKET, "socket",
	  ERRORS(EACCES, EAFNOSUPPORT, EINVAL, EMFILE, ENFILE, ENOBUFS, ENOMEM,
		 EPERM, EPROTONOSUPPORT, ESOCKTNOSUPPORT),
	  NOT_DONE },
	{ CALL_BIND, "bind",
	  ERRORS(EACCES, EADDRINUSE, EADDRNOTAVAIL, EBADF, EFAULT, EINVAL,
		 ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR, ENOTSOCK, EPERM,
		 EROFS),
	  NOT_DONE | DONE },
	{ CALL_LISTEN, "listen",
	  ERRORS(EADDRINUSE, EBADF, EINVAL, ENOTSOCK, EOPNOTSUPP),
	  NOT_DONE | DONE },
	{ CALL_CONNECT, "connect",
	  ERRORS(EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN,
		 EALREADY, EBADF, ECONNREFUSED, EFAULT, EINPROGRESS, EINTR,
		 EINVAL, EISCONN, ENETUNREACH, ENOENT, ENOMEM, ENOTSOCK, EPERM,
		 EPROTOTYPE, ETIMEDOUT),
	  NOT_DONE | DONE },
	{ CALL_ACCEPT, "accept4",
	  ERRORS(EAGAIN, EBADF, ECONNABORTED, EFAULT, EHOSTDOWN, EHOSTUNREACH,
		 EINTR, EINVAL, EMFILE, ENETDOWN, ENETUNREACH, ENFILE, ENOBUFS,
		 ENOMEM, ENONET, ENOPROTOOPT, ENOSR, ENOTSOCK, EOPNOTSUPP,
		 EPERM, EPROTO, EPROTONOSUPPORT, ESOCKTNOSUPPORT, ETIMEDOUT),
	  NOT_DONE },
	{ CALL_SENDMSG, "sendmsg",
	  ERRORS(EACCES, EAGAIN, EALREADY, EBADF, ECONNRESET, EDESTADDRREQ,
		 EFAULT, EINTR, EINVAL, EISCONN, EMSGSIZE, ENOBUFS, ENOMEM,
		 ENOTCONN, ENOTSOCK, EOPNOTSUPP, EPERM, EPIPE, ESRCH,
		 ETOOMANYREFS),
	  NOT_DONE | DONE | ZERO | SHORT },
	{ CALL_RECVMSG, "recvmsg",
	  ERRORS(EAGAIN, EBADF, ECONNREFUSED, ECONNRESET, EFAULT, EINTR, EINVAL,
		 ENOMEM, ENOTCONN, ENOTSOCK, ETIMEDOUT),
	  NOT_DONE | ZERO | SHORT | CUT },
	{ CALL_SHUTDOWN, "shutdown", ERRORS(EBADF, EINVAL, ENOTCONN, ENOTSOCK),
	  NOT_DONE | DONE },
	{ CALL_GETSOCKOPT, "getsockopt",
	  ERRORS(EBADF, EFAULT, EINVAL, ENOPROTOOPT, ENOTSOCK), NOT_DONE },
	{ CALL_SETSOCKOPT, "setsockopt",
	  ERRORS(EBADF, EFAULT, EINVAL, ENOPROTOOPT, ENOTSOCK, EPERM),
	  NOT_DONE | DONE },
	{ CALL_GETSOCKNAME, "getsockname",
	  ERRORS(EBADF, EFAULT, EINVAL, ENOBUFS, ENOTSOCK), NOT_DONE },
	{ CALL_GETPEERNAME, "getpeername",
	  ERRORS(EBADF, EFAULT, EINVAL, ENOBUFS, ENOTCONN, ENOTSOCK),
	  NOT_DONE },
	{ CALL_SOCKETPAIR, "socketpair",
	  ERRORS(EAFNOSUPPORT, EFAULT, EMFILE, ENFILE, EOPNOTSUPP,
		 EPROTONOSUPPORT),
	  NOT_DONE },
	{ CALL_TIMERFD_CREATE, "timerfd_create",
	  ERRORS(EINVAL, EMFILE, ENFILE, ENODEV, ENOMEM, EPERM), NOT_DONE },
	{ CALL_SPAWN, "spawn",
	  ERRORS(E2BIG, EACCES, EAGAIN, EINVAL, EIO, EISDIR, ELIBBAD, ELOOP,
		 EMFILE, ENAMETOOLONG, ENFILE, ENOENT, ENOEXEC, ENOMEM, ENOSPC,
		 ENOTDIR, EPERM, ETXTBSY),
	  NOT_DONE | DONE },
	{ CALL_TIMES, "fstat", ERRORS(EBADF, EFAULT, ENOMEM, EOVERFLOW),
	  NOT_DONE },
	{ CALL_PPOLL, "ppoll", ERRORS(EFAULT, EINTR, EINVAL, ENOMEM),
	  NOT_DONE | ZERO },
	{ CALL_OPEN, "open",
	  ERRORS(EACCES, EBUSY, EFAULT, EINTR, EINVAL, EISDIR, ELOOP, EMFILE,
		 ENAMETOOLONG, ENFILE, ENODEV, ENOENT, ENOMEM, ENOTDIR, ENXIO,
		 EOVERFLOW, EPERM, EWOULDBLOCK),
	  NOT_DONE },
	{ CALL_READ, "read",
	  ERRORS(EAGAIN, EBADF, EFAULT, EINTR, EINVAL, EIO, EISDIR, ESRCH),
	  NOT_DONE | ZERO },
	{ CALL_CLOSE, "close", ERRORS(EBADF, EDQUOT, EINTR, EIO, ENOSPC),
	  DONE },
	{ CALL_DUP, "dup", ERRORS(EBADF, EINVAL, EMFILE), NOT_DONE },
	{ CALL_SET_STATUS, "set_status", ERRORS(EBADF, EPERM),
	  NOT_DONE | DONE },
	{ CALL_FUTIMENS, "futimens",
	  ERRORS(EACCES, EBADF, EINVAL, ENOSYS, EPERM, EROFS),
	  NOT_DONE | DONE },
	{ CALL_BOOTTIME, "clock_gettime", ERRORS(EFAULT, EINVAL), NOT_DONE },
	{ CALL_CALLOC, "calloc", ERRORS(ENOMEM), NOT_DONE },
};

const size_t call_errors_count = sizeof(call_errors) / sizeof(call_errors[0]);
