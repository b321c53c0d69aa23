// SPDX-License-Identifier: GPL-2.0-only
/* Scenarios of watermarks, the highatomic reserve and fallback. */
#include "core/alloc/alloc.h"
#include "core/cache/drain.h"
#include "core/compact/isolate.h"
#include "core/zone/fallback.h"
#include "core/zone/highatomic.h"
#include "core/zone/run.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"
#include "scenario.h"

#define HIGHATOMIC	(PB_ALLOC_HIGHATOMIC | PB_ALLOC_NON_BLOCK)
#define MARK		510

static const struct pb_area first_pageblock = { .nr = 1, .frames = PB_PAGEBLOCK_NR };

/* As in a zone that may reserve two pageblocks; only the first is free. */
static void setup_reserve(enum pb_migratetype mt)
{
	mc_make_pool(2);
	mc.present_pages = 110 * PB_PAGEBLOCK_NR;
	mc_fill(mt);
	pb_free(mc.pool, mc_pfn(0, 0), PB_PAGEBLOCK_ORDER);
	mc_drain_all();
}

static void unmovable_reserve(void) { setup_reserve(PB_UNMOVABLE); }
static void movable_reserve(void) { setup_reserve(PB_MOVABLE); }

static void reserved(void)
{
	unmovable_reserve();
	mc.zone->present_pages = mc.present_pages;
	pb_highatomic_reserve(mc.zone, mc_pfn(0, 0), 0);
	mc.zone->present_pages = 2 * PB_PAGEBLOCK_NR;
}

static void at_the_mark(void)
{
	mc_make_pool(1);
	mc.zone->watermark[PB_WMARK_MIN] = MARK;
	mc.zone->watermark[PB_WMARK_LOW] = MARK;
	pb_zone_update_fast_watermark(mc.zone);
}

static void check_mark(void)
{
	if (pb_zone_free_pages(mc.zone) < MARK)
		mc_violate("the zone is below the watermark");
}

static void mark_alloc0(void)
{
	mc_alloc(0, 0, PB_MOVABLE);
	check_mark();
}

static void mark_alloc1(void)
{
	mc_alloc(1, 1, PB_MOVABLE);
	check_mark();
}

static void half_at_the_mark(void)
{
	mc_make_pool(1);
	mc.zone->watermark[PB_WMARK_MIN] = PB_PAGEBLOCK_NR / 2;
	mc.zone->watermark[PB_WMARK_LOW] = PB_PAGEBLOCK_NR / 2;
	pb_zone_update_fast_watermark(mc.zone);
}

static void request8(void) { mc_alloc_uncached(0, 8, PB_MOVABLE); }
static void request8_other(void) { mc_alloc_uncached(1, 8, PB_MOVABLE); }

static void mark_alloc_free(void)
{
	mc_zone_alloc(2, 0, PB_UNMOVABLE);
	if (mc_got(2))
		mc_zone_free(mc.got[2], 0);
}

static void mark_alloc_free_movable(void)
{
	mc_zone_alloc(2, 0, PB_MOVABLE);
	if (mc_got(2))
		mc_zone_free(mc.got[2], 0);
}

static void boost(void)
{
	mc.pool->wmark.watermark_boost_factor = 15000;
	pb_zone_boost(mc.zone, 0);
}

/* A zone that is large enough for a boost. */
static void marks_change(void)
{
	at_the_mark();
	mc.present_pages = 4 * PB_PAGEBLOCK_NR;
	mc.zone->watermark[PB_WMARK_HIGH] = MARK;
	mc.pool->wmark.min_free_pages = 64;
}

static void decay(void) { pb_zone_decay_boost(mc.zone); }

static void one_served(void)
{
	if (!mc_got(0) && !mc_got(1))
		mc_violate("both requests failed though there is one block above the watermark");
}

/* Moves pages from nr_free to a CPU's credit. */
static void give_credit(int cpu, long pages)
{
	pb_zone_account(mc.zone, -pages);
	atomic_long_add(pages, &pb_per_cpu_ptr(mc.zone->credit, cpu)->pages);
}

