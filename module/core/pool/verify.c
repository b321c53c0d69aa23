// SPDX-License-Identifier: GPL-2.0-only
/*
 * Check every invariant of a quiescent pool:
 *
 *   - A frame is free, or part of exactly one allocated block, or in exactly one pcp list.
 *   - Blocks are aligned. The page order map has no order inside another block or on a free
 *     frame.
 *   - Each of the zone's page counts is what its pageblocks have: present, free, in contiguous
 *     areas, free in contiguous areas, reserved for atomic requests. Free pages of isolated
 *     pageblocks are counted for each pageblock instead.
 *   - The index class of each pageblock matches its words. For a pageblock that a CPU refills
 *     from it may promise more; for one that a CPU flushes into it may promise less, but must
 *     not hide all of its free memory.
 *   - The index has no other bits, and its summaries are right.
 */
#include "core/base/pfn.h"
#include "core/cache/pcp.h"
#include "core/cache/zeroed.h"
#include "core/index/bitmap.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/pool/verify.h"
#include "core/zone/zone.h"

struct walk {
	struct pb_verify	*out;
	struct pb_zone		*zone;
	unsigned long		covered;	/* remaining frames of an allocated block */
	unsigned long		in_flight;	/* frames neither free nor allocated */
	unsigned long		index_bits;	/* bits the index should have set */
	struct {
		long	present, free, isolated, cma, free_cma, highatomic, free_highatomic;
	} pages;				/* what the zone should have counted */
};

/*
 * Largest difference of the fullness in the index from the real one: one class, and up to 15 frees
 * in each of eight words that pb_index_on_free() did not check.
 */
#define MAX_DRIFT	5

/* Stored in the page order map for frames found in a pcp list, while the lists are walked. */
#define SEEN	0xff

__printf(2, 3)
static void broken(struct pb_verify *out, const char *fmt, ...)
{
	va_list args;

	if (out->errors++)
		return;
	va_start(args, fmt);
	vsnprintf(out->first, sizeof(out->first), fmt, args);
	va_end(args);
}

static bool frame_free(struct pb_pageblock *pageblock, unsigned int frame)
{
	return atomic64_read(&pageblock->free[frame / PB_WORD_NR]) & BIT_ULL(frame % PB_WORD_NR);
}

static void check_frame(struct walk *w, struct pb_pageblock *pageblock, unsigned int frame,
			unsigned long pfn)
{
	unsigned int size = pb_frame_scan_size(pageblock->order_map[frame]);
	bool is_free = frame_free(pageblock, frame);

	if (is_free)
		w->out->free_pages++;
	if (w->covered) {
		w->covered--;
		if (is_free)
			broken(w->out, "pfn %#lx is free inside an allocated block", pfn);
		if (size)
			broken(w->out, "pfn %#lx has an order inside a block", pfn);
		return;
	}
	if (!size) {
		w->in_flight += !is_free;
		return;
	}
	if (size > PB_NR_ORDERS || (pb_frame_freed(pageblock->order_map[frame]) &&
				    !(pageblock->order_map[frame] & PB_FRAME_ISOLATED))) {
		broken(w->out, "pfn %#lx has order map entry %u", pfn, pageblock->order_map[frame]);
		return;
	}
	if (is_free)
		broken(w->out, "pfn %#lx is free and allocated", pfn);
	if (pfn & ((1UL << (size - 1)) - 1))
		broken(w->out, "pfn %#lx is misaligned for its order %u", pfn, size - 1);
	w->out->allocated_pages += 1UL << (size - 1);
	w->covered = (1UL << (size - 1)) - 1;
}

/* How the index class of a pageblock may be out of date because of CPUs' lists. */
struct stale {
	bool	refilled;	/* a CPU refills from it: less may be free */
	bool	drained;	/* a CPU flushes into it: more may be free, but not all of it */
};

static struct stale may_be_stale(struct pb_zone *zone, unsigned long index)
{
	struct stale stale = { false, false };
	struct pb_pcp_list *list;
	unsigned int i, mt;
	int cpu;

	pb_for_each_cpu(cpu) {
		pb_for_each_pcp_list(i, mt) {
			list = &pb_per_cpu_ptr(zone->pcp, cpu)->list[i][mt];
			stale.refilled |= list->cur == index + 1;
			stale.drained |= list->drained == index + 1;
		}
	}
	return stale;
}

