/* SPDX-License-Identifier: GPL-2.0-only */
/* Fibers: stacks that one thread switches between. kunit/host/lines uses them, too. */
#ifndef PB_MC_FIBER_H
#define PB_MC_FIBER_H

#define MC_NR_FIBERS	4	/* of mc */
#define MC_MAX_FIBERS	128	/* of any program */

/* Makes fiber n start at the beginning of fn, which must not return. */
void mc_fiber_reset(int n, void (*fn)(void));

/* Switches from one fiber to another; -1 is the stack of main(). */
void mc_fiber_switch(int from, int to);

#endif /* PB_MC_FIBER_H */
