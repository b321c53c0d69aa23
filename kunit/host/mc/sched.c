// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler. Each actor is a fiber with a CPU of its own, or an interrupt on the CPU of
 * actor 0: it may begin at any access of actor 0, which goes on when the interrupt has ended.
 *
 * Before each access to a word that actors share, the scheduler decides which actor runs next. By
 * default the same one runs on. When it has ended, the first one that can run follows. A schedule
 * lists the decisions that differ. A decision is named by the actor and the number of its access,
 * so that a schedule stays valid when the set of shared words changes.
 *
 * A run that makes more than MC_MAX_STEPS decisions is abandoned as a livelock.
 */
#include "arena.h"
#include "rcu.h"
#include "repeat.h"
#include "sched.h"
#include "tso.h"

struct mc_run mc_run;
bool mc_tso;
bool mc_every_access;
int (*mc_decide_hook)(const struct mc_step *step, int otherwise);

static const struct mc_actors *actors;
static const struct mc_schedule *schedule;
static struct {
	bool		started;
	bool		ended;
	u32		accesses;
} state[MC_NR_FIBERS];
int mc_actor = MC_START;
static bool at_shared;		/* the access made last is to a shared word */
static bool used[MC_MAX_PLAN];	/* choices of the schedule that were applied */

void mc_violate(const char *fmt, ...)
{
	static char text[256];
	va_list ap;

	if (mc_run.violation)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mc_run.violation = text;
}

void pb_host_warn(const char *file, int line, const char *what)
{
	mc_violate("warning at %s:%d: %s", file, line, what);
}

u8 pb_peek(const u8 *p)
{
	mc_access(p, false);
	return *p;
}

u64 pb_peek_word(const u64 *p)
{
	mc_access(p, false);
	return *p;
}

static bool is_irq(int n)
{
	return actors->irqs & BIT(n);
}

static u8 enabled_actors(void)
{
	u8 enabled = 0;
	int n, in_irq = -1;

	for (n = 0; n < actors->nr; n++)
		if (is_irq(n) && state[n].started && !state[n].ended)
			in_irq = n;
	for (n = 0; n < actors->nr; n++) {
		if (state[n].ended)
			continue;
		/* An interrupt that runs keeps actor 0 and the other interrupts from its CPU. */
		if (in_irq < 0 || n == in_irq || (n && !is_irq(n)))
			enabled |= BIT(n);
	}
	return enabled;
}

int mc_default(const struct mc_step *step)
{
	if (step->kind == MC_FORCED)
		return step->enabled ? __builtin_ctz(step->enabled) : MC_START;
	return step->actor;
}

static int planned(const struct mc_step *step)
{
	const struct mc_choice *c = schedule->choice;
	bool is_store = step->kind == MC_STORE;
	int i;

	for (i = 0; i < schedule->n; i++, c++) {
		bool delay = c->to == MC_DELAY;

		if (used[i] || c->actor != step->actor || c->access != step->access ||
		    delay != is_store)
			continue;
		if (!delay && !(step->enabled & BIT(c->to)))
			continue;
		used[i] = true;
		return c->to;
	}
	return mc_default(step);
}

static void switch_to(int to)
{
	int from = mc_actor;

	if (to == from)
		return;
	mc_actor = to;
	if (to != MC_START) {
		state[to].started = true;
		pb_host_cpu = is_irq(to) ? 0 : to;
	}
	mc_fiber_switch(from, to);
}

void mc_atomically(mc_fn fn)
{
	int actor = mc_actor;

	mc_actor = MC_START;
	fn();
	mc_actor = actor;
}

static bool repeat;		/* of the decision that is being made */

static int decide(enum mc_step_kind kind, u32 access, u8 enabled)
{
	struct mc_step *step = &mc_run.step[mc_run.nr_steps];

	if (actors->always)
		mc_atomically(actors->always);
	if (mc_run.nr_steps == MC_MAX_STEPS - 1) {
		mc_violate("no end after %d steps", MC_MAX_STEPS);
		switch_to(MC_START);
	}
	mc_run.nr_steps++;
	*step = (struct mc_step){ mc_actor, access, kind, pb_host_cpu, enabled, .repeat = repeat,
				  .buffered = mc_tso ? mc_tso_buffered() : 0 };
	repeat = false;
	step->to = mc_decide_hook ? mc_decide_hook(step, mc_default(step)) : planned(step);
	return (s8)step->to;
}

/* Whether stores of this CPU are still to be seen: a switch to another CPU makes a difference. */
static bool buffered(void)
{
	return mc_tso && mc_tso_buffered() & BIT(pb_host_cpu);
}

/* The CPU is about to empty its buffer without an access to memory. */
void mc_before_flush(void)
{
	if (!buffered())
		return;
	state[mc_actor].accesses++;
	switch_to(decide(MC_SWITCH, state[mc_actor].accesses, enabled_actors()));
}

void mc_access(const void *p, bool write)
{
	bool shared;

	if (!mc_running() || !mc_arena_contains(p))
		return;
	state[mc_actor].accesses++;
	shared = mc_arena_access(p, mc_actor, write) || mc_every_access || buffered();
	if (shared) {
		repeat = mc_repeat_seen(mc_actor, p);
		switch_to(decide(MC_SWITCH, state[mc_actor].accesses, enabled_actors()));
	}
	at_shared = shared;
}

bool mc_delay_store(void)
{
	return at_shared && decide(MC_STORE, state[mc_actor].accesses, 0) == MC_DELAY;
}

/* The actor waits for others: another one runs, if there is one. */
void mc_yield(void)
{
	u8 others;

	if (mc_actor == MC_START)
		return;
	mc_before_flush();
	mc_tso_flush(pb_host_cpu);
	others = enabled_actors() & ~BIT(mc_actor);
	state[mc_actor].accesses++;
	if (others)
		switch_to(decide(MC_FORCED, state[mc_actor].accesses, others));
	else
		decide(MC_FORCED, state[mc_actor].accesses, 0);	/* counts towards the limit */
}

static void fiber_main(void)
{
	actors->fn[mc_actor]();
	if (!is_irq(mc_actor)) {
		mc_before_flush();
		mc_tso_flush(pb_host_cpu);
	}
	state[mc_actor].ended = true;
	switch_to(decide(MC_FORCED, MC_AT_END, enabled_actors()));
	abort();
}

void mc_run_schedule(const struct mc_actors *who, const struct mc_schedule *plan)
{
	int n;

	actors = who;
	schedule = plan;
	mc_arena_restore();
	mc_repeat_reset();
	mc_rcu_reset();
	mc_run.nr_steps = 0;
	mc_run.violation = NULL;
	memset(used, 0, sizeof(used));
	memset(state, 0, sizeof(state));
	for (n = 0; n < who->nr; n++)
		mc_fiber_reset(n, fiber_main);
	mc_actor = MC_START;
	switch_to(decide(MC_FORCED, 0, enabled_actors()));
	mc_actor = MC_START;
	for (n = 0; n < MC_NR_FIBERS; n++)
		mc_tso_flush(n);
	pb_host_cpu = 0;
}
