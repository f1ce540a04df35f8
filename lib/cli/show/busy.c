/* SPDX-License-Identifier: MIT */
/* busy.c - why a lock is not to be had, in a sentence. */
#include "config.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cli/show/show.h"

#define PORTS "its ports: "

/* What is said before, between and after sockets fits as well. */
#define FOREIGN_MAX                                                            \
	(SENTENCE_SIZE - sizeof(PORTS) - sizeof(PORTS_ADVICE) - sizeof("; ; "))

static bool is_of(const struct look_socket *socket, const char *gate)
{
	return strcmp(socket->gate, gate) == 0;
}

int look_at_ports(struct ports *ports, const struct place *place)
{
	unsigned seen = 0;
	int error = 0;

	memset(ports, 0, sizeof(*ports));
	if (place->first_port)
		error = look_ports(&ports->sockets, &ports->count,
				   place->first_port);
	if (error)
		return error;
	for (int i = 0; i < ports->count; i++)
		if (!is_of(&ports->sockets[i], place->gate))
			seen |= 1u
				<< (ports->sockets[i].port - place->first_port);
	ports->foreign = __builtin_popcount(seen);
	return 0;
}

void ports_free(struct ports *ports)
{
	free(ports->sockets);
}

bool are_blocked(const struct ports *ports)
{
	return ports->foreign > PORTLOCK_PORTS - PL_QUORUM;
}

void show_socket(char text[SENTENCE_SIZE], const struct look_socket *socket)
{
	char process[SENTENCE_SIZE], name[SHOWN_SIZE];

	if (socket->state == TCP_TIME_WAIT) {
		snprintf(text, SENTENCE_SIZE,
			 "%.63s: a connection that has ended, for another "
			 "minute at most",
			 socket->address);
		return;
	}
	if (!*socket->gate) {
		show_process(process, &socket->process, "", TEXT_LIMIT);
		snprintf(text, SENTENCE_SIZE,
			 "%.63s: %.1200s, which is no "
			 "portlock",
			 socket->address, process);
		return;
	}
	show_process(process, &socket->process, name_of_gate(socket->gate),
		     TEXT_LIMIT);
	show_text(name, name_of_gate(socket->gate), 40);
	snprintf(text, SENTENCE_SIZE, "%.63s: %.1200s, for the portlock %.500s",
		 socket->address, process, name);
}

void show_foreign(char text[SENTENCE_SIZE], const struct ports *ports,
		  const struct place *place)
{
	char one[SENTENCE_SIZE];
	const char *separator = "";
	char *at = stpcpy(text, PORTS);

	for (int i = 0; i < ports->count; i++) {
		if (is_of(&ports->sockets[i], place->gate))
			continue;
		show_socket(one, &ports->sockets[i]);
		if ((size_t)(at - text) + strlen(one) >= FOREIGN_MAX)
			break;
		at = stpcpy(stpcpy(at, separator), one);
		separator = "; ";
	}
	if (are_blocked(ports))
		stpcpy(stpcpy(at, "; "), PORTS_ADVICE);
}

/* Nobody has the gate, or who has it lacks ports. */
static bool explain_ports(char text[SENTENCE_SIZE], const struct place *place)
{
	struct ports ports;
	bool blocked;

	if (look_at_ports(&ports, place) < 0)
		return false;
	blocked = are_blocked(&ports);
	if (blocked)
		show_foreign(text, &ports, place);
	ports_free(&ports);
	return blocked;
}

void explain_cluster(char text[SENTENCE_SIZE], const struct place *place)
{
	char detail[256] = "";

	if (place->cluster)
		portlock_detail(place->cluster, detail, sizeof(detail));
	show_text(text, detail, NO_LIMIT);
}

static const char *if_stopped(const struct look_process *process)
{
	const char *state = process_state(process);

	return state && strcmp(state, "stopped") == 0 ? ", which is stopped,"
						      : "";
}

static void explain_lock(char text[SENTENCE_SIZE], const struct look_lock *lock)
{
	char process[SENTENCE_SIZE], time[DURATION_SIZE];
	const char *stopped = if_stopped(&lock->holder);
	int64_t held = held_for(lock);
	int length;

	show_process(process, &lock->holder, name_of_gate(lock->gate),
		     TEXT_LIMIT);
	show_duration(time, held);
	if (held >= 0)
		length = snprintf(text, SENTENCE_SIZE,
				  "%.1200s%s has held it for %s", process,
				  stopped, time);
	else if (lock->cluster)
		length = snprintf(text, SENTENCE_SIZE,
				  "%.1200s%s waits for the cluster", process,
				  stopped);
	else
		length = snprintf(text, SENTENCE_SIZE, "%.1200s%s has it",
				  process, stopped);
	if (lock->waiter_count > 0)
		sprintf(text + length, ", %d waiting", lock->waiter_count);
}

bool explain_busy(char text[SENTENCE_SIZE], const struct place *place)
{
	struct look seen;
	bool explained = false;

	if (look(&seen, place->gate) < 0)
		return false;
	/* Who has the gate without ports does not hold. */
	if (seen.count == 0 || held_for(&seen.locks[0]) < 0)
		explained = explain_ports(text, place);
	if (!explained && seen.count > 0) {
		explain_lock(text, &seen.locks[0]);
		explained = true;
	}
	look_free(&seen);
	return explained;
}

/* How many are before us; -1: we are not in the queue. */
static int place_of_us(const struct look_lock *lock)
{
	for (int i = 0; i < lock->waiter_count; i++)
		if (lock->waiters[i].pid == getpid())
			return i;
	return -1;
}

static void explain_queue(char text[SENTENCE_SIZE],
			  const struct look_lock *lock, int limit,
			  uint64_t *version)
{
	char process[SENTENCE_SIZE], time[DURATION_SIZE];
	const char *stopped = if_stopped(&lock->holder);
	int64_t held = held_for(lock);
	int before = place_of_us(lock), length;

	show_process(process, &lock->holder, name_of_gate(lock->gate), limit);
	length = snprintf(text, SENTENCE_SIZE, "%.1200s%s", process, stopped);
	if (held >= 0) {
		show_duration(time, held);
		length += sprintf(text + length, "%s held %s",
				  *stopped ? "" : ",", time);
	}
	if (before > 0)
		sprintf(text + length, ", %d before you", before);
	else if (before == 0)
		strcpy(text + length, ", you are next");
	*version = (uint64_t)lock->holder.pid << 32 | (uint32_t)(2 * before) |
		   (*stopped != '\0');
}

/* Before us are other hosts, if we know of no trouble. */
static void explain_hosts(char text[SENTENCE_SIZE], const struct place *place,
			  uint64_t *version)
{
	char trouble[SENTENCE_SIZE];

	explain_cluster(trouble, place);
	if (*trouble)
		snprintf(text, SENTENCE_SIZE, "the cluster: %.1100s", trouble);
	else
		strcpy(text, "other hosts of the cluster");
	for (const char *at = text; *at; at++)
		*version = *version * 31 + (unsigned char)*at;
}

bool explain_wait(char text[SENTENCE_SIZE], const struct place *place,
		  int limit, uint64_t *version)
{
	struct look seen;
	bool found;

	if (look(&seen, place->gate) < 0)
		return false;
	found = seen.count > 0;
	if (found && seen.locks[0].holder.pid == getpid()) {
		*version = 0;
		if (place->cluster)
			explain_hosts(text, place, version);
		else
			found = explain_ports(text, place);
	} else if (found) {
		explain_queue(text, &seen.locks[0], limit, version);
	}
	look_free(&seen);
	return found;
}
