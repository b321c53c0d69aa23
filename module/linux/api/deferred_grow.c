// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deferred growth: a node with a maximum in pool= (NODE:SIZE-MAX) starts with SIZE. It reserves
 * more memory from its source before a request would reclaim, or when the node thread finds too few
 * free pages. It goes back to the source when the node is resized (resize.c), which also changes
 * the maximum; by vacate= (vacate.c); what is free when the system reclaims (pool_shrinker.c) or
 * was free for idle_seconds= (idle_memory.c); and when the module is unloaded. Without a maximum
 * a node grows when it is resized only, and by any memory of the node, too.
 *
 * A node whose source has no more than was set aside at boot (reserve) grows by memory of the
 * running kernel, as by the default source. That may lie in a zone in which the node has nothing at
 * load, so the zone exists from then on. So do the zones of a node that begins with nothing
 * (NODE:0-MAX), which may have no memory yet.
 *
 * A source may sleep, start I/O and migrate the system's pages. So only requests that may do all of
 * this (GFP_KERNEL and above) grow the pool. Other requests have woken the node thread, which
 * grows it. One task at a time changes the size of the pool; a task that waited for another one
 * first checks whether that growth suffices. Requests with PF_MEMALLOC do not grow the pool, nor do
 * requests that the source itself causes. PF_MEMALLOC is not set while a source runs, because the
 * system would give its emergency reserve to the pool.
 *
 * A source that had no memory is not called again for a while.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/slab.h>

#include "api/deferred_grow.h"
#include "core/cache/freelist.h"
#include "core/pool/grow.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"
#include "hooks/bad_frames.h"
#include "hooks/debug_pages.h"
#include "hooks/owner.h"
#include "instance.h"
#include "request/resized.h"
#include "request/restricted.h"
#include "source/iomem.h"
#include "source/pool_spec.h"
#include "source/source.h"

#define STEP		(16 * PB_PAGEBLOCK_NR)	/* pages at a time, if there are so many */
#define RETRY_AFTER	HZ

#define PAGES_TO_MIB(pages)	((pages) >> (20 - PAGE_SHIFT))

/**
 * struct grower - a source that can provide more memory to a node
 * @spec: request to the source
 * @left: pages by which it may still grow
 * @retry_at: earliest next attempt after a failure, in jiffies
 * @failed: the last attempt failed
 * @creates_zones: it may provide the first memory of a zone
 */
struct grower {
	struct pb_pool_spec	spec;
	unsigned long		left;
	unsigned long		retry_at;
	bool			failed;
	bool			creates_zones;
};

static struct grower *growers;		/* the array is constant while the pool lives */
static unsigned int nr_growers;
static unsigned long max_pages[MAX_NUMNODES];	/* maximum of each node; the size is locked */

static struct grower *find_grower(int nid, const struct pb_source_ops *source)
{
	unsigned int i;

	for (i = 0; i < nr_growers; i++)
		if (growers[i].spec.nid == nid && growers[i].spec.source == source)
			return &growers[i];
	return NULL;
}

/* Adds what an element of pool= may grow by to the grower of its node and source. */
static void add_grower(const struct pb_pool_spec *spec)
{
	const struct pb_source_ops *source = spec->source->grows ? spec->source :
								   pb_source_default();
	struct grower *g = find_grower(spec->nid, source);

	if (!g) {
		g = &growers[nr_growers++];
		g->spec.nid = spec->nid;
		g->spec.source = source;
	}
	g->creates_zones |= source != spec->source || !spec->nr_pages;
	if (spec->max_pages > spec->nr_pages)
		g->left += spec->max_pages - spec->nr_pages;
}

/**
 * pb_deferred_grow_prepare - store by what the elements of pool= may grow
 * @specs: elements of pool=
 * @nr: their number
 * @movable_percent: as the parameter movable=
 *
 * Context: process, may sleep.
 * Return: 0, -EINVAL after logging the error, or -ENOMEM.
 */
int pb_deferred_grow_prepare(const struct pb_pool_spec *specs, unsigned int nr,
			     unsigned int movable_percent)
{
	unsigned int i;

	nr_growers = 0;
	growers = kcalloc(nr, sizeof(*growers), GFP_KERNEL);
	if (!growers)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		if (movable_percent < 100) {
			add_grower(&specs[i]);
		} else if (specs[i].max_pages > specs[i].nr_pages) {
			pr_err("movable: with 100 there is no zone that node %d could grow in\n",
			       specs[i].nid);
			return -EINVAL;
		}
	}
	return 0;
}

