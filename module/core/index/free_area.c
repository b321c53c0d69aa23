// SPDX-License-Identifier: GPL-2.0-only
/*
 * The index over a zone's pageblocks.
 *
 * For each migratetype a zone keeps bitmaps with one bit per pageblock:
 *
 *   fullness[0..PB_NR_FULLNESS - 1]        partly free pageblocks by their number of free
 *                                     frames. Single frames are allocated from the fullest
 *                                     pageblocks.
 *   largest[0..PB_NR_LARGEST - 1]     the same pageblocks by their largest free order minus
 *                                     1. Blocks of order k are allocated from the smallest
 *                                     class that has one, as __rmqueue_smallest().
 *   free_pageblocks                   wholly free pageblocks
 *
 * The words of the first two for the same 64 pageblocks follow one another, in three cache lines,
 * and each word of free_pageblocks has a line, so that CPUs whose pageblocks lie apart share none.
 *
 * A partly free pageblock is in one fullness bitmap and, when a block above order 0 is
 * free, in one largest bitmap. The index class of a pageblock says in which. The words of
 * the free bitmap decide what is free; the index class is a hint:
 *
 *   - It may promise more than is free. An allocation verifies, and updates the index when
 *     it finds less.
 *   - It may hide free memory while the count is not 0, and a CPU that does not run can hold
 *     it there. Whenever the count is 0, the class promises what completed frees have made
 *     free, but for merged blocks of order 7 and 8: a CPU that lowers the class reads the words
 *     again before it sets the count to 0.
 *
 * So the index finds; it does not decide that nothing is free. Before a request fails, scan.c
 * reads count and class together, and the words wherever the class is not certain.
 *
 * Updating the index (pb_index_update)
 * -------------------------------------
 * One CPU at a time moves a pageblock between bitmaps, and no CPU waits. A CPU that needs
 * the class updated increments ctl->update. The CPU that raises it from 0 does the update
 * and repeats it until it can change the count it has read back to 0. Other CPUs leave
 * after the increment, because it makes the updater do another round. The same holds for
 * an NMI that interrupts the updater. (litmus: update-handover)
 *
 * This is lock-free, not wait-free: each further round of the updater is caused by another
 * CPU that changed the same pageblock meanwhile, and the number of rounds has no other bound.
 * For the CPUs that leave, the update is one atomic.
 *
 * To keep frees cheap, a free first checks whether the class has to change at all
 * (pb_index_on_free). This is safe because of two barriers:
 *
 *   free:    FR1 set bits in the word          updater:  UP1 write the index class
 *            FR2 read the index class                    UP2 read the words
 *
 * FR1 is a value-returning atomic, a full barrier; another full barrier is between UP1 and
 * UP2. If FR2 reads the class from before UP1, then UP2 reads the word from FR1 and the
 * updater does another round. Otherwise the free reads the lowered class and requests an
 * update. (litmus: alloc-free-index)
 *
 * A move sets the new bits before it clears the old ones, so that a concurrent search
 * finds the pageblock.
 *
 * The bits of partly free pageblocks change often, and mostly for one CPU in one word. So a move
 * leaves the summary bit set over a word that has become zero, and the move that sets the bit again
 * writes no line of other CPUs. A search that passes such words in vain, or more of them than there
 * are CPUs, clears the summary bit of the first one. Meanwhile the word is hidden, so this is part
 * of an update.
 *
 * Free frames of isolated pageblocks
 * ----------------------------------
 * They are not in the zone's free count, as NR_FREE_PAGES of mm/. Every allocation and free
 * changes the free-page count (free_count.h) by the frames it moved, isolated or not. The
 * updater subtracts the free frames of an isolated pageblock from nr_free and records them in
 * zone->isolated[]; it adds them again when the isolation has ended. So at quiescence
 *
 *   nr_free + the credits + the sum of isolated[] = set bits of the free bitmaps
 *
 * and isolated[] is 0 but for isolated pageblocks, where it is the number of set bits. Each
 * allocation or free in an isolated pageblock requests an update, after the change of the
 * bits: a free because it reads PB_CLASS_COUNTED (or the updater that sets the class reads its
 * bits at UP2), other changes because pb_index_update() does not compare classes then. nr_free_cma
 * is treated alike.
 *
 * The free frames of highatomic pageblocks, which watermark checks subtract, are counted in the
 * same way, in zone->free_highatomic[] and nr_free_highatomic, but stay in nr_free. Their class has
 * PB_CLASS_COUNTED also when none is free: the updater may have counted a frame that was freed
 * after it read the class, and an allocation that takes this frame has to request an update.
 * (mc: highatomic_last)
 */
