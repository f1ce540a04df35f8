/* SPDX-License-Identifier: MIT */
/* torture.h - what the files of the torture share.
 *
 * One director starts actors and strangers in slots, and kills, stops and
 * signals them.  All of them write into an arena of shared memory (who is
 * inside) and into a history file, by which a referee that knows nothing of
 * the library's insides judges.
 */
#ifndef PORTLOCK_TESTS_TORTURE_H
#define PORTLOCK_TESTS_TORTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <portlock/portlock.h>

#define KEYS_MAX 32
#define SLOTS_MAX 256
#define SEATS 4 /* the threads of a process, at most */

#define MSEC INT64_C(1000000)
#define SEC INT64_C(1000000000)

/* ---- options.c: what the command line says ------------------------------- */

/* Faults that are planted, to see that the referee finds them. */
enum plant {
	NO_PLANT,
	PLANT_EXCLUSION, /* some are inside without the lock */
	PLANT_TOKEN,	 /* some use an old token */
	PLANT_WAIT,	 /* one holder never lets go */
	PLANT_NAME,	 /* one process stays, with a name bound */
	PLANT_DESCRIPTOR /* some processes leave a descriptor open */
};

struct plan {
	int64_t seed;
	int64_t seconds;
	int64_t grants; /* ends the run as well; 0: does not */
	int64_t processes;
	int64_t strangers; /* of each kind */
	int64_t keys;
	int64_t threads;	       /* of a process, at most */
	int64_t kills, stops, signals; /* a second */
	int64_t patience;	       /* seconds until a wait has hung */
	int64_t shown;		       /* slot whose steps are shown, or -1 */
	enum plant plant;
	const char *history; /* where it is kept; NULL: nowhere */
};

/* Ends the program on --help (0) and on nonsense (64). */
void options_read(struct plan *plan, int argc, char **argv);

/* ---- draw.c: the same decisions for the same seed ------------------------ */

struct draw {
	uint64_t state;
};

/* The decisions of one thread of the process that is the round-th in its
 * slot. */
struct draw draw_begin(int64_t seed, int slot, int round, int thread);
uint64_t draw_next(struct draw *draw);
int draw_below(struct draw *draw, int limit);
bool draw_one_in(struct draw *draw, int count);

/* ---- arena.c: the memory that all share ---------------------------------- */

/* What is judged. */
enum check {
	EXCLUSION,
	TOKENS,
	OUTCOMES,
	CHILDREN,
	ENDS,
	DESCRIPTORS,
	NAMES,
	PROCESSES,
	CHECKS
};

/* How an acquire can end. */
enum outcome {
	GRANTED,
	TIMED_OUT,
	BUSY,
	INTERRUPTED,
	NO_DESCRIPTOR,
	REFUSED, /* the thread had it already */
	DIED,
	OUTCOMES_KINDS
};

/*
 * Two exclusions are judged for each key: one among all that take the gate,
 * one among all that take two ports of three.  Transport tcp takes part in
 * both; a program that follows one of the documented rules, in that one.
 */
enum { GATE, PORTS, ROOMS };
#define IN_GATE (1 << GATE)
#define IN_PORTS (1 << PORTS)

/* What a key guards. */
struct ground {
	char key[64];
	uint16_t ports[PORTLOCK_PORTS];
	atomic_int inside[ROOMS]; /* a pid, 0: nobody */
	_Atomic uint64_t token;	  /* of the last grant */
	_Atomic uint64_t count;	  /* of grants: loaded, then stored */
};

/* What a thread does, as others can see it. */
struct seat {
	_Atomic uint64_t begun; /* acquires */
	_Atomic uint64_t ended[OUTCOMES_KINDS];
	_Atomic int64_t due; /* when the present one has hung; 0: none */
	atomic_int key;
	_Atomic int64_t longest; /* wait that ended with a grant */
	_Atomic uint64_t handed; /* grants that came from the holder before */
};

/* Things that happened, to be counted. */
enum event {
	STRANGERS_INSIDE,
	FORKS,
	SPAWNS,
	EXECS,
	CRASHES,
	STARVED, /* steps with few descriptors */
	CHILD_KILLS,
	SQUATS,
	EVENTS
};

struct arena {
	struct plan plan;
	struct ground grounds[KEYS_MAX];
	pid_t director;
	atomic_int over; /* everybody shall come to an end */
	_Atomic uint32_t ids;
	_Atomic uint64_t violations[CHECKS];
	_Atomic uint64_t shown[CHECKS]; /* or would have been */
	_Atomic uint64_t events[EVENTS];
	struct seat seats[SLOTS_MAX][SEATS];
	struct seat children; /* of actors, all in one */
};

extern struct arena *arena;

void arena_make(const struct plan *plan);

/* Where all processes have these. */
#define ARENA_FD 10
#define HISTORY_FD 11
#define PROGRAM_FD 12

/* Gives a descriptor, which is closed by exec, that number. */
bool fd_move(int fd, int number);

/* For the exec of an actor: these survive it, or do not. */
void arena_pass(bool survive);
void arena_adopt(void);

/* For every process: a number that no other has. */
uint32_t arena_id(void);

void arena_event(enum event event);

/* A violation: it is counted, the first ones are printed, and the run ends,
 * unless a fault is planted. */
