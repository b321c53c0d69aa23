// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of buffers that get a memory error. The kernel sets PG_hwpoison and does not handle the
 * page further, as it is on no LRU list. hooks/bad_frames.c hears of it and calls this file, which
 * finds the buffer and
 *
 *   1. marks the buffer, whose pieces that are not prepared yet may get the page into a folio, and
 *      the folio of the page, if it is in one (PG_has_hwpoisoned), so that the kernel does not map
 *      the folio by a huge page table entry again;
 *   2. removes the page table entries of the page, with those of its folio;
 *   3. makes the block unmovable, since a migration would have to read the page.
 *
 * The next access to the page faults, and the handler (mmap.c) returns VM_FAULT_HWPOISON: SIGBUS
 * with BUS_MCEERR_AR and the address, or an error of get_user_pages(). The other pages of the
 * buffer stay as they are; those of the folio are mapped again one by one. The page is set aside
 * when the buffer is freed.
 *
 * The lock of a buffer that is being swapped out is held for as long as that takes. The work item
 * does not wait for it, since other pages may have errors, too: the page stays pending, and the
 * work item calls again.
 *
 * A fault that found the page good before the flag was set inserts its entry under buf->frames,
 * which step 2 holds for writing, or has a reference to the page while the kernel inserts it. So
 * step 2 is repeated, a moment later, when the folio has references without entries.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/refcount.h>
#include <linux/sched.h>

#include "api/compound_meta.h"
#include "compat.h"
#include "core/base/order.h"
#include "hooks/bad_frames.h"
#include "user/failed_page.h"
#include "user/buffer.h"

#define FAULT_MS	20	/* in which a fault that has a page inserts its entry */
#define LOCK_TRIES	5	/* faults hold the lock for a moment */

/* The block of a frame, or NULL. */
static struct pb_buffer_block *find_block(struct pb_buffer *buf, unsigned long pfn)
{
	struct pb_buffer_block *block = buf->block, *end = block + buf->nr_blocks;

	lockdep_assert_held_write(&buf->frames);
	for (; block < end; block++) {
		if (pfn - block->pfn < block->nr_pages)
			return block;
		cond_resched();
	}
	return NULL;
}

/* Removes the page table entries of a page and its folio. */
static void unmap(struct pb_buffer *buf, const struct pb_buffer_block *block,
		  struct page *page)
{
	struct folio *folio = page_folio(page);
	unsigned long first = block->start + (page_to_pfn(&folio->page) - block->pfn);

	lockdep_assert_held_write(&buf->frames);
	pb_buffer_unmap_pages(buf, first, folio_nr_pages(folio));
}

static bool try_lock(struct pb_buffer *buf)
{
	unsigned int tries = 0;

	while (!down_write_trylock(&buf->frames)) {
		if (++tries == LOCK_TRIES)
			return false;
		usleep_range(1000, 2000);
	}
	return true;
}

/* The three steps; false: the page is not in the buffer, or not any more, or the lock is held. */
static bool forget(struct pb_buffer *buf, struct page *page)
{
	struct folio *folio = page_folio(page);
	struct pb_buffer_block *block;

	if (!try_lock(buf))
		return false;
	block = find_block(buf, page_to_pfn(page));
	if (block) {
		buf->failed = true;
		if (folio_test_large(folio))
			folio_set_has_hwpoisoned(folio);
		unmap(buf, block, page);
		pb_buffer_block_fix(block);
	}
	up_write(&buf->frames);
	return block;
}

static bool forget_in(struct pb_buffer *buf, struct page *page)
{
	if (!forget(buf, page))
		return false;
	if (!pb_folio_pinned(page_folio(page), PB_BASE_REFS))
		return true;
	msleep(FAULT_MS);
	return forget(buf, page);
}

/* Takes a reference to a buffer that has users. */
static bool take(const struct pb_registry_entry *entry, void *arg)
{
	struct pb_buffer *buf = container_of(entry, struct pb_buffer, entry), **taken = arg;

	if (entry->ended || !refcount_inc_not_zero(&buf->ref))
		return false;
	*taken = buf;
	return true;
}

/*
 * Takes a page with an error out of its buffer's mappings; false when it is in no buffer, or the
 * buffer is in use.
 */
static bool forget_page(unsigned long pfn)
{
	struct pb_buffer *buf = NULL;
	bool found = false;
	u64 cursor = 0;

	/* The last reference to a buffer may be dropped here. */
	if (!try_module_get(THIS_MODULE))
		return false;
	while (!found && pb_registry_next(&cursor, take, &buf)) {
		found = forget_in(buf, pfn_to_page(pfn));
		pb_buffer_put(buf);
	}
	module_put(THIS_MODULE);
	return found;
}

/**
 * pb_failed_page_init() - learn of memory errors in pages of buffers
 *
 * Context: process, may sleep.
 * Return: 0.
 */
int pb_failed_page_init(void)
{
	pb_bad_frames_set_user(forget_page);
	return 0;
}

/**
 * pb_failed_page_exit() - undo pb_failed_page_init(), after the last buffer has ended
 *
 * Context: process, may sleep.
 */
void pb_failed_page_exit(void)
{
	pb_bad_frames_set_user(NULL);
}
