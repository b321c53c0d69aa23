// SPDX-License-Identifier: GPL-2.0-only
/* Leaked blocks at unload: list them, and find pageblocks that cannot be returned. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/mm.h>

#include "core/alloc/alloc.h"
#include "core/base/pfn.h"
#include "debug/leak.h"
#include "hooks/owner.h"
#include "instance.h"

#define LISTED_MAX	32	/* lines */

struct count {
	unsigned long	blocks;
	unsigned long	pages;
};

static bool list_block(void *arg, unsigned long pfn, unsigned int order)
{
	char owner[PB_OWNER_TEXT_LEN];
	struct count *count = arg;

	count->pages += 1UL << order;
	if (count->blocks++ >= LISTED_MAX)
		return true;
	if (!pb_owner_text(pfn, owner, sizeof(owner)))
		snprintf(owner, sizeof(owner), "unknown (load with owner=1 to know)");
	pr_warn("leaked: pfn 0x%lx order %u owner %s\n", pfn, order, owner);
	return true;
}

/**
 * pb_leak_report - log the blocks that are still allocated
 *
 * One line for each of the first blocks, then the total. The pool is quiescent. Context: process.
 */
void pb_leak_report(void)
{
	struct count count = {};

	pb_walk_allocated(&pb_instance, list_block, &count);
	if (count.blocks > LISTED_MAX)
		pr_warn("leaked: and %lu blocks more\n", count.blocks - LISTED_MAX);
	if (count.blocks)
		pr_warn("leaked: %lu pages in %lu blocks; their pageblocks are not given back\n",
			count.pages, count.blocks);
}

/*
 * Whether others may use a free page. A reference to one with a memory error does not matter, as it
 * is not used again; but struct pages of ZONE_DEVICE end with the pool.
 */
static bool referenced(struct page *page)
{
	return page_count(page) != 1 && (!PageHWPoison(page) || is_zone_device_page(page));
}

/**
 * pb_leak_in_pageblock - check for pages of a pageblock that may be in use
 * @pfn: its first page
 *
 * A page may be in use when it is not free, or when its reference count is raised. The pool is
 * quiescent and its per-CPU caches are empty. Context: process.
 * Return: whether one is.
 */
bool pb_leak_in_pageblock(unsigned long pfn)
{
	struct pb_dir_entry *entry = pb_dir_lookup(&pb_instance, pfn);
	struct pb_pageblock *pageblock;
	unsigned long i;

	if (!entry)
		return true;
	pageblock = pb_entry_pageblock(READ_ONCE(entry->value));
	for (i = 0; i < PB_WORDS; i++)
		if (~atomic64_read(&pageblock->free[i]))
			return true;
	for (i = 0; i < PB_PAGEBLOCK_NR; i++) {
		if (!referenced(pfn_to_page(pfn + i)))
			continue;
		pr_warn("pfn 0x%lx is free, but has %d references; its pageblock is not given back\n",
			pfn + i, page_count(pfn_to_page(pfn + i)));
		return true;
	}
	return false;
}
