/* SPDX-License-Identifier: GPL-2.0-only */
/* Run the actors of a scenario under one schedule. See sched.c. */
#ifndef PB_MC_SCHED_H
#define PB_MC_SCHED_H

#include "fiber.h"

#define MC_MAX_STEPS	50000
#define MC_MAX_PLAN	64
#define MC_START	(-1)	/* instead of an actor: before the first one runs */
#define MC_DELAY	9	/* instead of an actor to switch to: keep the store in the buffer */
#define MC_AT_END	(~0U)	/* instead of an access: the actor has ended */

enum mc_step_kind {
	MC_SWITCH,	/* before an access: a switch is a preemption */
	MC_FORCED,	/* the actor has ended or waits: the switch is free */
	MC_STORE,	/* a store may stay in the buffer */
};

/* A decision that a run made. */
struct mc_step {
	int	actor;
	u32	access;		/* its nth access to the arena */
	u8	kind;
	u8	enabled;	/* actors that could run, one bit each */
	u8	to;
	bool	repeat;		/* see repeat.c */
};

/* A decision that differs from the default: at this access of the actor, go to @to. */
struct mc_choice {
	int	actor;
	u32	access;
	u8	kind;
	u8	to;
};

struct mc_schedule {
	int			n;
	struct mc_choice	choice[MC_MAX_PLAN];
};

typedef void (*mc_fn)(void);

/* What actors there are. @irqs: those that interrupt actor 0 on its CPU, one bit each. */
struct mc_actors {
	int		nr;
	mc_fn		fn[MC_NR_FIBERS];
	unsigned int	irqs;
};

struct mc_run {
	struct mc_step	step[MC_MAX_STEPS];
	int		nr_steps;
	const char	*violation;	/* the first one, or NULL */
};

extern struct mc_run mc_run;
extern bool mc_tso;		/* stores may be delayed */
extern bool mc_every_access;	/* every access is a switch point, as a replay needs it */

/* Makes the decisions instead of a schedule; NULL: the schedule. */
extern int (*mc_decide_hook)(const struct mc_step *step, int otherwise);

/* Runs the actors from the saved state. */
void mc_run_schedule(const struct mc_actors *actors, const struct mc_schedule *schedule);

/* Where an actor that makes this decision goes when no schedule says otherwise. */
int mc_default(const struct mc_step *step);

/* Called by the actors: an access to memory, a store that may be delayed, a failure. */
void mc_access(const void *p, bool write);
bool mc_delay_store(void);
bool mc_running(void);
void mc_violate(const char *fmt, ...) __printf(1, 2);

#endif /* PB_MC_SCHED_H */
