/* SPDX-License-Identifier: MIT */
/* folder.c - the files of an etcd, which are gone when the test is. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/etcd/cluster.h"

/* A member that is just being killed may write into it while it is removed. */
static void remove_folder(const char *folder)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	for (int i = 0; i < 100 && system(command) != 0; i++)
		sleep_ns(20000000);
}

/* Waits for a word of the test, or its end, as it may be killed.  It has nothing else of
 * the test open: others look for the ends of their pipes. */
_Noreturn static void clean(const char *folder, int pipe_end)
{
	int nothing = open("/dev/null", O_RDWR);
	char byte;

	setsid(); /* the terminal's signals are not for it */
	for (int fd = 0; fd < 3; fd++)
		dup2(nothing, fd);
	dup2(pipe_end, 3);
	for (int fd = 4; fd < 1024; fd++)
		close(fd);
	while (read(3, &byte, 1) < 0)
		continue;
	remove_folder(folder);
	_exit(0);
}

void folder_make(struct etcd *etcd)
{
	const char *place = "/dev/shm";
	int ends[2];

	if (access(place, W_OK | X_OK) < 0)
		place = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
	snprintf(etcd->folder, sizeof(etcd->folder), "%.40s/portlock-XXXXXX",
		 place);
	require(mkdtemp(etcd->folder));
	require(pipe2(ends, O_CLOEXEC) == 0);
	etcd->cleaner = fork();
	require(etcd->cleaner >= 0);
	if (etcd->cleaner == 0)
		clean(etcd->folder, ends[0]);
	close(ends[0]);
	etcd->test_is_there = ends[1];
}

void folder_remove(struct etcd *etcd)
{
	/* Children of the test have copies: that it is closed is not enough. */
	require(write(etcd->test_is_there, "", 1) == 1);
	close(etcd->test_is_there);
	require(waitpid(etcd->cleaner, NULL, 0) == etcd->cleaner);
	require(access(etcd->folder, F_OK) < 0);
}
