// SPDX-License-Identifier: GPL-2.0-only
/*
 * Depth-first search with a preemption bound: the default schedule is run; then each schedule that
 * makes one other choice at one of its decisions, and so on with the choices after that one. Each
 * preemption and each delayed store counts towards the bound. A switch away from an actor that has
 * ended or waits does not.
 */
#include "arena.h"
#include "search.h"

static const struct mc_subject *subject;
static struct mc_result *result;
static int bound;
static struct mc_schedule plan;

bool mc_try(const struct mc_subject *s, const struct mc_schedule *schedule)
{
	s->begin();
	mc_run_schedule(&s->actors, schedule);
	if (!mc_run.violation)
		s->check();
	return mc_run.violation;
}

static bool run_plan(void)
{
	bool failed = mc_try(subject, &plan);

	result->runs++;
	result->most_steps = max(result->most_steps, mc_run.nr_steps);
	if (!failed)
		return false;
	result->failed = true;
	result->schedule = plan;
	scnprintf(result->what, sizeof(result->what), "%s", mc_run.violation);
	return true;
}

static void explore(int cost, int from);

/* Runs the plan with one more choice, and the plans below it. */
static void branch(const struct mc_step *step, int at, int to, int cost)
{
	if (plan.n == MC_MAX_PLAN)
		return;
	plan.choice[plan.n++] = (struct mc_choice){ step->actor, step->access, step->kind, to };
	explore(cost + (step->kind != MC_FORCED), at + 1);
	plan.n--;
}

static void explore(int cost, int from)
{
	struct mc_step *steps;
	int i, to, nr;

	if (run_plan())
		return;
	nr = mc_run.nr_steps;
	steps = malloc((nr - min(from, nr) + 1) * sizeof(*steps));
	if (!steps)
		abort();
	memcpy(steps, mc_run.step + from, max(nr - from, 0) * sizeof(*steps));
	for (i = from; i < nr && !result->failed; i++) {
		const struct mc_step *step = &steps[i - from];

		if (step->repeat || (cost == bound && step->kind != MC_FORCED))
			continue;
		if (step->kind == MC_STORE)
			branch(step, i, MC_DELAY, cost);
		for (to = 0; to < subject->actors.nr && !result->failed; to++)
			if (step->enabled & BIT(to) && to != mc_default(step))
				branch(step, i, to, cost);
	}
	free(steps);
}

#define WARM_UP_RUNS	300

/*
 * A few random runs find most words that are shared. The search then goes bound by bound, so that
 * the first failure found has the fewest preemptions. It repeats a bound when it has met words that
 * it did not know to be shared.
 */
void mc_search_bounded(const struct mc_subject *s, int most, struct mc_result *out)
{
	struct mc_result ignored = {};

	mc_search_random(s, WARM_UP_RUNS, 1, &ignored);
	mc_arena_freeze();
	subject = s;
	result = out;
	plan.n = 0;
	for (bound = 0; bound <= most && !out->failed; bound++) {
		do {
			explore(0, 0);
		} while (!out->failed && mc_arena_freeze());
	}
}