#include "core/base/pfn.h"
#include "core/index/bitmap.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/index/updates.h"

/* Bitmaps of partly free pageblocks. */
#define PARTLY_FREE	(PB_NR_FULLNESS + PB_NR_LARGEST)
#define LINE_WORDS	(L1_CACHE_BYTES / sizeof(long))

/**
 * pb_free_area_words - memory the index of one migratetype needs
 * @nr_pageblocks: pageblocks of the zone's span
 *
 * Return: words.
 */
size_t pb_free_area_words(unsigned long nr_pageblocks)
{
	size_t first = BITS_TO_LONGS(nr_pageblocks);
	size_t summaries = (PARTLY_FREE + 1) * (pb_bitmap_words(nr_pageblocks) - first);

	return round_up((PARTLY_FREE + LINE_WORDS) * first + summaries, LINE_WORDS);
}

unsigned long *pb_free_area_init(struct pb_free_area *area, unsigned long nr_pageblocks,
				 unsigned long *mem)
{
	unsigned long *words = mem, *free = mem + BITS_TO_LONGS(nr_pageblocks) * PARTLY_FREE;
	unsigned long *next = free + BITS_TO_LONGS(nr_pageblocks) * LINE_WORDS;
	unsigned int i;

	for (i = 0; i < PB_NR_FULLNESS; i++)
		next = pb_bitmap_init_strided(&area->fullness[i], nr_pageblocks, words++,
					      PARTLY_FREE, next);
	for (i = 0; i < PB_NR_LARGEST; i++)
		next = pb_bitmap_init_strided(&area->largest[i], nr_pageblocks, words++,
					      PARTLY_FREE, next);
	pb_bitmap_init_strided(&area->free_pageblocks, nr_pageblocks, free, LINE_WORDS, next);
	return mem + pb_free_area_words(nr_pageblocks);
}

/* The index class of a pageblock with nr free frames and this largest free order. */
static u16 make_class(enum pb_migratetype mt, unsigned int nr, int largest)
{
	u16 counted = mt == PB_HIGHATOMIC ? PB_CLASS_COUNTED : 0;
	unsigned int fullness = 0;

	if (largest < PB_PAGEBLOCK_ORDER)
		fullness = pb_fullness(nr);
	return counted | (mt << PB_CLASS_MT_SHIFT) | (fullness << PB_CLASS_FULLNESS_SHIFT) |
	       ((largest + 1) << PB_CLASS_LARGEST_SHIFT);
}

/**
 * pb_index_class - compute the index class of a pageblock
 * @value: its directory entry
 *
 * Return: the class that the words of its free bitmap ask for now.
 */
noinline u16 pb_index_class(unsigned long value)
{
	struct pb_pageblock *pageblock = pb_entry_pageblock(value);
	enum pb_migratetype mt = pb_entry_migratetype(value);
	unsigned int nr;
	int largest;

	if (mt >= PB_INDEXED_TYPES)
		return mt == PB_ISOLATE ? PB_CLASS_COUNTED : 0;		/* 0: a hole */
	largest = pb_pageblock_scan(pageblock, &nr);
	return largest < 0 && mt != PB_HIGHATOMIC ? 0 : make_class(mt, nr, largest);
}
EXPORT_SYMBOL_PB_TEST(pb_index_class);

/* The bitmaps of an index class: one for free pageblocks, one or two for others. */
static unsigned int class_maps(struct pb_zone *zone, u16 class, struct pb_bitmap *maps[2])
{
	struct pb_free_area *area = &zone->area[pb_class_migratetype(class)];
	int largest = pb_class_largest(class);

	if (largest < 0)
		return 0;
	if (largest == PB_PAGEBLOCK_ORDER) {
		maps[0] = &area->free_pageblocks;
		return 1;
	}
	maps[0] = &area->fullness[pb_class_fullness(class)];
	if (largest < 1)
		return 1;
	maps[1] = &area->largest[largest - 1];
	return 2;
}