void violation(enum check check, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

int64_t now_ns(void);
void sleep_ns(int64_t ns);
int count_fds(void);

/* ---- history.c: a line for each grant, release and kill ------------------ */

void history_make(const char *path);

/* Who did something: id of the process, and the thread. */
struct who {
	uint32_t id;
	int thread;
};

void history_grant(int key, int rooms, uint64_t count, uint64_t token,
		   struct who who);
void history_release(int key, int rooms, struct who who);

/* Before the signal is sent. */
void history_kill(uint32_t id, pid_t pid);

/* Afterwards: what it tells.  Returns how many grants it has. */
uint64_t history_check(void);

/* ---- referee.c: who is inside -------------------------------------------- */

/* token 0: of those that have none. */
void referee_enter(int key, int rooms, uint64_t token, struct who who);
void referee_leave(int key, int rooms, struct who who);

/* Whether a process is dead, or so nearly that its descriptors may be gone. */
bool is_dying(pid_t pid);

/* ---- step.c: what a thread does next ------------------------------------- */

enum way { WAIT, TIMED, TRY, INTERRUPTIBLE, DEFAULT_WAIT, WAYS };
enum work { NO_WORK, YIELD, SPIN, NAP, WORKS };
enum parting { RELEASE, CLOSE, BY_HANDLER, CRASH, EXEC, PARTINGS };
enum offspring {
	NO_CHILD,
	FORK,	    /* it contends, too */
	FORK_KILL,  /* killed at any moment */
	FORK_TWICE, /* as daemons do */
	FORK_EXEC,
	RAW_FORK, /* without fork handlers */
	VFORK,
	SPAWN,
	OFFSPRINGS
};

/* Drawn as a whole before any of it is done, so that the steps of a thread do
 * not depend on what happens to it. */
struct step {
	int key;
	int inner; /* another key, taken inside, or -1 */
	bool tcp;
	bool own; /* handle of the thread, not that of all */
	bool again;
	enum way way;
	int timeout_ms;
	enum work work;
	int work_us;
	enum parting parting;
	enum offspring offspring;
	bool child_first; /* before the lock is taken, not while it is held */
	int delay_us;	  /* until the child is killed, or goes on */
	uint64_t child_seed;
	int spare; /* descriptors that are left, -1: many */
	bool plant;
};

struct step step_draw(struct draw *draw, const struct plan *plan);

/* The first steps of a slot, on standard output. */
void steps_show(const struct plan *plan, int slot);

/* ---- actor.c, hand.c, offspring.c: processes with threads ---------------- */

#define LITTER_MAX 64

/* A thread of an actor, or a child. */
struct hand {
	struct who who;
	struct draw draw;
	struct seat *seat;
	struct actor *actor;
	bool is_child;
	portlock_t *own;
	int own_key;
	bool own_tcp;
	pid_t litter[LITTER_MAX]; /* children that have not been reaped */
	int litter_count;
};

struct actor {
	int slot, round, execs;
	uint32_t id;
	int threads, steps;
	bool may_starve;
	portlock_t *shared[KEYS_MAX];
	bool shared_tcp[KEYS_MAX];
	struct hand hands[SEATS];
};

/* Slots whose processes are another user's, if the director is root. */
bool is_foreign(int slot);

/* In the director, before the first actor. */
void actor_prepare(void);

/* Never returns. */
void actor_run(int slot, int round, int execs, uint32_t id)
	__attribute__((noreturn));

/* The actor starts anew by exec, with the same id. */
void actor_exec(const struct actor *actor);

/* For every process that the director starts: it ends with the director, and
 * what is meant for that one alone does not reach it. */
void process_begin(void);

portlock_t *hand_open(int key, bool tcp);
void hand_step(struct hand *hand, const struct step *step);

/* Closes and reaps what there is. */
void hand_end(struct hand *hand);

/* Handlers of the signals that hands get. */
void hand_signals(void);

/* The limit on descriptors: so many free ones, or -1: as many as can be. */
void limit_descriptors(int spare);

void offspring_make(struct hand *hand, const struct step *step);
void offspring_reap(struct hand *hand, bool all);

/* What a process that has ended says about it; NULL: all is well. */
const char *end_fault(int status);

/* ---- stranger.c: programs that know nothing of portlock ------------------ */

enum stranger { GATE_PEER, PORT_PEER, SQUATTER, STRANGER_KINDS };

/* Never returns. */
void stranger_run(enum stranger kind, int slot, int round, uint32_t id)
	__attribute__((noreturn));

/* A plain bind(); the descriptor, or -1. */
int stranger_bind_gate(const char *key);
int stranger_bind_port(uint32_t address, uint16_t port);

/* ---- keys.c: which keys -------------------------------------------------- */

/* Keys whose ports no test has that runs at the same time; the last two share
 * ports. */
void keys_make(void);

/* Everything is free again. */
void keys_check(void);
void keys_free(void);

/* ---- director.c, slots.c: who lives and who dies ------------------------- */

struct slot {
	pid_t pid; /* 0: nobody */
	uint32_t id;
	int round;
	int64_t resume; /* when it goes on, 0: it is not stopped */
	bool doomed;	/* it has been killed */
};

struct cast {
	struct slot slots[SLOTS_MAX];
	int count;
	uint64_t kills, killed_inside, killed_waiting, stops, signals;
	uint64_t retired, crashes;
	int64_t begun, ended;
	int fds;
	bool interrupted;
	uint64_t recorded; /* grants in the history */
};

/* Once, before all others: the plant that is a process. */
void slots_plant(void);
void slot_fill(struct cast *cast, int slot);
void slot_kill(struct cast *cast, int slot);
void slot_stop(struct cast *cast, int slot, int64_t until);
void slot_resume(struct cast *cast, int slot);
void slot_signal(struct cast *cast, int slot);

/* Whatever has ended; returns false when there is no child left. */
bool slots_reap(struct cast *cast);

/* Kills what is left, which is a violation. */
void slots_clear(struct cast *cast);

/* Runs it all. */
void direct(struct cast *cast);

/* ---- report.c ------------------------------------------------------------ */

uint64_t report_sum(enum outcome outcome);
void report_progress(const struct cast *cast);

/* The results; returns the exit status. */
int report(const struct cast *cast);

#endif
