/* SPDX-License-Identifier: MIT */
/* plugin_mutex.c - a library with a mutex, for victim_mutex to load. */
#include "config.h"

#include <pthread.h>

__attribute__((visibility("default"))) pthread_mutex_t plugin_mutex =
	PTHREAD_MUTEX_INITIALIZER;
