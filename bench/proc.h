/* SPDX-License-Identifier: MIT */
/* proc.h - what the kernel tells of another process. */
#ifndef PORTLOCK_BENCH_PROC_H
#define PORTLOCK_BENCH_PROC_H

#include <stdint.h>
#include <sys/types.h>

/* 'R' runs or would like to, 'S' sleeps, ... as in proc_pid_stat(5). */
char proc_state(pid_t pid);

/* What a process has used since it began. */
struct proc_usage {
	int64_t time;	  /* on a processor, ns */
	int64_t switches; /* off a processor, of its own will or not */
};

struct proc_usage proc_usage(pid_t pid);

/* Both end the run if there is no such process. */

#endif
