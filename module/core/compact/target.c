// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compaction: the migration targets.
 *
 * They come from the fullest pageblocks, as for allocations. Blocks are not migrated to a pageblock
 * emptier than their own, so that one compaction does not undo the work of another.
 */
#include "core/base/pfn.h"
#include "core/cache/freelist.h"
#include "core/cache/zeroed.h"
#include "core/compact/movable.h"
#include "core/compact/target.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/zone/fallback.h"
#include "core/zone/zone.h"

/* Pageblocks of one class to try as a migration target. */
#define TARGET_TRIES	16

/*
 * Sets the order and flags of migration targets, and returns them without those that are still in
 * use.
 */
static u64 mark_targets(struct pb_zone *zone, u8 *order_map, unsigned long pfn, u64 heads,
			unsigned int order)
{
	u64 used = heads & ~pb_movable_make_many(order_map, heads, order);
	unsigned int bit;

	heads &= ~used;
	for (; unlikely(used); used &= used - 1) {
		bit = __ffs64(used);
		pb_zone_event_add(zone, PB_BAD_PAGE, 1);
		zone->pool->ops.bad(zone->pool, PB_BAD_IN_USE, pfn + bit, order,
				    pb_frame_scan_size(order_map[bit]) - 1);
	}
	return heads;
}

/*
 * Isolated pages that count as free for the watermark of targets. In mm/ all free pages of an area
 * do. Here whole pageblocks need none: the free pages outside of them suffice, by
 * pb_compaction_suitable(). Of an area in a pageblock, the isolation takes out the rest, too.
 */
static long spare_pages(struct pb_compact_control *cc)
{
	if (cc->frames == PB_PAGEBLOCK_NR)
		return 0;
	return atomic_read(&cc->zone->isolated[pb_pageblock_index(cc->zone, cc->migrate_pfn)]);
}

/* Counts a target, or several in one word, and marks them. Returns the heads of the targets. */
static u64 got_targets(struct pb_compact_control *cc, unsigned long pfn, u64 heads,
		       unsigned int order, unsigned long value)
{
	struct pb_pageblock *pageblock = pb_entry_pageblock(value);
	u8 *order_map = &pageblock->order_map[pb_frame_in_pageblock(pfn)];
	long pages = (long)hweight64(heads) << order;

	if (!pb_zone_account_target(cc->zone, pages, spare_pages(cc))) {
		for (; heads; heads &= heads - 1)
			pb_pageblock_free(pageblock, pb_frame_in_pageblock(pfn) + __ffs64(heads),
					  order);
		return 0;
	}
	if (pb_entry_is_cma(value))
		atomic_long_sub(pages, &cc->zone->nr_free_cma);
	/* All heads are in one word, or the block has several. */
	pb_zeroed_test_and_clear(cc->zone, pfn, max(1UL << order, (unsigned long)PB_WORD_NR));
	return mark_targets(cc->zone, order_map, pfn, heads, order);
}

/* Adds targets to cc->ready: to its last element, if they are in the same word. */
static void add_ready(struct pb_compact_control *cc, unsigned long pfn, u64 heads,
		      unsigned int order)
{
	struct pb_compact_blocks *next = &cc->ready[cc->end_ready];

	if (cc->end_ready && order < PB_WORD_ORDER && next[-1].pfn == pfn) {
		next[-1].heads |= heads;
		return;
	}
	*next = (struct pb_compact_blocks) { pfn, heads, order };
	cc->end_ready++;
}

/*
 * Allocates targets from a pageblock: all that a word has, if these are at most @most, or one.
 * Returns their number.
 */
static unsigned int add_targets(struct pb_compact_control *cc, unsigned long index,
				unsigned long value, unsigned int order, unsigned long most)
{
	struct pb_pageblock *pageblock = pb_entry_pageblock(value);
	unsigned long pfn;
	u64 heads = 1;
	int frame;

	if (order < PB_WORD_ORDER)
		frame = pb_pageblock_alloc_word(pageblock, order, most, &heads);
	else
		frame = pb_pageblock_alloc(pageblock, order);
	if (frame < 0)
		return 0;
	pfn = pb_pageblock_pfn(cc->zone, index) + frame;
	heads = got_targets(cc, pfn, heads, order, value);
	if (heads)
		add_ready(cc, pfn, heads, order);
	return hweight64(heads);
}

/*
 * Allocates targets from a pageblock, as many as the area needs, if it has them and the watermark
 * does not refuse them. Returns whether there are any.
 */
