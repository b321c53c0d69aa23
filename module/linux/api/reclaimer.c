// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registered reclaimers, and the queries to them.
 *
 * Reclaimers are called under SRCU. Several tasks may query a reclaimer concurrently, it may sleep,
 * and unregistration waits for running calls. Pages that a query deferred are counted per
 * reclaimer and node, as in mm/.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/pbuddy.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include "api/reclaimer.h"
#include "compat.h"
#include "core/alloc/reclaim.h"
#include "hooks/trace_vmscan.h"
#include "instance.h"

static_assert(PBUDDY_RECLAIM_STOP == PB_SCAN_STOP);
static_assert(PBUDDY_DEFAULT_SEEKS == PB_DEFAULT_SEEKS);

/**
 * struct registration - a registered reclaimer
 * @node: in the list
 * @reclaimer: the reclaimer
 * @deferred: by node: pages deferred by earlier queries
 */
struct registration {
	struct list_head	node;
	struct pbuddy_reclaimer	*reclaimer;
	atomic_long_t		deferred[];
};

static LIST_HEAD(registrations);	/* changed under the mutex, read under SRCU */
static DEFINE_MUTEX(registrations_mutex);
DEFINE_STATIC_SRCU(reclaim_srcu);

int pb_reclaimer_failures[MAX_NUMNODES];

/**
 * pb_reclaimer_reset_failures - let node threads reclaim again after failures
 *
 * Called when a reclaimer registers or frees pages. Context: any.
 */
void pb_reclaimer_reset_failures(void)
{
	int nid;

	for (nid = 0; nid < pb_instance.nr_nodes; nid++)
		WRITE_ONCE(pb_reclaimer_failures[nid], 0);
}

/**
 * pbuddy_register_reclaimer - register a reclaimer
 * @reclaimer: must stay valid until pbuddy_unregister_reclaimer() has returned
 *
 * Its functions are called by requests in the slow path, and by node threads when a zone falls
 * below its low watermark.
 *
 * Context: process, may sleep.
 * Return: 0, -EINVAL when a function is missing, -EBUSY when it is registered already, or
 * -ENOMEM. As register_shrinker() in mm/shrinker.c.
 */
int pbuddy_register_reclaimer(struct pbuddy_reclaimer *reclaimer)
{
	struct registration *new, *old;
	int err = 0;

	if (!reclaimer || !reclaimer->count_pages || !reclaimer->scan_pages)
		return -EINVAL;
	new = kzalloc(struct_size(new, deferred, nr_node_ids), GFP_KERNEL);
	if (!new)
		return -ENOMEM;
	new->reclaimer = reclaimer;
	mutex_lock(&registrations_mutex);
	list_for_each_entry(old, &registrations, node)
		if (old->reclaimer == reclaimer)
			err = -EBUSY;
	if (!err)
		list_add_tail_rcu(&new->node, &registrations);
	mutex_unlock(&registrations_mutex);
	if (err)
		kfree(new);
	else
		pb_reclaimer_reset_failures();
	return err;
}
EXPORT_SYMBOL_PBUDDY(pbuddy_register_reclaimer);

/**
 * pbuddy_unregister_reclaimer - unregister a reclaimer
 * @reclaimer: as it was registered; an unregistered one is ignored
 *
 * After this returns its functions are not running and are not called again. Must not be called
 * from one of them.
 *
 * Context: process, sleeps. As unregister_shrinker() in mm/shrinker.c.
 */
void pbuddy_unregister_reclaimer(struct pbuddy_reclaimer *reclaimer)
{
	struct registration *r, *found = NULL;

	mutex_lock(&registrations_mutex);
	list_for_each_entry(r, &registrations, node)
		if (r->reclaimer == reclaimer)
			found = r;
	if (found)
		list_del_rcu(&found->node);
	mutex_unlock(&registrations_mutex);
	if (!found)
		return;
	synchronize_srcu(&reclaim_srcu);
	kfree(found);
}
EXPORT_SYMBOL_PBUDDY(pbuddy_unregister_reclaimer);

