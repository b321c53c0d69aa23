// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contiguous free pageblocks: for orders above the pageblock's, and for ranges.
 *
 * The index finds the runs (free_run.c). The pageblocks of a run are allocated one by one. When one
 * of them is not free, the others go back and the search continues behind it. They are counted
 * next, and only then converted to the migratetype of the request, so a refusal by the watermarks
 * changes no type.
 */
#include "core/base/pfn.h"
#include "core/index/free_area.h"
#include "core/index/free_run.h"
#include "core/index/many.h"
#include "core/index/pageblock.h"
#include "core/zone/run.h"

/*
 * Allocates a free pageblock of one of these types. The type is read again afterwards: until the
 * caller frees it, the pageblock cannot be reserved for atomic requests any more.
 */
static bool alloc_pageblock_of(struct pb_zone *zone, struct pb_dir_entry *entry, unsigned int types)
{
	unsigned long value = pb_zone_entry_value(zone, entry);

	if (!(BIT(pb_entry_migratetype(value)) & types) ||
	    !pb_pageblock_alloc_whole(pb_entry_pageblock(value)))
		return false;
	if (likely(BIT(pb_entry_migratetype(READ_ONCE(entry->value))) & types))
		return true;
	pb_pageblock_free(pb_entry_pageblock(value), 0, PB_PAGEBLOCK_ORDER);
	return false;
}

/* Frees the first pageblocks of a run, which are not counted as allocated. */
static void undo_run(struct pb_zone *zone, unsigned long index, unsigned long nr)
{
	unsigned long value;

	while (nr--) {
		value = READ_ONCE(pb_dir_entry(zone->pool,
					       pb_pageblock_pfn(zone, index + nr))->value);
		pb_pageblock_free(pb_entry_pageblock(value), 0, PB_PAGEBLOCK_ORDER);
		pb_index_update(zone, index + nr);
	}
}

/* Removes allocated pageblocks from the index, those of a word of its bitmaps together. */
static void remove_run(struct pb_zone *zone, unsigned long index, unsigned long end,
		       enum pb_migratetype mt)
{
	unsigned long first, next;

	for (; index < end; index = next) {
		first = round_down(index, PB_WORD_NR);
		next = min(first + PB_WORD_NR, end);
		pb_index_alloc_many(zone, first,
				    ~0ULL >> (PB_WORD_NR - (next - index)) << (index - first), mt);
	}
}

/* Converts the pageblocks of an allocated run; only then, so that a refusal converts nothing. */
static void convert_run(struct pb_zone *zone, const struct pb_pageblock_run *run,
			enum pb_migratetype mt)
{
	unsigned long i, end = run->first + run->nr;

	for (i = run->first; i < end; i++) {
		pb_entry_change_migratetype(pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, i)),
					    run->types, mt);
		if (unlikely(mt >= PB_PCPTYPES))
			pb_index_on_alloc(zone, i);
	}
	if (likely(mt < PB_PCPTYPES))
		remove_run(zone, run->first, end, mt);
}

/**
 * pb_zone_alloc_run_at - allocate these pageblocks, if all are free
 * @zone: the zone
 * @run: the pageblocks, and the migratetypes they may have
 * @mt: migratetype they get
 * @rq: the request whose watermarks apply, or NULL: down to the last page
 * @next: set to the first pageblock that was not free, plus 1, or to PB_NO_PAGEBLOCK when the
 *	watermarks refused the pages
 *
 * Context: any; preemption off.
 * Return: first PFN, or PB_NO_PFN.
 */
unsigned long pb_zone_alloc_run_at(struct pb_zone *zone, const struct pb_pageblock_run *run,
				   enum pb_migratetype mt, const struct pb_request *rq,
				   unsigned long *next)
{
	unsigned long pages = run->nr << PB_PAGEBLOCK_ORDER, i;

	pb_assert_preempt_off();
	for (i = run->first; i < run->first + run->nr; i++) {
		if (!alloc_pageblock_of(zone, pb_dir_entry(zone->pool, pb_pageblock_pfn(zone, i)),
					run->types)) {
			pb_index_update(zone, i);
			undo_run(zone, run->first, i - run->first);
			*next = i + 1;
			return PB_NO_PFN;
		}
	}
	if (unlikely(!pb_zone_account_alloc(zone, pages, pages, rq))) {
		undo_run(zone, run->first, run->nr);
		*next = PB_NO_PAGEBLOCK;
		return PB_NO_PFN;
	}
	convert_run(zone, run, mt);
	return pb_pageblock_pfn(zone, run->first);
}

/**
 * pb_zone_alloc_pageblocks - allocate contiguous free pageblocks
 * @zone: the zone
 * @nr: number of pageblocks
 * @align: alignment of the first, in pageblocks; a power of two up to a directory section's
 * @mt: migratetype they get
 * @types: migratetypes they may have now, BIT(mt) each
 * @rq: the request whose watermarks apply, or NULL: down to the last page
 *
 * Context: any; preemption off.
 * Return: first PFN, or PB_NO_PFN.
 */
unsigned long pb_zone_alloc_pageblocks(struct pb_zone *zone, unsigned long nr, unsigned long align,
				       enum pb_migratetype mt, unsigned int types,
				       const struct pb_request *rq)
{
	struct pb_pageblock_run run = { .nr = nr, .types = types };
	unsigned long index = 0, pfn;

	pb_assert_preempt_off();
	types = pb_free_run_types(zone, types);
	while (types) {
		run.first = pb_free_run_next(zone, types, nr, align, index);
		if (run.first == PB_NO_PAGEBLOCK)
			break;
		pfn = pb_zone_alloc_run_at(zone, &run, mt, rq, &index);
		if (pfn != PB_NO_PFN || index == PB_NO_PAGEBLOCK)
			return pfn;
	}
	return PB_NO_PFN;
}
EXPORT_SYMBOL_PB_TEST(pb_zone_alloc_pageblocks);
