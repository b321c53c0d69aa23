// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migrates blocks of buffers while programs use them: compaction calls this as it calls in-kernel
 * owners of movable blocks (api/movable_migrate.c).
 *
 * A buffer of the class "movable" that is not contiguous can be moved, until its frames are fixed:
 * when its physical addresses are told, and when it ends. It is not moved while importers of its
 * dma-bufs have pinned it (dmabuf_move.c). Blocks of more than a pageblock, and blocks whose frames
 * are allocated one by one, are not moved.
 *
 * buf->frames is held for writing by the migration of a block, and for reading by code that uses
 * the frames of the buffer: the fault handler, from preparing a piece until its page table entries
 * are inserted or the page has a reference. A migration
 *
 *   1. tries to lock buf->frames, and fails if it must wait: its caller may hold any lock, and may
 *      be inside a fault of this buffer;
 *   2. makes importers of the buffer's dma-bufs end their use of it. Then it removes all page
 *      table entries of the block, and flushes them from the TLBs: unmap_mapping_range() of the
 *      buffer's file and of those of its dma-bufs, as no other mappings have them. It calls MMU
 *      notifiers, for KVM and others;
 *   3. replaces the reference count of each page, which must be pbuddy's reference alone, by 0;
 *   4. copies the contents, makes the target a folio if the source is one, and stores the PFN of
 *      the target in the block;
 *   5. gives the pages of the source their counts back and unlocks buf->frames. The core frees the
 *      source.
 *
 * Each other user of a page has a reference when step 3 looks, which then fails, or gets none:
 *
 *   - get_user_pages() with the page table lock finds an entry, before step 2, or none.
 *   - A walk without locks takes a reference and then reads the entry again. Step 2 clears the
 *     entry before the compare-exchange of step 3. Both sides are full barriers between their two
 *     accesses, so the walk sees the cleared entry and drops its reference, or step 3 sees the
 *     reference. While the count is 0 the walk takes none.
 *   - finish_fault() inserts the entry of a page that the fault handler returned with a reference.
 *   - fork() and mremap() copy or move an entry, whose reference is counted. An entry that they
 *     hide from step 2 makes step 3 fail.
 *
 * So no program, device or mapping reaches the source between steps 3 and 5, and none writes to it.
 * A program that touches the block meanwhile waits for buf->frames, without mmap_lock when the
 * fault can be retried.
 *
 * Order of locks: mmap_lock, reservation lock of the dma-bufs, buf->frames, i_mmap_rwsem. A
 * migration never takes mmap_lock, and only tries to lock the reservation lock.
 */
#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/pbuddy.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "api/compound_meta.h"
#include "api/movable_ops.h"
#include "api/pages.h"
#include "compat.h"
#include "core/compact/movable.h"
#include "hooks/bad_frames.h"
#include "hooks/guard_pages.h"
#include "instance.h"
#include "user/dmabuf_move.h"
#include "user/segment.h"

/* ---- The steps of a migration ---- */

static struct folio *folio_of(struct page *head)
{
	return pb_page_is_head(head) ? page_folio(head) : NULL;
}

/* Whether a page has users that a migration would disturb in vain, as far as its counts show. */
static bool any_pinned(struct page *src, unsigned long nr)
{
	unsigned long i;

	if (folio_of(src))
		return pb_folio_pinned(page_folio(src), PB_BASE_REFS);
	for (i = 0; i < nr; i++)
		if (pb_folio_pinned(page_folio(src + i), PB_BASE_REFS))
			return true;
	return false;
}

/**
 * pb_buffer_block_pinned() - whether a block has other users than mappings
 * @buf: its buffer; the lock of its frames is held
 * @block: the block
 *
 * Context: process, may sleep.
 * Return: true if it has, as far as the counts of its pages show.
 */
bool pb_buffer_block_pinned(const struct pb_buffer *buf, const struct pb_buffer_block *block)
{
	bool pinned = false;
	unsigned long i, nr;

	lockdep_assert_held(&buf->frames);
	for (i = 0; i < block->nr_pages && !pinned; i += nr) {
		nr = min(block->nr_pages - i, PB_PAGEBLOCK_NR);
		pinned = any_pinned(pfn_to_page(block->pfn + i), nr);
		cond_resched();
	}
	return pinned;
}

/*
 * Contiguous areas must stay free of pages that may be pinned or fixed later. A page with a memory
 * error comes into no buffer.
 */
static bool is_target(const struct pb_buffer *buf, struct page *dst, unsigned long nr)
{
	unsigned long pfn = page_to_pfn(dst), value;

	value = READ_ONCE(pb_dir_entry(&pb_instance, pfn)->value);
	return pb_entry_migratetype(value) != PB_CMA &&
	       pb_instance_unpinnable(pfn, NULL) == buf->unpinnable && !pb_bad_pages(pfn, nr);
}