/* ---- queries ---- */

/* A reclaimer and its control structure, as argument of the core's query. */
struct queried {
	struct pbuddy_reclaimer		*reclaimer;
	struct pbuddy_reclaim_control	rc;
};

static unsigned long scan(void *arg, unsigned long nr_to_scan, unsigned long *nr_scanned)
{
	struct queried *queried = arg;
	unsigned long freed;

	queried->rc.nr_to_scan = nr_to_scan;
	queried->rc.nr_scanned = nr_to_scan;
	freed = queried->reclaimer->scan_pages(queried->reclaimer, &queried->rc);
	*nr_scanned = queried->rc.nr_scanned;
	return freed;
}

static void begin(const struct pb_reclaim_query *how)
{
	const struct queried *queried = how->arg;

	trace_mm_shrink_slab_start(queried->reclaimer, queried->rc.nid, queried->rc.gfp, how);
}

static unsigned long query(struct registration *r, const struct pbuddy_reclaim_control *rc,
			   int priority, unsigned long *nr_scanned)
{
	struct queried queried = { .reclaimer = r->reclaimer, .rc = *rc };
	struct pb_reclaim_query how = {
		.freeable = r->reclaimer->count_pages(r->reclaimer, &queried.rc),
		.priority = priority,
		.seeks = r->reclaimer->seeks,
		.batch = r->reclaimer->batch,
		.deferred = &r->deferred[rc->nid],
		.begin = begin,
		.scan = scan,
		.arg = &queried,
	};
	unsigned long freed = pb_reclaim_query(&how);

	if (how.freeable)
		trace_mm_shrink_slab_end(r->reclaimer, rc->nid, freed, &how);
	*nr_scanned += how.scanned;
	return freed;
}

/**
 * pb_reclaimer_scan_node - query all reclaimers for pages of one node
 * @nid: the node
 * @gfp: __GFP_IO and __GFP_FS allow reclaimers to start I/O and to call file systems
 * @may_unmap: reclaimers may free mapped pages
 * @priority: 0 to PB_DEF_PRIORITY; lower scans more
 * @nr_scanned: incremented by the number of pages scanned
 *
 * Context: process, may sleep; the task has PF_MEMALLOC.
 * Return: pages freed. As shrink_slab() in mm/shrinker.c.
 */
unsigned long pb_reclaimer_scan_node(int nid, gfp_t gfp, bool may_unmap, int priority,
				     unsigned long *nr_scanned)
{
	struct pbuddy_reclaim_control rc = { .nid = nid, .gfp = gfp, .may_unmap = may_unmap };
	struct registration *r;
	unsigned long freed = 0;
	int index;

	index = srcu_read_lock(&reclaim_srcu);
	list_for_each_entry_srcu(r, &registrations, node, srcu_read_lock_held(&reclaim_srcu))
		freed += query(r, &rc, priority, nr_scanned);
	srcu_read_unlock(&reclaim_srcu, index);
	return freed;
}

/**
 * pb_reclaimer_count_node - count reclaimable pages of a node
 * @nid: the node
 *
 * Context: process, may sleep.
 * Return: pages.
 */
unsigned long pb_reclaimer_count_node(int nid)
{
	struct pbuddy_reclaim_control rc = { .nid = nid, .gfp = GFP_KERNEL, .may_unmap = true };
	struct registration *r;
	unsigned long pages = 0;
	int index;

	index = srcu_read_lock(&reclaim_srcu);
	list_for_each_entry_srcu(r, &registrations, node, srcu_read_lock_held(&reclaim_srcu))
		pages += r->reclaimer->count_pages(r->reclaimer, &rc);
	srcu_read_unlock(&reclaim_srcu, index);
	return pages;
}

/**
 * pb_reclaimer_exit - check that all reclaimers, modules that depend on this one, are gone
 */
void pb_reclaimer_exit(void)
{
	WARN_ON_ONCE(!list_empty(&registrations));
}
