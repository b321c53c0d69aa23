// SPDX-License-Identifier: GPL-2.0-only
/* Planted locking bugs, for lockdep: two mutexes in both orders, and sleeping in a spinlock. */
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

	/*
	 * The bug: the other order. It is harmless here, and a deadlock if two tasks run it at
	 * once.
	 */
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