/**
 * pb_buffer_unmap_pages() - remove the page table entries of a part of a buffer
 * @buf: the buffer; its lock is held for writing
 * @index: first page
 * @nr: number of pages
 *
 * Those of its dma-bufs are removed, too. Faults insert them again.
 *
 * Context: may sleep, also in reclaim; takes i_mmap_rwsem of the files.
 */
void pb_buffer_unmap_pages(struct pb_buffer *buf, unsigned long index, unsigned long nr)
{
	struct address_space *mapping = READ_ONCE(buf->mapping);
	loff_t start = (loff_t)index << PAGE_SHIFT, bytes = (loff_t)nr << PAGE_SHIFT;

	lockdep_assert_held_write(&buf->frames);
	if (mapping)
		unmap_mapping_range(mapping, start, bytes, 0);
	pb_dmabuf_unmap_programs(buf, start, bytes);
}

static void unfreeze(struct page *src, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		page_ref_unfreeze(src + i, PB_BASE_REFS);
}

/* Sets the counts of @nr pages to 0; false: one has another reference, and nothing changed. */
static bool freeze(struct page *src, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++) {
		/* Pairs with a reference and the second read of an entry in gup_fast(). */
		if (!page_ref_freeze(src + i, PB_BASE_REFS)) {
			unfreeze(src, i);
			return false;
		}
	}
	return true;
}

/**
 * pb_page_copy() - copy a page that may have a memory error
 * @dst: target
 * @src: source
 *
 * Context: any.
 * Return: 0, or -EIO for a source with a memory error, which the copy may find.
 */
int pb_page_copy(struct page *dst, struct page *src)
{
	unsigned long left = PAGE_SIZE;
	void *from, *to;

	if (PageHWPoison(src))
		return -EIO;
	to = kmap_local_page(dst);
	from = kmap_local_page(src);
	left = copy_mc_to_kernel(to, from, PAGE_SIZE);
	kunmap_local(from);
	kunmap_local(to);
	flush_dcache_page(dst);
	return left ? -EIO : 0;
}

static int copy(struct page *dst, struct page *src, unsigned long nr, bool may_sleep)
{
	unsigned long i;
	int err = 0;

	for (i = 0; i < nr && !err; i++) {
		err = pb_page_copy(dst + i, src + i);
		if (may_sleep)
			cond_resched();
	}
	return err;
}

/* Copies the block, whose counts are frozen, and makes the target a folio as the source is. */
static int make_copy(const struct pb_buffer_block *block, struct page *dst, struct page *src,
		     bool may_sleep)
{
	int err = copy(dst, src, block->nr_pages, may_sleep);

	if (err || !folio_of(src))
		return err;
	if (!pb_compound_set_folio(dst, NULL))
		return -EAGAIN;
	page_folio(dst)->index = page_folio(src)->index;
	return 0;
}

/* Makes the pages of the source, whose counts are frozen, ordinary pages to be freed. */
static void leave_source(struct page *src, unsigned int order)
{
	unsigned long nr = 1UL << order, i;

	if (folio_of(src)) {
		pb_compound_take_down_frozen(src, order, is_zone_device_page(src));
		page_folio(src)->index = 0;
	} else {
		unfreeze(src, nr);
	}
	for (i = 0; i < nr; i++)
		pb_page_reset_flags(src + i);
}

/* Steps 2 to 5, after the use by importers has ended. */
static int replace(struct pb_buffer *buf, struct pb_buffer_block *block, struct page *dst,
		   struct page *src, bool may_sleep)
{
	unsigned long nr_frozen = folio_of(src) ? 1 : block->nr_pages;
	int err;

	pb_buffer_unmap_pages(buf, block->start, block->nr_pages);
	if (!freeze(src, nr_frozen))
		return -EAGAIN;
	err = make_copy(block, dst, src, may_sleep);
	if (err) {
		unfreeze(src, nr_frozen);
		return err;
	}
	WRITE_ONCE(block->pfn, page_to_pfn(dst));
	leave_source(src, block->order);
	return 0;
}

static int move_block(struct pb_buffer *buf, struct pb_buffer_block *block, struct page *dst,
		      struct page *src, enum pbuddy_migrate_mode mode)
{
	bool may_sleep = mode != PBUDDY_MIGRATE_ASYNC, may_wait = mode == PBUDDY_MIGRATE_SYNC;
	int err;