/* Two pages are free above the watermark, and each of the CPUs counts one. */
static void credits_at_the_mark(void)
{
	at_the_mark();
	give_credit(0, 1);
	give_credit(1, 1);
}

/* CPU 0 has more than two parts of 80 pages; frame 511 is allocated. */
static void large_credit(void)
{
	mc_make_frames(PB_PAGEBLOCK_NR - 1);
	mc.zone->watermark[PB_WMARK_MIN] = 100;
	mc.zone->watermark[PB_WMARK_LOW] = 100;
	mc.zone->credit_shift = 0;
	pb_zone_update_fast_watermark(mc.zone);
	give_credit(0, PB_PAGEBLOCK_NR - 1 - 180);
}

static void request_page(int n)
{
	mc_request_at(n, 0, 0);
	check_mark();
}

static void page0(void) { request_page(0); }
static void page1(void) { request_page(1); }
static void page2(void) { request_page(2); }

static void two_pages(void)
{
	request_page(1);
	request_page(2);
}

static void gather(void) { pb_credit_gather(mc.zone); }

static void two_served(void)
{
	if (mc_got(0) + mc_got(1) + mc_got(2) != 2)
		mc_violate("not two requests were served, for two pages above the watermark");
}

static void free_last(void) { mc_zone_free(mc_pfn(0, PB_PAGEBLOCK_NR - 1), 0); }
static void fill_credit(void) { mc_zone_alloc(2, 0, PB_MOVABLE); }

static void block_served(void)
{
	mc_must_get(1, "the credits have enough for it");
}

/* With the page that CPU 1 counts, a block of order 8 is above the watermark. */
static void page_in_credit(void)
{
	mc_make_frames(356);
	mc.zone->watermark[PB_WMARK_MIN] = 100;
	mc.zone->watermark[PB_WMARK_LOW] = 100;
	mc.zone->credit_shift = 0;
	pb_zone_update_fast_watermark(mc.zone);
	give_credit(1, 1);
}

static void free_page_first(void)
{
	free_last();
	mc.got[7] = 0;
}

/* As a task that has freed a page and runs on another CPU by now. */
static void alloc_page_then(void)
{
	while (!mc_got(7))
		mc_yield();
	mc_zone_alloc(2, 0, PB_MOVABLE);
}

static void alloc_movable(void) { mc_alloc(0, 0, PB_MOVABLE); }
static void alloc_unmovable(void) { mc_alloc(1, 0, PB_UNMOVABLE); }
static void alloc_reclaimable(void) { mc_alloc(2, 4, PB_RECLAIMABLE); }
static void request_unmovable(void) { mc_alloc_uncached(1, 0, PB_UNMOVABLE); }
static void request_reclaimable(void) { mc_alloc_uncached(2, 4, PB_RECLAIMABLE); }
static void alloc_atomic(void) { mc_alloc_flags(3, 1, PB_UNMOVABLE, HIGHATOMIC); }
static void alloc_atomic_other(void) { mc_alloc_flags(4, 1, PB_UNMOVABLE, HIGHATOMIC); }
static void unreserve(void) { pb_highatomic_unreserve_zone(mc.zone, PB_MOVABLE, true); }
static void unreserve_other(void) { pb_highatomic_unreserve_zone(mc.zone, PB_UNMOVABLE, true); }
static void free_in_first(void) { mc_zone_free(mc_pfn(0, 400), 0); }

static void unreserve_twice(void)
{
	unreserve();
	unreserve_other();
}

static void reserve_first(void)
{
	preempt_disable();
	pb_highatomic_reserve(mc.zone, mc_pfn(0, 0), 0);
	preempt_enable();
}

/* A pageblock of the reserve in which one frame is free. */
static void reserved_one_free(void)
{
	mc_make_frames(1);
	mc.present_pages = 110 * PB_PAGEBLOCK_NR;
	mc.zone->present_pages = mc.present_pages;
	pb_highatomic_reserve(mc.zone, mc_pfn(0, 0), 0);
	mc.zone->present_pages = PB_PAGEBLOCK_NR;
}

