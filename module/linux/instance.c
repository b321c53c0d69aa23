// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pool of the module and the list of its extents.
 *
 * At insmod the sources add extents to the list (source/source.c). Then the extents of each node
 * are divided into ranges, from the highest PFN down: the share of movable= becomes ZONE_MOVABLE,
 * then the share of cma= contiguous areas; the rest is DMA32 below 4 GiB and NORMAL above. The pool
 * is initialized from the ranges. When it grows, an extent is added to the list before its memory
 * is added to the pool. At rmmod the extents are returned to their sources.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "compat.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"
#include "instance.h"
#include "source/iomem.h"
#include "source/source.h"

struct pb_pool pb_instance;
EXPORT_SYMBOL_PB_TEST(pb_instance);

/* Sorted by PFN. Changed while the pool exists: see pb_instance_extents(). */
static LIST_HEAD(extents);
static unsigned long unpinnable_pages;	/* in the list: counted before they come */

/* Searches of the list for whether a page can be pinned. */
atomic_long_t pb_instance_nr_searches = ATOMIC_LONG_INIT(0);
EXPORT_SYMBOL_PB_TEST(pb_instance_nr_searches);

/* Serialises changes of the pool's size, and of the list of extents after insmod. */
static DEFINE_MUTEX(size_lock);
static struct task_struct *size_holder;		/* holder of the lock */

/**
 * pb_instance_lock_size - begin to change the size of the pool
 *
 * Context: process, sleeps, killable.
 *
 * Return: 0; -EINTR; -EDEADLK when this task changes the size already: a request that its source or
 * an owner of migrated pages has caused.
 */
int pb_instance_lock_size(void)
{
	if (READ_ONCE(size_holder) == current)
		return -EDEADLK;
	if (mutex_lock_killable(&size_lock))
		return -EINTR;
	WRITE_ONCE(size_holder, current);
	return 0;
}
EXPORT_SYMBOL_PB_TEST(pb_instance_lock_size);

/* The same without waiting, for reclaim. Context: process. Return: whether it was locked. */
bool pb_instance_trylock_size(void)
{
	if (!mutex_trylock(&size_lock))
		return false;
	WRITE_ONCE(size_holder, current);
	return true;
}

void pb_instance_unlock_size(void)
{
	WRITE_ONCE(size_holder, NULL);
	mutex_unlock(&size_lock);
}
EXPORT_SYMBOL_PB_TEST(pb_instance_unlock_size);

/* ---- ranges ---- */

/**
 * struct range_list - ranges of the pool, from high PFNs to low
 * @range: array of RANGES_PER_EXTENT entries for each extent
 * @nr: number of ranges in it
 * @left: for each node the pages that ZONE_MOVABLE and the contiguous areas still lack
 */
struct range_list {
	struct pb_range	*range;
	unsigned int	nr;
	struct {
		unsigned long	movable;
		unsigned long	cma;
	}		*left;
};

/* ZONE_MOVABLE, and NORMAL and DMA32 each with and without a contiguous area. */
#define RANGES_PER_EXTENT	5

static void append_range(struct range_list *list, unsigned long start, unsigned long end,
			 int nid, enum pb_zone_type type, bool cma)
{
	struct pb_range *last = list->nr ? &list->range[list->nr - 1] : NULL;

	if (start >= end)
		return;
	if (last && last->start_pfn == end && last->nid == nid && last->type == type &&
	    last->cma == cma) {
		last->start_pfn = start;
		last->nr_pages += end - start;
		return;
	}
	list->range[list->nr++] = (struct pb_range) {
		.start_pfn = start, .nr_pages = end - start, .nid = nid, .type = type,
		.cma = cma,
	};
}

/* Divides a range at 4 GiB into NORMAL and DMA32. */
static void append_lowmem(struct range_list *list, unsigned long start, unsigned long end,
			  int nid, bool cma)
{
	append_range(list, max(start, PB_DMA32_END), end, nid, PB_ZONE_NORMAL, cma);
	append_range(list, start, min(end, PB_DMA32_END), nid, PB_ZONE_DMA32, cma);
}

/* Divides an extent, from its end: ZONE_MOVABLE, contiguous area, other memory. */
static void add_extent(struct range_list *list, const struct pb_extent *extent)
{
	unsigned long start = extent->start_pfn, end = start + extent->nr_pages;
	int nid = extent->nid;
	unsigned long movable = min(list->left[nid].movable, end - start), cma;

	list->left[nid].movable -= movable;
	append_range(list, end - movable, end, nid, PB_ZONE_MOVABLE, false);
	end -= movable;
	cma = min(list->left[nid].cma, end - start);
	list->left[nid].cma -= cma;
	append_lowmem(list, end - cma, end, nid, true);
	append_lowmem(list, start, end - cma, nid, false);
}

