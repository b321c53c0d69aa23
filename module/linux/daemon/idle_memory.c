// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gives memory back that was free for some time (idle_seconds=), down to the minimum of each node.
 *
 * A work item looks LOOKS times in idle_seconds which pageblocks are free, by their index class, so
 * neither allocations nor frees have any cost. For each pageblock it counts at how many looks in a
 * row it was free. A pageblock that was free at a look and at the LOOKS looks after it is idle. One
 * that was used between two looks, and is free again, counts as free.
 *
 * Only memory is given that the pool can grow by again, when requests need it (deferred_grow.c).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "api/resize.h"
#include "core/alloc/alloc.h"
#include "core/index/free_area.h"
#include "core/zone/zone.h"
#include "daemon/idle_memory.h"
#include "instance.h"
#include "request/resized.h"

#define LOOKS		4
#define SECONDS_MOST	86400
#define LOOK_BATCH	4096	/* pageblocks to look at between two calls of cond_resched() */

static DEFINE_MUTEX(lock);		/* protects the variables below */
static unsigned int idle_seconds;
static bool live;			/* the pool is in use */
static bool begin_anew;			/* forget what was counted; the work item clears it */

/* By node and zone type, for each pageblock of the span; only the work item uses them. */
static u8 *ages[MAX_NUMNODES][PB_ZONE_NORMAL + 1];

static void look(struct work_struct *work);
/* Not deferrable: the timer would wait for as long as its CPU is idle, as most are then. */
static DECLARE_DELAYED_WORK(look_work, look);

/* Counts the pageblocks of a zone that are idle. */
static unsigned long count_idle(struct pb_zone *zone)
{
	u8 **age = &ages[zone->nid][zone->type];
	unsigned long nr = 0, i;
	u16 class;

	if (!*age)
		*age = kvzalloc(zone->nr_pageblocks, GFP_KERNEL);
	for (i = 0; *age && i < zone->nr_pageblocks; i++) {
		class = READ_ONCE(zone->ctl[i].index_class);
		if (pb_class_largest(class) != PB_PAGEBLOCK_ORDER)
			(*age)[i] = 0;
		else if ((*age)[i] <= LOOKS)
			(*age)[i]++;
		nr += (*age)[i] > LOOKS;
		if (!(i % LOOK_BATCH))
			cond_resched();
	}
	return nr;
}

static bool is_idle(unsigned long pfn)
{
	const struct pb_zone *zone = pb_pfn_zone(&pb_instance, pfn);

	return zone && zone->type <= PB_ZONE_NORMAL && ages[zone->nid][zone->type] &&
	       ages[zone->nid][zone->type][(pfn - zone->base_pfn) >> PB_PAGEBLOCK_ORDER] > LOOKS;
}

static void look_at_node(int nid)
{
	unsigned long nr = 0, given;
	struct pb_zone *zone;

	pb_for_each_node_zone(zone, &pb_instance, nid)
		if (zone->type <= PB_ZONE_NORMAL)
			nr += count_idle(zone);
	if (!nr)
		return;
	given = pb_resize_give_spare(nid, nr << PB_PAGEBLOCK_ORDER, is_idle);
	if (!given)
		return;
	pb_resized();
	pr_info_ratelimited("node %d: gave %lu MiB back that were idle\n", nid,
			    given >> (20 - PAGE_SHIFT));
}

static void forget_ages(void)
{
	unsigned int type;
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		for (type = 0; type <= PB_ZONE_NORMAL; type++) {
			kvfree(ages[nid][type]);
			ages[nid][type] = NULL;
		}
	}
}

static void look(struct work_struct *work)
{
	unsigned int seconds = READ_ONCE(idle_seconds);
	int nid;

	if (!seconds)
		return;
	if (xchg(&begin_anew, false))
		forget_ages();
	for (nid = 0; nid < nr_node_ids; nid++)
		if (pb_instance_has_memory(nid))
			look_at_node(nid);
	queue_delayed_work(system_unbound_wq, &look_work, max(seconds * HZ / LOOKS, 1U));
}

/* Begins anew when the time changes. */
static int set_seconds(const char *text, const struct kernel_param *param)
{
	unsigned int value;
	int err = kstrtouint(text, 0, &value);

	if (!err && value > SECONDS_MOST)
		err = -EINVAL;
	if (err) {
		pr_err("%s: bad number \"%.*s\": 0 to %u is expected\n", param->name,
		       (int)strcspn(text, "\n"), text, SECONDS_MOST);
		return err;
	}
	mutex_lock(&lock);
	WRITE_ONCE(idle_seconds, value);
	xchg(&begin_anew, true);
	if (live && value)
		mod_delayed_work(system_unbound_wq, &look_work, 0);
	mutex_unlock(&lock);
	return 0;
}

static const struct kernel_param_ops seconds_ops = {
	.set = set_seconds, .get = param_get_uint,
};
module_param_cb(idle_seconds, &seconds_ops, &idle_seconds, 0644);
MODULE_PARM_DESC(idle_seconds, "give pageblocks back to the system that were free for so long, down to the size of each node in pool= or of its last resize, 0 to 86400 (default: 0, never)");

/**
 * pb_idle_memory_init - give idle memory back from now on
 *
 * Context: process.
 * Return: 0.
 */
int pb_idle_memory_init(void)
{
	mutex_lock(&lock);
	live = true;
	if (idle_seconds)
		mod_delayed_work(system_unbound_wq, &look_work, 0);
	mutex_unlock(&lock);
	return 0;
}

/* Context: process, may sleep. */
void pb_idle_memory_exit(void)
{
	mutex_lock(&lock);
	live = false;
	WRITE_ONCE(idle_seconds, 0);
	mutex_unlock(&lock);
	cancel_delayed_work_sync(&look_work);
	forget_ages();
}
