/* SPDX-License-Identifier: MIT */
/* hand.c - a thread that takes a lock, works, and lets it go. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "lib/internal.h"
#include "tests/torture/torture.h"

#define DEFAULT_MS 3

/* What this thread's handler of SIGUSR2 shall release. */
static _Thread_local portlock_t *volatile to_release;

static void do_nothing(int number)
{
	(void)number;
}

static void release_here(int number)
{
	(void)number;
	portlock_release(to_release);
}

void hand_signals(void)
{
	struct sigaction action = { .sa_handler = do_nothing };
	sigset_t set;

	sigaction(SIGUSR1, &action, NULL);
	action.sa_handler = release_here;
	sigaction(SIGUSR2, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

portlock_t *hand_open(int key, bool tcp)
{
	struct portlock_options options = PORTLOCK_OPTIONS_INIT;
	portlock_t *lock;
	int error;

	options.timeout_ms = DEFAULT_MS;
	options.transport = tcp ? "tcp" : "unix";
	error = portlock_open(&lock, arena->grounds[key].key, &options);
	if (error < 0)
		violation(OUTCOMES, "portlock_open(): %s",
			  portlock_strerror(error));
	return lock;
}

static void choose_own(struct hand *hand, const struct step *step)
{
	if (hand->own &&
	    (hand->own_key != step->key || hand->own_tcp != step->tcp)) {
		portlock_close(hand->own);
		hand->own = NULL;
	}
	if (!hand->own)
		hand->own = hand_open(step->key, step->tcp);
	hand->own_key = step->key;
	hand->own_tcp = step->tcp;
}

/* ---- the acquire and its outcome ----------------------------------------- */

static int64_t timeout_of(const struct step *step)
{
	switch (step->way) {
	case WAIT:
		return -1;
	case INTERRUPTIBLE:
		return step->timeout_ms % 2 ? -1 : step->timeout_ms;
	case DEFAULT_WAIT:
		return DEFAULT_MS;
	default:
		return step->timeout_ms;
	}
}

static int call(portlock_t *lock, const struct step *step)
{
	switch (step->way) {
	case TRY:
		return portlock_try_lock(lock);
	case INTERRUPTIBLE:
		return portlock_acquire_interruptible(lock, timeout_of(step));
	case DEFAULT_WAIT:
		return portlock_acquire(lock);
	default:
		return portlock_acquire_for(lock, timeout_of(step));
	}
}

/* The outcome, if the result can be one after that time, or OUTCOMES_KINDS. */
static enum outcome outcome_of(const struct hand *hand, const struct step *step,
			       int error, int64_t took)
{
	int64_t timeout = timeout_of(step);

	if (error == 0)
		return GRANTED;
	if (error == -ETIMEDOUT && step->way != TRY && timeout >= 0 &&
	    took >= timeout * MSEC)
		return TIMED_OUT;
	if (error == -EBUSY && step->way == TRY)
		return BUSY;
	if (error == -EINTR && step->way == INTERRUPTIBLE)
		return INTERRUPTED;
	if (error == -EMFILE && hand->actor->may_starve)
		return NO_DESCRIPTOR;
	return OUTCOMES_KINDS;
}

static void keep_longest(struct seat *seat, int64_t took)
{
	int64_t longest = atomic_load(&seat->longest);

	while (took > longest &&
	       !atomic_compare_exchange_weak(&seat->longest, &longest, took))
		;
}

/* A thread that has the key is refused. */
static void try_again(struct hand *hand, const struct step *step)
{
	int error;

	atomic_fetch_add(&hand->seat->begun, 1);
	error = portlock_try_lock(hand->actor->shared[step->key]);
	atomic_fetch_add(&hand->seat->ended[REFUSED], 1);
	if (error != -EDEADLK)
		violation(OUTCOMES, "process %d, key %d, has it already: %s",
			  (int)getpid(), step->key, portlock_strerror(error));
}

static bool acquire(struct hand *hand, const struct step *step,
		    portlock_t *lock)
{
	int64_t start = now_ns();
	int64_t timeout = timeout_of(step);
	struct seat *seat = hand->seat;
	enum outcome outcome;
	int64_t took;
	int error;

	atomic_store(&seat->key, step->key);
	atomic_fetch_add(&seat->begun, 1);
	atomic_store(&seat->due, start + (timeout > 0 ? timeout * MSEC : 0) +
					 arena->plan.patience * SEC);
	error = call(lock, step);
	took = now_ns() - start;
	outcome = outcome_of(hand, step, error, took);
	if (outcome == OUTCOMES_KINDS)
		violation(OUTCOMES, "process %d, key %d, way %d, %lld ms: %s",
			  (int)getpid(), step->key, step->way,
			  (long long)(took / MSEC), portlock_strerror(error));
	else
		atomic_fetch_add(&seat->ended[outcome], 1);
	atomic_store(&seat->due, 0);
	if (error == 0) {
		keep_longest(seat, took);
		if (atomic_load(&lock->parting[PL_CAME]) >= 0)
			atomic_fetch_add(&seat->handed, 1);
	}
	return error == 0;
}

/* ---- what is done inside ------------------------------------------------- */

static void work(const struct step *step)
{
	int64_t end = now_ns() + step->work_us * INT64_C(1000);

	if (step->work == YIELD)
		sched_yield();
	if (step->work == NAP)
		sleep_ns(step->work_us * INT64_C(1000));
	while (step->work == SPIN && now_ns() < end)
		;
}

static void part(struct hand *hand, const struct step *step, portlock_t *lock)
{
	if (step->parting == CRASH && !hand->is_child) {
		arena_event(CRASHES);
		history_kill(hand->who.id, getpid());
		kill(getpid(), SIGKILL);
	}
	referee_leave(step->key,
		      lock->transport == PL_TCP ? IN_GATE | IN_PORTS : IN_GATE,
		      hand->who);
	if (step->parting == EXEC && !hand->is_child &&
	    hand->actor->threads == 1)
		actor_exec(hand->actor);
	if (step->parting == CLOSE && lock == hand->own) {
		hand->own = NULL;
		portlock_close(lock);
	} else if (step->parting == BY_HANDLER) {
		to_release = lock;
		pthread_kill(pthread_self(), SIGUSR2);
	} else {
		portlock_release(lock);
	}
}

static void take_inner(struct hand *hand, const struct step *step);

/* The first holder of all keeps what it has, until the run ends. */
static void plant_wait(const struct hand *hand)
{
	if (arena->plan.plant == PLANT_WAIT && hand->actor->slot == 0)
		while (!atomic_load(&arena->over))
			sleep_ns(MSEC);
}

static void be_inside(struct hand *hand, const struct step *step,
		      portlock_t *lock, bool is_held)
{
	uint64_t token = is_held ? portlock_token(lock)
				 : (uint64_t)pl_now(CLOCK_BOOTTIME);

	if (arena->plan.plant == PLANT_TOKEN && step->plant)
		token = atomic_load(&arena->grounds[step->key].token);
	referee_enter(step->key,
		      lock->transport == PL_TCP ? IN_GATE | IN_PORTS : IN_GATE,
		      token, hand->who);
	plant_wait(hand);
	if (!is_held)
		sleep_ns(5 * MSEC); /* others shall come in */
	work(step);
	if (step->again && is_held)
		try_again(hand, step);
	if (step->inner >= 0)
		take_inner(hand, step);
	if (!step->child_first)
		offspring_make(hand, step);
	part(hand, step, lock);
}

static void take(struct hand *hand, const struct step *step, portlock_t *lock)
{
	bool bare = arena->plan.plant == PLANT_EXCLUSION && step->plant;

	if (bare || acquire(hand, step, lock))
		be_inside(hand, step, lock, !bare);
}

/* Never for long: another thread may have the two in the other order. */
static void take_inner(struct hand *hand, const struct step *step)
{
	struct step inner = { .key = step->inner,
			      .inner = -1,
			      .way = step->timeout_ms % 2 ? TRY : TIMED,
			      .timeout_ms = step->timeout_ms };

	take(hand, &inner, hand->actor->shared[inner.key]);
}

void hand_step(struct hand *hand, const struct step *step)
{
	bool starves = step->spare >= 0 && hand->actor->may_starve;

	if (step->child_first)
		offspring_make(hand, step);
	if (step->own)
		choose_own(hand, step);
	if (starves) {
		arena_event(STARVED);
		limit_descriptors(step->spare);
	}
	take(hand, step,
	     step->own ? hand->own : hand->actor->shared[step->key]);
	if (starves)
		limit_descriptors(-1);
	offspring_reap(hand, false);
}

void hand_end(struct hand *hand)
{
	portlock_close(hand->own);
	hand->own = NULL;
	offspring_reap(hand, true);
}
