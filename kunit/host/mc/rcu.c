// SPDX-License-Identifier: GPL-2.0-only
/*
 * RCU grace periods: one waits for the end of each section with preemption off that another actor
 * is in when it begins. The stores of those sections are visible then.
 */
#include "rcu.h"
#include "scenario.h"
#include "tso.h"

static unsigned int depth[MC_NR_FIBERS], ended[MC_NR_FIBERS];

void mc_rcu_reset(void)
{
	memset(depth, 0, sizeof(depth));
}

void mc_preempt_disable(void)
{
	if (mc_running())
		depth[mc_actor]++;
}

void mc_preempt_enable(void)
{
	if (mc_running() && !--depth[mc_actor])
		ended[mc_actor]++;
}

void mc_synchronize_rcu(void)
{
	unsigned int was[MC_NR_FIBERS];
	bool inside[MC_NR_FIBERS];
	int n;

	smp_mb();
	for (n = 0; n < MC_NR_FIBERS; n++) {
		was[n] = ended[n];
		inside[n] = n != mc_actor && depth[n];
	}
	for (n = 0; n < MC_NR_FIBERS; n++) {
		while (inside[n] && ended[n] == was[n])
			mc_yield();
		mc_tso_flush(n);
	}
}
