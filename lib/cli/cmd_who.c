/* SPDX-License-Identifier: MIT */
/* cmd_who.c - portlock who: who has the lock of a key, or its ports. */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "lib/cli/show/show.h"

#define EXIT_FREE 1

/* What there is to see of a key. */
struct sight {
	const char *key;
	struct place place;
	struct look look;
	struct ports ports;
};

static int see(struct sight *sight)
{
	int error = look(&sight->look, sight->place.gate);

	if (error == 0) {
		error = look_at_ports(&sight->ports, &sight->place);
		if (error)
			look_free(&sight->look);
	}
	if (error == 0)
		return 0;
	complain("cannot read the kernel's socket tables: %s",
		 strerror(-error));
	return EXIT_SYSTEM;
}

/* ---- for people -------------------------------------------------------------- */

static const char *verdict(const struct sight *sight)
{
	bool held = sight->look.count > 0;

	if (!are_blocked(&sight->ports))
		return held ? NULL : "free";
	if (!held)
		return "free by transport unix, not to be had by tcp: two of "
		       "its ports are taken";
	if (held_for(&sight->look.locks[0]) < 0)
		return "not held yet by who has its gate: two of its ports "
		       "are taken";
	return NULL;
}

/* What belongs to the lock itself needs no line. */
static void print_ports(const struct sight *sight)
{
	char text[SENTENCE_SIZE];

	for (int i = 0; i < sight->ports.count; i++) {
		if (strcmp(sight->ports.sockets[i].gate, sight->place.gate) ==
		    0)
			continue;
		show_socket(text, &sight->ports.sockets[i]);
		puts(text);
	}
	if (are_blocked(&sight->ports))
		puts("to keep them free, " PORTS_ADVICE);
}

static void print_words(const struct sight *sight)
{
	const char *words = verdict(sight);
	struct screen screen;
	char key[SHOWN_SIZE];

	screen_of_output(&screen);
	show_text(key, sight->key, screen.columns / 2);
	if (sight->look.count > 0)
		print_table(stdout, &sight->look, &screen, true);
	if (words)
		printf("%s: %s\n", key, words);
	print_ports(sight);
}

/* ---- for programs ------------------------------------------------------------ */

static json_t *json_of_free(const struct sight *sight)
{
	return json_pack("{s:o, s:o, s:n, s:s, s:n, s:n, s:n, s:[], s:[]}",
			 "key", json_of_text(sight->key), "gate",
			 json_of_gate(sight->place.gate), "transport", "state",
			 "free", "holder", "since", "held_seconds", "others",
			 "waiters");
}

static json_t *json_of_socket(const struct sight *sight,
			      const struct look_socket *socket)
{
	const char *of = "stranger";

	if (strcmp(socket->gate, sight->place.gate) == 0)
		of = "lock";
	else if (*socket->gate)
		of = "portlock";
	return json_pack("{s:i, s:s, s:s, s:o, s:o}", "port", socket->port,
			 "address", socket->address, "of", of, "gate",
			 *socket->gate ? json_of_gate(socket->gate)
				       : json_null(),
			 "process", json_of_process(&socket->process));
}

static json_t *json_of_sight(const struct sight *sight)
{
	json_t *object, *ports = json_array();

	if (sight->look.count > 0)
		object = json_of_lock(&sight->look.locks[0], sight->key);
	else
		object = json_of_free(sight);
	/* Failures go on to a NULL at the end. */
	for (int i = 0; i < sight->ports.count; i++) {
		if (json_array_append_new(
			    ports,
			    json_of_socket(sight, &sight->ports.sockets[i])) <
		    0) {
			json_decref(ports);
			ports = NULL;
			break;
		}
	}
	if (json_object_set_new(object, "ports", ports) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}

/* ---- the verb ---------------------------------------------------------------- */

static int who(const char *key, bool json)
{
	struct pl_address address;
	struct sight sight = { .key = key };
	int status;

	pl_address_of_key(&address, key);
	sight.place.gate = address.name;
	sight.place.first_port = address.first_port;
	status = see(&sight);
	if (status)
		return status;
	if (json)
		status = print_json(json_of_sight(&sight), true);
	else
		print_words(&sight);
	if (status == 0)
		status = finish_output();
	if (status == 0 && sight.look.count == 0 && !are_blocked(&sight.ports))
		status = EXIT_FREE;
	look_free(&sight.look);
	ports_free(&sight.ports);
	return status;
}

static int run(int argc, char **argv)
{
	static const char short_options[] = ":jh";
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool json = false;
	int option, status;

	while ((option = getopt_long(argc, argv, short_options, options,
				     NULL)) != -1) {
		if (option == 'h')
			return print_help(&verb_who);
		if (option != 'j')
			return misuse_of_option(&verb_who, argv, short_options,
						option);
		json = true;
	}
	status = take_key(&verb_who, argv + optind, "nightly-backup");
	return status ? status : who(argv[optind], json);
}

const struct verb verb_who = {
	.name = "who",
	.summary = "print who holds the lock of a key, or has its ports",
	.help = "Usage: portlock who KEY [--json]\n"
		"Prints who holds the lock named KEY and for how long, who "
		"else keeps it, who\n"
		"waits for it, and whose sockets are on its ports.\n\n"
		"  -j, --json  an object, see portlock(1)\n"
		"  -h, --help  print this and exit\n\n"
		"If two of its three ports are taken by others, the lock is "
		"not to be had by\n"
		"transport tcp although it is free: that counts as held.\n\n"
		"Exit status: 0 held, 1 free, 64 misuse, 71 system error.\n",
	.options = "--json or --help, or '--' before a KEY that begins with "
		   "'-'",
	.run = run,
};
