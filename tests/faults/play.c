/* SPDX-License-Identifier: MIT */
/* play.c - one scene with one fault, and what must be true after it. */
#include "config.h"

#include <errno.h>

#include "lib/internal.h"
#include "play.h"

void arm(struct cast *cast)
{
	for (int i = 0; i < CALL_COUNT; i++)
		cast->calls[i] = -calls_of(&cast->stage->faults, (enum call)i);
	fault_plant(&cast->stage->faults, &cast->plan);
}

static void disarm(struct cast *cast)
{
	fault_clear(&cast->stage->faults);
	for (int i = 0; i < CALL_COUNT; i++)
		cast->calls[i] += calls_of(&cast->stage->faults, (enum call)i);
}

/* How a wait may end, fault or not. */
static bool is_end_of_wait(const struct cast *cast, enum order how,
			   int64_t timeout_ms, int result)
{
	switch (result) {
	case -ETIMEDOUT:
		return how != TRY && timeout_ms > 0;
	case -EBUSY:
		return how == TRY || (how == LOOK && timeout_ms == 0);
	case -EHOSTUNREACH: /* too short for an answer of the cluster */
		return cast->transport[0] == 'e' && timeout_ms > 0;
	case -EINTR:
		return how == ALERT && cast->plan.call == CALL_PPOLL;
	}
	return false;
}

/* The errors of portlock_acquire() that the fault explains. */
static bool is_explained(const struct cast *cast, int result)
{
	switch (result) {
	case -EIO:
		return true;
	case -EMFILE:
		return cast->plan.form == FAULT_CUT ||
		       cast->plan.error == EMFILE;
	case -ENOSYS: /* no such helper, or one that cannot be run */
		return cast->plan.call == CALL_SPAWN;
	case -EHOSTUNREACH: /* no answer that can be read */
		return cast->transport[0] == 'e' &&
		       cast->plan.call == CALL_RECVMSG;
	case -EINVAL: /* never of a call */
		return false;
	case -EADDRNOTAVAIL:
		return cast->transport[0] == 't' &&
		       cast->plan.error == EADDRNOTAVAIL;
	case -ENFILE:
	case -ENOMEM:
	case -EACCES:
		return result == pl_error_filter(-cast->plan.error) ||
		       (result == -ENOMEM && cast->plan.error == EAGAIN);
	}
	return false;
}

int acquired(struct cast *cast, enum order how, int64_t timeout_ms)
{
	int result = answer(cast, cast->actor);

	check(cast,
	      result == 0 || is_end_of_wait(cast, how, timeout_ms, result) ||
		      (atomic_load(&cast->stage->faults.met) > 0 &&
		       is_explained(cast, result)),
	      "an acquire ends in an error that is not documented for it");
	return result;
}

int acquire_now(struct cast *cast, enum order how, int64_t timeout_ms)
{
	tell(cast, cast->actor, how, timeout_ms);
	return acquired(cast, how, timeout_ms);
}

static void start_peers(struct cast *cast)
{
	for (int i = 0; i < PEERS; i++) {
		if (cast->peers[i])
			continue;
		cast->peers[i] = cast_start(cast, 0, false);
		check(cast, order(cast, cast->peers[i], OPEN, 0) == 0,
		      "a peer cannot open");
	}
}

static void cycle(struct cast *cast, struct child *who, const char *verdict)
{
	check(cast, order(cast, who, ACQUIRE, cast->hang_ms / 2) == 0, verdict);
	check(cast, order(cast, who, RELEASE, 0) == 0, "a release fails");
}

/* The fault is over: it has left no trace. */
static void look_around(struct cast *cast)
{
	struct stage *stage = cast->stage;

	disarm(cast);
	if (atomic_load(&stage->holders) > 0)
		check(cast, order(cast, cast->peers[FIRST], TRY, 0) == -EBUSY,
		      "a peer gets what the actor holds");
	else
		cycle(cast, cast->peers[FIRST],
		      "nobody holds, and a peer cannot acquire");
	if (!cast->is_open)
		check(cast, order(cast, cast->actor, OPEN, 0) == 0,
		      "the actor cannot open any more");
	check(cast, order(cast, cast->actor, RELEASE, 0) == 0,
	      "the actor cannot release");
	cycle(cast, cast->actor, "the actor cannot acquire any more");
	order(cast, cast->actor, CLOSE, 0);
	cycle(cast, cast->peers[SECOND],
	      "the actor is gone, and a peer cannot acquire");
	if (!cast->verdict)
		check(cast,
		      !gate_is_bound(cast->key.text) &&
			      ports_bound(&cast->key) == 0,
		      "a name stays bound");
	check(cast, atomic_load(&stage->holders) == 0,
	      "a handle says that it holds, which it does not");
	check(cast, atomic_load(&stage->violations) == 0,
	      "there were two holders");
}

static void clean_stage(struct cast *cast)
{
	fault_clear(&cast->stage->faults);
	atomic_store(&cast->stage->faults.met, 0);
	atomic_store(&cast->stage->holders, 0);
	atomic_store(&cast->stage->violations, 0);
}

const char *play(struct cast *cast, const struct scene *scene)
{
	int fds;

	cast->verdict = NULL;
	cast->is_open = false;
	clean_stage(cast);
	start_peers(cast);
	cast->actor = cast_start(cast, 0, true);
	fds = order(cast, cast->actor, FDS, 0);
	scene->play(cast);
	look_around(cast);
	check(cast, order(cast, cast->actor, FDS, 0) == fds,
	      "descriptors are left");
	if (!cast->verdict) {
		check(cast, child_end(cast->actor) == 0, "the actor fails");
		return cast->verdict;
	}
	/* Some process hangs or is lost. */
	children_kill();
	for (int i = 0; i < PEERS; i++)
		cast->peers[i] = NULL;
	return cast->verdict;
}
