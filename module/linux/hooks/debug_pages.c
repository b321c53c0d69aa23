// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contents of free pages: page_poison, init_on_free and init_on_alloc. As mm/page_poison.c and
 * init_on_free and init_on_alloc of mm/page_alloc.c.
 *
 * Invariant: every byte of a free page is PAGE_POISON (page_poison) or 0 (init_on_free). To keep
 * it, the code that frees, adds or releases pages fills them before they are free: pb_debug_start()
 * the whole pool, pages.h and quarantine.c what is freed, movable_migrate.c the old pages of a
 * block that has moved and the new ones of a block that has not, deferred_grow.c what is added,
 * guard_pages.c guards, and bad_frames.c the good pages of a block with bad ones.
 *
 * page_poison detects use after free. Before a block is returned to a caller each of its pages is
 * checked. A page that has changed is logged, counted (PB_BAD_PAGE), and stays allocated without
 * an owner, so that it is never allocated again. A free of it is refused, because whoever wrote to
 * it may free it, too: its page->private has a mark. The other pages of the block are freed.
 *
 * Fills and checks access every byte of a block. With page_poison no request uses the fast path.
 * With init_on_free no free does, and no allocation has to be zeroed. With init_on_alloc
 * allocations leave the inline fast path, and are served from the same lists.
 *
 * Free pages are not unmapped, unlike with debug_pagealloc: the kernel exports no function for it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/poison.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "core/base/pfn.h"
#include "core/cache/zeroed.h"
#include "core/compact/movable.h"
#include "core/pool/stat.h"
#include "core/zone/zone.h"
#include "hooks/debug_pages.h"
#include "request/percpu_zone.h"
#include "source/source.h"

DEFINE_STATIC_KEY_FALSE(pb_fill_key);
DEFINE_STATIC_KEY_FALSE(pb_poison_key);
DEFINE_STATIC_KEY_FALSE(pb_init_on_alloc_key);
DEFINE_STATIC_KEY_FALSE(pb_free_zero_key);

static u8 fill_byte;		/* constant while pb_fill_key is on */

static void (*saved_zero)(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages);

/**
 * pb_debug_fill_with - set every byte of consecutive pages
 * @pfn: first page; the caller owns the pages
 * @nr_pages: number of pages
 * @byte: the value
 *
 * Context: any.
 */
void pb_debug_fill_with(unsigned long pfn, unsigned long nr_pages, u8 byte)
{
	void *addr;

	for (; nr_pages; nr_pages--, pfn++) {
		addr = kmap_local_page(pfn_to_page(pfn));
		memset(addr, byte, PAGE_SIZE);
		kunmap_local(addr);
	}
}

/**
 * pb_debug_overwritten - search a poisoned page for a byte that is not PAGE_POISON
 * @pfn: the page
 * @out: set to the first such byte, if there is one
 *
 * Counts an overwritten page as PB_BAD_PAGE. Context: any.
 *
 * Return: true if the page was overwritten.
 */
bool pb_debug_overwritten(unsigned long pfn, struct pb_overwrite *out)
{
	const u8 *addr = kmap_local_page(pfn_to_page(pfn));
	const u8 *first = memchr_inv(addr, PAGE_POISON, PAGE_SIZE);

	if (first) {
		*out = (struct pb_overwrite) {
			.zone = pb_pfn_zone(&pb_instance, pfn),
			.offset = first - addr, .byte = *first,
		};
		pb_zone_event_add(out->zone, PB_BAD_PAGE, 1);
	}
	kunmap_local(addr);
	return first;
}

/**
 * pb_debug_fill - fill pages with the contents that free pages have
 * @pfn: first page; the caller owns the pages
 * @nr_pages: number of pages
 *
 * Context: any.
 */
void pb_debug_fill(unsigned long pfn, unsigned long nr_pages)
{
	pb_debug_fill_with(pfn, nr_pages, fill_byte);
}

/**
 * pb_debug_fill_freed - fill a block that the caller frees next
 * @pfn: head of the block according to the caller
 * @order: order of the block according to the caller
 *
 * Writes nothing if the arguments are wrong: then pb_free() refuses the block. Context: any.
 */
void pb_debug_fill_freed(unsigned long pfn, unsigned int order)
{
	if (order <= PB_MAX_ORDER && pb_page_order(&pb_instance, pfn) == (int)order)
		pb_debug_fill(pfn, 1UL << order);
}

/* Whether a page still has the poison. If not, counts and logs it. */
static bool intact(unsigned long pfn)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 10);
	struct pb_overwrite found;

	if (likely(!pb_debug_overwritten(pfn, &found)))
		return true;
	if (__ratelimit(&limit))
		pr_err("page poison: pfn 0x%lx (node %d zone %s) was written to while it was free: byte %u is 0x%02x, not 0x%02x; never allocated again\n",
		       pfn, found.zone->nid, found.zone->name, found.offset, found.byte,
		       PAGE_POISON);
	return false;
}

/* Not a value that an owner stores in page->private. */
#define OVERWRITTEN	((unsigned long)&fill_byte)

static void keep_overwritten(unsigned long pfn)
{
	set_page_private(pfn_to_page(pfn), OVERWRITTEN);
	pb_keep_allocated(&pb_instance, pfn, 0);
}

/**
 * pb_debug_is_overwritten - whether a page is kept because its poison was overwritten
 * @pfn: the page
 *
 * Context: any.
 *
 * Return: true if it is; a free of it has to be refused.
 */
