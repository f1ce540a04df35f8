/* SPDX-License-Identifier: MIT */
/* victim_filelock_fcntl.c - fcntl() and lockf(). */
#include "config.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>

#include "victim_filelock_parts.h"

static int set(int command, short type, off_t start, off_t length)
{
	struct flock lock = { .l_type = type,
			      .l_whence = SEEK_SET,
			      .l_start = start,
			      .l_len = length };

	return RESULT_OF(fcntl(current(), command, &lock));
}

#define SET(name, command, type, start, length)                                \
	int do_##name(void)                                                    \
	{                                                                      \
		return set(command, type, start, length);                      \
	}

SET(set_w, F_SETLK, F_WRLCK, 0, 0)
SET(set_w1, F_SETLK, F_WRLCK, 0, 10)
SET(set_w2, F_SETLK, F_WRLCK, 10, 10)
SET(set_r, F_SETLK, F_RDLCK, 0, 0)
SET(set_r1, F_SETLK, F_RDLCK, 0, 10)
SET(set_u, F_SETLK, F_UNLCK, 0, 0)
SET(set_u1, F_SETLK, F_UNLCK, 0, 10)
SET(set_u2, F_SETLK, F_UNLCK, 10, 10)
SET(wait_w, F_SETLKW, F_WRLCK, 0, 0)
SET(wait_w1, F_SETLKW, F_WRLCK, 0, 10)
SET(wait_w2, F_SETLKW, F_WRLCK, 10, 10)
SET(ofd_w, F_OFD_SETLK, F_WRLCK, 0, 0)
SET(ofd_w1, F_OFD_SETLK, F_WRLCK, 0, 10)
SET(ofd_w2, F_OFD_SETLK, F_WRLCK, 10, 10)
SET(ofd_wait_w, F_OFD_SETLKW, F_WRLCK, 0, 0)
SET(ofd_u, F_OFD_SETLK, F_UNLCK, 0, 0)
SET(ofd_u1, F_OFD_SETLK, F_UNLCK, 0, 10)
SET(ofd_u2, F_OFD_SETLK, F_UNLCK, 10, 10)

int do_wait_w_in_thread(void)
{
	return call_in_thread(do_wait_w);
}

int do_wait_w_cancelled(void)
{
	int (*call)(void) = do_wait_w, number;
	pthread_t thread;
	sigset_t signals;
	void *result;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR2);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	pthread_create(&thread, NULL, in_thread, &call);
	sigwait(&signals, &number);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	return result == PTHREAD_CANCELED ? 0 : -1;
}

int do_get(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(current(), F_GETLK, &lock) < 0)
		return -errno;
	return lock.l_type == F_UNLCK ? 0 : (int)lock.l_pid;
}

int do_lockf_lock(void)
{
	return RESULT_OF(lockf(current(), F_LOCK, 0));
}

int do_lockf_try(void)
{
	return RESULT_OF(lockf(current(), F_TLOCK, 0));
}

int do_lockf_test(void)
{
	return RESULT_OF(lockf(current(), F_TEST, 0));
}

int do_lockf_unlock(void)
{
	return RESULT_OF(lockf(current(), F_ULOCK, 0));
}

int do_set_refused(void)
{
	char path[64];
	int is_wrong;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", current());
	push(open(path, O_RDONLY));
	is_wrong = do_set_w() != EBADF || do_wait_w() != EBADF ||
		   do_ofd_wait_w() != EBADF || do_lockf_lock() != EBADF;
	do_close();
	is_wrong |= set(F_SETLKW, F_WRLCK, -5, 0) != EINVAL ||
		    set(F_SETLKW, 77, 0, 0) != EINVAL;
	push(open(path, O_PATH));
	is_wrong |= do_ex() != EBADF || do_wait_w() != EBADF;
	do_close();
	return is_wrong;
}

int do_flags(void)
{
	int fd = current(), wrong = 0;
	int (*second)(int, int, ...); /* libc's own name for it */

	wrong |= (fcntl(fd, F_GETFD) != 0) << 0;
	wrong |= (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) << 1;
	wrong |= (fcntl(fd, F_GETFD) != FD_CLOEXEC) << 2;
	wrong |= (fcntl(fd, F_SETFL, O_APPEND) != 0) << 3;
	wrong |= ((fcntl(fd, F_GETFL) & (O_APPEND | O_ACCMODE)) !=
		  (O_APPEND | O_RDWR))
		 << 4;
	wrong |= (RESULT_OF(fcntl(fd, F_DUPFD, -1)) != EINVAL) << 5;
	wrong |= (RESULT_OF(fcntl(-1, F_GETFD)) != EBADF) << 6;
	wrong |= (fcntl(fd, F_GETOWN) != 0) << 7;
	wrong |= (set(F_SETLK, 77, 0, 0) != EINVAL) << 8;
	wrong |= (set(F_SETLK, F_WRLCK, -5, 0) != EINVAL) << 9;
	wrong |= (RESULT_OF(lockf(fd, 77, 0)) != EINVAL) << 10;
	*(void **)&second = dlsym(RTLD_DEFAULT, "__fcntl");
	wrong |= (second(fd, F_GETFD) != FD_CLOEXEC) << 11;
	wrong |= (RESULT_OF(second(fd, F_SETFD, 0)) != 0) << 12;
	wrong |= (second(fd, F_GETFD) != 0) << 13;
	return wrong;
}