static unsigned int add_span(struct pb_range *span, unsigned long start, unsigned long end,
			     const struct grower *g, enum pb_zone_type type)
{
	start = round_up(start, PB_PAGEBLOCK_NR);
	end = round_down(end, PB_PAGEBLOCK_NR);
	if (start >= end)
		return 0;
	*span = (struct pb_range) {
		.start_pfn = start, .nr_pages = end - start, .nid = g->spec.nid, .type = type,
		/* The first memory of a zone may be added to the node later. */
		.creates_zone = g->creates_zones || pb_pool_spec_max_pfn(),
	};
	return 1;
}

/**
 * pb_deferred_grow_spans - list the ranges into which the pool may grow
 * @spans: set to the ranges; has PB_DEFERRED_GROW_SPANS_MAX elements
 *
 * With max_address= they contain addresses at which memory may be added to the node later. A node
 * without memory begins at address 0, as any memory that is not online may be its own.
 *
 * Return: their number.
 */
unsigned int pb_deferred_grow_spans(struct pb_range *spans)
{
	const struct grower *g = growers, *end_growers = growers + nr_growers;
	unsigned long start, end;
	unsigned int nr = 0;

	for (; g < end_growers; g++) {
		start = node_present_pages(g->spec.nid) ?
			NODE_DATA(g->spec.nid)->node_start_pfn : 0;
		end = max(pgdat_end_pfn(NODE_DATA(g->spec.nid)), pb_pool_spec_max_pfn());
		nr += add_span(&spans[nr], start, min(end, PB_DMA32_END), g, PB_ZONE_DMA32);
		nr += add_span(&spans[nr], max(start, PB_DMA32_END), end, g, PB_ZONE_NORMAL);
	}
	return nr;
}

/* Whether the running kernel has memory of a node above 4 GiB that sources may take. */
static bool kernel_has_high_memory(int nid)
{
	struct zone *zone = NODE_DATA(nid)->node_zones, *end = zone + ZONE_MOVABLE;

	for (; zone < end; zone++)
		if (populated_zone(zone) && zone_end_pfn(zone) > PB_DMA32_END)
			return true;
	return false;
}

/*
 * The zone of a node that grows: the highest one for which the kernel has memory, because sources
 * reserve high memory. Memory that was set aside at boot may be in another zone. What is added to a
 * node without memory is most likely above 4 GiB. Or NULL.
 */
static struct pb_zone *growing_zone(int nid)
{
	struct pb_zone *normal = pb_instance.zone[nid][PB_ZONE_NORMAL];

	if (normal && (kernel_has_high_memory(nid) || !node_present_pages(nid)))
		return normal;
	return pb_instance.zone[nid][PB_ZONE_DMA32] ?: normal;
}

/* Pages by which a node may grow. The size is locked. */
static unsigned long node_left(int nid)
{
	unsigned long now = pb_instance_node_pages(nid), left = 0;
	unsigned int i;

	for (i = 0; i < nr_growers; i++)
		if (growers[i].spec.nid == nid)
			left += growers[i].left;
	return max_pages[nid] > now ? min(left, max_pages[nid] - now) : 0;
}

/* Stores in the zones of a node by how many pages they may grow: one may grow by all. */
static void update_growable(int nid)
{
	struct pb_zone *growing = growing_zone(nid), *zone;
	unsigned long left = node_left(nid);

	pb_for_each_node_zone(zone, &pb_instance, nid)
		WRITE_ONCE(zone->growable, zone == growing ? left : 0);
}

/* Pages by which a node may grow, by its zones. */
static unsigned long growable(int nid)
{
	unsigned long pages = 0;
	struct pb_zone *zone;

	pb_for_each_node_zone(zone, &pb_instance, nid)
		pages += READ_ONCE(zone->growable);
	return pages;
}

