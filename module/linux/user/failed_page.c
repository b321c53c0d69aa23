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

/* Waits for tasks that have the lock for a moment, as faults do. */
static bool lock_frames(struct pb_buffer *buf)
{
	if (READ_ONCE(buf->storing))
		return false;
	down_write(&buf->frames);
	return true;
}

/* The three steps; -ENOENT: the page is not in the buffer, or not any more; -EBUSY. */
static int forget(struct pb_buffer *buf, struct page *page)
{
	struct pb_buffer_block *block;
	struct folio *folio;

	if (!lock_frames(buf))
		return -EBUSY;
	block = find_block(buf, page_to_pfn(page));
	if (block) {
		/* Not before the lock: a fault may have made a folio of the piece. */
		folio = page_folio(page);
		buf->failed = true;
		if (folio_test_large(folio))
			folio_set_has_hwpoisoned(folio);
		unmap(buf, block, page);
		pb_buffer_block_fix(block);
	}
	up_write(&buf->frames);
	return block ? 0 : -ENOENT;
}

static int forget_in(struct pb_buffer *buf, struct page *page)
{
	int err = forget(buf, page);

	if (err || !pb_folio_pinned(page_folio(page), PB_BASE_REFS))
		return err;
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
 * Takes a page with an error out of its buffer's mappings. -ENOENT: it is in no buffer; -EBUSY: it
 * may be in one that is being swapped out.
 */
static int forget_page(unsigned long pfn)
{
	struct pb_buffer *buf = NULL;
	int err = -ENOENT, one = -ENOENT;
	u64 cursor = 0;

	/* The last reference to a buffer may be dropped here. */
	if (!try_module_get(THIS_MODULE))
		return -ENOENT;
	while (one && pb_registry_next(&cursor, take, &buf)) {
		one = forget_in(buf, pfn_to_page(pfn));
		if (one == -EBUSY)
			err = -EBUSY;
		pb_buffer_put(buf);
	}
	module_put(THIS_MODULE);
	return one ? err : 0;
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