static int make_ranges(struct range_list *list, const struct pb_instance_config *config)
{
	struct pb_extent *extent;
	unsigned int nr = 0;
	int nid;

	list_for_each_entry(extent, &extents, node)
		nr++;
	list->nr = 0;
	list->range = kvcalloc(nr, RANGES_PER_EXTENT * sizeof(*list->range), GFP_KERNEL);
	list->left = kcalloc(nr_node_ids, sizeof(*list->left), GFP_KERNEL);
	if (!list->range || !list->left)
		return -ENOMEM;
	for (nid = 0; nid < nr_node_ids; nid++) {
		unsigned long pages = pb_instance_node_pages(nid), movable;

		movable = round_down(mult_frac(pages, config->movable_percent, 100),
				     PB_PAGEBLOCK_NR);
		list->left[nid].movable = movable;
		list->left[nid].cma = round_down(mult_frac(pages - movable, config->cma_percent,
							   100), PB_PAGEBLOCK_NR);
	}
	list_for_each_entry_reverse(extent, &extents, node)
		add_extent(list, extent);
	return 0;
}

/*
 * Adds the PFN range of each zone that may shrink to the spans, so that it can grow again there.
 * Returns the number of spans.
 */
static unsigned int add_hulls(const struct range_list *list, struct pb_range *spans,
			      unsigned int nr)
{
	unsigned int first = nr, i, k;
	unsigned long end;

	for (i = 0; i < list->nr; i++) {
		const struct pb_range *range = &list->range[i];

		if (range->type == PB_ZONE_MOVABLE)
			continue;
		for (k = first; k < nr; k++)
			if (spans[k].nid == range->nid && spans[k].type == range->type)
				break;
		if (k == nr) {
			spans[nr++] = *range;
			continue;
		}
		/* The ranges are in descending order. */
		end = spans[k].start_pfn + spans[k].nr_pages;
		spans[k].start_pfn = range->start_pfn;
		spans[k].nr_pages = end - range->start_pfn;
	}
	return nr;
}

static int distance(int from, int to)
{
	return node_distance(from, to);
}

static int make_pool(const struct pb_instance_config *instance)
{
	struct range_list list;
	int ret = make_ranges(&list, instance);
	struct pb_range *spans = NULL;

	if (!ret) {
		spans = kvcalloc(instance->nr_spans + list.nr, sizeof(*spans), GFP_KERNEL);
		ret = spans ? 0 : -ENOMEM;
	}
	if (!ret) {
		struct pb_pool_config config = {
			.ranges = list.range,
			.nr_ranges = list.nr,
			.spans = spans,
			.nr_spans = add_hulls(&list, spans, instance->nr_spans),
			.nr_nodes = nr_node_ids,
			.distance = distance,
			.ops = *instance->ops,
		};

		memcpy(spans, instance->spans, instance->nr_spans * sizeof(*spans));
		ret = pb_pool_init(&pb_instance, &config);
	}
	kvfree(spans);
	kfree(list.left);
	kvfree(list.range);
	return ret;
}

/**
 * pb_instance_node_pages - count the pages that pbuddy owns on a node
 * @nid: any node number
 *
 * Context: process; the list of extents must not change meanwhile.
 *
 * Return: number of pages.
 */
unsigned long pb_instance_node_pages(int nid)
{
	struct pb_extent *extent;
	unsigned long pages = 0;

	list_for_each_entry(extent, &extents, node)
		if (extent->nid == nid)
			pages += extent->nr_pages;
	return pages;
}

/**
 * pb_instance_pages - count the pages of all zones once they have grown to their maximum
 *
 * Context: any.
 *
 * Return: number of pages, free and allocated.
 */
unsigned long pb_instance_pages(void)
{
	unsigned long pages = 0;
	struct pb_zone *zone;

	pb_for_each_any_zone(zone, &pb_instance)
		pages += pb_zone_most_pages(zone);
	return pages;
}
EXPORT_SYMBOL_PB_TEST(pb_instance_pages);

/**
 * pb_instance_has_memory - whether a node has a zone of the pool
 * @nid: any node number from 0 on
 *
 * Context: any.
 *
 * Return: true if it has.
 */
bool pb_instance_has_memory(int nid)
{
	struct pb_node_zones it = { &pb_instance, nid };

	return nid < pb_instance.nr_nodes && pb_next_node_zone(&it);
}
EXPORT_SYMBOL_PB_TEST(pb_instance_has_memory);

/**
 * pb_instance_extents - get the list of extents
 *
 * Extents are added, and replaced by parts of them, while the pool is used: walk the list under RCU
 * then, or with the size locked. Context: any.
 *
 * Return: list of struct pb_extent, sorted by PFN.
 */
struct list_head *pb_instance_extents(void)
{
	return &extents;
}

