// SPDX-License-Identifier: GPL-2.0-only
/*
 * Planted standstills, each seen by another watcher.
 */
#include <linux/completion.h>
#include <linux/preempt.h>
#include <linux/sched/signal.h>
#include <linux/sched.h>

#include "planted.h"

static DECLARE_COMPLETION(never);

/* An idle sleep: the kernel finds nothing wrong with it, only the caller of the guest can. */
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
