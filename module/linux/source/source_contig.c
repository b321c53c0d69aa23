// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contig source: takes free memory of a node from the running kernel, with
 * alloc_contig_range().
 *
 * One scan of the node marks the candidates: pageblocks whose pages are all free or look movable.
 * Then the source calls alloc_contig_range() for naturally aligned runs of candidates: the largest
 * order first, and within an order from the highest PFN down. So the pool can serve large orders,
 * and the kernel keeps memory in its low zones. A pool that grows takes pageblocks whose pages are
 * all free first: a request may wait for it, and pages in use have to be migrated.
 *
 * The system's memory comes first. A range is taken only when its zone stays above its high
 * watermark and a margin without it: alloc_contig_range() takes free pages whatever the watermarks
 * are, and a task that is bound to the node would be killed for memory. Where the page cache has
 * the memory, it is reclaimed before. Pageblocks of the kernel's contiguous areas are not taken:
 * alloc_contig_range() refuses them at once, as they are isolated for cma_alloc() only.
 *
 * alloc_contig_pages() does not suit: each call starts over at the bottom of a zone and allocates
 * the first range that fits.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmstat.h>

#include "compat.h"
#include "core/base/order.h"
#include "source/source.h"

/* Failed attempts before the source goes on to the next lower order. */
#define MAX_FAILS		16
#define MAX_FAILS_PAGEBLOCK	256	/* no lower order is left */
/* Scans of a node. A later one finds pages that were in use, or on a pcp list, in the first. */
#define MAX_PASSES		2
/* Memory that stays available to the system: at least this, and at least 1/KEEP_SHARE of it. */
#define KEEP_MIN		((unsigned long)SZ_16M >> PAGE_SHIFT)
#define KEEP_SHARE		32
/* Of each zone, beside its high watermark. */
#define ZONE_KEEP_SHARE		64
/* Largest range of one call of alloc_contig_range(), which does not reschedule. */
#define PIECE_PAGES		((unsigned long)SZ_32M >> PAGE_SHIFT)

/**
 * struct scan - candidates of one node
 * @base_pfn: PFN of bit 0, aligned to PB_MAX_ORDER
 * @nr: pageblocks from there to the end of the node
 * @ok: bitmap over the pageblocks: all pages are free or look movable
 * @free: the same: all pages are free
 * @free_end: end of the last free block that was found, which may reach into other pageblocks
 */
struct scan {
	unsigned long	base_pfn;
	unsigned long	nr;
	unsigned long	*ok;
	unsigned long	*free;
	unsigned long	free_end;
};

static unsigned long pageblock_pfn(const struct scan *scan, unsigned long block)
{
	return scan->base_pfn + (block << PB_PAGEBLOCK_ORDER);
}

/*
 * Whether a page is free, or on an LRU list and therefore movable. Racy, as there is no reference
 * to the page. A wrong result costs a failed attempt or a missed pageblock: alloc_contig_range()
 * checks again.
 */
static bool page_looks_movable(struct page *page)
{
	return !page_count(page) || PageLRU(page);
}

/* Racy: a wrong order only skips too many or too few pages. */
static unsigned long free_block_end(struct page *page, unsigned long pfn)
{
	return pfn + (1UL << min_t(unsigned long, READ_ONCE(page_private(page)),
				   PB_KERNEL_MAX_ORDER));
}

/* Sets *@free to whether all pages are free, for a candidate. */
static bool pageblock_is_candidate(struct scan *scan, unsigned long pfn, int nid, bool *free)
{
	unsigned long end = pfn + PB_PAGEBLOCK_NR;
	struct page *page = pfn_to_online_page(pfn);

	if (!page || !pfn_to_online_page(end - 1) || is_zone_movable_page(page))
		return false;
	/* Also of a pageblock that a free block before seems to reach over. */
	if (page_to_nid(page) != nid || page_zone(page) != page_zone(pfn_to_page(end - 1)))
		return false;
#ifdef CONFIG_ZONE_DMA
	if (page_zonenum(page) == ZONE_DMA)
		return false;
#endif
	*free = true;
	pfn = max(pfn, scan->free_end);
	while (pfn < end) {
		struct page *p = pfn_to_page(pfn);

		if (page_to_nid(p) != nid || page_zone(p) != page_zone(page) || PageReserved(p) ||
		    !page_looks_movable(p))
			return false;
		*free &= !page_count(p);
		if (!PageBuddy(p)) {
			pfn++;
			continue;
		}
		pfn = free_block_end(p, pfn);
		scan->free_end = pfn;
	}
	return true;
}

/* Pageblocks that cross the limits of the spec are none of the candidates. */
static bool within_limits(const struct pb_pool_spec *spec, unsigned long pfn)
{
	return pfn >= spec->from_pfn &&
	       (!spec->to_pfn || pfn + PB_PAGEBLOCK_NR <= spec->to_pfn);
}

