/* SPDX-License-Identifier: MIT */
/* write.c - one line of the trace, by open(2) and write(2) alone. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim/trace/trace.h"

#define NS_OF_SECOND INT64_C(1000000000)

static char place[PATH_MAX]; /* empty: no trace */
static int64_t origin;	     /* of the times */
static __thread int muted;

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * NS_OF_SECOND + time.tv_nsec;
}

/* ---- a line -------------------------------------------------------------- */

/* Room for a newline is always left. */
static void put_char(struct trace *trace, char c)
{
	if (trace->length < sizeof(trace->text) - 1)
		trace->text[trace->length++] = c;
}

static void put(struct trace *trace, const char *text)
{
	while (*text)
		put_char(trace, *text++);
}

/* With zeros before it, to that many digits. */
static void put_digits(struct trace *trace, uint64_t number, int digits)
{
	char text[24], *at = text + sizeof(text);

	*--at = '\0';
	for (; digits > 0 || number > 0; digits--, number /= 10)
		*--at = (char)('0' + number % 10);
	put(trace, at);
}

static void put_number(struct trace *trace, int64_t number)
{
	if (number < 0)
		put_char(trace, '-');
	put_digits(trace, number < 0 ? -(uint64_t)number : (uint64_t)number, 1);
}

static void put_seconds(struct trace *trace, int64_t ns)
{
	uint64_t us = ns > 0 ? (uint64_t)ns / 1000 : 0;

	put_digits(trace, us / 1000000, 1);
	put_char(trace, '.');
	put_digits(trace, us % 1000000, 6);
}

/* Those beyond ASCII are two bytes in UTF-8. */
static bool is_control(const char *at, const char *name)
{
	unsigned char c = (unsigned char)*at, next = (unsigned char)at[1];

	if (c == 0xc2)
		return next >= 0x80 && next < 0xa0;
	return c < ' ' || c == 127 ||
	       (c >= 0x80 && c < 0xa0 && at > name &&
		(unsigned char)at[-1] == 0xc2);
}

/* A name must not be able to fake a word or a line; half a one is none. */
static void put_name(struct trace *trace, const char *name)
{
	static const char hex[] = "0123456789abcdef";
	size_t start = trace->length;

	for (const char *at = name; *at; at++) {
		unsigned char c = (unsigned char)*at;

		if (c != ' ' && c != '\\' && !is_control(at, name)) {
			put_char(trace, *at);
			continue;
		}
		put(trace, "\\x");
		put_char(trace, hex[c >> 4]);
		put_char(trace, hex[c & 15]);
	}
	/* The words after it have room, too. */
	if (trace->length - start > TRACE_LINE_MAX / 2 - 128) {
		trace->length = start;
		put_char(trace, '?');
	}
}

static void put_error(struct trace *trace, int error)
{
	static const struct {
		int number;
		const char *name;
	} errors[] = {
		{ 0, "ok" },
		{ EACCES, "EACCES" },
		{ EAGAIN, "EAGAIN" },
		{ EDEADLK, "EDEADLK" },
		{ EEXIST, "EEXIST" },
		{ EIDRM, "EIDRM" },
		{ EINTR, "EINTR" },
		{ EINVAL, "EINVAL" },
		{ EISDIR, "EISDIR" },
		{ ENOENT, "ENOENT" },
		{ ENOLCK, "ENOLCK" },
		{ ENOTDIR, "ENOTDIR" },
		{ ENOTEMPTY, "ENOTEMPTY" },
		{ EPERM, "EPERM" },
		{ EROFS, "EROFS" },
		{ ETIMEDOUT, "ETIMEDOUT" },
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (errors[i].number == error) {
			put(trace, errors[i].name);
			return;
		}
	}
	put(trace, "errno=");
	put_number(trace, error);
}

/* ---- the file ------------------------------------------------------------ */

/* System calls, as the functions may be the shim's, with rules, and are points
 * where a thread is cancelled. */