static bool alloc_targets(struct pb_compact_control *cc, unsigned long index,
			  enum pb_migratetype mt, unsigned int order)
{
	struct pb_dir_entry *entry = pb_zone_dir_entry(cc->zone, index);
	unsigned long value, left = max(cc->wanted >> order, 1UL);
	unsigned int nr;

	if (!entry)
		return false;
	cc->next_ready = 0;
	cc->end_ready = 0;
	preempt_disable();
	value = pb_zone_entry_value(cc->zone, entry);
	while (pb_entry_migratetype(value) == mt && left && cc->end_ready < PB_WORDS) {
		nr = add_targets(cc, index, value, order, left);
		if (!nr && (cc->end_ready || left == 1))
			break;
		/* At the watermark a single one may do. */
		left = nr ? left - nr : 1;
	}
	pb_index_update(cc->zone, index);
	preempt_enable();
	return cc->end_ready;
}

/**
 * pb_compact_free_blocks - free blocks that the migration owns
 * @zone: their zone
 * @blocks: the blocks; none afterwards
 *
 * Reports blocks that their owner has freed, which it did not own any more.
 *
 * Context: any.
 */
void pb_compact_free_blocks(struct pb_zone *zone, struct pb_compact_blocks *blocks)
{
	struct pb_pool *pool = zone->pool;
	unsigned int order = blocks->order;
	unsigned long pfn;
	u64 freed;

	if (!blocks->heads)
		return;
	preempt_disable();
	freed = pb_movable_take_many(pb_order_map(pool, blocks->pfn), blocks->heads, order);
	for (; unlikely(freed); freed &= freed - 1) {
		pfn = blocks->pfn + __ffs64(freed);
		pool->ops.bad(pool, PB_BAD_DOUBLE, pfn, order, order);
	}
	if (order < PB_WORD_ORDER) {
		pb_zone_free_mask_uncounted(zone, blocks->pfn,
					    pb_word_expand(blocks->heads, order));
		pb_zone_account_free(zone, (long)hweight64(blocks->heads) << order);
	} else {
		pb_zone_free_noevent(zone, blocks->pfn, order);
	}
	preempt_enable();
	blocks->heads = 0;
}

/**
 * pb_compact_free_ready - free the targets that were allocated in advance
 * @cc: the run of compaction
 *
 * Context: any.
 */
void pb_compact_free_ready(struct pb_compact_control *cc)
{
	for (; cc->next_ready < cc->end_ready; cc->next_ready++)
		pb_compact_free_blocks(cc->zone, &cc->ready[cc->next_ready]);
}
EXPORT_SYMBOL_PB_TEST(pb_compact_free_ready);

/* Whether a pageblock is of this type and has a free block of the order; its bit may be stale. */
static bool is_target(struct pb_zone *zone, unsigned long index, enum pb_migratetype mt,
		      unsigned int order)
{
	struct pb_dir_entry *entry = pb_zone_dir_entry(zone, index);
	unsigned long value = entry ? READ_ONCE(entry->value) : 0;

	return entry && pb_entry_migratetype(value) == mt &&
	       pb_pageblock_largest(pb_entry_pageblock(value)) >= (int)order;
}

/* The fullest among the first pageblocks of a class. */
static unsigned long fullest(struct pb_compact_control *cc, enum pb_migratetype mt,
			     unsigned int order, unsigned int step, unsigned long *scanned)
{
	unsigned long index = 0, found = PB_NO_PAGEBLOCK;
	unsigned int fullness, nr, least = PB_PAGEBLOCK_NR, tries;

	for (tries = 0; tries < PB_COMPACT_CLASS_LOOKS && least > 1; tries++, index++) {
		index = pb_free_area_best(cc->zone, mt, order, step, index, NULL);
		if (index == PB_NO_PAGEBLOCK)
			break;
		++*scanned;
		nr = pb_compact_count_free(cc->zone, index, &fullness);
		if (fullness > cc->limit || (!order && fullness > step))
			continue;
		if (nr && nr < least && is_target(cc->zone, index, mt, order)) {
			least = nr;
			found = index;
		}
	}
	return found;
}

/* Single frames fill one pageblock before the next one is searched. */
static bool target_in_type(struct pb_compact_control *cc, enum pb_migratetype mt,
			   unsigned int order, unsigned long *scanned)
{
	unsigned int steps = pb_free_area_steps(order), step, tries;
	unsigned long index;
	bool found = false;

	if (!order && cc->target[mt] != PB_NO_PAGEBLOCK) {
		++*scanned;
		found = alloc_targets(cc, cc->target[mt], mt, order);
	}
	for (step = 0; step < steps && !found; step++) {
		for (tries = 0; tries < TARGET_TRIES && !found; tries++) {
			index = fullest(cc, mt, order, step, scanned);
			if (index == PB_NO_PAGEBLOCK)
				break;
			found = alloc_targets(cc, index, mt, order);
			if (!order)
				cc->target[mt] = index;
		}
	}
	return found;
}

