/* SPDX-License-Identifier: MIT */
/* cmd_list.c - portlock list: every lock, its holder and its waiters. */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cli/show/show.h"

#define NONE "no portlock is held in this network namespace"

/* The other screen of a terminal, and back; a frame begins at the top. */
#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"
#define TOP "\033[H"
#define REST_OF_LINE "\033[K"
#define REST_OF_SCREEN "\033[J"

struct request {
	bool json;
	bool watch;
	int64_t pause_ms;
};

/* ---- once ------------------------------------------------------------------ */

static int see(struct look *seen)
{
	int error = look(seen, NULL);

	if (error == 0)
		return 0;
	complain("cannot read the kernel's socket tables: %s",
		 strerror(-error));
	return EXIT_SYSTEM;
}

static int print_once(const struct request *request)
{
	struct screen screen;
	struct look seen;
	int status = see(&seen);

	if (status)
		return status;
	screen_of_output(&screen);
	if (request->json)
		status = print_json(json_of_look(&seen), !request->watch);
	else if (seen.count > 0)
		print_table(stdout, &seen, &screen, false);
	else
		complain(NONE);
	look_free(&seen);
	return status;
}

/* ---- again and again -------------------------------------------------------- */

/* Writes as many lines as the screen has, each over what was there. */
static void draw(const char *text, const struct screen *screen)
{
	fputs(TOP, stdout);
	for (int line = 1; *text && line <= screen->lines; line++) {
		size_t length = strcspn(text, "\n");

		if (line == screen->lines && text[length] && text[length + 1]) {
			fputs("..." REST_OF_LINE, stdout);
			break;
		}
		printf("%.*s" REST_OF_LINE, (int)length, text);
		text += length + (text[length] == '\n');
		if (line < screen->lines)
			putchar('\n');
	}
	fputs(REST_OF_SCREEN, stdout);
}

static int draw_once(void)
{
	struct screen screen;
	struct look seen;
	size_t size;
	char *text = NULL;
	FILE *frame;
	int status = see(&seen);

	if (status)
		return status;
	screen_of_output(&screen);
	frame = open_memstream(&text, &size);
	if (frame) {
		if (seen.count > 0)
			print_table(frame, &seen, &screen, false);
		else
			fputs(NONE "\n", frame);
	}
	look_free(&seen);
	if (!frame || fclose(frame) != 0) {
		complain("%s", strerror(errno));
		status = EXIT_SYSTEM;
	} else {
		draw(text, &screen);
	}
	free(text);
	return status;
}

/* Those that end or stop us, unless they are ignored, and a new size. */
static void choose_signals(sigset_t *signals)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
				       SIGTSTP };
	struct sigaction action;

	sigemptyset(signals);
	sigaddset(signals, SIGWINCH);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (sigaction(numbers[i], NULL, &action) == 0 &&
		    action.sa_handler == SIG_DFL)
			sigaddset(signals, numbers[i]);
}

/* The terminal as it was; then what the signal does. */
static void give_in(int number, const sigset_t *signals)
{
	fputs(LEAVE, stdout);
	fflush(stdout);
	raise(number);
	sigprocmask(SIG_UNBLOCK, signals, NULL);
	/* It was a stop, and we go on. */
	sigprocmask(SIG_BLOCK, signals, NULL);
	fputs(ENTER, stdout);
}

static int watch_in_place(const struct timespec *pause)
{
	sigset_t signals;
	int status, number;

	choose_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fputs(ENTER, stdout);
	while ((status = draw_once()) == 0 && fflush(stdout) == 0) {
		number = sigtimedwait(&signals, NULL, pause);
		if (number > 0 && number != SIGWINCH)
			give_in(number, &signals);
	}
	fputs(LEAVE, stdout);
	return status;
}

static int watch(const struct request *request)
{
	struct timespec pause = {
		.tv_sec = (time_t)(request->pause_ms / 1000),
		.tv_nsec = (long)(request->pause_ms % 1000 * PL_MSEC),
	};
	int status;

	if (!request->json && isatty(STDOUT_FILENO))
		return watch_in_place(&pause);
	while ((status = print_once(request)) == 0 && fflush(stdout) == 0) {
		nanosleep(&pause, NULL);
		if (!request->json)
			putchar('\n');
	}
	return status;
}

static int take_pause(struct request *request, const char *value)
{
	int status = 0;

	request->watch = true;
	if (value)
		status = take_seconds(&verb_list, value, &request->pause_ms);
	if (status == 0 && request->pause_ms == 0)
		return misuse(&verb_list, "--watch=0 would never rest: use "
					  "seconds, such as 1 or 0.5");
	return status;
}

static int run(int argc, char **argv)
{
	static const char short_options[] = "+:jw::h";
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "watch", optional_argument, NULL, 'w' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct request request = { .pause_ms = 1000 };
	int option, status = 0;

	while (status == 0 && (option = getopt_long(argc, argv, short_options,
						    options, NULL)) != -1) {
		if (option == 'h')
			return print_help(&verb_list);
		if (option == 'j')
			request.json = true;
		else if (option == 'w')
			status = take_pause(&request, optarg);
		else
			status = misuse_of_option(&verb_list, argv,
						  short_options, option);
	}
	if (status == 0 && argv[optind])
		return misuse(&verb_list,
			      "'%s' is one word too many: 'portlock who KEY' "
			      "tells of one lock",
			      argv[optind]);
	if (status == 0)
		status = request.watch ? watch(&request) : print_once(&request);
	return status ? status : finish_output();
}

const struct verb verb_list = {
	.name = "list",
	.summary = "print every lock that is held, its holder and its waiters",
	.help = "Usage: portlock list [--json] [--watch[=SECONDS]]\n"
		"Prints every portlock that is held in this network "
		"namespace: its key, who holds\n"
		"it and for how long, and below, in their order, who waits "
		"for it.\n\n"
		"  -j, --json             an array of objects, see "
		"portlock(1)\n"
		"  -w, --watch[=SECONDS]  again every second, until it is "
		"interrupted\n"
		"  -h, --help             print this and exit\n\n"
		"Nothing is disturbed: the kernel's tables tell it. Processes "
		"of others are seen\n"
		"by root alone.\n\n"
		"Exit status: 0, also if there is none; 64 misuse, 71 system "
		"error.\n",
	.options = "--json, --watch or --help",
	.run = run,
};
