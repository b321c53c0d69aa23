// SPDX-License-Identifier: GPL-2.0-only
/*
 * Depth-first search with a preemption bound: the default schedule is run; then each schedule that
 * makes one other choice at one of its decisions, and so on with the choices after that one. Each
 * preemption counts towards the bound. A switch away from an actor that has ended or waits does
 * not. Neither does a delayed store, which has no effect unless a preemption follows before its
 * CPU's buffer is emptied: the search looks for that one only until then.
 */
#include <time.h>
#include "arena.h"
#include "search.h"

unsigned long mc_seconds;

static const struct mc_subject *subject;
static struct mc_result *result;
static int bound;
static struct mc_schedule plan;
static double end;		/* CPU time at which the search ends; 0: it is not limited */

double mc_cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

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

static bool out_of_time(void)
{
	return end && mc_cpu_seconds() >= end;
}

static bool ended(void)
{
	return result->failed || out_of_time();
}

#define ANY_CPU	0xff

static void explore(int cost, int from, u8 delayed);

/* Runs the plan with one more choice, and the plans below it. */
static void branch(const struct mc_step *step, int at, int to, int cost)
{
	if (plan.n == MC_MAX_PLAN)
		return;
	plan.choice[plan.n++] = (struct mc_choice){ step->actor, step->access, step->kind, to };
	explore(cost + (step->kind == MC_SWITCH), at + 1,
		step->kind == MC_STORE ? BIT(step->cpu) : ANY_CPU);
	plan.n--;
}

static void branch_all(const struct mc_step *step, int at, int cost)
{
	int to;

	if (step->repeat || (cost == bound && step->kind != MC_FORCED))
		return;
	if (step->kind == MC_STORE)
		branch(step, at, MC_DELAY, cost);
	for (to = 0; to < subject->actors.nr && !ended(); to++)
		if (step->enabled & BIT(to) && to != mc_default(step))
			branch(step, at, to, cost);
}

/* @delayed: the CPU whose store the last choice has delayed, one bit, or ANY_CPU. */
static void explore(int cost, int from, u8 delayed)
{
	struct mc_step *steps;
	int i, nr;

	if (run_plan())
		return;
	nr = mc_run.nr_steps;
	steps = malloc((nr - min(from, nr) + 1) * sizeof(*steps));
	if (!steps)
		abort();
	memcpy(steps, mc_run.step + from, max(nr - from, 0) * sizeof(*steps));
	for (i = from; i < nr && !ended(); i++) {
		if (delayed != ANY_CPU && !(steps[i - from].buffered & delayed))
			break;
		branch_all(&steps[i - from], i, cost);
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
	end = mc_seconds ? mc_cpu_seconds() + mc_seconds : 0;
	out->bound = -1;
	for (bound = 0; bound <= most && !ended(); bound++) {
		do {
			explore(0, 0, ANY_CPU);
		} while (!ended() && mc_arena_freeze());
		if (!ended())
			out->bound = bound;
	}
}