/* Contains the full barrier between UP1 and UP2: the last clear, or smp_mb(). */
static void move_pageblock(struct pb_zone *zone, unsigned long index, struct pb_index_ctl *ctl,
			   u16 class)
{
	bool exact = pb_nr_cpus() == 1 || pb_class_largest(ctl->index_class) == PB_PAGEBLOCK_ORDER;
	struct pb_bitmap *from[2], *to[2];
	unsigned int nr_from, nr_to, i, j;
	bool cleared = false;

	nr_from = class_maps(zone, ctl->index_class, from);
	nr_to = class_maps(zone, class, to);
	for (i = 0; i < nr_to; i++)
		pb_bitmap_set(to[i], index);
	WRITE_ONCE(ctl->index_class, class);			/* UP1 */
	for (i = 0; i < nr_from; i++) {
		for (j = 0; j < nr_to; j++)
			if (from[i] == to[j])
				break;
		if (j == nr_to)
			cleared |= exact ? pb_bitmap_clear(from[i], index) :
					   pb_bitmap_clear_bit(from[i], index);
	}
	if (!cleared)
		smp_mb();	/* between UP1 and UP2, instead of the clear */
}

/*
 * Keeps the free frames of an isolated pageblock out of the zone's counts, and only those. nr_free
 * is never too high, and nr_free_cma not too low for it. Called by the updater.
 *
 * pb_area_alloc() subtracts from isolated[] before it clears bits. If it did so after the read of
 * isolated[], the compare-exchange fails, and the words are read again. An allocation of an area
 * that fails between the two reads goes unseen; the update that it requests corrects the counts.
 */
static void settle_isolated(struct pb_zone *zone, unsigned long index, unsigned long value)
{
	atomic_t *isolated = &zone->isolated[index];
	int old = atomic_read(isolated), change, free;

	do {
		free = 0;
		if (pb_entry_migratetype(value) == PB_ISOLATE)
			free = pb_pageblock_count_free(pb_entry_pageblock(value));
		change = free - old;
		if (likely(!change))
			return;
	} while (!atomic_try_cmpxchg(isolated, &old, free));
	atomic_long_add(change, &zone->nr_isolated);
	if (pb_entry_is_cma(value) && change < 0)
		atomic_long_sub(change, &zone->nr_free_cma);
	atomic_long_sub(change, &zone->nr_free);
	if (pb_entry_is_cma(value) && change > 0)
		atomic_long_sub(change, &zone->nr_free_cma);
}

/* Counts the free frames of a highatomic pageblock. Called by the updater. */
static void settle_highatomic(struct pb_zone *zone, unsigned long index, unsigned long value)
{
	u16 *count = &zone->free_highatomic[index], free = 0;

	if (pb_entry_migratetype(value) == PB_HIGHATOMIC)
		free = pb_pageblock_count_free(pb_entry_pageblock(value));
	if (likely(free == *count))
		return;
	atomic_long_add((long)free - *count, &zone->nr_free_highatomic);
	WRITE_ONCE(*count, free);
}

static noinline void settle(struct pb_zone *zone, unsigned long index, unsigned long value)
{
	settle_isolated(zone, index, value);
	settle_highatomic(zone, index, value);
}

/*
 * Whether pages of a pageblock are counted, though no class says so: isolate.c may have changed
 * isolated[] while an update was left to this CPU; and if the type changed between the class of the
 * last update and its settle(), the pages are counted for a type that the class did not have yet.
 */
static bool has_counts(const struct pb_zone *zone, unsigned long index)
{
	return atomic_read(&zone->isolated[index]) || zone->free_highatomic[index];
}

/*
 * The updater's loop: until the class is right and no CPU has incremented the count since. @class:
 * a class to begin with.
 */
static void update_class(struct pb_zone *zone, unsigned long index, struct pb_dir_entry *entry,
			 u16 class)
{
	struct pb_index_ctl *ctl = &zone->ctl[index];
	u16 was = ctl->index_class;
	int seen;

	do {
		/* Pairs with the increments: the words are read after those CPUs' changes. */
		seen = atomic_read_acquire(&ctl->update);
		do {
			/* The first class may predate the increment; the next one does not. */
			if (class != ctl->index_class)
				move_pageblock(zone, index, ctl, class);
			class = pb_index_class(pb_zone_entry_value(zone, entry));
		} while (class != ctl->index_class);
		was |= class;
		if (unlikely(was & PB_CLASS_COUNTED || has_counts(zone, index)))
			settle(zone, index, pb_zone_entry_value(zone, entry));
	} while (atomic_cmpxchg(&ctl->update, seen, 0) != seen);
	pb_update_end(zone);
}

