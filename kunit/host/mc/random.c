// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random schedules by priorities (PCT): each actor gets a random priority, and the highest one that
 * can run runs. At a few random steps the running actor gets the lowest priority. A failure that
 * needs d such steps is found with a probability of at least 1 / (actors * steps^d) per run. Stores
 * are delayed at random.
 */
#include "arena.h"
#include "random.h"
#include "search.h"

#define NR_CHANGES	3
#define DELAY_ONE_IN	8

static u64 rng;
static int priority[MC_NR_FIBERS], lowest;
static unsigned int change_at[NR_CHANGES];
static struct mc_schedule made;

static u64 next_random(void)
{
	return host_random(&rng) >> 16;
}

static int decide_random(const struct mc_step *step, int otherwise)
{
	int i, to = otherwise;

	if (step->kind == MC_STORE) {
		if (!(next_random() % DELAY_ONE_IN))
			to = MC_DELAY;
	} else if (step->enabled) {
		for (i = 0; i < NR_CHANGES; i++)
			if (change_at[i] == mc_run.nr_steps && step->actor >= 0)
				priority[step->actor] = --lowest;
		to = __builtin_ctz(step->enabled);
		for (i = to + 1; i < MC_NR_FIBERS; i++)
			if (step->enabled & BIT(i) && priority[i] > priority[to])
				to = i;
	}
	if (to != otherwise && made.n < MC_MAX_PLAN)
		made.choice[made.n++] = (struct mc_choice){ step->actor, step->access,
							    step->kind, to };
	return to;
}

static void shuffle(int nr, int steps)
{
	int i;

	lowest = 0;
	for (i = 0; i < nr; i++)
		priority[i] = 1 + next_random() % 1000;
	for (i = 0; i < NR_CHANGES; i++)
		change_at[i] = 1 + next_random() % max(steps, 1);
	made.n = 0;
}

void mc_search_random(const struct mc_subject *s, unsigned long runs, unsigned long seed,
		      struct mc_result *out)
{
	double start = mc_cpu_seconds();
	unsigned long n;

	/* The state of the generator must not be 0. */
	rng = seed * 0x9e3779b97f4a7c15ULL | 1;
	for (n = 0; n < runs && !out->failed; n++) {
		shuffle(s->actors.nr, out->most_steps);
		mc_decide_hook = decide_random;
		out->failed = mc_try(s, NULL);
		mc_decide_hook = NULL;
		out->runs++;
		out->most_steps = max(out->most_steps, mc_run.nr_steps);
		if (!(n % 1024))
			mc_arena_freeze();
		if (mc_seconds && mc_cpu_seconds() - start >= mc_seconds)
			break;
	}
	if (!out->failed)
		return;
	out->schedule = made;
	scnprintf(out->what, sizeof(out->what), "%s", mc_run.violation);
}
