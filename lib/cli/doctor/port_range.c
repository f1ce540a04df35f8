/* SPDX-License-Identifier: MIT */
/* port_range.c - judges whether keys' ports are free when they are wanted. */
#include "config.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cli/doctor/doctor.h"

#define PORTS 65536
#define LISTENERS_TOLD 8

/* A list such as "8080,9000-9010"; false if it is none. */
static bool read_ports(const char *text, bool ports[PORTS])
{
	memset(ports, 0, PORTS * sizeof(*ports));
	while (*text) {
		unsigned first, last;
		int length = 0;

		if (sscanf(text, "%5u%n", &first, &length) != 1)
			return false;
		text += length;
		last = first;
		if (*text == '-') {
			if (sscanf(text, "-%5u%n", &last, &length) != 1)
				return false;
			text += length;
		}
		if (last < first || last >= PORTS ||
		    (*text != ',' && *text != '\0'))
			return false;
		memset(ports + first, true, last - first + 1);
		text += *text == ',';
	}
	return true;
}

/* As the kernel writes it: the list, or NULL: no memory. */
static char *write_ports(const bool ports[PORTS])
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int first, last;

	if (!out)
		return NULL;
	for (first = 0; first < PORTS; first = last + 1) {
		last = first;
		if (!ports[first])
			continue;
		while (last + 1 < PORTS && ports[last + 1])
			last++;
		fprintf(out, ftell(out) > 0 ? ",%d" : "%d", first);
		if (last > first)
			fprintf(out, "-%d", last);
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* How many of our ports the kernel gives to who asks for any. */
static int count_given(unsigned first, unsigned last,
		       const bool reserved[PORTS])
{
	int count = 0;

	for (unsigned port = PORTS_FIRST; port <= PORTS_LAST; port++)
		count += port >= first && port <= last && !reserved[port];
	return count;
}

void judge_range(struct report *report, const char *range, const char *reserved)
{
	static bool ports[PORTS];
	unsigned first, last;
	char *merged;
	int given;

	if (!range || !reserved || !read_ports(reserved, ports) ||
	    sscanf(range, "%5u %5u", &first, &last) != 2) {
		found(report, LEVEL_NOTE, "ports",
		      "which ports the kernel gives to other programs cannot "
		      "be told");
		return;
	}
	given = count_given(first, last, ports);
	if (given == 0) {
		found(report, LEVEL_OK, "ports",
		      "no program is given a port of %d-%d unless it asks for "
		      "it",
		      PORTS_FIRST, PORTS_LAST);
		return;
	}
	memset(ports + PORTS_FIRST, true, PORTS_LAST - PORTS_FIRST + 1);
	merged = write_ports(ports);
	found(report, LEVEL_WARNING, "ports",
	      "the kernel gives %d of the ports %d-%d to any program that "
	      "connects (ip_local_port_range is %u-%u), and keys may have to "
	      "wait for them, but not with --transport unix",
	      given, PORTS_FIRST, PORTS_LAST, first, last);
	if (merged)
		advise(report,
		       "sysctl -w net.ipv4.ip_local_reserved_ports=%s && echo "
		       "net.ipv4.ip_local_reserved_ports=%s "
		       ">/etc/sysctl.d/60-portlock.conf",
		       merged, merged);
	free(merged);
}

/* Sockets that a key's port cannot be bound beside. */
struct sockets {
	int count, listening;
	unsigned listeners[LISTENERS_TOLD];
};

/* Whether an address, as the kernel writes it, has 127.0.0.1 in it. */
static bool includes_loopback(const char *address)
{
	char any[33], loopback[9], mapped[33];

	snprintf(any, sizeof(any), "%032d", 0);
	snprintf(loopback, sizeof(loopback), "%08X", htonl(INADDR_LOOPBACK));
	snprintf(mapped, sizeof(mapped), "%016d%08X%s", 0, htonl(0xffff),
		 loopback);
	return !strcmp(address, loopback) || !strcmp(address, any + 24) ||
	       !strcmp(address, mapped) || !strcmp(address, any);
}

static void count_sockets(struct sockets *sockets, const char *table)
{
	const char *line = table ? strchr(table, '\n') : NULL;

	for (; line && line[1]; line = strchr(line + 1, '\n')) {
		char address[33];
		unsigned port, state;

		if (sscanf(line,
			   " %*[0-9]: %32[0-9A-F]:%4x %*32[0-9A-F]:%*4x "
			   "%2x",
			   address, &port, &state) != 3 ||
		    port < PORTS_FIRST || port > PORTS_LAST ||
		    !includes_loopback(address))
			continue;
		sockets->count++;
		if (state != 0x0a)
			continue;
		if (sockets->listening < LISTENERS_TOLD)
			sockets->listeners[sockets->listening] = port;
		sockets->listening++;
	}
}

void judge_sockets(struct report *report, const char *tcp, const char *tcp6)
{
	struct sockets sockets = { 0 };
	char list[LISTENERS_TOLD * 8 + 8] = "", *end = list;

	if (!tcp) {
		found(report, LEVEL_NOTE, "sockets",
		      "which ports are taken cannot be told");
		return;
	}
	count_sockets(&sockets, tcp);
	count_sockets(&sockets, tcp6);
	if (sockets.count == 0) {
		found(report, LEVEL_OK, "sockets",
		      "no other program has a port of %d-%d on 127.0.0.1 now",
		      PORTS_FIRST, PORTS_LAST);
		return;
	}
	for (int i = 0; i < sockets.listening && i < LISTENERS_TOLD; i++)
		end += sprintf(end, "%s%u", i ? ", " : ": ",
			       sockets.listeners[i]);
	if (sockets.listening > LISTENERS_TOLD)
		strcpy(end, ", ...");
	found(report, LEVEL_NOTE, "sockets",
	      "other programs have %d sockets on ports of %d-%d, of which %d "
	      "listen%s",
	      sockets.count, PORTS_FIRST, PORTS_LAST, sockets.listening, list);
	advise(report, "a key does with two of its three ports; 'portlock who "
		       "KEY' tells who has them, 'portlock address KEY' which "
		       "they are");
}
