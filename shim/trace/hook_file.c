/* SPDX-License-Identifier: MIT */
/* hook_file.c - locks on files: flock, fcntl and lockf; lckpwdf and
 * lockfile_create, which are one lock each.
 */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <shadow.h>
#include <stdarg.h>
#include <sys/file.h>
#include <unistd.h>

#include "shim/trace/trace.h"

int __fcntl(int fd, int command, ...);
int lockfile_create(const char *path, int retries, int flags);

static void name_of(int fd, char real[PATH_MAX])
{
	int error = errno;

	if (!path_of_fd(fd, real)) {
		real[0] = '?';
		real[1] = '\0';
	}
	errno = error;
}

/* ---- flock --------------------------------------------------------------- */

SHIM_HOOK int flock(int fd, int operation)
{
	int wanted = operation & (LOCK_SH | LOCK_EX | LOCK_UN);
	char real[PATH_MAX];
	struct trace trace;
	int result;

	if (!trace_begin(&trace, "flock"))
		return REAL(flock)(fd, operation);
	name_of(fd, real);
	if (wanted != LOCK_UN && !(operation & LOCK_NB))
		trace_waits(&trace, real);
	result = REAL(flock)(fd, operation);
	trace_result(&trace, real, result < 0 ? errno : 0);
	trace_word(&trace, wanted == LOCK_UN   ? "unlock"
			   : wanted == LOCK_SH ? "shared"
					       : "lock");
	trace_send(&trace);
	return result;
}

/* ---- fcntl, lockf -------------------------------------------------------- */

/* What there is to tell of a record lock, of either size of its struct. */
struct request {
	const char *word;
	int64_t start, length;
};

static const char *word_of(int type)
{
	return type == F_UNLCK ? "unlock" : type == F_RDLCK ? "shared" : "lock";
}

static void finish(struct trace *trace, const char *real,
		   const struct request *request, int result)
{
	trace_result(trace, real, result < 0 ? errno : 0);
	trace_word(trace, request->word);
	if (request->start != 0 || request->length != 0) {
		trace_number(trace, "start=", request->start);
		trace_number(trace, "length=", request->length);
	}
	trace_send(trace);
}

/* Whether it is a command that locks, with something to be locked; then what,
 * and whether it waits. */
static bool look(int command, const void *argument, struct request *request,
		 bool *waits)
{
	struct flock64 large;

	switch (command) {
	case F_SETLK64:
	case F_SETLKW64:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		if (!trace_peek(&large, argument, sizeof(large)))
			return false;
		break;
#if F_SETLK != F_SETLK64
	case F_SETLK:
	case F_SETLKW: {
		struct flock small;

		if (!trace_peek(&small, argument, sizeof(small)))
			return false;
		large = (struct flock64){ .l_type = small.l_type,
					  .l_start = small.l_start,
					  .l_len = small.l_len };
		break;
	}
#endif
	default:
		return false;
	}
	*request = (struct request){ word_of(large.l_type), large.l_start,
				     large.l_len };
	*waits = command == F_SETLKW || command == F_SETLKW64 ||
		 command == F_OFD_SETLKW;
	return true;
}

static int control(int fd, int command, void *argument,
		   int (*call)(int, int, ...))
{
	struct request request;
	char real[PATH_MAX];
	struct trace trace;
	bool waits;
	int result;

	if (!look(command, argument, &request, &waits) ||
	    !trace_begin(&trace, "fcntl"))
		return call(fd, command, argument);
	name_of(fd, real);
	if (waits && *request.word != 'u')
		trace_waits(&trace, real);
	result = call(fd, command, argument);
	finish(&trace, real, &request, result);
	return result;
}

#define TAKE_ARGUMENT(argument, command)                                       \
	do {                                                                   \
		va_list arguments;                                             \
		va_start(arguments, command);                                  \
		(argument) = va_arg(arguments, void *);                        \
		va_end(arguments);                                             \
	} while (0)

SHIM_HOOK int fcntl(int fd, int command, ...)
{
	void *argument;

	TAKE_ARGUMENT(argument, command);
	return control(fd, command, argument, REAL(fcntl));
}

SHIM_HOOK int fcntl64(int fd, int command, ...)
{
	void *argument;

	TAKE_ARGUMENT(argument, command);
	return control(fd, command, argument, REAL(fcntl64));
}

SHIM_HOOK int __fcntl(int fd, int command, ...)
{
	void *argument;

	TAKE_ARGUMENT(argument, command);
	return control(fd, command, argument, REAL(fcntl));
}

/* From here: where the file stands, for a range. */
static struct request from_here(int fd, int command, int64_t length)
{
	struct request request = { command == F_ULOCK ? "unlock" : "lock",
				   lseek64(fd, 0, SEEK_CUR), length };

	return request;
}

SHIM_HOOK int lockf64(int fd, int command, off64_t length)
{
	struct request request;
	char real[PATH_MAX];
	struct trace trace;
	int result;

	if (command == F_TEST || !trace_begin(&trace, "lockf"))
		return REAL(lockf64)(fd, command, length);
	name_of(fd, real);
	request = from_here(fd, command, length);
	if (command == F_LOCK)
		trace_waits(&trace, real);
	result = REAL(lockf64)(fd, command, length);
	finish(&trace, real, &request, result);
	return result;
}

SHIM_HOOK int lockf(int fd, int command, off_t length)
{
	return lockf64(fd, command, length);
}

/* ---- small ones ---------------------------------------------------------- */

#define PASSWORDS "/etc/.pwd.lock"

SHIM_HOOK int lckpwdf(void)
{
	struct trace trace;
	int result;

	if (!trace_begin(&trace, "lckpwdf"))
		return REAL(lckpwdf)();
	trace_waits(&trace, PASSWORDS);
	result = REAL(lckpwdf)();
	trace_result(&trace, PASSWORDS, result < 0 ? errno : 0);
	trace_send(&trace);
	return result;
}

SHIM_HOOK int ulckpwdf(void)
{
	struct trace trace;
	int result;

	if (!trace_begin(&trace, "ulckpwdf"))
		return REAL(ulckpwdf)();
	result = REAL(ulckpwdf)();
	trace_result(&trace, PASSWORDS, result < 0 ? errno : 0);
	trace_send(&trace);
	return result;
}

/* Not libc's: it is looked up when somebody calls it, and so has it. */
SHIM_HOOK int lockfile_create(const char *path, int retries, int flags)
{
	int (*next)(const char *, int, int);
	char real[PATH_MAX];
	struct trace trace;
	size_t base;
	int result;

	*(void **)&next = dlsym(RTLD_NEXT, "lockfile_create");
	if (!next) {
		errno = ENOSYS;
		return -1;
	}
	if (!trace_begin(&trace, "lockfile_create"))
		return next(path, retries, flags);
	if (!path_resolve(AT_FDCWD, path, real, &base)) {
		real[0] = '?';
		real[1] = '\0';
	}
	trace_waits(&trace, real);
	trace_mute(true);
	result = next(path, retries, flags);
	trace_mute(false);
	/* Its results are no errno: the lock was not to be had. */
	trace_result(&trace, real, result == 0 ? 0 : EAGAIN);
	trace_send(&trace);
	return result;
}
