/* SPDX-License-Identifier: MIT */
/* places.c - files, /etc and semaphores for each host. */
#include "config.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/etcd/hosts.h"
#include "tests/etcd/places.h"
#include "tests/support/support.h"

char places_common[96];

static struct place {
	int files, semaphores; /* namespaces */
} places[HOSTS_MAX], of_test;

static struct place place_open(void)
{
	struct place place = {
		open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC),
		open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC),
	};

	require(place.files >= 0 && place.semaphores >= 0);
	return place;
}

/* What is common may be below /dev/shm, so it is put elsewhere first. */
static void place_make(struct place *place)
{
	require(unshare(CLONE_NEWNS | CLONE_NEWIPC) == 0 &&
		mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) == 0 &&
		mount("none", "/etc", "tmpfs", 0, "mode=755") == 0 &&
		mkdir(PLACE_COMMON, 0755) == 0 &&
		mount(places_common, PLACE_COMMON, "", MS_BIND, NULL) == 0 &&
		mount("none", "/dev/shm", "tmpfs", 0, "mode=1777") == 0 &&
		mkdir(PLACE_OWN, 0755) == 0);
	*place = place_open();
	place_visit(PLACE_OF_TEST);
}

void places_make(int count, const char *folder)
{
	require(count <= HOSTS_MAX);
	snprintf(places_common, sizeof(places_common), "%s/common", folder);
	require(mkdir(places_common, 0755) == 0);
	of_test = place_open();
	for (int i = 0; i < count; i++)
		place_make(&places[i]);
}

/* It leads to the root of the namespace. */
void place_visit(int place)
{
	const struct place *to =
		place == PLACE_OF_TEST ? &of_test : &places[place];

	require(setns(to->files, CLONE_NEWNS) == 0 &&
		setns(to->semaphores, CLONE_NEWIPC) == 0);
}
