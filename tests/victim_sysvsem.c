/* SPDX-License-Identifier: MIT */
/* victim_sysvsem.c - a program that uses System V semaphores as mutexes. */
#include "config.h"

#include <sched.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <time.h>

#include "victim_sysvsem_parts.h"

#define MEMBERS 2

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *__buf;
};

static key_t key;
static int set;

int result_of(int result)
{
	return result < 0 ? errno : 0;
}

/* ---- the set ------------------------------------------------------------- */

int do_create(void)
{
	set = semget(key, MEMBERS, IPC_CREAT | 0600);
	return result_of(set);
}

static int set_value(int value)
{
	return result_of(semctl(set, 0, SETVAL, (union semun){ .val = value }));
}

int do_set_0(void)
{
	return set_value(0);
}

int do_set_1(void)
{
	return set_value(1);
}

int do_set_3(void)
{
	return set_value(3);
}

int do_set_all_1(void)
{
	unsigned short values[MEMBERS] = { 1, 1 };

	return result_of(
		semctl(set, 0, SETALL, (union semun){ .array = values }));
}

int do_remove(void)
{
	return result_of(semctl(set, 0, IPC_RMID));
}

int do_value(void)
{
	return semctl(set, 0, GETVAL);
}

int do_look(void)
{
	unsigned short values[MEMBERS] = { 9, 9 };
	struct seminfo limits = { .semmsl = 0 };
	struct semid_ds about;
	int wrong = 0;

	wrong |= (semctl(set, 0, GETALL, values) != 0 || values[1] > 1) << 0;
	wrong |= (semctl(set, 0, IPC_STAT, &about) != 0 ||
		  about.sem_nsems != MEMBERS)
		 << 1;
	wrong |= (semctl(set, 0, IPC_SET, &about) != 0) << 2;
	wrong |= (semctl(0, 0, IPC_INFO, &limits) < 0 || limits.semmsl == 0)
		 << 3;
	wrong |= (semctl(0, 0, SEM_INFO, &limits) < 0) << 4;
	wrong |= (semctl(set, 0, GETPID) < 0) << 5;
	wrong |= (semctl(set, 0, GETNCNT) != 0) << 6;
	wrong |= (semctl(set, 0, GETZCNT) != 0) << 7;
	wrong |= (semctl(set, 0, 4711) != -1 || errno != EINVAL) << 8;
	wrong |= (semctl(-1, 0, GETVAL) != -1 || errno != EINVAL) << 9;
	return wrong;
}

/* ---- operations ---------------------------------------------------------- */

static int operate(int operation, int flags)
{
	struct sembuf one = { 0, (short)operation, (short)flags };

	return result_of(semop(set, &one, 1));
}

static int operate_both(struct sembuf first, struct sembuf second)
{
	struct sembuf both[] = { first, second };

	return result_of(semop(set, both, 2));
}

static int take_for(time_t seconds, long ns)
{
	struct timespec time = { seconds, ns };
	struct sembuf one = { 0, -1, 0 };

	return result_of(semtimedop(set, &one, 1, &time));
}

int do_take(void)
{
	return operate(-1, 0);
}

int do_try(void)
{
	return operate(-1, IPC_NOWAIT);
}

int do_timed(void)
{
	return take_for(0, 50000000);
}

int do_timed_zero(void)
{
	return take_for(0, 0);
}

int do_timed_wrong(void)
{
	return take_for(0, 1000000000);
}

int do_take_undo(void)
{
	return operate(-1, SEM_UNDO);
}

int do_give(void)
{
	return operate(1, 0);
}

int do_give_undo(void)
{
	return operate(1, SEM_UNDO);
}

int do_up_take(void)
{
	return operate_both((struct sembuf){ 0, 0, 0 },
			    (struct sembuf){ 0, 1, 0 });
}

int do_up_try(void)
{
	return operate_both((struct sembuf){ 0, 0, IPC_NOWAIT },
			    (struct sembuf){ 0, 1, IPC_NOWAIT });
}

int do_up_give(void)
{
	return operate(-1, 0);
}

int do_take_both(void)
{
	return operate_both((struct sembuf){ 0, -1, IPC_NOWAIT },
			    (struct sembuf){ 1, -1, IPC_NOWAIT });
}

int do_move(void)
{
	return operate_both((struct sembuf){ 0, 1, IPC_NOWAIT },
			    (struct sembuf){ 1, -1, IPC_NOWAIT });
}

int do_take_other(void)
{
	struct sembuf one = { 1, -1, IPC_NOWAIT };

	return result_of(semop(set, &one, 1));
}

int do_wait_zero(void)
{
	return operate(0, IPC_NOWAIT);
}

int do_wrong(void)
{
	struct sembuf one = { 7, -1, 0 };

	return result_of(semop(set, &one, 1));
}

/* ---- the rest ------------------------------------------------------------ */

int do_count(void)
{
	volatile long *counter =
		mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE, MAP_SHARED,
		     VICTIM_SHARED, 0);

	if (counter == MAP_FAILED)
		return errno;
	for (int i = 0; i < VICTIM_SYSVSEM_ROUNDS; i++) {
		int result = do_take();
		long seen;

		if (result)
			return result;
		seen = *counter;
		sched_yield();
		*counter = seen + 1;
		result = do_give();
		if (result)
			return result;
	}
	return 0;
}

int do_hold(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct command commands[] = {
#define COMMAND(name) { #name, do_##name },
		VICTIM_SYSVSEM_COMMANDS(COMMAND){ NULL, NULL }
	};

	if (argc < 2) {
		fprintf(stderr, "usage: victim_sysvsem KEY [COMMAND]...\n");
		return 64;
	}
	key = (key_t)strtoul(argv[1], NULL, 0);
	set = semget(key, 0, 0);
	return argc > 2 ? run_all(commands, argv + 2) : serve(commands);
}
