/* SPDX-License-Identifier: MIT */
/* error.c - the errors that leave the library, and their texts. */
#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "internal.h"

static const struct {
	int error;
	const char *text;
} errors[] = {
	{ 0, "no error" },
	{ EINVAL, "invalid argument: the key, the transport, an option or a "
		  "setting of etcd" },
	{ ENOMEM, "out of memory" },
	{ ETIMEDOUT, "another holder kept the lock until the timeout" },
	{ EBUSY, "another holder has the lock" },
	{ ENOENT, "nobody holds the lock" },
	{ EDEADLK, "the calling thread already holds this lock" },
	{ EINTR, "a signal handler interrupted the wait" },
	{ EMFILE, "the process has no free file descriptor" },
	{ ENFILE, "the system has no free file descriptor" },
	{ EACCES, "the system forbids the lock's sockets" },
	{ EADDRNOTAVAIL, "127.0.0.1 does not exist here: use transport unix" },
	{ EHOSTUNREACH, "the etcd cluster cannot be reached or does not "
			"answer" },
	{ EKEYREJECTED, "the etcd cluster refuses the credentials, or a "
			"certificate is not trusted" },
	{ EPROTO, "what answers is no etcd that serves its API version 3" },
	{ ENOSYS, "portlock-session, the helper of transport etcd, cannot be "
		  "started" },
	{ EIO, "an unexpected failure of a system call" },
};

static const size_t error_count = sizeof(errors) / sizeof(errors[0]);

int pl_failure(void)
{
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case EACCES:
	case EPERM:
		return -errno;
	}
	return -EIO;
}

int pl_error_filter(int error)
{
	switch (error) {
	case -EPERM:
		return -EACCES;
	case -ENOBUFS:
		return -ENOMEM;
	}
	for (size_t i = 0; i < error_count; i++)
		if (error == -errors[i].error)
			return error;
	return -EIO;
}

const char *portlock_strerror(int error)
{
	for (size_t i = 0; i < error_count; i++)
		if (error == errors[i].error || error == -errors[i].error)
			return errors[i].text;
	return "unknown error";
}
