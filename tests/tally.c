/* SPDX-License-Identifier: MIT */
/* tally.c - a program that was never meant to run twice: tally FILE TIMES
 *
 * Its threads add to the number in a file, and only they exclude each other, by
 * a mutex.
 */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS 3

static pthread_mutex_t tally_mutex = PTHREAD_MUTEX_INITIALIZER;
static const char *path;
static long times;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void add(void)
{
	FILE *file = fopen(path, "r+e");
	long number = 0;

	if (!file || fscanf(file, "%ld", &number) != 1)
		die(path);
	usleep(100); /* the others have a chance */
	rewind(file);
	fprintf(file, "%ld\n", number + 1);
	if (fclose(file) != 0)
		die(path);
}

static void *run(void *unused)
{
	long i;

	(void)unused;
	for (i = 0; i < times; i++) {
		if (pthread_mutex_lock(&tally_mutex) != 0)
			die("pthread_mutex_lock");
		add();
		pthread_mutex_unlock(&tally_mutex);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	int i;

	if (argc != 3) {
		fprintf(stderr, "usage: tally FILE TIMES\n");
		return 64;
	}
	path = argv[1];
	times = atol(argv[2]);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, run, NULL) != 0)
			die("pthread_create");
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("added %ld\n", THREADS * times);
	return 0;
}