static void alloc_last(void) { mc_zone_alloc(3, 0, PB_HIGHATOMIC); }

/* As the scan before a failure, which does not depend on the bitmaps of the index. */
static void alloc_unindexed(void)
{
	unsigned long pfn = pb_zone_alloc_block_at(mc.zone, 0, 0, 0, BIT(PB_HIGHATOMIC), NULL);

	if (pfn == PB_NO_PFN)
		return;
	*pb_order_map(mc.pool, pfn) = 1;
	mc.got[4] = pfn;
	mc.free--;
}

static void run_of_two(void)
{
	const struct pb_pageblock_run run = { .nr = 2, .types = BIT(PB_PCPTYPES) - 1 };
	unsigned long next, pfn = pb_zone_alloc_run_at(mc.zone, &run, PB_MOVABLE, NULL, &next);

	if (pfn == PB_NO_PFN)
		return;
	*pb_order_map(mc.pool, pfn) = 11;
	mc.got[6] = pfn;
	mc.free -= 1L << 10;
}

static void atomic_alloc_free(void)
{
	mc_zone_alloc(3, 1, PB_MOVABLE);
	if (!mc_got(3))
		return;
	pb_highatomic_reserve(mc.zone, mc.got[3], 1);
	mc_zone_free(mc.got[3], 1);
}

static void reserve_kept(void)
{
	if (mc_got(6) && atomic_long_read(&mc.zone->nr_reserved_highatomic))
		mc_violate("a pageblock of the reserve serves an ordinary request");
}

static void free_reserve(void)
{
	mc_make_pool(2);
	mc.present_pages = 110 * PB_PAGEBLOCK_NR;
}

static void zone_alloc9(void) { mc_zone_alloc(5, 9, PB_MOVABLE); }

static void isolate_first(void)
{
	if (pb_area_isolate(mc.zone, &first_pageblock))
		pb_area_unisolate(mc.zone, &first_pageblock);
}

static void mostly_free(void)
{
	mc_make_pool(2);
	mc_fill(PB_MOVABLE);
	mc_free_frames(0, 0, 300);
}

/* Two free pageblocks, one of which the watermark needs. */
static void pageblock_at_the_mark(void)
{
	mc_make_pool(2);
	mc.zone->watermark[PB_WMARK_MIN] = PB_PAGEBLOCK_NR;
	mc.zone->watermark[PB_WMARK_LOW] = PB_PAGEBLOCK_NR;
	pb_zone_update_fast_watermark(mc.zone);
}

/* The same; the first is isolated, but for frame 400, which is allocated. */
static void isolated_at_the_mark(void)
{
	pageblock_at_the_mark();
	mc_fill(PB_MOVABLE);
	mc.zone->watermark[PB_WMARK_MIN] = 0;
	mc_zone_free(mc_pfn(1, 0), PB_PAGEBLOCK_ORDER);
	mc_free_frames(0, 0, 400);
	mc_free_frames(0, 401, 111);
	mc.zone->watermark[PB_WMARK_MIN] = PB_PAGEBLOCK_NR;
	pb_area_isolate(mc.zone, &first_pageblock);
}

/* The isolated frames are counted by the updater of the pageblock, which may be another actor. */
static bool counted(void)
{
	return !atomic_read(&mc.zone->ctl[0].update);
}

/* Order 7: the other requests may have a word and a frame that they have not counted yet. */
static void isolate_request(void)
{
	if (!pb_area_isolate(mc.zone, &first_pageblock) || !counted())
		return;
	mc_alloc(0, 7, PB_MOVABLE);
	if (mc_got(0))
		mc_violate("a request is served by frames that the watermark needs");
}

/* Respects the watermark: other allocations count their frames after they have them. */
static void request_free(void)
{
	mc_alloc_uncached(2, 0, PB_MOVABLE);
	if (mc_got(2))
		mc_zone_free(mc.got[2], 0);
}

