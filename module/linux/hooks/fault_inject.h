/* SPDX-License-Identifier: GPL-2.0-only */
/* Fault injection for requests: debugfs fail_pbuddy/. See fault_inject.c. */
#ifndef PB_FAULT_INJECT_H
#define PB_FAULT_INJECT_H

#include <linux/gfp.h>

#include "core/alloc/failure_reason.h"

struct dentry;

#ifdef CONFIG_FAULT_INJECTION
bool __pb_should_fail(gfp_t gfp, unsigned int order);
void pb_fault_set_probability(unsigned long value);
void pb_fault_init(struct dentry *parent);
void pb_fault_exit(void);
#else
static inline bool __pb_should_fail(gfp_t gfp, unsigned int order)
{
	return false;
}

static inline void pb_fault_init(struct dentry *parent) { }
static inline void pb_fault_exit(void) { }
#endif

/*
 * Whether to inject a failure of a request. If so, sets the reason to PB_REASON_NONE, so that it is
 * not reported. Always false without CONFIG_FAULT_INJECTION.
 */
static inline bool pb_should_fail(gfp_t gfp, unsigned int order, enum pb_reason *reason)
{
	if (likely(!__pb_should_fail(gfp, order)))
		return false;
	if (reason)
		*reason = PB_REASON_NONE;
	return true;
}

#endif /* PB_FAULT_INJECT_H */
