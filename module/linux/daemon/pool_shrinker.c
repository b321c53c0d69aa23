// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gives memory back when the system is short of it: a shrinker of the kernel, by which a node gives
 * its free pageblocks above its minimum. The minimum is the size at load, or that of the last
 * resize. Only memory of a source that can provide it again is given; requests that need it make
 * the node grow again (deferred_grow.c), as far as the system can spare it then.
 *
 * The shrinker runs inside of reclaim, whose task may hold any lock that is held while memory is
 * requested. So it waits for no lock but what a purge takes (user/purge.c), moves no pages and
 * allocates without reclaim. While another task changes the size of the pool it gives nothing.
 * Without enough free pageblocks it purges buffers.
 */
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/shrinker.h>
#include <linux/workqueue.h>

#include "api/resize.h"
#include "compat.h"
#include "core/base/order.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"
#include "daemon/pool_shrinker.h"
#include "instance.h"
#include "request/resized.h"
#include "tunables.h"
#include "user/purge.h"

static struct shrinker *shrinker;

/* The watermarks are set up again by a work item: it takes a mutex. */
static void resized(struct work_struct *work)
{
	pb_resized();
}

static DECLARE_WORK(resized_work, resized);

static unsigned long count(struct shrinker *unused, struct shrink_control *sc)
{
	unsigned long spare = pb_resize_spare(sc->nid), free = 0;
	struct pb_zone *zone;

	if (!spare)
		return 0;
	pb_for_each_node_zone(zone, &pb_instance, sc->nid)
		if (zone->type != PB_ZONE_MOVABLE)
			free += max(pb_zone_free_pages(zone), 0L);
	free += pb_purge_count_node(sc->nid);
	return round_down(min(spare, free), PB_PAGEBLOCK_NR);
}

/**
 * pb_pool_shrinker_give - give free pageblocks of a node above its minimum back
 * @nid: any node number
 * @nr_pages: number of pages, a multiple of PB_PAGEBLOCK_NR
 *
 * In rounds: watermarks of the size before, which the work item has not set up again yet, would
 * keep pages that the node need not have.
 *
 * Context: process, in reclaim, too.
 * Return: number of pages given back.
 */
unsigned long pb_pool_shrinker_give(int nid, unsigned long nr_pages)
{
	unsigned long given = 0, now;

	do {
		if (work_busy(&resized_work))
			pb_tunables_try_resized();
		now = pb_resize_give_spare(nid, nr_pages - given, NULL);
		if (now)
			schedule_work(&resized_work);
		given += now;
	} while (now && given < nr_pages);
	return given;
}
EXPORT_SYMBOL_PB_TEST(pb_pool_shrinker_give);

static unsigned long scan(struct shrinker *unused, struct shrink_control *sc)
{
	unsigned long nr_pages = round_up(sc->nr_to_scan, PB_PAGEBLOCK_NR), given;

	given = pb_pool_shrinker_give(sc->nid, nr_pages);
	if (given < nr_pages && pb_resize_spare(sc->nid) &&
	    pb_purge_node(sc->nid, nr_pages - given, true))
		given += pb_pool_shrinker_give(sc->nid, nr_pages - given);
	if (!given)
		return SHRINK_STOP;
	sc->nr_scanned = given;
	return given;
}

/**
 * pb_pool_shrinker_init - give memory back from now on when the system is short
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int pb_pool_shrinker_init(void)
{
	shrinker = pb_shrinker_register(count, scan, PB_PAGEBLOCK_NR);
	return shrinker ? 0 : -ENOMEM;
}

/* Context: process, may sleep. */
void pb_pool_shrinker_exit(void)
{
	pb_shrinker_unregister(shrinker);
	cancel_work_sync(&resized_work);
}
