// SPDX-License-Identifier: GPL-2.0-only
/*
 * Planted locking bugs: an order inversion, and sleeping with preemption off.
 */
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

#include "planted.h"

static DEFINE_MUTEX(lock_a);
static DEFINE_MUTEX(lock_b);
static DEFINE_SPINLOCK(spin);

void plant_lockdep(void)
{
	mutex_lock(&lock_a);
	mutex_lock(&lock_b);
	mutex_unlock(&lock_b);
	mutex_unlock(&lock_a);

	/* The bug: the other way round. No deadlock today, one on another day. */
	mutex_lock(&lock_b);
	mutex_lock(&lock_a);
	mutex_unlock(&lock_a);
	mutex_unlock(&lock_b);
}

void plant_atomic_sleep(void)
{
	spin_lock(&spin);
	/* The bug: msleep() schedules. */
	msleep(20);
	spin_unlock(&spin);
}
