/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs virtual CPUs, which are fibers, under a pseudo-random schedule. See sched.c. */
#ifndef PB_LINES_SCHED_H
#define PB_LINES_SCHED_H

/* The mean number of accesses between two switches, and the seed of the schedule. */
extern unsigned int lines_quantum;
extern u64 lines_seed;

/* Accesses until the next switch; 0: no CPU runs. */
extern unsigned int lines_left;
void lines_switch(void);

static inline bool lines_running(void)
{
	return lines_left;
}

/* Called before each access that is counted. */
static inline void lines_step(void)
{
	if (!--lines_left)
		lines_switch();
}

/* Calls fn on CPUs 0 to nr - 1 at once, until it has returned on all of them. */
void lines_run(unsigned int nr, void (*fn)(unsigned int cpu));

#endif /* PB_LINES_SCHED_H */
