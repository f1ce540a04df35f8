/* SPDX-License-Identifier: MIT */
/* victim_conform_permissions.c - what another user may do. */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "victim_conform.h"

#define NOBODY 65534

static int as_nobody(int number)
{
	sem_t *sem;

	(void)number;
	if (setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return 1;
	show_open("private", sem_open(name_of("private"), 0));
	show_open("private, create",
		  sem_open(name_of("private"), O_CREAT, 0600, 1));
	show_open("readable", sem_open(name_of("readable"), 0));
	show("unlink", sem_unlink(name_of("private")));
	sem = sem_open(name_of("public"), 0);
	show_open("public", sem);
	show("try", sem_trywait(sem));
	show("try", sem_trywait(sem));
	show("post", sem_post(sem));
	show("unlink", sem_unlink(name_of("public")));
	show("close", sem_close(sem));
	fflush(stdout);
	return 0;
}

static void make_for(const char *kind, mode_t mode)
{
	char path[PATH_MAX];
	struct stat about = { 0 };
	mode_t mask = umask(022);

	if (mode == 0666)
		umask(0);
	sem_close(sem_open(name_of(kind), O_CREAT, mode, 1));
	umask(mask);
	snprintf(path, sizeof(path), "/dev/shm/sem.%s", name_of(kind) + 1);
	stat(path, &about);
	printf("mode of %s: %o\n", kind, about.st_mode);
}

void conform_permissions(void)
{
	make_for("private", 0600);
	make_for("readable", 0664);
	make_for("public", 0666);
	if (geteuid() == 0)
		show_number("as nobody", in_children(1, as_nobody));
	show("unlink", sem_unlink(name_of("private")));
	show("unlink", sem_unlink(name_of("readable")));
	show("unlink", sem_unlink(name_of("public")));
}
