/* SPDX-License-Identifier: MIT */
/* victim_children.c - a program that takes a lock and has children of every
 * kind; they stay when it ends.
 */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/wait.h>

#include "victim.h"
#include "victim_children.h"

#define LIFE "100" /* seconds, should nobody kill it */

static const char *name;
static char *const sleeper[] = { "sleep", LIFE, NULL };

/* To add a family: a function here, its name in the list of the header, and a
 * row in the table of test_shim_children.c. */

static int do_sem(void)
{
	sem_t *sem = sem_open(name, O_CREAT, 0600, 1);

	return sem == SEM_FAILED || sem_trywait(sem) < 0 ? errno : 0;
}

static int do_lockfile(void)
{
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? errno : 0;
}

static int open_file(void)
{
	return open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static int do_open(void)
{
	return open_file() < 0 ? errno : 0;
}

pthread_mutex_t children_mutex = PTHREAD_MUTEX_INITIALIZER;

static int do_mutex(void)
{
	return pthread_mutex_trylock(&children_mutex);
}

static int do_sysvsem(void)
{
	struct sembuf take = { 0, -1, IPC_NOWAIT };
	key_t key = (key_t)strtol(strrchr(name, '/') + 1, NULL, 16);
	int set;

	/* The system has only so many for all, and others may have them now. */
	do
		set = semget(key, 1, IPC_CREAT | IPC_EXCL | 0600);
	while (set < 0 && errno == ENOSPC && sched_yield() == 0);
	if (set >= 0)
		semctl(set, 0, SETVAL, 1);
	else
		set = semget(key, 1, 0);
	return semop(set, &take, 1) < 0 ? errno : 0;
}

static int do_flock(void)
{
	return flock(open_file(), LOCK_EX | LOCK_NB) < 0 ? errno : 0;
}

static int do_fcntl(void)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(open_file(), F_SETLK, &range) < 0 ? errno : 0;
}

/* ---- children ------------------------------------------------------------ */

static void stay(void)
{
	alarm(atoi(LIFE));
	for (;;)
		pause();
}

/* What the child at the other end says of itself. */
static int hear_pid(int pipe_of[2])
{
	char text[16] = "";

	close(pipe_of[1]);
	if (read(pipe_of[0], text, sizeof(text) - 1) <= 0)
		return -1;
	close(pipe_of[0]);
	return atoi(text);
}

/* Not before the child runs: it has what its parent held until it has run its
 * fork handlers. */
static int do_fork(void)
{
	int pipe_of[2];

	if (pipe(pipe_of) < 0)
		return -1;
	if (fork() == 0) {
		dprintf(pipe_of[1], "%d\n", (int)getpid());
		stay();
	}
	return hear_pid(pipe_of);
}

static int do_raw_fork(void)
{
	pid_t child = _Fork();

	if (child == 0)
		stay();
	return child;
}

static int do_double_fork(void)
{
	int pipe_of[2];

	if (pipe(pipe_of) < 0)
		return -1;
	if (fork() == 0) {
		if (fork() > 0)
			_exit(0);
		setsid();
		dprintf(pipe_of[1], "%d\n", (int)getpid());
		stay();
	}
	wait(NULL);
	return hear_pid(pipe_of);
}

static int do_vfork(void)
{
	pid_t child = vfork();

	if (child == 0) {
		execvp(sleeper[0], sleeper);
		_exit(127);
	}
	return child;
}

static int do_spawn(void)
{
	pid_t child;

	return posix_spawnp(&child, sleeper[0], NULL, NULL, sleeper, environ)
		       ? -1
		       : child;
}

static int do_system(void)
{
	char line[128];
	int pipe_of[2];

	if (pipe(pipe_of) < 0)
		return -1;
	snprintf(line, sizeof(line), "sleep " LIFE " & echo $! >&%d",
		 pipe_of[1]);
	return system(line) == 0 ? hear_pid(pipe_of) : -1;
}

static int do_popen(void)
{
	char line[128];
	int pipe_of[2];

	if (pipe(pipe_of) < 0)
		return -1;
	snprintf(line, sizeof(line), "echo $$ >&%d; exec sleep " LIFE,
		 pipe_of[1]);
	return popen(line, "w") ? hear_pid(pipe_of) : -1;
}

static int do_daemon(void)
{
	/* Input and output are how it serves. */
	return daemon(1, 1) < 0 ? -1 : getpid();
}

static int do_exit(void)
{
	exit(0);
}

int main(int argc, char **argv)
{
	static const struct command commands[] = {
#define COMMAND(name) { #name, do_##name },
		VICTIM_CHILDREN_COMMANDS(COMMAND){ NULL, NULL }
	};

	if (argc < 2) {
		fprintf(stderr, "usage: victim_children NAME [COMMAND]...\n");
		return 64;
	}
	name = argv[1];
	return argc > 2 ? run_all(commands, argv + 2) : serve(commands);
}