/**
 * pb_instance_find_extent - find the extent of a page
 * @pfn: any number
 *
 * Context: any; under RCU, or with the size locked.
 *
 * Return: the extent, or NULL.
 */
struct pb_extent *pb_instance_find_extent(unsigned long pfn)
{
	struct pb_extent *extent;

	list_for_each_entry_rcu(extent, &extents, node, lockdep_is_held(&size_lock))
		if (pfn >= extent->start_pfn && pfn < extent->start_pfn + extent->nr_pages)
			return extent;
	return NULL;
}
EXPORT_SYMBOL_PB_TEST(pb_instance_find_extent);

/**
 * pb_instance_pages_within - count the pages of a node in a range
 * @nid: any node number
 * @start_pfn: first PFN
 * @end_pfn: the PFN behind the last
 *
 * Context: any.
 *
 * Return: number of pages.
 */
unsigned long pb_instance_pages_within(int nid, unsigned long start_pfn, unsigned long end_pfn)
{
	const struct pb_extent *extent;
	unsigned long pages = 0, start, end;

	rcu_read_lock();
	list_for_each_entry_rcu(extent, &extents, node) {
		start = max(extent->start_pfn, start_pfn);
		end = min(extent->start_pfn + extent->nr_pages, end_pfn);
		if (extent->nid == nid && start < end)
			pages += end - start;
	}
	rcu_read_unlock();
	return pages;
}

/**
 * pb_instance_unpinnable - whether the kernel refuses to pin a page for a long term
 * @pfn: an allocated page
 * @known: the extent of the last page for which this returned false, which is looked at first, or
 *	NULL; of pages that stay allocated meanwhile
 *
 * The list of extents is as long as a node is fragmented. So it is not searched while no source
 * has such pages.
 *
 * Context: any.
 *
 * Return: true if its source says so.
 */
bool pb_instance_unpinnable(unsigned long pfn, struct pb_pinnable *known)
{
	const struct pb_extent *extent;
	bool unpinnable;

	if (!READ_ONCE(unpinnable_pages))
		return false;
	if (known && pfn >= known->start_pfn && pfn < known->end_pfn)
		return false;
	atomic_long_inc(&pb_instance_nr_searches);
	rcu_read_lock();
	extent = pb_instance_find_extent(pfn);
	unpinnable = extent && extent->source->unpinnable;
	if (known && extent && !unpinnable) {
		known->start_pfn = extent->start_pfn;
		known->end_pfn = extent->start_pfn + extent->nr_pages;
	}
	rcu_read_unlock();
	return unpinnable;
}
EXPORT_SYMBOL_PB_TEST(pb_instance_unpinnable);

/**
 * pb_instance_unsaved - find memory whose contents do not survive hibernation
 * @addr: set to the address of the first extent of this kind
 *
 * Context: any.
 *
 * Return: whether there is one.
 */
bool pb_instance_unsaved(phys_addr_t *addr)
{
	const struct pb_extent *extent;
	bool found = false;

	rcu_read_lock();
	list_for_each_entry_rcu(extent, &extents, node) {
		if (!extent->source->unsaved || !extent->source->unsaved(extent))
			continue;
		*addr = PFN_PHYS(extent->start_pfn);
		found = true;
		break;
	}
	rcu_read_unlock();
	return found;
}

/* Of a source that has such pages: counts those that come to the list, or leave it. */
static void count_unpinnable(const struct pb_extent *extent, long nr_pages)
{
	if (extent->source->unpinnable)
		WRITE_ONCE(unpinnable_pages, unpinnable_pages + nr_pages);
}

/**
 * pb_instance_add_extent - move an extent that the pool is about to grow by to the list
 * @extent: the extent; is removed from the list that it is on
 *
 * Call it before the memory is added to the pool: a task that allocates of it may look for the
 * extent at once. Context: process; the size is locked.
 */
void pb_instance_add_extent(struct pb_extent *extent)
{
	struct pb_extent *next;

	count_unpinnable(extent, extent->nr_pages);
	list_del(&extent->node);
	list_for_each_entry(next, &extents, node)
		if (next->start_pfn > extent->start_pfn)
			break;
	list_add_tail_rcu(&extent->node, &next->node);
}
EXPORT_SYMBOL_PB_TEST(pb_instance_add_extent);

/**
 * pb_instance_remove_extent - take an extent off the list by which the pool has not grown after all
 * @extent: the extent; is on no list afterwards, and no reader has it
 *
 * Context: process, sleeps; the size is locked.
 */
void pb_instance_remove_extent(struct pb_extent *extent)
{
	list_del_rcu(&extent->node);
	synchronize_rcu();
	INIT_LIST_HEAD(&extent->node);
	count_unpinnable(extent, -(long)extent->nr_pages);
}
EXPORT_SYMBOL_PB_TEST(pb_instance_remove_extent);

