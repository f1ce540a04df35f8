/* SPDX-License-Identifier: MIT */
/* samples.c - a heap of measured values, and what can be said of it. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "bench/fail.h"
#include "bench/samples.h"

#define ROOM_FIRST 64

static void make_room(struct samples *samples, size_t count)
{
	size_t room = samples->room ? samples->room : ROOM_FIRST;

	while (room < count)
		room *= 2;
	if (room == samples->room)
		return;
	samples->values =
		reallocarray(samples->values, room, sizeof(samples->values[0]));
	if (!samples->values)
		fail("no memory for %zu values", room);
	samples->room = room;
}

void samples_add(struct samples *samples, double value)
{
	make_room(samples, samples->count + 1);
	samples->values[samples->count++] = value;
	samples->sorted = false;
}

void samples_append(struct samples *samples, const struct samples *more)
{
	make_room(samples, samples->count + more->count);
	for (size_t i = 0; i < more->count; i++)
		samples->values[samples->count++] = more->values[i];
	samples->sorted = false;
}

void samples_free(struct samples *samples)
{
	free(samples->values);
	*samples = (struct samples){ 0 };
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

double samples_quantile(struct samples *samples, double q)
{
	double rank, below;
	size_t index;

	if (samples->count == 0)
		return NAN;
	if (!samples->sorted)
		qsort(samples->values, samples->count,
		      sizeof(samples->values[0]), compare);
	samples->sorted = true;
	rank = q * (double)(samples->count - 1);
	below = floor(rank);
	index = (size_t)below;
	if (index + 1 >= samples->count)
		return samples->values[samples->count - 1];
	return samples->values[index] +
	       (rank - below) *
		       (samples->values[index + 1] - samples->values[index]);
}

double samples_median(struct samples *samples)
{
	return samples_quantile(samples, 0.5);
}

double samples_min(struct samples *samples)
{
	return samples_quantile(samples, 0);
}

double samples_max(struct samples *samples)
{
	return samples_quantile(samples, 1);
}

double samples_mean(const struct samples *samples)
{
	double sum = 0;

	for (size_t i = 0; i < samples->count; i++)
		sum += samples->values[i];
	return samples->count ? sum / (double)samples->count : NAN;
}

double samples_jain(const struct samples *samples)
{
	double sum = 0, squares = 0;

	for (size_t i = 0; i < samples->count; i++) {
		sum += samples->values[i];
		squares += samples->values[i] * samples->values[i];
	}
	return squares > 0 ? sum * sum / ((double)samples->count * squares)
			   : NAN;
}
