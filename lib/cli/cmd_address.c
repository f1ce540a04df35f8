/* SPDX-License-Identifier: MIT */
/* cmd_address.c - portlock address: where the lock of a key is. */
#include "config.h"

#include <getopt.h>
#include <stdio.h>

#include <portlock/portlock.h>

#include "lib/cli/show/show.h"

static int print_address(const char *key)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	uint16_t ports[PORTLOCK_PORTS];
	char word[WORD_SIZE];
	portlock_t *lock;
	int error;

	if (!*key)
		return misuse(&verb_address, "the KEY is empty: a key is any "
					     "other text");
	options.transport = "tcp"; /* whatever the environment says */
	error = portlock_open(&lock, key, &options);
	if (error) {
		complain("%s: %s", key, portlock_strerror(error));
		return EXIT_SYSTEM;
	}
	portlock_ports(lock, ports);
	spell_gate(word, portlock_gate(lock));
	printf("@%s", word);
	for (int i = 0; i < PORTLOCK_PORTS; i++)
		printf("%s%u", i ? "," : " 127.0.0.1:", ports[i]);
	putchar('\n');
	portlock_close(lock);
	return 0;
}

static int run(int argc, char **argv)
{
	static const char short_options[] = "+:h";
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option, status = 0;

	while ((option = getopt_long(argc, argv, short_options, options,
				     NULL)) != -1) {
		if (option == 'h')
			return print_help(&verb_address);
		return misuse_of_option(&verb_address, argv, short_options,
					option);
	}
	if (!argv[optind])
		return misuse(&verb_address, "KEY is missing, as in: portlock "
					     "address nightly-backup");
	for (; argv[optind] && status == 0; optind++)
		status = print_address(argv[optind]);
	return status ? status : finish_output();
}

const struct verb verb_address = {
	.name = "address",
	.summary = "print the socket addresses that are the lock of a key",
	.help = "Usage: portlock address KEY...\n"
		"Prints a line for each KEY: the name of its abstract unix "
		"socket and its three\n"
		"TCP ports, such as\n\n"
		"  @/portlock/nightly-backup 127.0.0.1:43545,43546,43547\n\n"
		"Bytes that are not printable ASCII, spaces and backslashes "
		"appear as \\xHH.\n\n"
		"  -h, --help  print this and exit\n",
	.options = "--help, or '--' before a KEY that begins with '-'",
	.run = run,
};