/* Makes an extent of the part from @start to @end; NULL for an empty part, or an ERR_PTR(). */
static struct pb_extent *copy_part(const struct pb_extent *extent, unsigned long start,
				   unsigned long end, gfp_t gfp)
{
	struct pb_extent *part;

	if (start == end)
		return NULL;
	part = kmemdup(extent, sizeof(*extent), gfp);
	if (!part)
		return ERR_PTR(-ENOMEM);
	part->start_pfn = start;
	part->nr_pages = end - start;
	if (!extent->source->split)
		return part;
	part->priv = extent->source->split(extent, start, gfp);
	if (part->priv)
		return part;
	kfree(part);
	return ERR_PTR(-ENOMEM);
}

static void drop_part(struct pb_extent *part)
{
	if (IS_ERR_OR_NULL(part))
		return;
	if (part->source->finish)
		part->source->finish(part, true);
	kfree(part);
}

/* Replaces an extent in the list. Readers find a page of the parts in one extent at least. */
static void replace(struct pb_extent *extent, struct pb_extent *before, struct pb_extent *after)
{
	if (after)
		list_add_rcu(&after->node, &extent->node);
	if (before)
		list_replace_rcu(&extent->node, &before->node);
	else
		list_del_rcu(&extent->node);
}

/**
 * pb_instance_return_pageblock - return a pageblock that has left the pool to its source
 * @pfn: its first page; its source frees pages
 * @gfp: for new extents
 *
 * Context: process; the size is locked.
 *
 * Return: 0, or -ENOMEM when the extent could not be divided; nothing has changed then.
 */
int pb_instance_return_pageblock(unsigned long pfn, gfp_t gfp)
{
	struct pb_extent *extent = pb_instance_find_extent(pfn), *before, *after;

	lockdep_assert_held(&size_lock);
	before = copy_part(extent, extent->start_pfn, pfn, gfp);
	after = copy_part(extent, pfn + PB_PAGEBLOCK_NR, extent->start_pfn + extent->nr_pages,
			  gfp);
	if (IS_ERR(before) || IS_ERR(after) || pb_iomem_remove(pfn, PB_PAGEBLOCK_NR, gfp)) {
		drop_part(before);
		drop_part(after);
		return -ENOMEM;
	}
	replace(extent, before, after);
	count_unpinnable(extent, -(long)PB_PAGEBLOCK_NR);
	extent->source->release(extent, pfn, PB_PAGEBLOCK_NR);
	if (extent->source->finish)
		extent->source->finish(extent, true);
	kfree_rcu(extent, rcu);
	return 0;
}

/* After the sources have added extents to the list, before there is a pool. */
static int count_extents(void)
{
	struct pb_extent *extent;
	int err = 0;

	list_for_each_entry(extent, &extents, node) {
		count_unpinnable(extent, extent->nr_pages);
		err = err ?: pb_iomem_add(extent->nid, extent->start_pfn, extent->nr_pages);
	}
	return err;
}

/**
 * pb_instance_init - take the memory of pool= from the sources and initialize the pool
 * @config: elements of pool=, shares of the zones and operations of the pool
 *
 * Context: process, may sleep, killable.
 *
 * Return: 0, or a negative errno after logging the cause; see pb_source_reserve_all().
 */
int pb_instance_init(const struct pb_instance_config *config)
{
	int ret = pb_source_reserve_all(config->specs, config->nr_specs, config->strict, &extents);

	if (ret) {
		pb_source_exit();
		return ret;
	}
	ret = count_extents() ?: make_pool(config);
	if (ret) {
		pr_err("cannot initialize the pool: error %d\n", ret);
		pb_iomem_exit();
		pb_source_release_all(&extents, NULL);
		pb_source_exit();
	}
	return ret;
}

static unsigned long total_pages(void)
{
	struct pb_extent *extent;
	unsigned long pages = 0;

	list_for_each_entry(extent, &extents, node)
		pages += extent->nr_pages;
	return pages;
}

/**
 * pb_instance_exit - return the memory to the sources and destroy the pool
 * @in_use: returns true for the first PFN of a pageblock with pages in use, which is not returned
 *
 * There are no concurrent allocations or frees: the device is removed, and modules that use the
 * in-kernel API are unloaded, as they depend on this one. The caller has drained the pcp lists.
 * Context: process, may sleep.
 */
void pb_instance_exit(bool (*in_use)(unsigned long pfn))
{
	unsigned long pages = total_pages(), returned;

	pb_iomem_exit();
	returned = pb_source_release_all(&extents, in_use);
	pb_source_exit();
	pr_info("returned %lu of %lu pages\n", returned, pages);
	pb_pool_destroy(&pb_instance);
}
