/* SPDX-License-Identifier: MIT */
/* canary_race.c - two threads and no lock: helgrind must find it. */
#include <pthread.h>
#include <stddef.h>

static volatile int number;

static void *add(void *unused)
{
	(void)unused;
	number = number + 1;
	return NULL;
}

int main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, add, NULL) != 0)
		return 1;
	add(NULL);
	pthread_join(thread, NULL);
	return 0;
}