static void unisolate_request(void)
{
	pb_area_unisolate(mc.zone, &first_pageblock);
	if (!counted())
		return;
	mc_alloc(0, 0, PB_MOVABLE);
	mc_must_get(0, "the isolation has ended");
}

static void take_word(void)
{
	const struct pb_area word = { .nr = 1, .frames = PB_WORD_NR };

	if (pb_area_alloc(mc.zone, &word, NULL)) {
		mc_violate("free frames are not found");
		return;
	}
	*pb_order_map(mc.pool, mc_pfn(0, 0)) = PB_WORD_ORDER + 1;
	mc.free -= PB_WORD_NR;
}

/* The second pageblock, and the frame that free_in_first() has freed and no updater has seen. */
static void nothing_isolated_is_free(void)
{
	if (pb_zone_free_pages(mc.zone) > PB_PAGEBLOCK_NR + 1)
		mc_violate("frames of an isolated pageblock count as free");
}

static void request1(void) { mc_alloc(1, 1, PB_MOVABLE); }

/* Requests that the watermarks refuse, or refuse once another actor has allocated. */
static void refused(void)
{
	mc_make_pool(2);
	mc.zone->watermark[PB_WMARK_MIN] = 1000;
	mc.zone->watermark[PB_WMARK_LOW] = 1000;
	pb_zone_update_fast_watermark(mc.zone);
}

static void refused_once(void)
{
	mc_make_pool(2);
	mc.zone->watermark[PB_WMARK_MIN] = 424;
	mc.zone->watermark[PB_WMARK_LOW] = 424;
	pb_zone_update_fast_watermark(mc.zone);
}

static void request_contig(unsigned long pages)
{
	struct pb_request rq = { .migratetype = PB_UNMOVABLE, .highest_zone = PB_ZONE_MOVABLE };
	enum pb_reason reason = PB_REASON_NONE;

	mc.got[0] = pb_alloc_contig(mc.pool, &rq, pages, &reason);
	if (mc_got(0))
		mc.free -= pages;
	else if (reason != PB_REASON_WATERMARK)
		mc_violate("the reason is %d, not the watermark", reason);
}

static void request_300(void) { request_contig(300); }
static void request_600(void) { request_contig(600); }
static void request_order_5(void) { mc_alloc(0, 5, PB_UNMOVABLE); }

/* The zone's part of a request that passed the check of the watermarks too early. */
static void fallback_order_5(void)
{
	struct pb_request rq = { .order = 5, .migratetype = PB_UNMOVABLE,
				 .highest_zone = PB_ZONE_MOVABLE };

	if (pb_fallback(mc.zone, 5, &rq) != PB_NO_PFN)
		mc_violate("the watermarks do not hold");
}

static void alloc_free_two(void)
{
	mark_alloc_free_movable();
	mark_alloc_free_movable();
}

static void nothing_converted(void)
{
	unsigned int i;

	for (i = 0; i < 2 && !mc_got(0); i++)
		if (pb_entry_migratetype(pb_dir_entry(mc.pool, mc_pfn(i, 0))->value) != PB_MOVABLE)
			mc_violate("a refused request has converted pageblock %u", i);
}

static void both_types_free(void)
{
	mc_make_pool(2);
	mc_fill(PB_MOVABLE);
	mc_free_frames(0, 0, 300);
	mc_free_frames(1, 0, 300);
}

static void three_free(void) { mc_make_pool(3); }

static void unmovable_served(void) { mc_must_get(1, "no other actor could use all free memory"); }
static void reclaimable_served(void) { mc_must_get(2, "no other actor could use all free memory"); }

static void both_served(void)
{
	unmovable_served();
	reclaimable_served();
}

static void movable_served(void) { mc_must_get(0, "no other actor could use all free memory"); }

static void set_marks(void) { pb_setup_per_zone_wmarks(mc.pool); }

