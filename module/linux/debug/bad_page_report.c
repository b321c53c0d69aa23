// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reports misuse by callers in the kernel log.
 *
 * A refused free may be reported from any context, NMI included, so this file takes no lock and
 * does not allocate. Each kind of misuse of a PFN is reported once. A small table of the last
 * reports, whose entries are exchanged, is used to suppress repetitions. An entry may be
 * overwritten, and then a misuse is reported again.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/stacktrace.h>

#include "compat.h"
#include "core/alloc/alloc.h"
#include "core/pool/stat.h"
#include "debug/bad_page_report.h"
#include "hooks/owner.h"
#include "instance.h"

#define REPORTED_BITS	8
#define TRACE_DEPTH	16

static atomic_long_t reported[1 << REPORTED_BITS];

static bool reported_before(enum pb_bad bad, unsigned long pfn)
{
	/* No report has PFN 0 and kind 0, so an empty entry does not match. */
	long key = pfn << 4 | bad;

	return atomic_long_xchg(&reported[hash_long(key, REPORTED_BITS)], key) == key;
}

/* First function on the stack outside of pbuddy, or 0 without CONFIG_STACKTRACE. */
static unsigned long caller(void)
{
#ifdef CONFIG_STACKTRACE
	unsigned long entries[TRACE_DEPTH];
	unsigned int nr = stack_trace_save(entries, TRACE_DEPTH, 1), i;

	for (i = 0; i < nr; i++)
		if (!within_module(entries[i], THIS_MODULE))
			return entries[i];
#endif
	return 0;
}

/**
 * pb_report_bad - report a refused free or a bad page; the core's ops->bad
 * @pool: the pool
 * @bad: the kind of misuse
 * @pfn: the page
 * @order: order given by the caller
 * @was: order of the allocated block, if known
 *
 * Once for each kind and pfn, and rate limited. Context: any.
 */
void pb_report_bad(struct pb_pool *pool, enum pb_bad bad, unsigned long pfn, unsigned int order,
		   unsigned int was)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 10);
	struct pb_zone *zone = pb_pfn_zone(pool, pfn);
	char where[40] = "not owned", detail[40] = "";

	if (reported_before(bad, pfn) || !__ratelimit(&limit))
		return;
	if (zone)
		snprintf(where, sizeof(where), "node %d zone %s", zone->nid, zone->name);
	if (bad == PB_BAD_ORDER)
		snprintf(detail, sizeof(detail), ", allocated with order %u", was);
	else if (bad == PB_BAD_TAIL)
		snprintf(detail, sizeof(detail), ", inside a block of order %u", was);
	pr_err("bad %s: %s of pfn 0x%lx order %u (%s)%s, by %s[%d] at %pS\n",
	       bad == PB_BAD_IN_USE ? "page" : "free", pb_bad_name[bad], pfn, order, where, detail,
	       current->comm, task_pid_nr(current), (void *)caller());
	if (zone)
		pb_owner_print(pfn);
}
