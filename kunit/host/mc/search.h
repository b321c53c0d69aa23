/* SPDX-License-Identifier: GPL-2.0-only */
/* Search the schedules of a scenario for one that fails. */
#ifndef PB_MC_SEARCH_H
#define PB_MC_SEARCH_H

#include "sched.h"

/* @begin runs before each schedule, @check after it; both may call mc_violate(). */
struct mc_subject {
	struct mc_actors	actors;
	void			(*begin)(void);
	void			(*check)(void);
};

struct mc_result {
	unsigned long		runs;
	int			most_steps;
	int			bound;		/* the highest that was searched whole, or -1 */
	bool			failed;
	char			what[256];	/* how it failed */
	struct mc_schedule	schedule;	/* with which schedule */
};

/* Each of the two searches of a scenario ends after this many seconds of CPU time; 0: none does. */
extern unsigned long mc_seconds;

double mc_cpu_seconds(void);

/* Runs one schedule and checks; returns whether it failed. */
bool mc_try(const struct mc_subject *subject, const struct mc_schedule *schedule);

/* All schedules with at most @bound preemptions and delayed stores, or as many as time permits. */
void mc_search_bounded(const struct mc_subject *subject, int bound, struct mc_result *result);

/* At most @runs random schedules; the seed decides all of them. */
void mc_search_random(const struct mc_subject *subject, unsigned long runs, unsigned long seed,
		      struct mc_result *result);

/* Removes the choices without which the schedule fails, too. */
void mc_minimise(const struct mc_subject *subject, struct mc_schedule *schedule);

#endif /* PB_MC_SEARCH_H */
