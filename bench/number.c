/* SPDX-License-Identifier: MIT */
/* number.c - a measured value as text, with as many digits as mean something. */
#include "config.h"

#include <math.h>
#include <stdio.h>

#include "bench/number.h"

#define DIGITS 3

void number_text(char text[NUMBER_SIZE], double value, bool is_count)
{
	int behind = 0; /* the point */
	double unit;

	if (isnan(value)) {
		snprintf(text, NUMBER_SIZE, "-");
		return;
	}
	if (value == 0 || (is_count && value == rint(value))) {
		snprintf(text, NUMBER_SIZE, "%.0f", value);
		return;
	}
	/* 9.999 is 10.0, not 10.00: round first, then see how large it is. */
	unit = pow(10, floor(log10(fabs(value))) - DIGITS + 1);
	value = rint(value / unit) * unit;
	behind = DIGITS - 1 - (int)floor(log10(fabs(value)) + 1e-9);
	if (behind < 0)
		behind = 0;
	snprintf(text, NUMBER_SIZE, "%.*f", behind < 6 ? behind : 6, value);
}
