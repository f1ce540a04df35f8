/* SPDX-License-Identifier: MIT */
/* ports.h - the ports of a name, by the original's documented algorithm. */
#ifndef PORTLOCK_BENCH_LOCKS_PORTS_H
#define PORTLOCK_BENCH_LOCKS_PORTS_H

#include <netinet/in.h>

/* 40000 + SHA1(name) mod 20000, and the next ones, on 127.0.0.1. */
struct sockaddr_in port_of_name(const char *name, int index);

#endif