static const struct mc_scenario rows[] = {
	{ "watermark_0_1", at_the_mark, { mark_alloc0, mark_alloc1 }, 0, one_served },
	{ "watermark_8_8", half_at_the_mark, { request8, request8_other }, 0, one_served },
	{ "credit_gather", credits_at_the_mark, { gather, two_pages }, 0, two_served },
	{ "credit_grant", credits_at_the_mark, { page0, page1, page2 }, 0, two_served },
	{ "credit_refusal", large_credit, { free_last, request8_other, fill_credit }, 0,
	  block_served },
	{ "credit_behind_sum", page_in_credit, { free_page_first, alloc_page_then,
	  request8_other }, 0, block_served },
	{ "irq_in_credit_fill", large_credit, { fill_credit, request8_other }, BIT(1) },
	{ "irq_in_credit_lower", large_credit, { free_last, request8_other }, BIT(1) },
	{ "irq_in_gather", credits_at_the_mark, { two_pages, gather, page0 }, BIT(1) | BIT(2) },
	{ "watermark_0_free", at_the_mark, { mark_alloc0, mark_alloc_free } },
	{ "watermark_boost", at_the_mark, { mark_alloc0, boost, decay } },
	{ "watermark_set", at_the_mark, { alloc_movable, set_marks, boost } },
	{ "watermark_isolate", pageblock_at_the_mark, { isolate_request, request_free,
	  request1 } },
	{ "watermark_unisolate", isolated_at_the_mark, { unisolate_request, free_in_first } },
	{ "area_isolated", isolated_at_the_mark, { take_word, free_in_first }, 0, NULL, NULL,
	  nothing_isolated_is_free },
	{ "refused_order_5", refused, { request_order_5, alloc_free_two }, 0, nothing_converted },
	{ "refused_fallback", refused, { fallback_order_5, alloc_free_two }, 0, nothing_converted },
	{ "refused_300", refused, { request_300, alloc_free_two }, 0, nothing_converted },
	{ "refused_600", refused, { request_600, alloc_free_two }, 0, nothing_converted },
	{ "refused_600_once", refused_once, { request_600, mark_alloc_free_movable }, 0,
	  nothing_converted },
	{ "watermark_fast", marks_change, { boost, set_marks, decay } },
	{ "highatomic_fallback", unmovable_reserve, { alloc_movable, alloc_atomic } },
	{ "highatomic_unreserve", unmovable_reserve, { alloc_atomic, unreserve } },
	{ "highatomic_two", unmovable_reserve, { alloc_atomic, alloc_atomic_other } },
	{ "highatomic_two_unreserve", reserved, { unreserve, unreserve_other } },
	{ "highatomic_unreserve_reserve", reserved, { unreserve_twice, reserve_first } },
	{ "highatomic_last", reserved_one_free, { alloc_last, free_in_first, alloc_unindexed } },
	{ "highatomic_unreserve_alloc", reserved, { unreserve, alloc_atomic } },
	{ "highatomic_isolate", movable_reserve, { alloc_atomic, isolate_first } },
	{ "highatomic_order_9", movable_reserve, { alloc_atomic, zone_alloc9 } },
	{ "highatomic_order_10", free_reserve, { run_of_two, atomic_alloc_free }, 0,
	  reserve_kept },
	{ "fallback_two_types_free", mostly_free, { request_unmovable, request_reclaimable,
	  free_in_first }, 0, both_served },
	{ "fallback_two_types", both_types_free, { alloc_unmovable, alloc_reclaimable }, 0,
	  both_served },
	{ "fallback_free_pageblocks", three_free, { alloc_unmovable, alloc_reclaimable }, 0,
	  both_served },
	{ "fallback_movable", three_free, { alloc_unmovable, alloc_movable }, 0, movable_served },
	{ "fallback_order_9", three_free, { alloc_unmovable, zone_alloc9 }, 0, unmovable_served },
	{ "fallback_isolate", mostly_free, { alloc_unmovable, isolate_first } },
};

MC_GROUP(mc_zone_group, rows);
