// SPDX-License-Identifier: GPL-2.0-only
/*
 * Planted hangs: an idle sleep, an uninterruptible sleep (hung task detector) and a loop with
 * preemption disabled (soft lockup detector).
 */
#include <linux/completion.h>
#include <linux/preempt.h>
#include <linux/sched/signal.h>
#include <linux/sched.h>

#include "planted.h"

static DECLARE_COMPLETION(never);

/*
 * An idle sleep: no detector of the kernel reports it, only the timeout of the program that runs
 * the guest.
 */
void plant_hang(void)
{
	for (;;)
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
}

void plant_hung_task(void)
{
	wait_for_completion(&never);
}

void plant_soft_lockup(void)
{
	preempt_disable();
	for (;;)
		cpu_relax();
}