/* Adds the memory of an extent to the pool, and the extent to its list before. */
static int add_to_pool(struct pb_extent *extent, const struct pb_range *range)
{
	int err;

	pb_instance_add_extent(extent);
	pb_restricted_adding(pb_instance.zone[range->nid][range->type], range->start_pfn,
			     range->nr_pages);
	err = pb_pool_grow(&pb_instance, range);
	pb_restricted_adding(NULL, 0, 0);
	if (err)
		pb_instance_remove_extent(extent);
	return err;
}

/* Adds an extent to the pool; when that fails, it is in the list that it was in, or in none. */
static int add_extent(struct pb_extent *extent)
{
	const struct pb_range range = {
		.start_pfn = extent->start_pfn,
		.nr_pages = extent->nr_pages,
		.nid = extent->nid,
		.type = extent->start_pfn < PB_DMA32_END ? PB_ZONE_DMA32 : PB_ZONE_NORMAL,
	};
	int err = pb_owner_add_range(range.start_pfn, range.nr_pages);

	if (err)
		return err;
	if (static_branch_unlikely(&pb_fill_key))
		pb_debug_fill(range.start_pfn, range.nr_pages);
	err = pb_iomem_add(range.nid, range.start_pfn, range.nr_pages);
	if (err)
		return err;
	err = add_to_pool(extent, &range);
	if (err) {
		WARN_ON_ONCE(pb_iomem_remove(range.start_pfn, range.nr_pages, GFP_KERNEL));
		return err;
	}
	pb_bad_frames_look(range.start_pfn, range.nr_pages);
	pb_zone_event_add(pb_instance.zone[range.nid][range.type], PB_GROW, range.nr_pages);
	return 0;
}

/*
 * Adds extents to the pool, also those of a source that has failed or was interrupted later. Memory
 * that cannot be added is returned at once. Returns the pages that were added.
 */
static unsigned long add_extents(struct list_head *reserved)
{
	struct pb_extent *extent, *next;
	unsigned long got = 0, pages;
	LIST_HEAD(failed);

	list_for_each_entry_safe(extent, next, reserved, node) {
		pages = extent->nr_pages;
		if (add_extent(extent))
			list_move_tail(&extent->node, &failed);
		else
			got += pages;
	}
	pb_source_release_all(&failed, NULL);
	return got;
}

/* @least: pages, if it may be more. */
static unsigned long grow_from(struct grower *g, unsigned long nr_pages, unsigned long least)
{
	unsigned long left = min(g->left, node_left(g->spec.nid)), got;
	LIST_HEAD(reserved);
	long ret;

	if (!left || (g->failed && time_before(jiffies, g->retry_at)))
		return 0;
	g->spec.nr_pages = min(left, max(round_up(nr_pages, PB_PAGEBLOCK_NR), least));
	ret = g->spec.source->reserve(&g->spec, &reserved);
	got = add_extents(&reserved);
	g->failed = !got && ret != -EINTR;
	g->retry_at = jiffies + RETRY_AFTER;
	if (g->failed)
		pb_zone_event_add(growing_zone(g->spec.nid), PB_GROW_FAIL, 1);
	if (!got)
		return 0;
	g->left -= got;
	update_growable(g->spec.nid);
	pr_info_ratelimited("node %d: grew by %lu MiB from %s, %lu MiB are left\n", g->spec.nid,
			    PAGES_TO_MIB(got), g->spec.source->name,
			    PAGES_TO_MIB(node_left(g->spec.nid)));
	return got;
}

/**
 * pb_deferred_grow_node - grow a node, if pool= allows it
 * @nid: the node
 * @nr_pages: number of pages needed
 *
 * Context: process, sleeps, killable; may do I/O.
 * Return: pages by which this or another task has grown the node.
 */
unsigned long pb_deferred_grow_node(int nid, unsigned long nr_pages)
{
	unsigned long before = growable(nid), now, got;
	unsigned int i;

	if (!before || pb_instance_lock_size())
		return 0;
	/* Growth by other tasks while this one waited for the lock. */
	now = growable(nid);
	got = before > now ? before - now : 0;
	for (i = 0; i < nr_growers && !got; i++)
		if (growers[i].spec.nid == nid)
			got = grow_from(&growers[i], nr_pages, STEP);
	pb_instance_unlock_size();
	/* Not under the lock, so that setting a tunable does not wait for a source. */
	if (got)
		pb_resized();
	return got;
}

