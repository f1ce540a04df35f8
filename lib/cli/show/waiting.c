/* SPDX-License-Identifier: MIT */
/* waiting.c - a thread that tells what its process waits for.
 *
 * The acquire stays one call of the library, so that it keeps its place in the
 * queue.  The thread has all signals blocked: they do what they did without it.
 */
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/cli/show/show.h"

/* Columns of a line beside the key and the command of the holder. */
#define REST_COLUMNS 66
#define TEXT_LEAST 7

struct waiting {
	const char *key;
	const struct place *place;
	bool in_place; /* one line, written anew each second */
	bool written;
	uint64_t version; /* of what was said last */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	bool over;
};

static int columns_of_errors(void)
{
	struct winsize size = { 0 };

	ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	return size.ws_col > 1 ? size.ws_col : 80;
}

static void say(struct waiting *waiting)
{
	char text[SENTENCE_SIZE], key[SHOWN_SIZE], line[SHOWN_SIZE];
	char whole[SHOWN_SIZE + SENTENCE_SIZE + 32];
	int columns = columns_of_errors() - 1, limit = TEXT_LIMIT;
	uint64_t version = 0;

	/* The time and the place in the queue matter more than all the text. */
	if (waiting->in_place)
		limit = (columns - REST_COLUMNS) / 2;
	limit = limit < TEXT_LEAST ? TEXT_LEAST : limit;
	limit = limit > TEXT_LIMIT ? TEXT_LIMIT : limit;
	if (!explain_wait(text, waiting->place, limit, &version))
		return;
	show_text(key, waiting->key, limit);
	snprintf(whole, sizeof(whole), "portlock: %s: waiting for %s", key,
		 text);
	if (waiting->in_place) {
		show_text(line, whole, columns);
		fprintf(stderr, "\r%s\033[K", line);
		fflush(stderr);
	} else if (!waiting->written || version != waiting->version) {
		fprintf(stderr, "%s\n", whole);
	}
	waiting->written = true;
	waiting->version = version;
}

static void *tell(void *argument)
{
	struct waiting *waiting = argument;
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	pthread_mutex_lock(&waiting->mutex);
	while (!waiting->over) {
		int error = 0;

		next.tv_sec++;
		while (!waiting->over && error == 0)
			error = pthread_cond_timedwait(&waiting->wake,
						       &waiting->mutex, &next);
		if (waiting->over)
			break;
		say(waiting);
		/* Not the seconds again in which we were stopped. */
		clock_gettime(CLOCK_MONOTONIC, &next);
	}
	pthread_mutex_unlock(&waiting->mutex);
	return NULL;
}

static void prepare(struct waiting *waiting)
{
	const char *term = getenv("TERM");
	pthread_condattr_t monotonic;

	waiting->in_place =
		isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
	pthread_mutex_init(&waiting->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&waiting->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void dispose(struct waiting *waiting)
{
	pthread_cond_destroy(&waiting->wake);
	pthread_mutex_destroy(&waiting->mutex);
	free(waiting);
}

struct waiting *waiting_begin(const char *key, const struct place *place)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting));
	sigset_t all, mask;
	int error;

	if (!waiting)
		return NULL;
	waiting->key = key;
	waiting->place = place;
	prepare(waiting);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask);
	error = pthread_create(&waiting->thread, NULL, tell, waiting);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	if (!error)
		return waiting;
	dispose(waiting);
	return NULL;
}

void waiting_end(struct waiting *waiting)
{
	if (!waiting)
		return;
	pthread_mutex_lock(&waiting->mutex);
	waiting->over = true;
	pthread_cond_signal(&waiting->wake);
	pthread_mutex_unlock(&waiting->mutex);
	pthread_join(waiting->thread, NULL);
	if (waiting->in_place && waiting->written) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
	}
	dispose(waiting);
}