static int scan_node(struct scan *scan, const struct pb_pool_spec *spec)
{
	int nid = spec->nid;
	unsigned long end_pfn = pgdat_end_pfn(NODE_DATA(nid)), block;
	bool free;

	scan->base_pfn = round_down(NODE_DATA(nid)->node_start_pfn, 1UL << PB_MAX_ORDER);
	scan->nr = (end_pfn - scan->base_pfn) >> PB_PAGEBLOCK_ORDER;
	scan->ok = kvcalloc(BITS_TO_LONGS(scan->nr), sizeof(long), GFP_KERNEL);
	scan->free = kvcalloc(BITS_TO_LONGS(scan->nr), sizeof(long), GFP_KERNEL);
	if (!scan->ok || !scan->free)
		return -ENOMEM;
	for (block = 0; block < scan->nr; block++) {
		if (within_limits(spec, pageblock_pfn(scan, block)) &&
		    pageblock_is_candidate(scan, pageblock_pfn(scan, block), nid, &free)) {
			__set_bit(block, scan->ok);
			__assign_bit(block, scan->free, free);
		}
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/* @bits: those of the scan that all pageblocks of the run must have. */
static bool run_is_candidate(const struct scan *scan, const unsigned long *bits,
			     unsigned long block, unsigned long nr)
{
	struct page *first, *last;

	if (block + nr > scan->nr || find_next_zero_bit(bits, block + nr, block) < block + nr)
		return false;
	/* Zones of a node do not interleave: compare the first and the last page only. */
	first = pfn_to_page(pageblock_pfn(scan, block));
	last = pfn_to_page(pageblock_pfn(scan, block + nr) - 1);
	return page_zone(first) == page_zone(last);
}

/* Whether the system keeps enough memory, so that the OOM killer does not run. */
static bool system_can_spare(unsigned long nr_pages)
{
	unsigned long keep = max(KEEP_MIN, totalram_pages() / KEEP_SHARE);

	return si_mem_available() >= (long)(nr_pages + keep);
}

/* Pages that a zone keeps. */
static unsigned long zone_floor(struct zone *zone)
{
	return high_wmark_pages(zone) + zone_managed_pages(zone) / ZONE_KEEP_SHARE;
}

static bool zone_can_spare(struct zone *zone, unsigned long nr_pages)
{
	return zone_page_state(zone, NR_FREE_PAGES) >= nr_pages + zone_floor(zone);
}

/* Whether the page cache of a zone, half of which may be in use, has what the zone lacks. */
static bool worth_reclaiming(struct zone *zone, unsigned long nr_pages)
{
	unsigned long cache = zone_page_state(zone, NR_ZONE_INACTIVE_FILE) +
			      zone_page_state(zone, NR_ZONE_ACTIVE_FILE);

	return zone_page_state(zone, NR_FREE_PAGES) + cache / 2 >= nr_pages + zone_floor(zone);
}

/* Has the kernel reclaim pages of a node: allocates so many, and frees them. */
static void reclaim_pages(int nid, unsigned long nr_pages)
{
	gfp_t gfp = (GFP_HIGHUSER_MOVABLE & ~__GFP_MOVABLE) | __GFP_THISNODE | __GFP_NORETRY |
		    __GFP_NOWARN;
	struct page *page, *next;
	LIST_HEAD(pages);

	while (nr_pages-- && !fatal_signal_pending(current)) {
		page = alloc_pages_node(nid, gfp, 0);
		if (!page)
			break;
		list_add(&page->lru, &pages);
		cond_resched();
	}
	list_for_each_entry_safe(page, next, &pages, lru) {
		list_del(&page->lru);
		__free_page(page);
		cond_resched();
	}
}

/* Whether the zone and the system keep enough without a range of the zone. */
static bool can_spare(struct zone *zone, unsigned long nr_pages)
{
	if (!system_can_spare(nr_pages))
		return false;
	if (zone_can_spare(zone, nr_pages))
		return true;
	if (!worth_reclaiming(zone, nr_pages))
		return false;
	reclaim_pages(zone_to_nid(zone), nr_pages + zone_floor(zone));
	return zone_can_spare(zone, nr_pages);
}

static void free_range(unsigned long pfn, unsigned long nr_pages)
{
	unsigned long n;

	for (; nr_pages; pfn += n, nr_pages -= n) {
		n = min(nr_pages, PB_PAGEBLOCK_NR);
		free_contig_range(pfn, n);
		cond_resched();
	}
}

/* Takes a range piece by piece; all or nothing. */
static int alloc_range(unsigned long pfn, unsigned long nr_pages)
{
	unsigned long done, n;
	int ret = 0;

	for (done = 0; done < nr_pages; done += n) {
		n = min(nr_pages - done, PIECE_PAGES);
		ret = fatal_signal_pending(current) ? -EINTR :
		      pb_alloc_contig_range(pfn + done, pfn + done + n,
					    GFP_KERNEL | __GFP_NOWARN);
		if (ret)
			break;
		cond_resched();
	}
	if (ret)
		free_range(pfn, done);
	return ret;
}

/* Returns 0 after adding the range to the list; -EBUSY if a page cannot be moved now. */
static int alloc_piece(const struct pb_pool_spec *spec, struct list_head *extents,
		       unsigned long pfn, unsigned long nr_pages)
{
	int ret = alloc_range(pfn, nr_pages);

	if (ret)
		return ret == -EINTR ? -EINTR : -EBUSY;
	ret = pb_extent_add(extents, spec, pfn, nr_pages, NULL);
	if (ret)
		free_range(pfn, nr_pages);
	return ret;
}

/*
 * Whether the zone of a range is left alone. @low is the zone for which this was found last. Logs
 * the reason for ranges of a pageblock, the last that are tried.
 */
static bool zone_is_low(unsigned long pfn, unsigned long nr_pages, struct zone **low)
{
	struct zone *zone = page_zone(pfn_to_page(pfn));

	if (zone == *low)
		return true;
	if (can_spare(zone, nr_pages))
		return false;
	*low = zone;
	if (nr_pages == PB_PAGEBLOCK_NR)
		pr_warn_ratelimited("node %d: zone %s has %lu MiB free and keeps %lu MiB for the system\n",
				    zone_to_nid(zone), zone->name,
				    zone_page_state(zone, NR_FREE_PAGES) >> (20 - PAGE_SHIFT),
				    zone_floor(zone) >> (20 - PAGE_SHIFT));
	return true;
}

/* Takes aligned ranges of one order, from the highest PFN down, until less than one is missing. */
static long alloc_order(struct scan *scan, const unsigned long *bits,
			const struct pb_pool_spec *spec, struct list_head *extents,
			unsigned int order, unsigned long want)
{
	unsigned long nr = 1UL << (order - PB_PAGEBLOCK_ORDER), pages = 1UL << order;
	unsigned long block, got = 0;
	unsigned int fails = nr > 1 ? MAX_FAILS : MAX_FAILS_PAGEBLOCK;
	struct zone *low = NULL;
	int ret;

	for (block = round_down(scan->nr, nr); want - got >= pages; block -= nr) {
		if (fatal_signal_pending(current))
			return -EINTR;
		/* A lower zone may have more than one that is low. */
		if (run_is_candidate(scan, bits, block, nr) &&
		    !zone_is_low(pageblock_pfn(scan, block), pages, &low)) {
			ret = alloc_piece(spec, extents, pageblock_pfn(scan, block), pages);
			if (!ret) {
				bitmap_clear(scan->ok, block, nr);
				bitmap_clear(scan->free, block, nr);
				got += pages;
			} else if (ret != -EBUSY) {
				return ret;
			} else if (!--fails) {
				break;
			}
			cond_resched();
		}
		if (!block)
			break;
	}
	return got;
}

/* Takes ranges of candidates, the largest order first. */
static long alloc_orders(struct scan *scan, const unsigned long *bits,
			 const struct pb_pool_spec *spec, struct list_head *extents,
			 unsigned long want)
{
	unsigned long got = 0;
	unsigned int order;
	long allocated;

	for (order = PB_MAX_ORDER; got < want && order >= PB_PAGEBLOCK_ORDER; order--) {
		allocated = alloc_order(scan, bits, spec, extents, order, want - got);
		if (allocated < 0)
			return allocated;
		got += allocated;
	}
	return got;
}

static long alloc_pass(const struct pb_pool_spec *spec, struct list_head *extents,
		       unsigned long want)
{
	bool grows = spec->to_pfn;	/* limits are set for a pool that exists */
	struct scan scan = {};
	long got = scan_node(&scan, spec), more;

	if (!got && grows)
		got = alloc_orders(&scan, scan.free, spec, extents, want);
	if (got >= 0) {
		more = alloc_orders(&scan, scan.ok, spec, extents, want - got);
		got = more < 0 ? more : got + more;
	}
	kvfree(scan.free);
	kvfree(scan.ok);
	return got;
}

static void contig_release(struct pb_extent *extent, unsigned long pfn, unsigned long nr_pages)
{
	free_range(pfn, nr_pages);
}

static long contig_reserve(const struct pb_pool_spec *spec, struct list_head *extents)
{
	unsigned long got = 0;
	unsigned int pass;

	for (pass = 0; pass < MAX_PASSES && got < spec->nr_pages; pass++) {
		long allocated = alloc_pass(spec, extents, spec->nr_pages - got);

		if (allocated == -ENOMEM)
			pr_err("node %d: no memory for the scan\n", spec->nid);
		if (allocated < 0)
			return allocated;
		got += allocated;
	}
	return got;
}

const struct pb_source_ops pb_source_contig = {
	.name = "contig",
	.grows = true,
	.frees = true,
	.reserve = contig_reserve,
	.release = contig_release,
};
