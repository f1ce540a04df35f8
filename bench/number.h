/* SPDX-License-Identifier: MIT */
/* number.h - a measured value as text, with as many digits as mean something. */
#ifndef PORTLOCK_BENCH_NUMBER_H
#define PORTLOCK_BENCH_NUMBER_H

#include <stdbool.h>

#define NUMBER_SIZE 32

/* Three digits that count; all of a whole number if it is a count. */
void number_text(char text[NUMBER_SIZE], double value, bool is_count);

#endif
