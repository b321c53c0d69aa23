/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the nth memory allocation from here on fail: on the host in the platform twin, in
 * the kernel by its fault injection, where that is built in and lets sleeping allocations
 * fail (scripts/tests/kunit.sh sees to that).
 */
#ifndef PT_FAULTS_H
#define PT_FAULTS_H

#ifdef __KERNEL__
#include <linux/sched.h>

static inline bool pt_can_fail(void)
{
	return IS_ENABLED(CONFIG_FAULT_INJECTION);
}

static inline void pt_fail_nth(int nth)
{
#ifdef CONFIG_FAULT_INJECTION
	WRITE_ONCE(current->fail_nth, nth);
#endif
}

/* Whether a failure is still to come; disarms. */
static inline bool pt_fail_left(void)
{
#ifdef CONFIG_FAULT_INJECTION
	return xchg(&current->fail_nth, 0) != 0;
#else
	return true;
#endif
}
#else
static inline bool pt_can_fail(void)
{
	return true;
}

static inline void pt_fail_nth(int nth)
{
	pb_host_fail_nth = nth;
}

static inline bool pt_fail_left(void)
{
	bool left = pb_host_fail_nth;

	pb_host_fail_nth = 0;
	return left;
}
#endif

#endif /* PT_FAULTS_H */
