/* SPDX-License-Identifier: MIT */
/* victim_conform.h - what the parts of victim_conform share. */
#ifndef PORTLOCK_TESTS_VICTIM_CONFORM_H
#define PORTLOCK_TESTS_VICTIM_CONFORM_H

#include <semaphore.h>
#include <stddef.h>

/* The name of this run's semaphore of that kind, in one of few buffers. */
const char *name_of(const char *kind);

/* One that is made with that value, or the end of the program. */
sem_t *make(const char *kind, unsigned value);
void unmake(sem_t *sem, const char *kind);

/* A line: what, and "ok" or the name of errno. */
void show(const char *what, int result);
void show_open(const char *what, const sem_t *sem);
/* A line: what, and the number. */
void show_number(const char *what, long number);
void show_value(const char *what, sem_t *sem);

/* Children 0..count-1 run it; how many of all children exited with 0. */
void start_children(int count, int (*run)(int number));
int end_children(void);
int in_children(int count, int (*run)(int number));
void *shared_memory(size_t size);

void conform_permissions(void);
void conform_wait(void);
void conform_processes(void);
void conform_moments(void);

#endif
