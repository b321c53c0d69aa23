/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault injection for the suites: pt_fail_nth(n) makes the nth memory allocation from now on
 * fail. The host's memory functions (kunit/host/memory.c) do it themselves. In the kernel the
 * task's fail-nth does it, where CONFIG_FAULT_INJECTION is set; scripts/tests/kunit.sh enables
 * it for allocations that may sleep.
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

/* True if the failure that was armed has not happened yet. Disarms it. */
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
