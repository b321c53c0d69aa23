/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * platform.h for the scheduler of kunit/host/mc: barriers and waits of the core call it. Barriers
 * are those of x86: only smp_mb() empties the store buffer, and an atomic operation needs none.
 */
#ifndef PB_MC_PLATFORM_H
#define PB_MC_PLATFORM_H

#include "../platform.h"

void mc_fence(void);
void mc_yield(void);
void mc_preempt_disable(void);
void mc_preempt_enable(void);

/* Less per-CPU memory to copy before each run. */
#undef PB_HOST_MAX_CPUS
#define PB_HOST_MAX_CPUS	4

/* No interrupt comes between its load and its store. */
#undef pb_this_cpu_add
#define pb_this_cpu_add(p, n)							\
	((void)__atomic_fetch_add(pb_this_cpu_ptr(p), n, __ATOMIC_RELAXED))

#undef smp_mb
#undef smp_rmb
#undef smp_wmb
#undef smp_mb__before_atomic
#undef smp_mb__after_atomic
#define smp_mb()			mc_fence()
#define smp_rmb()			barrier()
#define smp_wmb()			barrier()
#define smp_mb__before_atomic()		barrier()
#define smp_mb__after_atomic()		barrier()

/* A grace period waits for these sections: rcu.c. */
#undef preempt_disable
#undef preempt_enable
#define preempt_disable()		mc_preempt_disable()
#define preempt_enable()		mc_preempt_enable()

/* The scheduler has no check to turn off. */
#undef data_race
#define data_race(x)			(x)

#undef cond_resched
#undef pb_wait_tick
#undef pb_resched
#undef cpu_relax
#define cond_resched()			mc_yield()
#define pb_wait_tick()			mc_yield()
#define pb_resched()			mc_yield()
#define cpu_relax()			mc_yield()

#endif /* PB_MC_PLATFORM_H */