bool pb_debug_is_overwritten(unsigned long pfn)
{
	return page_private(pfn_to_page(pfn)) == OVERWRITTEN;
}
EXPORT_SYMBOL_PB_TEST(pb_debug_is_overwritten);

/**
 * pb_debug_accept_pages - check the poison of consecutive pages of order 0, after allocation
 * @pfn: first page
 * @nr_pages: number of pages
 *
 * If a page has changed it stays allocated without an owner, and all unchanged pages are freed.
 * Context: any.
 *
 * Return: true if no page has changed; false: the caller owns none of the pages.
 */
bool pb_debug_accept_pages(unsigned long pfn, unsigned long nr_pages)
{
	unsigned long i, n;

	for (i = 0; i < nr_pages && intact(pfn + i); i++)
		;
	if (likely(i == nr_pages))
		return true;
	for (n = 0; n < nr_pages; n++) {
		if (n < i || (n > i && intact(pfn + n)))
			WARN_ON_ONCE(pb_free(&pb_instance, pfn + n, 0));
		else
			keep_overwritten(pfn + n);
	}
	return false;
}

/**
 * pb_debug_accept - check the poison of a block, after allocation
 * @pfn: head of the block
 * @order: order of the block
 *
 * Context: any.
 *
 * Return: as pb_debug_accept_pages().
 */
bool pb_debug_accept(unsigned long pfn, unsigned int order)
{
	unsigned long i, nr_pages = 1UL << order;

	for (i = 0; i < nr_pages; i++)
		if (memchr_inv(page_address(pfn_to_page(pfn + i)), PAGE_POISON, PAGE_SIZE))
			break;
	if (likely(i == nr_pages))
		return true;
	if (!WARN_ON_ONCE(pb_split(&pb_instance, pfn, order)))
		pb_debug_accept_pages(pfn, nr_pages);
	return false;
}

/**
 * pb_debug_accept_bulk - check the poison of several blocks, after allocation
 * @pfns: heads of the blocks; those that fail the check are removed from the array
 * @order: order of each block
 * @nr: number of blocks
 *
 * Context: any.
 *
 * Return: number of blocks left in @pfns.
 */
unsigned long pb_debug_accept_bulk(unsigned long *pfns, unsigned int order, unsigned long nr)
{
	unsigned long i = 0;

	while (i < nr) {
		if (pb_debug_accept(pfns[i], order))
			i++;
		else
			pfns[i] = pfns[--nr];
	}
	return nr;
}

/* Fills a word of free pages, which are not known to be zero any more. */
static void fill_word(unsigned long pfn)
{
	pb_debug_fill(pfn, PB_WORD_NR);
	preempt_disable();
	pb_zeroed_test_and_clear(pb_pfn_zone(&pb_instance, pfn), pfn, PB_WORD_NR);
	preempt_enable();
}

static void fill_pool(void)
{
	struct pb_extent *extent;
	unsigned long i;

	list_for_each_entry(extent, pb_instance_extents(), node) {
		for (i = 0; i < extent->nr_pages; i += PB_WORD_NR) {
			fill_word(extent->start_pfn + i);
			cond_resched();
		}
	}
}

/**
 * pb_debug_start - fill the pool and enable fills, checks and zeroing
 * @config: features to enable
 *
 * Call it before the first allocation from the pool. Context: process, may sleep.
 */
void pb_debug_start(const struct pb_debug_config *config)
{
	if (config->init_on_alloc && !want_init_on_alloc(0)) {
		static_branch_enable(&pb_init_on_alloc_key);
		pb_zero_all_inc();
	}
	if (!config->page_poison && !config->init_on_free)
		return;
	if (config->page_poison && config->init_on_free)
		pr_info("page_poison takes precedence over init_on_free\n");
	fill_byte = config->page_poison ? PAGE_POISON : 0;
	/* Proactive zeroing would overwrite the poison; with init_on_free it is redundant. */
	saved_zero = pb_instance.ops.zero;
	pb_instance.ops.zero = NULL;
	/* The caches may have zeroed blocks. */
	pb_instance.ops.drain_all(&pb_instance);
	fill_pool();
	static_branch_inc(&pb_free_checked_key);
	static_branch_inc(&pb_zero_checked_key);
	static_branch_enable(&pb_fill_key);
	if (config->page_poison) {
		pb_slowpath_inc();
		static_branch_enable(&pb_poison_key);
	} else {
		static_branch_enable(&pb_free_zero_key);
	}
}
EXPORT_SYMBOL_PB_TEST(pb_debug_start);

/**
 * pb_debug_stop - disable fills, checks and zeroing
 *
 * Call it after the last allocation and free. Context: process, may sleep.
 */
void pb_debug_stop(void)
{
	if (static_key_enabled(&pb_init_on_alloc_key)) {
		static_branch_disable(&pb_init_on_alloc_key);
		pb_zero_all_dec();
	}
	if (!static_key_enabled(&pb_fill_key))
		return;
	if (static_key_enabled(&pb_poison_key)) {
		static_branch_disable(&pb_poison_key);
		pb_slowpath_dec();
	}
	static_branch_disable(&pb_free_zero_key);
	static_branch_disable(&pb_fill_key);
	static_branch_dec(&pb_zero_checked_key);
	static_branch_dec(&pb_free_checked_key);
	pb_instance.ops.zero = saved_zero;
}
EXPORT_SYMBOL_PB_TEST(pb_debug_stop);