	lockdep_assert_held_write(&buf->frames);
	if (!is_target(buf, dst, block->nr_pages))
		return -EBUSY;
	if (pb_bad_pages(page_to_pfn(src), block->nr_pages))
		return -EIO;
	if (any_pinned(src, block->nr_pages))
		return -EAGAIN;
	err = pb_dmabuf_begin_move(buf, may_wait);
	if (err)
		return err;
	err = replace(buf, block, dst, src, may_sleep);
	pb_dmabuf_end_move(buf);
	return err;
}

/* ---- The memory as a whole ---- */

/**
 * pb_buffer_block_fix() - keep the frames of a block where they are, from now on
 * @block: the block; the lock of its buffer's frames is held
 *
 * Waits until no migration has isolated it. The migration may belong to a task of lower priority
 * than this one, so this sleeps.
 *
 * Context: may sleep.
 */
void pb_buffer_block_fix(const struct pb_buffer_block *block)
{
	while (block->movable && pb_movable_clear(&pb_instance, block->pfn) == -EBUSY)
		schedule_timeout_uninterruptible(1);
}

/**
 * pb_buffer_clear_movable() - keep the frames of all blocks where they are, from now on
 * @buf: the buffer; the lock of its frames is held, or it has no users
 *
 * Context: may sleep; waits for migrations of its blocks.
 */
void pb_buffer_clear_movable(const struct pb_buffer *buf)
{
	unsigned int i;

	for (i = 0; i < buf->nr_blocks; i++) {
		pb_buffer_block_fix(&buf->block[i]);
		cond_resched();
	}
}

/* Makes the first @nr blocks movable again, but those that were not before. */
static void undo_clear(const struct pb_buffer *buf, unsigned int nr)
{
	const struct pb_buffer_block *block;

	for (block = buf->block; !buf->fixed && block < buf->block + nr; block++)
		if (block->movable && !pb_bad_pages(block->pfn, block->nr_pages))
			WARN_ON_ONCE(pb_movable_set(&pb_instance, block->pfn));
}

/**
 * pb_buffer_try_clear_movable() - the same, but without a long wait for migrations
 * @buf: the buffer; the lock of its frames is held for writing
 * @timeout: jiffies to wait for migrations
 *
 * A migration may have isolated a block, and wait for a lock of another owner of movable blocks,
 * which the caller of reclaim may hold.
 *
 * Context: may sleep, in reclaim, too.
 * Return: false when a block is being migrated; the blocks are as before.
 */
bool pb_buffer_try_clear_movable(const struct pb_buffer *buf, unsigned long timeout)
{
	unsigned long end = jiffies + timeout;
	unsigned int i = 0;

	lockdep_assert_held_write(&buf->frames);
	while (i < buf->nr_blocks) {
		if (!buf->block[i].movable ||
		    pb_movable_clear(&pb_instance, buf->block[i].pfn) != -EBUSY) {
			i++;
			cond_resched();
		} else if (time_before(jiffies, end)) {
			schedule_timeout_uninterruptible(1);
		} else {
			undo_clear(buf, i);
			return false;
		}
	}
	return true;
}

/* Whether @fn returns true for each folio, and each page that is in none. */
static bool all_folios(const struct pb_buffer *buf, bool (*fn)(struct page *page))
{
	struct page *page, *head;
	unsigned long index = 0;

	while (index < buf->nr_pages) {
		head = pb_piece_folio(buf, index);
		if (!head)
			pb_buffer_pages(buf, index, &page, 1);
		if (!fn(head ?: page))
			return false;
		index += head ? PB_PAGEBLOCK_NR : 1;
		cond_resched();
	}
	return true;
}

static bool seems_unused(struct page *page)
{
	return !pb_folio_pinned(page_folio(page), PB_BASE_REFS);
}

static bool is_unused(struct page *page)
{
	/* As in freeze(). */
	if (!page_ref_freeze(page, PB_BASE_REFS))
		return false;
	page_ref_unfreeze(page, PB_BASE_REFS);
	return true;
}

/**
 * pb_buffer_unmap() - remove the page table entries of a buffer; faults insert them again
 * @buf: the buffer; its lock is held for writing
 *
 * Context: as pb_buffer_unmap_pages().
 */
void pb_buffer_unmap(struct pb_buffer *buf)
{
	pb_buffer_unmap_pages(buf, 0, buf->nr_pages);
}

/**
 * pb_buffer_isolate() - remove a buffer from all page tables
 * @buf: a buffer that is not exported; its lock is held for writing
 *
 * As steps 2 and 3 of a migration, for all pages. They are not frozen at once: without an entry a
 * page gets no new user, so a page that was found unused stays so. A walk without locks may still
 * take a reference for a moment, and drops it without using the page.
 *
 * Context: may sleep, also in reclaim; takes i_mmap_rwsem of the buffer's file.
 * Return: false when a page has another user. Page table entries may be missing then; faults insert
 * them again.
 */