/* Whether a search would not find free memory of a pageblock. */
static bool hides(u16 class, u16 now, struct stale stale)
{
	int most = pb_class_largest(class);

	if (!now)
		return false;
	if (!class || pb_class_migratetype(now) != pb_class_migratetype(class))
		return true;
	if (stale.drained && most >= PB_WORD_ORDER && most < PB_PAGEBLOCK_ORDER)
		most = PB_PAGEBLOCK_ORDER - 1;
	return pb_class_largest(now) > most;
}

static void check_class(struct walk *w, unsigned long index, unsigned long value)
{
	struct pb_index_ctl *ctl = &w->zone->ctl[index];
	u16 now = pb_index_class(value);
	int drift = (int)pb_class_fullness(now) - (int)pb_class_fullness(ctl->index_class);
	unsigned long pfn = pb_pageblock_pfn(w->zone, index);
	struct stale stale;

	if (atomic_read(&ctl->update))
		broken(w->out, "pageblock %#lx: update count left behind", pfn);
	if (!pb_index_test(w->zone, index, ctl->index_class))
		broken(w->out, "pageblock %#lx: not where its class %#x says", pfn,
		       ctl->index_class);
	w->index_bits += pb_index_bits(ctl->index_class);
	if (ctl->index_class == now)
		return;
	stale = may_be_stale(w->zone, index);
	if (hides(ctl->index_class, now, stale))
		broken(w->out, "pageblock %#lx: class %#x hides memory, should be %#x", pfn,
		       ctl->index_class, now);
	else if (!stale.refilled && !stale.drained &&
		 (pb_class_largest(now) != pb_class_largest(ctl->index_class) ||
		  abs(drift) > MAX_DRIFT))
		broken(w->out, "pageblock %#lx: class %#x is out of date, should be %#x", pfn,
		       ctl->index_class, now);
}

static bool bitmap_right(struct pb_free_area *area, unsigned long *bits)
{
	bool right = pb_bitmap_check(&area->free_pageblocks, bits);
	unsigned int i;

	for (i = 0; i < PB_NR_FULLNESS; i++)
		right &= pb_bitmap_check(&area->fullness[i], bits);
	for (i = 0; i < PB_NR_LARGEST; i++)
		right &= pb_bitmap_check(&area->largest[i], bits);
	return right;
}

/* check_class() checked every bit of each class. Equal totals show that no other bit is set. */
static void check_bitmaps(struct walk *w)
{
	unsigned long bits = 0, zeroed = 0;
	unsigned int mt;

	for (mt = 0; mt < PB_INDEXED_TYPES; mt++)
		if (!bitmap_right(&w->zone->area[mt], &bits))
			broken(w->out, "node %d %s: index summary of type %u is wrong",
			       w->zone->nid, w->zone->name, mt);
	if (!pb_bitmap_check(&w->zone->zeroed, &zeroed))
		broken(w->out, "node %d %s: summary of the zeroed bits is wrong", w->zone->nid,
		       w->zone->name);
	if (bits != w->index_bits)
		broken(w->out, "node %d %s: %lu index bits set, keys name %lu", w->zone->nid,
		       w->zone->name, bits, w->index_bits);
}

/* Checks that a frame of a pcp list is neither free nor allocated, and in no other list. */
static void check_cached(struct walk *w, unsigned long pfn)
{
	struct pb_dir_entry *entry = pb_dir_lookup(w->zone->pool, pfn);
	struct pb_pageblock *pageblock;
	u8 *order_map;

	if (!entry || entry->zone != w->zone) {
		broken(w->out, "pcp holds pfn %#lx, which is not this zone's", pfn);
		return;
	}
	pageblock = pb_entry_pageblock(entry->value);
	order_map = &pageblock->order_map[pb_frame_in_pageblock(pfn)];
	if (frame_free(pageblock, pb_frame_in_pageblock(pfn)))
		broken(w->out, "pfn %#lx is free and in a pcp", pfn);
	if (*order_map == SEEN)
		broken(w->out, "pfn %#lx is in pcps twice", pfn);
	else if (*order_map)
		broken(w->out, "pfn %#lx is allocated and in a pcp", pfn);
	else
		*order_map = SEEN;
}

