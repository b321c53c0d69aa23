// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contig source: takes memory from the running kernel with alloc_contig_range(),
 * exactly on the node asked for.
 *
 * The kernel's own alloc_contig_pages() starts over at the bottom of a zone for each call
 * and takes the first range that fits. Here one scan marks the pageblocks from which
 * everything could be moved away; then naturally aligned runs of them are tried, the
 * largest first and within a size from the top of memory down. So the pool can serve large
 * orders, and the low zones are left to those who need them.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/page-flags.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "compat.h"
#include "core/base/order.h"
#include "source/source.h"

/*
 * Failed attempts of one size before the next smaller one; single pageblocks are the last
 * resort.
 */
#define MAX_FAILS		16
#define MAX_FAILS_PAGEBLOCK	256
/* Scans: the first leaves behind memory that was being used, or was on a per-CPU list. */
#define MAX_PASSES		2
/* What the system keeps: never less than this, nor than a 32nd of its memory. */
#define KEEP_MIN		((unsigned long)SZ_16M >> PAGE_SHIFT)
#define KEEP_SHARE		32

/**
 * struct scan - candidates of one node
 * @base_pfn: PFN of bit 0, aligned to the largest piece
 * @nr: pageblocks from there to the end of the node
 * @ok: per pageblock: everything in it is free or looks movable
 */
struct scan {
	unsigned long	base_pfn;
	unsigned long	nr;
	unsigned long	*ok;
};

static unsigned long pageblock_pfn(const struct scan *scan, unsigned long block)
{
	return scan->base_pfn + (block << PB_PAGEBLOCK_ORDER);
}

/*
 * Free, or on an LRU list and so movable. Without a reference to the page this is a guess;
 * it decides what is worth trying, alloc_contig_range() decides what is true.
 */
static bool page_looks_movable(struct page *page)
{
	return !page_count(page) || PageLRU(page);
}

static bool pageblock_is_candidate(unsigned long pfn, int nid)
{
	unsigned long end = pfn + PB_PAGEBLOCK_NR;
	struct page *page = pfn_to_online_page(pfn);

	if (!page || !pfn_to_online_page(end - 1) || is_zone_movable_page(page))
		return false;
#ifdef CONFIG_ZONE_DMA
	if (page_zonenum(page) == ZONE_DMA)
		return false;
#endif
	while (pfn < end) {
		struct page *p = pfn_to_page(pfn);

		if (page_to_nid(p) != nid || page_zone(p) != page_zone(page) || PageReserved(p) ||
		    !page_looks_movable(p))
			return false;
		/* Racy: a wrong order only skips too much or too little. */
		if (PageBuddy(p))
			pfn += 1UL << min(READ_ONCE(page_private(p)),
					  (unsigned long)PB_PAGEBLOCK_ORDER);
		else
			pfn++;
	}
	return true;
}

static int scan_node(struct scan *scan, int nid)
{
	unsigned long end_pfn = pgdat_end_pfn(NODE_DATA(nid)), block;

	scan->base_pfn = round_down(NODE_DATA(nid)->node_start_pfn, 1UL << PB_MAX_ORDER);
	scan->nr = (end_pfn - scan->base_pfn) >> PB_PAGEBLOCK_ORDER;
	scan->ok = kvcalloc(BITS_TO_LONGS(scan->nr), sizeof(long), GFP_KERNEL);
	if (!scan->ok)
		return -ENOMEM;
	for (block = 0; block < scan->nr; block++) {
		if (pageblock_is_candidate(pageblock_pfn(scan, block), nid))
			__set_bit(block, scan->ok);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

static bool run_is_candidate(const struct scan *scan, unsigned long block, unsigned long nr)
{
	struct page *first, *last;

	if (block + nr > scan->nr ||
	    find_next_zero_bit(scan->ok, block + nr, block) < block + nr)
		return false;
	/* Zones of a node do not interleave, so the ends suffice. */
	first = pfn_to_page(pageblock_pfn(scan, block));
	last = pfn_to_page(pageblock_pfn(scan, block + nr) - 1);
	return page_zone(first) == page_zone(last);
}

/* Taking the last memory would only call the OOM killer. */
static bool system_can_spare(unsigned long nr_pages)
{
	unsigned long keep = max(KEEP_MIN, totalram_pages() / KEEP_SHARE);

	return si_mem_available() >= (long)(nr_pages + keep);
}

/* 0: taken and on the list. -EBUSY: something in it cannot be moved now. */
static int alloc_piece(const struct pb_pool_spec *spec, struct list_head *extents,
		       unsigned long pfn, unsigned long nr_pages)
{
	int ret = pb_alloc_contig_range(pfn, pfn + nr_pages, GFP_KERNEL | __GFP_NOWARN);

	if (ret)
		return ret == -EINTR ? -EINTR : -EBUSY;
	ret = pb_extent_add(extents, spec, pfn, nr_pages, NULL);
	if (ret)
		free_contig_range(pfn, nr_pages);
	return ret;
}

/* Takes aligned pieces of one order, from the top down, while more than that is wanted. */
static long alloc_order(struct scan *scan, const struct pb_pool_spec *spec,
			struct list_head *extents, unsigned int order, unsigned long want)
{
	unsigned long nr = 1UL << (order - PB_PAGEBLOCK_ORDER), pages = 1UL << order;
	unsigned long block, got = 0;
	unsigned int fails = nr > 1 ? MAX_FAILS : MAX_FAILS_PAGEBLOCK;
	int ret;

	for (block = round_down(scan->nr, nr); want - got >= pages; block -= nr) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (run_is_candidate(scan, block, nr)) {
			if (!system_can_spare(pages))
				break;
			ret = alloc_piece(spec, extents, pageblock_pfn(scan, block), pages);
			if (!ret) {
				bitmap_clear(scan->ok, block, nr);
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

static long alloc_pass(const struct pb_pool_spec *spec, struct list_head *extents,
		       unsigned long want)
{
	struct scan scan = {};
	unsigned int order;
	unsigned long got = 0;
	long ret = scan_node(&scan, spec->nid);

	for (order = PB_MAX_ORDER; !ret && got < want && order >= PB_PAGEBLOCK_ORDER; order--) {
		long allocated = alloc_order(&scan, spec, extents, order, want - got);

		if (allocated < 0)
			ret = allocated;
		else
			got += allocated;
	}
	kvfree(scan.ok);
	return ret ?: got;
}

static void contig_release(struct pb_extent *extent, unsigned long pfn, unsigned long nr_pages)
{
	while (nr_pages) {
		free_contig_range(pfn, PB_PAGEBLOCK_NR);
		pfn += PB_PAGEBLOCK_NR;
		nr_pages -= PB_PAGEBLOCK_NR;
		cond_resched();
	}
}

static long contig_reserve(const struct pb_pool_spec *spec, struct list_head *extents)
{
	unsigned long got = 0;
	unsigned int pass;

	for (pass = 0; pass < MAX_PASSES && got < spec->nr_pages; pass++) {
		long allocated = alloc_pass(spec, extents, spec->nr_pages - got);

		if (allocated == -ENOMEM)
			pr_err("node %d: no memory to search it\n", spec->nid);
		if (allocated < 0)
			return allocated;
		got += allocated;
	}
	return got;
}

const struct pb_source_ops pb_source_contig = {
	.name = "contig",
	.grows = true,
	.reserve = contig_reserve,
	.release = contig_release,
};