bool pb_buffer_isolate(struct pb_buffer *buf)
{
	lockdep_assert_held_write(&buf->frames);
	if (!all_folios(buf, seems_unused))
		return false;
	pb_buffer_unmap(buf);
	return all_folios(buf, is_unused);
}

/* ---- Operations that compaction calls ---- */

/* The block is isolated, so its buffer does not end before the migration does. */
static bool isolate_block(struct page *page, enum pbuddy_migrate_mode mode)
{
	const struct pb_buffer_block *block = pbuddy_page_private(page);
	struct pb_buffer *buf = block->buf;

	if (!down_write_trylock(&buf->frames))
		return false;
	if (!buf->fixed && !pb_dmabuf_pinned(buf))
		return true;
	up_write(&buf->frames);
	return false;
}

static int migrate_block(struct page *dst, struct page *src, enum pbuddy_migrate_mode mode)
{
	struct pb_buffer_block *block = pbuddy_page_private(src);
	struct pb_buffer *buf = block->buf;
	int err = move_block(buf, block, dst, src, mode);

	up_write(&buf->frames);
	return err;
}

/* migrate_block() has unlocked the buffer. */
static void putback_block(struct page *page)
{
}

static const struct pbuddy_movable_operations buffer_movable_ops = {
	.isolate_page = isolate_block,
	.migrate_page = migrate_block,
	.putback_page = putback_block,
};

/* ---- Which blocks can be moved ---- */

/**
 * pb_buffer_set_movable() - let compaction move the blocks of a buffer
 * @buf: a new buffer, to which no mapping or descriptor refers yet, or one with new memory whose
 *	lock is held for writing
 *
 * Blocks for which there is no memory for a record are not moved, and none with guard_minorder=,
 * because a block that becomes movable loses its guards.
 *
 * Context: may sleep.
 */
void pb_buffer_set_movable(struct pb_buffer *buf)
{
	struct pb_buffer_block *block = buf->block, *end = block + buf->nr_blocks;

	if (static_branch_unlikely(&pb_guard_key))
		return;
	buf->movable = true;
	for (; block < end; block++) {
		if (block->split || block->order > PB_PAGEBLOCK_ORDER)
			continue;
		block->buf = buf;
		block->movable = true;
		/* From here on block->pfn may change. */
		if (pb_movable_ops_set(block->pfn, &buffer_movable_ops, block))
			block->movable = false;
		cond_resched();
	}
}

static bool needs_fix(struct pb_buffer *buf)
{
	/* The load pairs with the release below. */
	return buf->movable && !smp_load_acquire(&buf->fixed);
}

static void fix_locked(struct pb_buffer *buf)
{
	lockdep_assert_held_read(&buf->frames);
	/* A caller that finds it set sees the PFNs that the last migration stored. */
	smp_store_release(&buf->fixed, true);
	pb_buffer_clear_movable(buf);
}

/**
 * pb_buffer_fix() - keep the frames of a buffer where they are, from now on
 * @buf: the buffer
 *
 * Context: may sleep, killable; waits while a block is migrated, or the buffer is swapped out.
 * Return: 0, or -EINTR.
 */
int pb_buffer_fix(struct pb_buffer *buf)
{
	if (!needs_fix(buf))
		return 0;
	if (down_read_killable(&buf->frames))
		return -EINTR;
	fix_locked(buf);
	up_read(&buf->frames);
	return 0;
}

/**
 * pb_buffer_end_moves() - make all blocks of a buffer unmovable before they are freed
 * @buf: a buffer without references, complete or not
 *
 * Context: may sleep; waits for migrations of its blocks.
 */
void pb_buffer_end_moves(struct pb_buffer *buf)
{
	if (needs_fix(buf)) {
		down_read(&buf->frames);
		fix_locked(buf);
		up_read(&buf->frames);
	}
	/* A migration may have isolated a block, and not seen yet that the buffer is fixed. */
	pb_buffer_clear_movable(buf);
}

/**
 * pb_buffer_move_init() - register the operations that move buffers
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int pb_buffer_move_init(void)
{
	return pb_movable_ops_register(&buffer_movable_ops, true);
}

/**
 * pb_buffer_move_exit() - unregister them, after the last buffer has ended
 *
 * Context: process, may sleep.
 */
void pb_buffer_move_exit(void)
{
	pbuddy_unregister_movable(&buffer_movable_ops);
}