/* For the updater of a pageblock: does the update and sets the update count to 0. */
void pb_index_finish_update(struct pb_zone *zone, unsigned long index)
{
	struct pb_dir_entry *entry = pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, index));

	update_class(zone, index, entry, pb_index_class(pb_zone_entry_value(zone, entry)));
}

/**
 * pb_index_update - update the index class of a pageblock
 * @zone: its zone
 * @index: its number within the zone
 *
 * Context: any, NMI included; does not wait for another CPU, but repeats the update while other
 * CPUs change the pageblock.
 */
void pb_index_update(struct pb_zone *zone, unsigned long index)
{
	struct pb_dir_entry *entry = pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, index));
	struct pb_index_ctl *ctl = &zone->ctl[index];
	u16 class = pb_index_class(pb_zone_entry_value(zone, entry));

	/* Nothing to move: as in pb_index_on_free(), a concurrent updater reads the words again. */
	if (READ_ONCE(ctl->index_class) == class && likely(!(class & PB_CLASS_COUNTED)))
		return;
	if (pb_update_begin(zone, index, ctl))
		update_class(zone, index, entry, class);
}
EXPORT_SYMBOL_PB_TEST(pb_index_update);

/**
 * pb_index_update_isolated - update the index of a pageblock, and what is counted of it
 * @zone: its zone
 * @index: its number within the zone
 *
 * After a change of the migratetype, when the class may be right and isolated[] is not.
 *
 * Context: any, NMI included; does not wait for another CPU.
 */
void pb_index_update_isolated(struct pb_zone *zone, unsigned long index)
{
	if (pb_update_begin(zone, index, &zone->ctl[index]))
		pb_index_finish_update(zone, index);
}
EXPORT_SYMBOL_PB_TEST(pb_index_update_isolated);

/* The largest free block that a free into this word may have completed. */
static int largest_with(const struct pb_pageblock *pageblock, const atomic64_t *word)
{
	u64 free = atomic64_read(word);

	return free == ~0ULL ? pb_pageblock_largest_words(pageblock) : pb_word_largest(free);
}

/**
 * pb_index_raise - update the index after a free that completed a larger block
 * @zone: its zone
 * @index: the pageblock's number within the zone
 * @word: the word freed into
 *
 * As pb_index_update(), but reads this word instead of all of them: the class was right before,
 * so a block larger than it promises is in this word. UP2 reads this word alone, too.
 *
 * Context: any, NMI included; does not wait for another CPU.
 * Return: whether the class is that of a wholly free pageblock now, so that no deferred update of
 * it has to be done.
 */
bool pb_index_raise(struct pb_zone *zone, unsigned long index, const atomic64_t *word)
{
	struct pb_dir_entry *entry = pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, index));
	unsigned long value = READ_ONCE(entry->value);
	struct pb_pageblock *pageblock = pb_entry_pageblock(value);
	struct pb_index_ctl *ctl = &zone->ctl[index];
	enum pb_migratetype mt = pb_entry_migratetype(value);
	unsigned int nr_free;
	int largest;
	u16 class;

	if (!pb_update_begin(zone, index, ctl))
		return false;
	class = ctl->index_class;
	if (unlikely(class & PB_CLASS_COUNTED))
		goto update;
	largest = largest_with(pageblock, word);
	if (largest > pb_class_largest(class)) {
		if (unlikely(mt == PB_HIGHATOMIC || mt >= PB_INDEXED_TYPES))
			goto update;
		nr_free = largest == PB_PAGEBLOCK_ORDER ? PB_PAGEBLOCK_NR :
							  pb_pageblock_count_free(pageblock);
		move_pageblock(zone, index, ctl, make_class(mt, nr_free, largest));
	}
	if (READ_ONCE(entry->value) == value && largest_with(pageblock, word) == largest &&
	    atomic_cmpxchg(&ctl->update, 1, 0) == 1) {
		pb_update_end(zone);
		return largest == PB_PAGEBLOCK_ORDER;
	}
