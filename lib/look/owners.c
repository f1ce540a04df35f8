/* SPDX-License-Identifier: MIT */
/* owners.c - one walk over the descriptors of all processes. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "owners.h"
#include "table.h"

struct walk {
	struct owners *owners;
	const uint32_t *inodes;
	size_t count;
};

static int by_number(const void *one, const void *other)
{
	const uint32_t *a = one, *b = other;

	return (*a > *b) - (*a < *b);
}

/* The inode of a descriptor that is a socket, by its link; 0: it is not. */
static uint32_t socket_of(int folder, const char *fd)
{
	static const char kind[] = "socket:[";
	const size_t length = sizeof(kind) - 1;
	char link[32];
	ssize_t size = readlinkat(folder, fd, link, sizeof(link) - 1);

	if (size < 0)
		return 0;
	link[size] = '\0';
	return strncmp(link, kind, length) == 0
		       ? (uint32_t)strtoul(link + length, NULL, 10)
		       : 0;
}

static int add(struct owners *owners, const struct owner *owner)
{
	struct owner *list =
		table_grow(owners->list, owners->count, sizeof(*list));

	if (!list)
		return -ENOMEM;
	owners->list = list;
	list[owners->count++] = *owner;
	return 0;
}

/* A folder that is not there, or not for us, is one without entries. */
static int open_folder(DIR **folder, const char *path)
{
	*folder = opendir(path);
	if (*folder)
		return 0;
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return -errno;
	}
	return 0;
}

/* The number that names the entry, -1 for others. */
static int number_of(const struct dirent *entry)
{
	char *end;
	long number = strtol(entry->d_name, &end, 10);

	return *end == '\0' && end != entry->d_name ? (int)number : -1;
}

/* The wanted ones of a folder of descriptors: how many there are of any kind,
 * or -errno. */
static int walk_fds(struct walk *walk, pid_t task)
{
	struct owner owner = { .task = task, .fact = walk->owners->fact_count };
	struct dirent *entry;
	int seen = 0, error;
	char path[32];
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)task);
	error = open_folder(&folder, path);
	/* Not for us, or gone: neither are its other threads. */
	if (!folder)
		return error < 0 ? error : 1;
	while (error == 0 && (entry = readdir(folder))) {
		owner.fd = number_of(entry);
		if (owner.fd < 0)
			continue;
		seen++;
		owner.inode = socket_of(dirfd(folder), entry->d_name);
		if (owner.inode != 0 &&
		    bsearch(&owner.inode, walk->inodes, walk->count,
			    sizeof(owner.inode), by_number))
			error = add(walk->owners, &owner);
	}
	closedir(folder);
	return error < 0 ? error : seen;
}

/* The facts that what was found from `before` on refers to. */
static int add_fact(struct owners *owners, int before, pid_t pid, pid_t task)
{
	struct fact *facts =
		table_grow(owners->facts, owners->fact_count, sizeof(*facts));

	if (!facts)
		return -ENOMEM;
	owners->facts = facts;
	if (fact_read(&facts[owners->fact_count], pid, task))
		owners->fact_count++;
	else
		owners->count = before;
	return 0;
}

/* The process by one of its threads: how many descriptors, or -errno. */
static int walk_task(struct walk *walk, pid_t pid, pid_t task)
{
	struct owners *owners = walk->owners;
	int before = owners->count;
	int seen = walk_fds(walk, task);
	int error = 0;

	if (owners->count > before)
		error = add_fact(owners, before, pid, task);
	return error < 0 ? error : seen;
}

/* A main thread that has ended has no descriptors, but the other threads of the
 * process may still be there, and all have the same. */
static int walk_threads(struct walk *walk, pid_t pid)
{
	struct dirent *entry;
	char path[32];
	DIR *folder;
	int seen;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	seen = open_folder(&folder, path);
	if (!folder)
		return seen;
	while (seen == 0 && (entry = readdir(folder))) {
		pid_t task = number_of(entry);

		if (task > 0 && task != pid)
			seen = walk_task(walk, pid, task);
	}
	closedir(folder);
	return seen;
}

static int walk_processes(struct walk *walk)
{
	struct dirent *entry;
	DIR *folder;
	int error = open_folder(&folder, "/proc");

	if (!folder)
		return error;
	while (error >= 0 && (entry = readdir(folder))) {
		pid_t pid = number_of(entry);

		if (pid > 0)
			error = walk_task(walk, pid, pid);
		if (pid > 0 && error == 0)
			error = walk_threads(walk, pid);
	}
	closedir(folder);
	return error < 0 ? error : 0;
}

/* For qsort_r(): by inode, then by age. */
static int by_inode(const void *one, const void *other, void *argument)
{
	const struct owner *a = one, *b = other;
	const struct fact *facts = argument;
	const struct fact *of_a = &facts[a->fact], *of_b = &facts[b->fact];

	if (a->inode != b->inode)
		return a->inode > b->inode ? 1 : -1;
	if (of_a->started != of_b->started)
		return of_a->started > of_b->started ? 1 : -1;
	return of_a->process.pid - of_b->process.pid;
}

/* A process that has a socket under two numbers is one owner. */
static void sort(struct owners *owners)
{
	struct owner *list = owners->list;
	int kept = 0;

	if (owners->count == 0)
		return;
	qsort_r(list, (size_t)owners->count, sizeof(*list), by_inode,
		owners->facts);
	for (int i = 0; i < owners->count; i++)
		if (kept == 0 || list[i].inode != list[kept - 1].inode ||
		    list[i].fact != list[kept - 1].fact)
			list[kept++] = list[i];
	owners->count = kept;
}

int owners_find(struct owners *owners, uint32_t *inodes, int count)
{
	struct walk walk = { owners, inodes, (size_t)count };
	int error;

	memset(owners, 0, sizeof(*owners));
	if (count == 0)
		return 0;
	qsort(inodes, walk.count, sizeof(*inodes), by_number);
	error = walk_processes(&walk);
	if (error < 0) {
		owners_free(owners);
		return error;
	}
	sort(owners);
	return 0;
}

void owners_free(struct owners *owners)
{
	free(owners->list);
	free(owners->facts);
	memset(owners, 0, sizeof(*owners));
}

static int inode_is(const void *key, const void *member)
{
	const uint32_t *inode = key;
	const struct owner *owner = member;

	return by_number(inode, &owner->inode);
}

const struct owner *owners_of(const struct owners *owners, uint32_t inode,
			      int *count)
{
	const struct owner *end = owners->list + owners->count;
	const struct owner *owner, *last;

	*count = 0;
	if (owners->count == 0)
		return NULL;
	owner = bsearch(&inode, owners->list, (size_t)owners->count,
			sizeof(*owner), inode_is);
	if (!owner)
		return NULL;
	while (owner > owners->list && owner[-1].inode == inode)
		owner--;
	for (last = owner; last < end && last->inode == inode; last++)
		(*count)++;
	return owner;
}