static void unmark_cached(struct walk *w, unsigned long pfn)
{
	struct pb_dir_entry *entry = pb_dir_lookup(w->zone->pool, pfn);
	u8 *order_map;

	if (!entry || entry->zone != w->zone)
		return;
	order_map = &pb_entry_pageblock(entry->value)->order_map[pb_frame_in_pageblock(pfn)];
	if (*order_map == SEEN)
		*order_map = 0;
}

/* Checks the cached address of an entry in the page order map against the directory. */
static void check_order_map(struct walk *w, unsigned long pfn, const u8 *order_map)
{
	if (pb_dir_lookup(w->zone->pool, pfn) && order_map != pb_order_map(w->zone->pool, pfn))
		broken(w->out, "pcp holds pfn %#lx with another frame's order map address", pfn);
}

/* Calls fn for every frame of a block in a list. */
static void walk_block(struct walk *w, const struct pb_pcp_entry *entry, unsigned int order,
		       void (*fn)(struct walk *w, unsigned long pfn))
{
	unsigned long k;

	check_order_map(w, entry->pfn, entry->order_map);
	if (entry->pfn & ((1UL << order) - 1))
		broken(w->out, "pcp holds misaligned pfn %#lx, order %u", entry->pfn, order);
	for (k = 0; k < 1UL << order; k++)
		fn(w, entry->pfn + k);
}

/* Calls fn for every frame in a list; returns how many there are. */
static unsigned long walk_list(struct walk *w, struct pb_pcp_list *list, unsigned int order,
			       void (*fn)(struct walk *w, unsigned long pfn))
{
	unsigned int n = min_t(unsigned int, list->n, PB_LIFO_MAX), i, blocks = n;
	unsigned int end = (1U + list->zeroed_words) * PB_WORD_NR;
	u64 mask = list->mask, zeroed = list->zeroed;
	struct pb_pcp_entry entry;

	for (i = 0; i < n; i++)
		walk_block(w, &list->lifo[i], order, fn);
	for (; mask; mask &= mask - 1, blocks++) {
		entry.pfn = list->mask_base + __ffs64(mask);
		entry.order_map = list->mask_order_map + __ffs64(mask);
		walk_block(w, &entry, order, fn);
	}
	for (; zeroed; zeroed &= zeroed - 1, blocks++) {
		entry = pb_pcp_zeroed_block(list, order, __ffs64(zeroed));
		walk_block(w, &entry, order, fn);
	}
	/* Those of the words behind the first one: frames of its pageblock, too. */
	for (i = PB_WORD_NR; i < end; i += 1U << order, blocks++) {
		entry = pb_pcp_zeroed_block(list, order, i);
		walk_block(w, &entry, order, fn);
	}
	return (unsigned long)blocks << order;
}

static unsigned long walk_pcp(struct walk *w, struct pb_pcp *pcp,
			      void (*fn)(struct walk *w, unsigned long pfn))
{
	unsigned long frames = 0;
	unsigned int i, mt;

	pb_for_each_pcp_list(i, mt)
		frames += walk_list(w, &pcp->list[i][mt], i, fn);
	return frames;
}

static void check_pcp(struct walk *w, struct pb_pcp *pcp, int cpu)
{
	unsigned int i, mt;

	if (pcp->busy && pcp->busy != PB_PCP_CLAIMED)
		broken(w->out, "cpu %d: pcp busy", cpu);
	pb_for_each_pcp_list(i, mt)
		if (pcp->list[i][mt].n > PB_LIFO_MAX)
			broken(w->out, "cpu %d: pcp list of %u", cpu, pcp->list[i][mt].n);
}

static unsigned long check_pcps(struct walk *w)
{
	unsigned long total = 0;
	struct pb_pcp *pcp;
	int cpu;

	pb_for_each_cpu(cpu) {
		pcp = pb_per_cpu_ptr(w->zone->pcp, cpu);
		total += walk_pcp(w, pcp, check_cached);
		check_pcp(w, pcp, cpu);
	}
	pb_for_each_cpu(cpu)
		walk_pcp(w, pb_per_cpu_ptr(w->zone->pcp, cpu), unmark_cached);
	return total;
}

