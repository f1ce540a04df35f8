/* SPDX-License-Identifier: MIT */
/* hooks.c - one kind of call again and again; tells what one takes.
 *
 *	hooks OPERATION SECONDS FOLDER
 *
 * prints the nanoseconds of one.  It knows nothing of portlock but in the
 * operation "portlock", which is what a matched one is measured against.
 */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <portlock/portlock.h>

#define FILE_NAME "file"
#define BATCH 64 /* between two looks at the clock */
#define BATCHES (1 << 20)

static int fd, set;
static sem_t unnamed, *named;
static char name[64];
static char file[PATH_MAX], file_lock[PATH_MAX], folder_lock[PATH_MAX];
static portlock_t *lock;

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void sem_pair(void)
{
	sem_wait(&unnamed);
	sem_post(&unnamed);
}

static void open_named(void)
{
	snprintf(name, sizeof(name), "/portlock-hooks-%d", (int)getpid());
	named = sem_open(name, O_CREAT, 0600, 1);
	if (named == SEM_FAILED) {
		perror("sem_open");
		exit(1);
	}
}

static void unlink_named(void)
{
	sem_unlink(name);
}

static void named_pair(void)
{
	sem_wait(named);
	sem_post(named);
}

static void open_close(void)
{
	close(open(FILE_NAME, O_RDONLY | O_CLOEXEC));
}

static void open_close_absolute(void)
{
	close(open(file, O_RDONLY | O_CLOEXEC));
}

static void create(const char *path)
{
	close(open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	unlink(path);
}

static void create_unlink(void)
{
	create("file.lock");
}

static void create_unlink_absolute(void)
{
	create(file_lock);
}

static void link_unlink(void)
{
	link(FILE_NAME, "file.lock");
	unlink("file.lock");
}

static void make_remove(void)
{
	mkdir("folder.lock", 0700);
	rmdir("folder.lock");
}

static void make_remove_absolute(void)
{
	mkdir(folder_lock, 0700);
	rmdir(folder_lock);
}

static void open_file(void)
{
	fd = open(FILE_NAME, O_RDWR | O_CLOEXEC);
}

static void flock_pair(void)
{
	flock(fd, LOCK_EX);
	flock(fd, LOCK_UN);
}

static void set_fcntl(short type)
{
	struct flock range = { .l_type = type, .l_whence = SEEK_SET };

	fcntl(fd, F_SETLK, &range);
}

static void fcntl_pair(void)
{
	set_fcntl(F_WRLCK);
	set_fcntl(F_UNLCK);
}

static void fcntl_other(void)
{
	fcntl(fd, F_GETFD);
}

static void mutex_pair(void)
{
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
}

static void make_set(void)
{
	set = semget((key_t)getpid(), 1, IPC_CREAT | 0600);
	semctl(set, 0, SETVAL, 1);
}

static void remove_set(void)
{
	semctl(set, 0, IPC_RMID);
}

static void semop_pair(void)
{
	struct sembuf take = { 0, -1, 0 }, give = { 0, 1, 0 };

	semop(set, &take, 1);
	semop(set, &give, 1);
}

static void open_portlock(void)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;

	options.transport = "unix";
	snprintf(name, sizeof(name), "portlock-hooks-%d", (int)getpid());
	if (portlock_open(&lock, name, &options) < 0)
		exit(1);
}

static void close_portlock(void)
{
	portlock_close(lock);
}

static void portlock_pair(void)
{
	portlock_acquire(lock);
	portlock_release(lock);
}

static void make_unnamed(void)
{
	sem_init(&unnamed, 0, 1);
}

static void nothing(void)
{
}

static const struct operation {
	const char *name;
	void (*begin)(void);
	void (*once)(void);
	void (*end)(void);
} operations[] = {
	{ "portlock", open_portlock, portlock_pair, close_portlock },
	{ "sem", open_named, named_pair, unlink_named },
	{ "sem-unnamed", make_unnamed, sem_pair, nothing },
	{ "open", nothing, open_close, nothing },
	{ "open-absolute", nothing, open_close_absolute, nothing },
	{ "lockfile", nothing, create_unlink, nothing },
	{ "lockfile-absolute", nothing, create_unlink_absolute, nothing },
	{ "lockfile-link", nothing, link_unlink, nothing },
	{ "lockfile-mkdir", nothing, make_remove, nothing },
	{ "lockfile-mkdir-absolute", nothing, make_remove_absolute, nothing },
	{ "lockfile-open", nothing, open_close, nothing },
	{ "lockfile-open-absolute", nothing, open_close_absolute, nothing },
	{ "flock", open_file, flock_pair, nothing },
	{ "fcntl", open_file, fcntl_pair, nothing },
	{ "fcntl-other", open_file, fcntl_other, nothing },
	{ "mutex", nothing, mutex_pair, nothing },
	{ "sysvsem", make_set, semop_pair, remove_set },
};

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* The median of batches: another program may have had the processor. */
static double measure(const struct operation *operation, double ns)
{
	static double batches[BATCHES];
	double start = now_ns(), last = start, now;
	size_t count = 0;

	do {
		for (int i = 0; i < BATCH; i++)
			operation->once();
		now = now_ns();
		batches[count++] = now - last;
		last = now;
	} while (now - start < ns && count < BATCHES);
	qsort(batches, count, sizeof(batches[0]), compare);
	return batches[count / 2] / BATCH;
}

static const struct operation *find(const char *wanted)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (strcmp(operations[i].name, wanted) == 0)
			return &operations[i];
	return NULL;
}

static void name_files(const char *folder)
{
	snprintf(file, sizeof(file), "%s/" FILE_NAME, folder);
	snprintf(file_lock, sizeof(file_lock), "%s/file.lock", folder);
	snprintf(folder_lock, sizeof(folder_lock), "%s/folder.lock", folder);
}

int main(int argc, char **argv)
{
	const struct operation *operation = argc == 4 ? find(argv[1]) : NULL;
	double ns;

	if (!operation) {
		fprintf(stderr, "usage: hooks OPERATION SECONDS FOLDER\n");
		return 2;
	}
	if (chdir(argv[3]) < 0) {
		perror(argv[3]);
		return 1;
	}
	name_files(argv[3]);
	ns = 1e9 * strtod(argv[2], NULL);
	operation->begin();
	measure(operation, ns / 10);
	printf("%.1f\n", measure(operation, ns));
	operation->end();
	return 0;
}