/**
 * pb_deferred_grow - grow the pool for a request; the core's ops->grow
 * @pool: the instance
 * @rq: the request
 * @nr_pages: number of pages needed
 *
 * Grows the nearest node that may grow and whose memory the request may use.
 *
 * Context: process, sleeps, killable.
 * Return: as pb_deferred_grow_node().
 */
unsigned long pb_deferred_grow(struct pb_pool *pool, const struct pb_request *rq,
			       unsigned long nr_pages)
{
	const pb_alloc_flags_t needed = PB_ALLOC_WAIT | PB_ALLOC_IO | PB_ALLOC_FS;
	unsigned long got = 0;
	struct pb_zone *zone;

	if ((rq->flags & needed) != needed)
		return 0;
	pb_for_each_zone_zonelist(zone, pool->zonelist[rq->nid]) {
		if (READ_ONCE(zone->growable) && pb_zone_allowed(zone, rq))
			got = pb_deferred_grow_node(zone->nid, nr_pages);
		if (got)
			break;
	}
	return got;
}

/* Whether a source of a node can provide more memory, and the node has a zone for it. */
bool pb_deferred_grow_possible(int nid)
{
	unsigned int i;

	for (i = 0; i < nr_growers; i++)
		if (growers[i].spec.nid == nid)
			return growing_zone(nid);
	return false;
}

/**
 * pb_deferred_grow_get_max - get the maximum of a node
 * @nid: the node
 *
 * Context: any.
 * Return: pages.
 */
unsigned long pb_deferred_grow_get_max(int nid)
{
	return READ_ONCE(max_pages[nid]);
}

/**
 * pb_deferred_grow_set_max - set the maximum of a node, also after its size has changed
 * @nid: the node
 * @pages: the maximum
 *
 * Context: process; the size is locked.
 */
void pb_deferred_grow_set_max(int nid, unsigned long pages)
{
	unsigned long now = pb_instance_node_pages(nid), left = pages > now ? pages - now : 0;
	unsigned int i;

	WRITE_ONCE(max_pages[nid], pages);
	/* Any of them may provide it. */
	for (i = 0; i < nr_growers; i++)
		if (growers[i].spec.nid == nid)
			growers[i].left = left;
	update_growable(nid);
}

/**
 * pb_deferred_grow_by - grow a node at once, up to its maximum
 * @nid: the node
 * @nr_pages: number of pages
 *
 * Context: process, sleeps, killable; may do I/O. The size is locked; call pb_resized()
 * after it was unlocked.
 * Return: pages by which the node has grown.
 */
unsigned long pb_deferred_grow_by(int nid, unsigned long nr_pages)
{
	unsigned long got = 0;
	unsigned int i;

	for (i = 0; i < nr_growers && got < nr_pages; i++) {
		if (growers[i].spec.nid != nid)
			continue;
		growers[i].failed = false;
		got += grow_from(&growers[i], nr_pages - got, 0);
	}
	return got;
}

/*
 * Memory of a node that the pool cannot grow by is not taken: the pool has no zone or no directory
 * entries for it.
 */
static void limit_to_zones(struct pb_pool_spec *spec)
{
	struct pb_zone *zone;

	spec->from_pfn = ULONG_MAX;
	pb_for_each_node_zone(zone, &pb_instance, spec->nid) {
		if (zone->type == PB_ZONE_MOVABLE)
			continue;
		spec->from_pfn = min(spec->from_pfn, zone->start_pfn);
		spec->to_pfn = max(spec->to_pfn, zone->end_pfn);
	}
}

/**
 * pb_deferred_grow_start - allow requests to grow the pool
 *
 * Context: process; the pool exists, and nothing is allocated from it.
 * Return: 0.
 */
int pb_deferred_grow_start(void)
{
	unsigned int i;
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++)
		max_pages[nid] = pb_instance_node_pages(nid);
	for (i = 0; i < nr_growers; i++) {
		limit_to_zones(&growers[i].spec);
		max_pages[growers[i].spec.nid] += growers[i].left;
		update_growable(growers[i].spec.nid);
	}
	return 0;
}

/* Context: process; after the last request. */
void pb_deferred_grow_exit(void)
{
	nr_growers = 0;
	kfree(growers);
	growers = NULL;
}