/* Adds a pageblock to what the zone should have counted. */
static void count_pageblock(struct walk *w, unsigned long index, unsigned long value)
{
	long free = pb_pageblock_count_free(pb_entry_pageblock(value)), isolated = 0;

	if (pb_entry_migratetype(value) == PB_ISOLATE) {
		isolated = free;
		free = 0;
	}
	if (atomic_read(&w->zone->isolated[index]) != isolated)
		broken(w->out, "pageblock %#lx: %d isolated pages counted, %ld found",
		       pb_pageblock_pfn(w->zone, index), atomic_read(&w->zone->isolated[index]),
		       isolated);
	w->pages.present += PB_PAGEBLOCK_NR;
	w->pages.free += free;
	w->pages.isolated += isolated;
	if (pb_entry_is_cma(value)) {
		w->pages.cma += PB_PAGEBLOCK_NR;
		w->pages.free_cma += free;
	}
	if (pb_entry_migratetype(value) == PB_HIGHATOMIC) {
		w->pages.highatomic += PB_PAGEBLOCK_NR;
		w->pages.free_highatomic += free;
	}
}

static void check_count(struct walk *w, const char *what, long counted, long found)
{
	if (counted != found)
		broken(w->out, "node %d %s: %ld %s pages counted, %ld found", w->zone->nid,
		       w->zone->name, counted, what, found);
}

static void check_counts(struct walk *w)
{
	struct pb_zone *zone = w->zone;

	check_count(w, "present", zone->present_pages, w->pages.present);
	check_count(w, "free", pb_zone_free_pages(zone), w->pages.free);
	check_count(w, "isolated", pb_zone_isolated_pages(zone), w->pages.isolated);
	check_count(w, "cma", zone->cma_pages, w->pages.cma);
	check_count(w, "free cma", atomic_long_read(&zone->nr_free_cma), w->pages.free_cma);
	check_count(w, "highatomic", atomic_long_read(&zone->nr_reserved_highatomic),
		    w->pages.highatomic);
	check_count(w, "free highatomic", atomic_long_read(&zone->nr_free_highatomic),
		    w->pages.free_highatomic);
}

/* No frame of a word with its zeroed bit set may have been handed out. */
static void check_zeroed(struct walk *w, unsigned long index, const struct pb_pageblock *pageblock)
{
	unsigned long words = pb_zeroed_words(w->zone, index);
	unsigned int i;

	for (i = 0; i < PB_WORDS; i++)
		if (words & BIT(i) && atomic64_read(&pageblock->free[i]) != -1)
			broken(w->out, "a word at pfn %#lx is marked as zero and not wholly free",
			       pb_pageblock_pfn(w->zone, index) + i * PB_WORD_NR);
}

static void check_pageblocks(struct walk *w)
{
	struct pb_pageblock *pageblock;
	struct pb_dir_entry *entry;
	unsigned long index, i;

	for (index = 0; index < w->zone->nr_pageblocks; index++) {
		entry = pb_zone_dir_entry(w->zone, index);
		if (!entry) {
			if (w->covered)
				broken(w->out, "an allocated block runs into a hole at pfn %#lx",
				       pb_pageblock_pfn(w->zone, index));
			w->covered = 0;
			continue;
		}
		pageblock = pb_entry_pageblock(entry->value);
		for (i = 0; i < PB_PAGEBLOCK_NR; i++)
			check_frame(w, pageblock, i, pb_pageblock_pfn(w->zone, index) + i);
		check_zeroed(w, index, pageblock);
		check_class(w, index, entry->value);
		count_pageblock(w, index, entry->value);
	}
	if (w->covered)
		broken(w->out, "an allocated block runs past the end of the zone");
}

static void check_zone(struct pb_zone *zone, struct pb_verify *out)
{
	struct walk w = { .out = out, .zone = zone };
	unsigned long pcp;

	check_pageblocks(&w);
	check_bitmaps(&w);
	check_counts(&w);
	pcp = check_pcps(&w);
	if (pcp != w.in_flight)
		broken(out, "node %d %s: %lu pages neither free nor allocated, %lu in pcps",
		       zone->nid, zone->name, w.in_flight, pcp);
	out->pcp_pages += pcp;
}

/**
 * pb_verify - check every invariant
 * @pool: a quiescent pool
 * @out: set to the result
 *
 * Context: any; takes time in proportion to the pool's size.
 * Return: number of errors.
 */
unsigned long pb_verify(struct pb_pool *pool, struct pb_verify *out)
{
	struct pb_zone *zone;

	memset(out, 0, sizeof(*out));
	pb_for_each_any_zone(zone, pool)
		check_zone(zone, out);
	return out->errors;
}
EXPORT_SYMBOL_PB_TEST(pb_verify);