static void append(const struct trace *trace)
{
	int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd;

#ifdef O_LARGEFILE
	flags |= O_LARGEFILE;
#endif
	fd = (int)syscall(SYS_openat, AT_FDCWD, place, flags);
	if (fd < 0)
		return;
	syscall(SYS_write, fd, trace->text, trace->length);
	syscall(SYS_close, fd);
}

static void start_line(struct trace *trace, int64_t at, const char *name)
{
	trace->length = 0;
	put_seconds(trace, at - origin);
	put_char(trace, ' ');
	put_number(trace, getpid());
	put_char(trace, ' ');
	put(trace, trace->function);
	put_char(trace, ' ');
	put_name(trace, name);
	put_char(trace, ' ');
}

bool trace_begin(struct trace *trace, const char *function)
{
	if (!*place || muted)
		return false;
	trace->function = function;
	trace->began = now();
	return true;
}

void trace_waits(struct trace *trace, const char *name)
{
	trace->error = errno;
	start_line(trace, trace->began, name);
	put(trace, "waits 0.000000");
	trace_send(trace);
}

void trace_result(struct trace *trace, const char *name, int error)
{
	int64_t ended = now();

	trace->error = errno;
	start_line(trace, ended, name);
	put_error(trace, error);
	put_char(trace, ' ');
	put_seconds(trace, ended - trace->began);
}

void trace_word(struct trace *trace, const char *word)
{
	put_char(trace, ' ');
	put(trace, word);
}

void trace_number(struct trace *trace, const char *word, int64_t number)
{
	trace_word(trace, word);
	put_number(trace, number);
}

void trace_name(struct trace *trace, const char *word, const char *name)
{
	trace_word(trace, word);
	put_name(trace, name);
}

void trace_send(struct trace *trace)
{
	trace->text[trace->length++] = '\n';
	append(trace);
	errno = trace->error;
}

/* By the kernel, which does not die of it; where it may not, a null pointer at
 * least is seen. */
bool trace_peek(void *to, const void *from, size_t size)
{
	struct iovec local = { to, size }, remote = { (void *)from, size };
	int error = errno;
	bool refused;
	long copied;

	copied = syscall(SYS_process_vm_readv, getpid(), &local, 1ul, &remote,
			 1ul, 0ul);
	refused = copied < 0 && errno != EFAULT;
	errno = error;
	if (!refused || !from)
		return copied == (long)size;
	memcpy(to, from, size);
	return true;
}

void trace_mute(bool mute)
{
	muted += mute ? 1 : -1;
}

/* ---- the process --------------------------------------------------------- */

static void say(const char *function, const char *name)
{
	struct trace trace;

	if (!trace_begin(&trace, function))
		return;
	trace_result(&trace, name, 0);
	trace_send(&trace);
}

/* PORTLOCK_TRACE is the file, PORTLOCK_TRACE_START the zero of the times. */
__attribute__((constructor)) static void start(void)
{
	const char *path = secure_getenv("PORTLOCK_TRACE");
	const char *zero = secure_getenv("PORTLOCK_TRACE_START");
	char program[PATH_MAX];
	ssize_t length;

	if (!path || *path != '/' || strlen(path) >= sizeof(place))
		return;
	origin = zero ? strtoll(zero, NULL, 10) : now();
	strcpy(place, path);
	length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	program[length > 0 ? length : 0] = '\0';
	say("start", length > 0 ? program : "?");
}

/* It reads files, and must not be cancelled instead. */
static void end(void)
{
	int cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	trace_mutexes();
	say("exit", "-");
	pthread_setcancelstate(cancel, NULL);
}

__attribute__((destructor)) static void at_exit(void)
{
	end();
}

SHIM_HOOK _Noreturn void _exit(int status)
{
	end();
	REAL(_exit)(status);
	__builtin_unreachable();
}

SHIM_HOOK _Noreturn void _Exit(int status)
{
	end();
	REAL(_Exit)(status);
	__builtin_unreachable();
}
