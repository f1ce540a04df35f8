/* SPDX-License-Identifier: MIT */
/* thread.c - threads for what may take any time. */
#include "config.h"

#include <pthread.h>

#include "shim/lost/guard.h"

bool thread_start(void *(*work)(void *argument), void *argument)
{
	pthread_attr_t detached;
	pthread_t thread;
	int error;

	if (pthread_attr_init(&detached) != 0)
		return false;
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &detached, work, argument);
	pthread_attr_destroy(&detached);
	return error == 0;
}