update:
	update_class(zone, index, entry, pb_index_class(READ_ONCE(entry->value)));
	return false;
}
EXPORT_SYMBOL_PB_TEST(pb_index_raise);

/**
 * pb_index_on_alloc - remove a pageblock from the index after its allocation
 * @zone: its zone
 * @index: its number within the zone
 *
 * As pb_index_update(), without reading the words: the caller owns all frames, so no other CPU
 * frees into them. A CPU that changes the pageblock in another way increments the count.
 *
 * Context: any, NMI included; does not wait for another CPU.
 */
void pb_index_on_alloc(struct pb_zone *zone, unsigned long index)
{
	struct pb_dir_entry *entry = pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, index));
	struct pb_index_ctl *ctl = &zone->ctl[index];

	if (!pb_update_begin(zone, index, ctl))
		return;
	if (likely(!(ctl->index_class & PB_CLASS_COUNTED)) && ctl->index_class)
		move_pageblock(zone, index, ctl, 0);
	if (unlikely(ctl->index_class) || atomic_cmpxchg(&ctl->update, 1, 0) != 1)
		update_class(zone, index, entry, 0);
	else
		pb_update_end(zone);
}
EXPORT_SYMBOL_PB_TEST(pb_index_on_alloc);

/*
 * Indexed by the low bits of the class, the largest free order + 1. When nothing is free, or the
 * free frames are counted, any free passes the filter; when whole words are free, a free that fills
 * the word does.
 */
const struct pb_class_filter pb_class_filter[PB_CLASS_FILTER_MASK + 1] = {
	[0] = { 0, 0 },
	[1] = { 0x3, ~1ULL },
	[2] = { 0xf, ~3ULL },
	[3] = { 0xff, ~7ULL },
	[4] = { 0xffff, ~15ULL },
	[5] = { 0xffffffff, ~31ULL },
	[6 ... 15] = { ~0ULL, 0 },
	[PB_CLASS_COUNTED ... PB_CLASS_FILTER_MASK] = { 0, 0 },
};
EXPORT_SYMBOL_PB_TEST(pb_class_filter);

/* Whether the frames of @mask, just freed, completed a block of this order (1 to 6). */
static bool formed(u64 word, u64 mask, unsigned int order)
{
	u64 run;

	if (mask & (mask - 1))
		return pb_word_heads(word, order);
	/* One frame: only the block around it can have been completed. */
	run = pb_word_run(order) << (__ffs64(mask) & ~((1U << order) - 1));
	return (word & run) == run;
}

/**
 * pb_index_check_fullness - check the fullness in an index class
 * @pageblock: the pageblock
 * @class: its index class
 *
 * A difference of one is accepted, so that a pageblock at the limit of two classes does not move
 * at every free.
 *
 * Return: PB_INDEX_OK or PB_INDEX_STALE.
 */
enum pb_index_state pb_index_check_fullness(const struct pb_pageblock *pageblock, u16 class)
{
	int moved = (int)pb_fullness(pb_pageblock_count_free(pageblock)) -
		(int)pb_class_fullness(class);

	return moved > 1 || moved < -1 ? PB_INDEX_STALE : PB_INDEX_OK;
}

/**
 * pb_index_on_free - check whether a free requires an update of the index
 * @zone: the zone
 * @index: the pageblock
 * @pageblock: the same
 * @mask: the bits
 * @new: the word now
 * @deferred: the caller has an update of this pageblock to do; nothing is PB_INDEX_STALE then
 *
 * The fullness is checked when the word's free count passes a multiple of 16, which bounds its
 * error to five classes.
 *
 * Context: any, NMI included. The caller's atomic on the word is FR1.
 * Return: PB_INDEX_OK, PB_INDEX_STALE or PB_INDEX_HIDES.
 */
enum pb_index_state pb_index_on_free(struct pb_zone *zone, unsigned long index,
				     const struct pb_pageblock *pageblock, u64 mask, u64 new,
				     bool deferred)
{
	u16 class = READ_ONCE(zone->ctl[index].index_class);	/* FR2 */
	int largest = pb_class_largest(class);

	if (!class || class & PB_CLASS_COUNTED)
		return PB_INDEX_HIDES;
	if (largest < PB_WORD_ORDER) {
		if (formed(new, mask, largest + 1))
			return PB_INDEX_HIDES;
	} else if (new == ~0ULL && largest < PB_PAGEBLOCK_ORDER) {
		if (pb_pageblock_is_free(pageblock))
			return PB_INDEX_HIDES;
		if (!deferred && pb_pageblock_largest_words(pageblock) > largest)
			return PB_INDEX_STALE;
	}
	if (deferred)
		return PB_INDEX_OK;
	if (mask & (mask - 1) || !(hweight64(new) % 16))
		return pb_index_check_fullness(pageblock, class);
	return PB_INDEX_OK;
}
EXPORT_SYMBOL_PB_TEST(pb_index_on_free);

