// SPDX-License-Identifier: GPL-2.0-only
/*
 * What pages hold while they are free, for finding who writes to memory that is no longer his and
 * for keeping what was in it from the next owner.
 *
 * With page_poison a free page holds PAGE_POISON in every byte, and is looked at before it is
 * handed out. One that has changed is never handed out again: it stays allocated to nobody, is
 * counted (bad_page) and named in the log. Its neighbours in the block go back. With init_on_free
 * a free page is zero. Both hold for all free pages at any time: the pool is filled when the module
 * is loaded, a block before it is freed, and what a migration leaves behind.
 *
 * All of it is off the fast path (pb_slowpath_key), and costs as much as zeroing does.
 *
 * Pages are not unmapped while they are free, as debug_pagealloc has it: the kernel exports nothing
 * that would let a module do that. As mm/page_poison.c and init_on_free of mm/page_alloc.c.
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

#include "core/pool/stat.h"
#include "core/zone/zone.h"
#include "hooks/debug_pages.h"
#include "request/percpu_zone.h"
#include "source/source.h"

DEFINE_STATIC_KEY_FALSE(pb_fill_key);
DEFINE_STATIC_KEY_FALSE(pb_poison_key);
DEFINE_STATIC_KEY_FALSE(pb_init_on_alloc_key);

static u8 fill_byte;		/* constant while pb_fill_key is on */

static void (*saved_zero)(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages);

/**
 * pb_debug_fill_with - fill pages with a byte
 * @pfn: the first; they are the caller's
 * @nr_pages: how many
 * @byte: the byte
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
 * pb_debug_overwritten - look for what is not PAGE_POISON in a page that was filled with it
 * @pfn: the page
 * @out: filled when there is something; the page is counted as bad then
 *
 * Context: any. Return: whether there is.
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
 * pb_debug_fill - give pages the contents of free ones
 * @pfn: the first; they are the caller's
 * @nr_pages: how many
 *
 * Context: any.
 */
void pb_debug_fill(unsigned long pfn, unsigned long nr_pages)
{
	pb_debug_fill_with(pfn, nr_pages, fill_byte);
}

/**
 * pb_debug_fill_freed - the same for a block that somebody is about to free
 * @pfn: what is said to be its head
 * @order: and its order
 *
 * Nothing is written when the free is going to be refused. Context: any.
 */
void pb_debug_fill_freed(unsigned long pfn, unsigned int order)
{
	if (order <= PB_MAX_ORDER && pb_page_order(&pb_instance, pfn) == (int)order)
		pb_debug_fill(pfn, 1UL << order);
}

/* Is the page as it was left? If not it is counted and reported. */
static bool intact(unsigned long pfn)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 10);
	struct pb_overwrite found;

	if (likely(!pb_debug_overwritten(pfn, &found)))
		return true;
	if (__ratelimit(&limit))
		pr_err("page poison: pfn 0x%lx (node %d zone %s) was written to while it was free: byte %u is 0x%02x, not 0x%02x; set aside\n",
		       pfn, found.zone->nid, found.zone->name, found.offset, found.byte,
		       PAGE_POISON);
	return false;
}

/**
 * pb_debug_accept_pages - check single pages that were allocated in a row
 * @pfn: the first
 * @nr_pages: how many
 *
 * Context: any. Return: false when one has changed: those stay allocated to nobody, the others have
 * been given back.
 */
bool pb_debug_accept_pages(unsigned long pfn, unsigned long nr_pages)
{
	unsigned long i, n;

	for (i = 0; i < nr_pages && intact(pfn + i); i++)
		;
	if (likely(i == nr_pages))
		return true;
	for (n = 0; n < nr_pages; n++)
		if (n < i || (n > i && intact(pfn + n)))
			WARN_ON_ONCE(pb_free(&pb_instance, pfn + n, 0));
	return false;
}

/**
 * pb_debug_accept - check a block that was allocated
 * @pfn: its head
 * @order: its order
 *
 * Context: any. Return: as pb_debug_accept_pages().
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
 * pb_debug_accept_bulk - check many blocks that were allocated
 * @pfns: their heads; those that fail the check are taken out
 * @order: their order
 * @nr: how many
 *
 * Context: any. Return: how many are left.
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

static void fill_pool(void)
{
	struct pb_extent *extent;
	unsigned long i;

	list_for_each_entry(extent, pb_instance_extents(), node) {
		for (i = 0; i < extent->nr_pages; i += PB_WORD_NR) {
			pb_debug_fill(extent->start_pfn + i, PB_WORD_NR);
			cond_resched();
		}
	}
}

/**
 * pb_debug_start - begin to fill, check and zero pages
 * @config: what is to be done
 *
 * Nothing is allocated from the pool, nor will be before this returns.
 *
 * Context: process, sleeps.
 */
void pb_debug_start(const struct pb_debug_config *config)
{
	if (config->init_on_alloc) {
		static_branch_enable(&pb_init_on_alloc_key);
		static_branch_inc(&pb_slowpath_key);
	}
	if (!config->page_poison && !config->init_on_free)
		return;
	if (config->page_poison && config->init_on_free)
		pr_info("page_poison takes precedence over init_on_free\n");
	fill_byte = config->page_poison ? PAGE_POISON : 0;
	fill_pool();
	/* What is zeroed ahead would fail the check, or has been already. */
	saved_zero = pb_instance.ops.zero;
	pb_instance.ops.zero = NULL;
	static_branch_inc(&pb_slowpath_key);
	static_branch_enable(&pb_fill_key);
	if (config->page_poison)
		static_branch_enable(&pb_poison_key);
}
EXPORT_SYMBOL_PB_TEST(pb_debug_start);

/**
 * pb_debug_stop - end it
 *
 * Context: process, sleeps; nobody allocates or frees.
 */
void pb_debug_stop(void)
{
	if (static_key_enabled(&pb_init_on_alloc_key)) {
		static_branch_disable(&pb_init_on_alloc_key);
		static_branch_dec(&pb_slowpath_key);
	}
	if (!static_key_enabled(&pb_fill_key))
		return;
	static_branch_disable(&pb_poison_key);
	static_branch_disable(&pb_fill_key);
	static_branch_dec(&pb_slowpath_key);
	pb_instance.ops.zero = saved_zero;
}
EXPORT_SYMBOL_PB_TEST(pb_debug_stop);
