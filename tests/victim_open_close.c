/* SPDX-License-Identifier: MIT */
/* victim_open_close.c - to close a file, and to copy a descriptor. */
#include "config.h"

#include <fcntl.h>
#include <linux/close_range.h>

#include "victim_open_parts.h"

int __close(int fd);
int __dup2(int from, int to);
int _IO_fclose(FILE *stream);

int do_close(void)
{
	return result_of(close(fd));
}

int do___close(void)
{
	return result_of(__close(fd));
}

int do_fclose(void)
{
	return result_of(fclose(stream));
}

int do__IO_fclose(void)
{
	return result_of(_IO_fclose(stream));
}

int do_close_range(void)
{
	return result_of(close_range((unsigned)fd, (unsigned)fd, 0));
}

int do_close_range_cloexec(void)
{
	return result_of(close_range((unsigned)fd, ~0u, CLOSE_RANGE_CLOEXEC));
}

int do_closefrom(void)
{
	closefrom(fd);
	return fcntl(fd, F_GETFD) < 0 ? 0 : EBUSY;
}

static int copied(int copy)
{
	int first = fd;

	if (copy < 0 || close(first) < 0)
		return errno;
	fd = copy;
	return 0;
}

int do_copy(void)
{
	return copied(dup(fd));
}

int do_copy2(void)
{
	return copied(dup2(fd, 100));
}

int do_copy3(void)
{
	return copied(dup3(fd, 101, O_CLOEXEC));
}

int do___dup2(void)
{
	return copied(__dup2(fd, 102));
}

int do_overwrite(void)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	int result = result_of(dup2(nothing, fd));

	close(nothing);
	return result;
}

int do_overwrite_fails(void)
{
	return dup2(-1, fd) < 0 ? 0 : EBUSY;
}