/* Whether the pageblock's bit is set in all bitmaps of the class; for verify. */
bool pb_index_test(struct pb_zone *zone, unsigned long index, u16 class)
{
	struct pb_bitmap *maps[2];
	unsigned int nr = class_maps(zone, class, maps), i;

	for (i = 0; i < nr; i++)
		if (!pb_bitmap_test(maps[i], index))
			return false;
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_index_test);

/* The number of bitmaps of a class; for verify. */
unsigned int pb_index_bits(u16 class)
{
	int largest = pb_class_largest(class);

	return largest < 0 ? 0 : largest < 1 || largest == PB_PAGEBLOCK_ORDER ? 1 : 2;
}
EXPORT_SYMBOL_PB_TEST(pb_index_bits);

/**
 * pb_index_clear_summaries - clear the summary bits over a word of a bitmap that is zero
 * @zone: the zone
 * @map: a bitmap of partly free pageblocks
 * @index: the first pageblock of the word; it may be a hole
 *
 * Does nothing while an update of this pageblock is in progress.
 *
 * Context: any, NMI included; does not wait for another CPU.
 */
void pb_index_clear_summaries(struct pb_zone *zone, struct pb_bitmap *map, unsigned long index)
{
	if (!pb_update_begin(zone, index, &zone->ctl[index]))
		return;
	pb_bitmap_clear_summaries(map, index);
	pb_index_finish_update(zone, index);
}
EXPORT_SYMBOL_PB_TEST(pb_index_clear_summaries);

/**
 * pb_free_area_best - find a candidate pageblock in one class
 * @zone: the zone
 * @mt: migratetype of the pageblock
 * @order: 0 to 8
 * @step: class, 0 (fullest) to pb_free_area_steps() - 1
 * @from: pageblock to start at
 * @behind: set to those of the class behind it in its word of the bitmap, or NULL
 *
 * Return: the next pageblock of the class from @from on, or PB_NO_PAGEBLOCK.
 */
unsigned long pb_free_area_best(struct pb_zone *zone, enum pb_migratetype mt, unsigned int order,
				unsigned int step, unsigned long from, u64 *behind)
{
	struct pb_bitmap *map = pb_free_area_class(&zone->area[mt], order, step);
	struct pb_bitmap_passed passed;
	unsigned long index = pb_bitmap_search(map, from, &passed);

	if (unlikely(passed.nr) && (index == PB_NO_PAGEBLOCK || passed.nr > pb_nr_cpus()))
		pb_index_clear_summaries(zone, map, passed.first);
	if (behind && index != PB_NO_PAGEBLOCK)
		*behind = READ_ONCE(*pb_bitmap_word(map, index)) &
			  (~1ULL << (index % PB_WORD_NR));
	return index;
}
EXPORT_SYMBOL_PB_TEST(pb_free_area_best);

/**
 * pb_free_area_find_free - find a free pageblock, splitting as little as possible
 * @area: the migratetype's index
 *
 * In the first word of the bitmap that has free pageblocks, finds the one in the smallest aligned
 * run, so that orders above the pageblock's stay available.
 *
 * Return: the pageblock, or PB_NO_PAGEBLOCK.
 */
unsigned long pb_free_area_find_free(struct pb_free_area *area)
{
	unsigned long index = pb_bitmap_next(&area->free_pageblocks, 0), first;
	u64 word, found;

	if (index == PB_NO_PAGEBLOCK)
		return index;
	first = round_down(index, PB_WORD_NR);
	word = READ_ONCE(*pb_bitmap_word(&area->free_pageblocks, first));
	found = pb_word_find(word, 0);
	return found ? first + __ffs64(found) : index;
}
EXPORT_SYMBOL_PB_TEST(pb_free_area_find_free);