static bool target_in_free_pageblock(struct pb_compact_control *cc, enum pb_migratetype mt,
				     unsigned int order, unsigned long *scanned)
{
	unsigned long index = 0;
	unsigned int tries;
	bool found = false;

	for (tries = 0; tries < TARGET_TRIES && !found; tries++) {
		index = pb_free_area_next_free(&cc->zone->area[mt], tries, index);
		if (index == PB_NO_PAGEBLOCK)
			break;
		++*scanned;
		found = alloc_targets(cc, index, mt, order);
	}
	return found;
}

/* Converts a free pageblock. A preempted update delays other CPUs, and verify would see it. */
static bool claim_free_pageblock(struct pb_compact_control *cc, unsigned int order)
{
	bool claimed;

	preempt_disable();
	claimed = pb_fallback_claim_pageblock(cc->zone, order, PB_MOVABLE, PB_ALLOC_NOFRAGMENT);
	preempt_enable();
	return claimed;
}

static bool find_target(struct pb_compact_control *cc, unsigned int order, unsigned long *scanned)
{
	static const enum pb_migratetype types[] = { PB_MOVABLE, PB_CMA };
	bool found = false;
	unsigned int i;

	for (i = 0; order < PB_PAGEBLOCK_ORDER && i < ARRAY_SIZE(types); i++)
		if (target_in_type(cc, types[i], order, scanned))
			return true;
	for (i = 0; cc->to_free_pageblock && i < ARRAY_SIZE(types) && !found; i++)
		found = target_in_free_pageblock(cc, types[i], order, scanned);
	/* As suitable_migration_target(), which takes a free pageblock of any type. */
	if (!found && cc->to_free_pageblock && claim_free_pageblock(cc, order))
		found = target_in_free_pageblock(cc, PB_MOVABLE, order, scanned);
	return found;
}

/**
 * pb_compact_target - allocate migration targets in advance, if there are none
 * @cc: the run of compaction
 * @order: 0 to 9
 *
 * From the fullest suitable pageblock: cc->ready, which pb_compact_take_targets() takes. The caller
 * frees the rest at the end of an area by pb_compact_free_ready(). The state of the blocks becomes
 * movable and isolated. A zone at its min watermark has no targets: the run ends as contended, as
 * __isolate_free_page() and compact_zone() in mm/ have it.
 *
 * Context: process.
 * Return: whether there are any.
 */
bool pb_compact_target(struct pb_compact_control *cc, unsigned int order)
{
	unsigned long scanned = 0;
	bool found;

	if (cc->next_ready < cc->end_ready && cc->ready[cc->next_ready].order == order)
		return true;
	pb_compact_free_ready(cc);
	if (!pb_zone_target_ok(cc->zone, 1L << order, spare_pages(cc))) {
		cc->contended = true;
		return false;
	}
	found = find_target(cc, order, &scanned);
	cc->scanned += scanned;
	cc->searched += scanned;
	return found;
}
EXPORT_SYMBOL_PB_TEST(pb_compact_target);

/**
 * pb_compact_take_targets - take migration targets that were allocated in advance
 * @cc: the run of compaction
 * @nr: as many; at most pb_compact_nr_targets(), not 0
 *
 * Context: process.
 * Return: the targets, which are the caller's.
 */
struct pb_compact_blocks pb_compact_take_targets(struct pb_compact_control *cc, unsigned int nr)
{
	struct pb_compact_blocks *ready = &cc->ready[cc->next_ready], taken = *ready;
	unsigned long pages = (unsigned long)nr << taken.order;

	taken.heads = pb_lowest_bits(taken.heads, nr);
	ready->heads &= ~taken.heads;
	if (!ready->heads)
		cc->next_ready++;
	cc->free_pfn = taken.pfn + fls64(taken.heads) - 1;
	cc->wanted -= min(cc->wanted, pages);
	cc->scanned += nr;
	pb_compact_note(cc->zone->pool, .step = PB_COMPACT_ISOLATE_FREEPAGES, .zone = cc->zone,
			.order = cc->order, .start = taken.pfn + __ffs64(taken.heads),
			.end = cc->free_pfn + (1UL << taken.order),
			.nr = { cc->searched + nr, pages });
	cc->searched = 0;
	return taken;
}
EXPORT_SYMBOL_PB_TEST(pb_compact_take_targets);
