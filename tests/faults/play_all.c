/* SPDX-License-Identifier: MIT */
/* play_all.c - every call, place, errno and form of a list of scenes. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errors.h"
#include "play.h"

#define FAILURES_MAX 10

/* Of the persisting ones: patience that is enough if nothing is wrong. */
#define SHORT_MS 10

/* One in so many where all is slow. */
#define SLOW_STEP 61

struct counts {
	int cases, met, failures;
	unsigned number; /* of cases looked at */
};

struct run {
	struct cast cast;
	const struct scene *scene;
	const struct call_errors *of;
	struct counts counts;
};

static void name_case(const struct run *run, char *name, size_t size)
{
	static const char *const forms[] = {
		[FAULT_NOT_DONE] = "", [FAULT_DONE] = ", but done",
		[FAULT_ZERO] = "0",    [FAULT_SHORT] = "half",
		[FAULT_CUT] = "cut",
	};
	const struct fault_plan *plan = &run->cast.plan;

	snprintf(name, size, "%s %s: %s #%d%s: %s%s", run->scene->name,
		 run->scene->transport, run->of->name, plan->skip + 1,
		 plan->persists ? " on" : "",
		 plan->error ? strerrorname_np(plan->error) : "",
		 forms[plan->form]);
}

static bool is_chosen(struct run *run, const char *name)
{
	const char *only = getenv("PORTLOCK_TEST_CASE");

	if (only)
		return strstr(name, only) != NULL;
	return !is_slow() || run->counts.number++ % SLOW_STEP == 0;
}

static void play_case(struct run *run, int error)
{
	struct cast *cast = &run->cast;
	const char *verdict;
	char name[160];

	cast->plan.error = error;
	cast->patience = cast->plan.persists ? SHORT_MS : -1;
	name_case(run, name, sizeof(name));
	if (run->counts.failures >= FAILURES_MAX || !is_chosen(run, name))
		return;
	verdict = play(cast, run->scene);
	run->counts.cases++;
	run->counts.met += atomic_load(&cast->stage->faults.met) > 0;
	if (!verdict)
		return;
	run->counts.failures++;
	print_error("%s: %s\n", name, verdict);
}

/* The kernel says with these that nobody will ever read what was sent; if that
 * were not so, there would be two holders. */
static bool is_a_promise(const struct fault_plan *plan, int error)
{
	return plan->call == CALL_SENDMSG && plan->form == FAULT_DONE &&
	       (error == EPIPE || error == ECONNRESET);
}

static void play_errors(struct run *run, enum form form)
{
	struct fault_plan *plan = &run->cast.plan;

	plan->form = form;
	if (form != FAULT_NOT_DONE && form != FAULT_DONE) {
		play_case(run, 0);
		return;
	}
	for (const int *error = run->of->errors; *error; error++)
		if (!is_a_promise(plan, *error))
			play_case(run, *error);
}

static void play_places(struct run *run, int places)
{
	struct fault_plan *plan = &run->cast.plan;

	if (run->scene->places > 0 && places > run->scene->places)
		places = run->scene->places;
	for (plan->skip = 0; plan->skip < places; plan->skip++)
		for (int form = 0; form <= FAULT_CUT; form++)
			if (run->of->forms & 1u << form &&
			    !(form == FAULT_DONE && plan->persists &&
			      run->of->forms & 1u << FAULT_NOT_DONE))
				play_errors(run, (enum form)form);
}

/* How often each call is made when none fails. */
static bool count_places(struct run *run, int places[CALL_COUNT])
{
	static const struct fault_plan none = { .skip = INT16_MAX };
	const char *verdict;

	run->cast.plan = none;
	run->cast.patience = -1;
	verdict = play(&run->cast, run->scene);
	memcpy(places, run->cast.calls, sizeof(run->cast.calls));
	if (!verdict)
		return true;
	run->counts.failures++;
	print_error("%s %s, no fault: %s\n", run->scene->name,
		    run->scene->transport, verdict);
	return false;
}

static void play_scene(struct run *run)
{
	int places[CALL_COUNT];

	run->cast.transport = run->scene->transport;
	if (!count_places(run, places))
		return;
	for (size_t i = 0; i < call_errors_count; i++)
		for (int persists = 0; persists <= 1; persists++) {
			run->of = &call_errors[i];
			run->cast.plan =
				(struct fault_plan){ .call = run->of->call,
						     .persists = persists };
			play_places(run, places[run->of->call]);
		}
}

int play_all(const struct scene *scenes, size_t count)
{
	struct run run = { .counts = { 0 } };

	cast_begin(&run.cast);
	for (size_t i = 0; i < count; i++) {
		int cases = run.counts.cases, met = run.counts.met;

		run.scene = &scenes[i];
		play_scene(&run);
		print_message("%s %s: %d cases, of which %d met the fault\n",
			      scenes[i].name, scenes[i].transport,
			      run.counts.cases - cases, run.counts.met - met);
		/* With its transport they go. */
		children_kill();
		memset(run.cast.peers, 0, sizeof(run.cast.peers));
	}
	cast_end(&run.cast);
	print_message("%d cases, %d failures\n", run.counts.cases,
		      run.counts.failures);
	return run.counts.failures;
}
