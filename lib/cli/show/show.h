/* SPDX-License-Identifier: MIT */
/* show.h - who holds and who waits, for people and for programs. */
#ifndef PORTLOCK_CLI_SHOW_H
#define PORTLOCK_CLI_SHOW_H

#include <stdio.h>

#include <jansson.h>

#include "lib/cli/cli.h"
#include "lib/look/look.h"

/* ---- text.c: other people's text, fit to be printed ----------------------- */

/* Enough for what look.h tells, with all of it escaped. */
#define SHOWN_SIZE 1100

#define NO_LIMIT 0

/*
 * Printable UTF-8 as it is, all else as \xHH: no key and no command line can
 * steer a terminal.  What has more columns than the limit ends in an ellipsis.
 */
void show_text(char shown[SHOWN_SIZE], const char *text, int limit);

/* The whole of it. */
void print_text(FILE *out, const char *text);

/* Bytes of the character that the text begins with; 0: it is not printable. */
size_t printable_size(const char *text);

/* How many columns that is on a terminal. */
int text_columns(const char *shown);

/* One word of plain ASCII, from which printf '%b' makes the text again. */
#define WORD_SIZE (4 * PL_GATE_MAX + 1)
void spell_gate(char word[WORD_SIZE], const char *gate);

/* ---- facts.c: what is known of a lock, in words ---------------------------- */

/*
 * The key that a gate is for; NULL with only a part of a long one in it.  The
 * name is for people: that part and the digest, then.
 */
const char *key_of_gate(const char *gate);
const char *name_of_gate(const char *gate);

/* "tcp", "unix", "etcd", or NULL: not known. */
const char *transport_of(const struct look_lock *lock);

/* Nanoseconds; negative: not known. */
int64_t held_for(const struct look_lock *lock);

/* "running", "stopped", "ended" (a zombie), or NULL: not known. */
const char *process_state(const struct look_process *process);

/* "held", "waiting" (for the cluster), "plain" (bound without a queue) or
 * "unseen". */
const char *lock_state(const struct look_lock *lock);

/* "root", or the number, or "?". */
#define USER_SIZE 33
void show_user(char text[USER_SIZE], uid_t uid);

/* "12 min"; "?" for what is not known. */
#define DURATION_SIZE 24
void show_duration(char text[DURATION_SIZE], int64_t ns);

/*
 * What the process runs, or the command that a "portlock run" with the name of
 * a gate runs: a part of its command line.
 */
const char *command_of(const struct look_process *process, const char *name);

/* The same for a line of text: "pid 4711 (backup.sh)". */
#define SENTENCE_SIZE 2400
#define TEXT_LIMIT 40 /* columns of a text of others in a sentence */
void show_process(char text[SENTENCE_SIZE], const struct look_process *process,
		  const char *name, int limit);

/* ---- table.c: locks for people ---------------------------------------------- */

/* What is to be written to. */
struct screen {
	int columns; /* NO_LIMIT: no terminal */
	int lines;
	bool colours;
};

void screen_of_output(struct screen *screen);

/* With all: who else has a lock's descriptors as well. */
void print_table(FILE *to, const struct look *look, const struct screen *screen,
		 bool all);

/* ---- json.c: locks for programs ---------------------------------------------- */

/* NULL without memory.  The key, if it is known better than by the gate. */
json_t *json_of_process(const struct look_process *process);
json_t *json_of_lock(const struct look_lock *lock, const char *key);
json_t *json_of_look(const struct look *look);
json_t *json_of_text(const char *text);
json_t *json_of_gate(const char *gate);

/* Writes a line (or with pretty, lines) and drops the value; 0 or
 * EXIT_SYSTEM after a message. */
int print_json(json_t *value, bool pretty);

/* ---- busy.c: why a lock is not to be had ---------------------------------- */

/* Where a lock is; a first_port of 0: only the gate counts. */
struct place {
	const char *gate;
	uint16_t first_port;
	portlock_t *cluster; /* the handle of transport etcd, else NULL */
};

/* The sockets on its three ports. */
struct ports {
	struct look_socket *sockets;
	int count;
	int foreign; /* ports that have a socket which is not of its gate */
};

/* 0 with something to free, or -errno; of no ports, none are seen. */
int look_at_ports(struct ports *ports, const struct place *place);
void ports_free(struct ports *ports);

/* Whether two of three cannot be had. */
bool are_blocked(const struct ports *ports);

/* "127.0.0.1:43545: pid 12 (nginx), which is no portlock" */
void show_socket(char text[SENTENCE_SIZE], const struct look_socket *socket);

/* "its ports: ..." of others, with what to do if they block. */
void show_foreign(char text[SENTENCE_SIZE], const struct ports *ports,
		  const struct place *place);

#define PORTS_ADVICE                                                           \
	"reserve the ports (sysctl "                                           \
	"net.ipv4.ip_local_reserved_ports=40000-60001) or use transport unix"

/*
 * "pid 4711 (backup.sh) has held it for 12 min, 3 waiting"; false: nothing can
 * be seen.
 */
bool explain_busy(char text[SENTENCE_SIZE], const struct place *place);

/* Which trouble there is with the cluster; "": none that is known. */
void explain_cluster(char text[SENTENCE_SIZE], const struct place *place);

/*
 * "pid 4711 (backup.sh), held 12 min, 2 before you", for who is in the queue,
 * with at most so many columns of the command.
 * Returns false if nothing can be seen, else with *version: another one when the
 * holder, its state or the place in the queue is.
 */
bool explain_wait(char text[SENTENCE_SIZE], const struct place *place,
		  int limit, uint64_t *version);

/* ---- waiting.c: portlock run tells what it waits for ---------------------- */

struct waiting;

/*
 * After a second, and then on change, tells on stderr whom a lock is waited
 * for.  What is passed must stay.  NULL if there cannot be a thread for it, and
 * waiting_end() takes that; after waiting_end() there is none.
 */
struct waiting *waiting_begin(const char *key, const struct place *place);
void waiting_end(struct waiting *waiting);

#endif
