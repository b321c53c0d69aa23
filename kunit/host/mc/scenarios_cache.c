// SPDX-License-Identifier: GPL-2.0-only
/* Scenarios of the per-CPU caches: refill, flush, drain, bulk. */
#include "core/alloc/alloc.h"
#include "core/alloc/bulk.h"
#include "core/alloc/guard.h"
#include "core/cache/claim.h"
#include "core/cache/drain.h"
#include "core/cache/flush.h"
#include "core/cache/pcp.h"
#include "core/compact/isolate.h"
#include "core/compact/movable.h"
#include "core/index/free_area.h"
#include "core/zone/zone.h"
#include "scenario.h"
#include "tso.h"

static void word_free(void) { mc_make_frames(64); }
static void half_word_free(void) { mc_make_frames(32); }
static void almost_free(void) { mc_make_frames(500); }
static void all_free(void) { mc_make_pool(1); }

static void alloc0(void) { mc_alloc(0, 0, PB_MOVABLE); }
static void alloc0_other(void) { mc_alloc(1, 0, PB_MOVABLE); }
static void alloc5(void) { mc_alloc(2, 5, PB_MOVABLE); }
static void alloc6(void) { mc_alloc(2, 6, PB_MOVABLE); }
static void alloc7(void) { mc_zone_alloc(2, 7, PB_MOVABLE); }
static void alloc9(void) { mc_zone_alloc(3, 9, PB_MOVABLE); }

static void alloc_free_drain(void)
{
	alloc0();
	if (mc_got(0))
		mc_free(mc.got[0], 0);
	pb_pcp_drain_local(mc.pool);
}

static void free_rest_drain(void)
{
	unsigned int i;

	for (i = 500; i < PB_PAGEBLOCK_NR; i++)
		mc_free(mc_pfn(0, i), 0);
	pb_pcp_drain_local(mc.pool);
}

static void free_two_drain(void)
{
	mc_free(mc_pfn(0, 200), 0);
	mc_free(mc_pfn(0, 201), 0);
	pb_pcp_drain_local(mc.pool);
}

static void free_two_other_drain(void)
{
	mc_free(mc_pfn(0, 202), 0);
	mc_free(mc_pfn(0, 203), 0);
	pb_pcp_drain_local(mc.pool);
}

static void free_bulk_drain(void)
{
	unsigned long pfn[PB_WORD_NR];
	unsigned int i;

	for (i = 0; i < PB_WORD_NR; i++)
		pfn[i] = mc_pfn(0, 64 + i);
	pb_free_bulk(mc.pool, PB_WORD_NR, pfn);
	mc.free += PB_WORD_NR;
	pb_pcp_drain_local(mc.pool);
}

static void alloc_bulk(void)
{
	struct pb_request rq = { .migratetype = PB_MOVABLE, .highest_zone = PB_ZONE_MOVABLE };
	unsigned long pfn[4];

	mc.free -= pb_alloc_bulk(mc.pool, &rq, 4, pfn, NULL);
}

static void free_order6(void)
{
	unsigned int i;

	alloc6();
	if (mc_got(2))
		mc_free(mc.got[2], 6);
	for (i = 0; i < 2; i++)
		pb_pcp_decay_local(mc.pool);
}

static void drain(void)
{
	alloc0_other();
	pb_pcp_drain_local(mc.pool);
}

static void set_free(unsigned long pfn)
{
	*pb_order_map(mc.pool, pfn) = 0;
	pb_zone_free(mc.zone, pfn, 0);
}

/* CPU 0 has used up what it has refilled from a pageblock, in which two times 8 frames are free. */
static void refilled(void)
{
	struct pb_request rq = { .migratetype = PB_MOVABLE, .highest_zone = PB_ZONE_MOVABLE };
	unsigned int i;

	mc_make_frames(0);
	mc_free_frames(0, 0, 4);
	pb_host_cpu = 0;
	for (i = 0; i < 4; i++)
		pb_alloc(mc.pool, &rq, NULL);
	for (i = 64; i < 72; i++)
		set_free(mc_pfn(0, i));
	for (i = 128; i < 136; i++)
		set_free(mc_pfn(0, i));
}

/* All words are free but the second, in which a block of order 5 gets free during the refill. */
static void part_of_second_word_free(void)
{
	mc_make_frames(64 + 16);
	mc_free_frames(0, 128, 384);
}

static void free_part_of_second_word(void) { mc_zone_free(mc_pfn(0, 80), 4); }

static void isolate(void)
{
	static const struct pb_area pageblock = { .nr = 1, .frames = PB_PAGEBLOCK_NR };

	pb_area_isolate(mc.zone, &pageblock);
}

static void free_rest_of_word(void) { mc_zone_free(mc_pfn(0, 160), 5); }

static void pageblock_found(void)
{
	if (pb_zone_alloc(mc.zone, PB_PAGEBLOCK_ORDER, PB_MOVABLE, NULL) == PB_NO_PFN)
		mc_violate("the free pageblock is not found");
}

static void order2_found(void)
{
	if (pb_zone_alloc(mc.zone, 2, PB_MOVABLE, NULL) == PB_NO_PFN)
		mc_violate("the free block of order 2 is not found");
}

static void first_served(void) { mc_must_get(0, "a frame was free throughout"); }

/* Lists of several orders and types use up high together. */
static void alloc_free_mixed(void)
{
	mc_alloc(3, 3, PB_MOVABLE);
	mc_alloc(4, 5, PB_MOVABLE);
	mc_alloc(5, 0, PB_UNMOVABLE);
	mc_free(mc.got[4], 5);
	mc_free(mc.got[3], 3);
}

/* What the CPU that runs caches, outside of its pcp section. */
static void bounded(void)
{
	const struct pb_pcp *pcp = pb_this_cpu_ptr(mc.zone->pcp);

	if (!pcp->busy && pb_pcp_count(pcp) > pcp->high + PB_WORD_NR)
		mc_violate("a CPU caches %lu pages, with high %d", pb_pcp_count(pcp), pcp->high);
}

/* Requests of order 9 are deferred. The missing frames are a mask of the first CPU's cache. */
static void deferred(void)
{
	unsigned long pfn[32];
	unsigned int i;

	mc_make_frames(PB_PAGEBLOCK_NR - 32);
	mc.zone->slow_order_failed = PB_PAGEBLOCK_ORDER + 1;
	mc.zone->slow_defer_shift = 1;
	mc.zone->slow_free = PB_PAGEBLOCK_NR;
	for (i = 0; i < 32; i++)
		pfn[i] = mc_pfn(0, PB_PAGEBLOCK_NR - 32 + i);
	pb_host_cpu = 0;
	pb_free_bulk(mc.pool, 32, pfn);
}

static void drain_local(void) { pb_pcp_drain_local(mc.pool); }
static void request9(void) { mc_alloc_flags(0, 9, PB_MOVABLE, PB_ALLOC_WAIT); }

/*
 * A claim of the cache of the first CPU (claim.c). Each request and free there is a section with
 * preemption off. A grace period waits for the end of one that began before it, and the CPU's
 * stores are visible then.
 */
static bool in_section;
static unsigned int sections;

static void end_section(void)
{
	in_section = false;
	sections++;
}

static void wait_for_grace_period(void)
{
	unsigned int n = sections;
	bool wait = in_section;

	smp_mb();
	while (wait && sections == n)
		mc_yield();
	mc_tso_flush(0);
}

static void alloc_free_in_sections(void)
{
	in_section = true;
	alloc0();
	end_section();
	if (!mc_got(0))
		return;
	in_section = true;
	mc_free(mc.got[0], 0);
	end_section();
}

static void drain_by_claim(void)
{
	struct pb_pcp *pcp = pb_per_cpu_ptr(mc.zone->pcp, 0);

	if (!pb_pcp_claim(pcp))
		return;
	wait_for_grace_period();
	pb_pcp_drain_claimed(pcp);
}

static void unclaim(void)
{
	struct pb_pcp *pcp = pb_per_cpu_ptr(mc.zone->pcp, 0);

	if (pb_pcp_claim(pcp))
		pb_pcp_unclaim(pcp);
}

static void unclaimed(void)
{
	if (pb_per_cpu_ptr(mc.zone->pcp, 0)->busy)
		mc_violate("the claim of a cache has not ended");
}

static void half_cached(void)
{
	unsigned int i;

	mc_make_frames(64);
	pb_host_cpu = 0;
	mc_alloc(7, 0, PB_MOVABLE);
	for (i = 200; i < 203; i++)
		mc_free(mc_pfn(0, i), 0);
}

/*
 * The first CPU flushes a whole word while the update of its pageblock is deferred, and the other
 * one takes the only word that the index class is about.
 */
static void word_in_list(void)
{
	struct pb_pcp_list *list;
	struct pb_pcp *pcp;
	unsigned int i;

	mc_make_frames(2 * PB_WORD_NR);
	pb_host_cpu = 0;
	pcp = pb_this_cpu_ptr(mc.zone->pcp);
	list = pb_pcp_list(pcp, 3, PB_MOVABLE);
	for (i = 0; i < 8; i++)
		mc_zone_alloc(i, 3, PB_MOVABLE);
	/* As on a CPU that has freed many of them. */
	pcp->high = PB_PAGEBLOCK_NR;
	list->limit = PB_LIFO_MAX;
	for (i = 0; i < 8; i++)
		mc_free(mc.got[i], 3);
	if (list->n != 8 || list->lifo[0].pfn % PB_WORD_NR)
		mc_violate("the list has no word");
	list->drained = 1;
}

static void flush_word(void)
{
	struct pb_pcp *pcp = pb_this_cpu_ptr(mc.zone->pcp);
	struct pb_pcp_list *list = pb_pcp_list(pcp, 3, PB_MOVABLE);

	if (!pb_pcp_enter(pcp))
		return;
	pb_zone_account_free(mc.zone, pb_flush_blocks(mc.zone, list, 8, 3, false));
	list->n -= 8;
	pb_pcp_leave(pcp);
}

static void zone_alloc6(void) { mc_zone_alloc(0, 6, PB_MOVABLE); }

static void word_indexed(void)
{
	if (pb_class_largest(mc.zone->ctl[0].index_class) < PB_WORD_ORDER)
		mc_violate("a word is free, and its pageblock is not in the index");
}

/* A checked block that two CPUs free, as free_checked.c does. One of the frees is a bug. */
static void checked_block(void)
{
	word_free();
	pb_set_checked(mc.pool, mc_pfn(0, 100));
}

static void free_checked(void)
{
	if (mc_free_checked(mc_pfn(0, 100)))
		mc.free++;
}

static void free_checked_drain(void)
{
	free_checked();
	pb_pcp_drain_local(mc.pool);
}

/*
 * A block with guards that two CPUs free, as the callers of guard.c do. One of the frees is a bug,
 * and is refused.
 */
#define OUTER	4

static void count_refused(struct pb_pool *pool, enum pb_bad bad, unsigned long pfn,
			  unsigned int order, unsigned int was)
{
	mc.got[6] = pfn;
}

static void guarded_block(void)
{
	mc_make_frames(16);
	mc_zone_alloc(0, OUTER, PB_MOVABLE);
	if (pb_guard_set(mc.pool, mc.got[0], OUTER, 0) != mc_pfn(0, 4))
		mc_violate("the guards are not where they should be");
	mc.pool->ops.bad = count_refused;
}

static void free_guarded(void)
{
	struct pb_guarded guarded;

	if (!pb_guard_find(mc.pool, mc_pfn(0, 4), 0, OUTER, &guarded))
		mc.got[6] = mc_pfn(0, 4);
	else if (pb_guard_free(mc.pool, &guarded) == PB_BAD_NONE)
		mc.free += 1L << OUTER;
}

static void one_refused(void)
{
	if (!mc_got(6))
		mc_violate("neither of two frees was refused");
}

/* Two frames of different words, each of which completes a block of order 1. */
static void neighbours_free(void)
{
	mc_make_frames(0);
	mc_free_frames(0, 1, 1);
	mc_free_frames(0, 193, 1);
}

static void free_apart_drain(void)
{
	mc_free(mc_pfn(0, 0), 0);
	mc_free(mc_pfn(0, 192), 0);
	pb_pcp_drain_local(mc.pool);
}

static void order1_found(void)
{
	if (pb_zone_alloc(mc.zone, 1, PB_MOVABLE, NULL) == PB_NO_PFN)
		mc_violate("the free block of order 1 is not found");
}

/* Takes the frames beside those of the first CPU, and gives them back. */
static void alloc_two_free_drain(void)
{
	alloc0_other();
	mc_alloc(2, 0, PB_MOVABLE);
	if (mc_got(1))
		mc_free(mc.got[1], 0);
	if (mc_got(2))
		mc_free(mc.got[2], 0);
	pb_pcp_drain_local(mc.pool);
}

static void two_all_free(void) { mc_make_pool(2); }

static void apart(void)
{
	if (mc_got(0) && mc_got(1) && !((mc.got[0] ^ mc.got[1]) >> PB_PAGEBLOCK_ORDER))
		mc_violate("two CPUs refill from one pageblock");
}

static const struct mc_scenario rows[] = {
	{ "drain_refill_free", almost_free, { alloc_free_drain, free_rest_drain }, 0,
	  pageblock_found },
	{ "cache_bounded", two_all_free, { alloc_free_mixed, alloc6 }, .always = bounded },
	{ "cache_bounded_refill", part_of_second_word_free, { alloc5, free_part_of_second_word },
	  .always = bounded },
	{ "drain_two_cpus", word_free, { free_two_drain, free_two_other_drain }, 0, order2_found },
	{ "drain_alloc", almost_free, { alloc0, drain }, 0, first_served },
	{ "drain_bulk_refill", half_word_free, { free_bulk_drain, alloc0 }, 0, first_served },
	{ "drain_bulk_order_6", half_word_free, { free_bulk_drain, alloc6 } },
	{ "drain_bulk_order_7", word_free, { free_bulk_drain, alloc7 } },
	{ "refill_two_cpus", all_free, { alloc0, alloc0_other }, 0, first_served },
	{ "refill_apart", two_all_free, { alloc0, alloc0_other }, 0, apart },
	{ "refill_order_9", all_free, { alloc0, alloc9 } },
	{ "refill_bulk", word_free, { alloc_bulk, free_two_drain } },
	{ "refill_isolate", refilled, { alloc0, isolate } },
	{ "refill_frees_meanwhile", refilled, { alloc0, free_rest_of_word } },
	{ "decay_order_6", all_free, { free_order6, alloc0 }, 0, first_served },
	{ "drain_claimed", half_cached, { alloc_free_in_sections, drain_by_claim }, 0, unclaimed },
	{ "claim_ends", half_cached, { alloc_free_in_sections, unclaim }, 0, unclaimed },
	{ "deferred_drain", deferred, { drain_local, request9 }, 0, first_served },
	{ "flush_whole_word", word_in_list, { flush_word, zone_alloc6 }, 0, word_indexed },
	{ "flush_frames", neighbours_free, { free_apart_drain, alloc_two_free_drain }, 0,
	  order1_found },
	{ "checked_two_frees", checked_block, { free_checked, free_checked_drain } },
	{ "guard_two_frees", guarded_block, { free_guarded, free_guarded }, 0, one_refused },
};

MC_GROUP(mc_cache_group, rows);

/* Interrupts: actor 1 is one on the CPU of actor 0, at any access of it. */
static void two_free(void)
{
	mc_free(mc_pfn(0, 100), 0);
	mc_free(mc_pfn(0, 101), 0);
}

static void many_free(void)
{
	unsigned int i;

	for (i = 128; i < 128 + PB_LIFO_MAX + 4; i++)
		mc_free(mc_pfn(0, i), 0);
}

static void irq_alloc_free(void)
{
	alloc0_other();
	mc_free(mc_pfn(0, 210), 0);
}

static void irq_alloc_free_own(void)
{
	mc_alloc(1, 2, PB_MOVABLE);
	if (mc_got(1))
		mc_free(mc.got[1], 2);
}

static void irq_free(void) { mc_free(mc_pfn(0, 211), 0); }
static void irq_drain(void) { pb_pcp_drain_local(mc.pool); }
static void decay(void) { pb_pcp_decay_local(mc.pool); }

static void cached(void)
{
	word_free();
	pb_host_cpu = 0;
	pb_free(mc.pool, mc_pfn(0, 300), 0);
}

static const struct mc_scenario irq_rows[] = {
	{ "irq_cache_bounded", two_all_free, { alloc_free_mixed, irq_alloc_free_own }, BIT(1),
	  .always = bounded },
	{ "irq_drains_cache_bounded", two_all_free, { alloc_free_mixed, irq_drain }, BIT(1),
	  .always = bounded },

	{ "irq_in_alloc", cached, { alloc0, irq_alloc_free }, BIT(1), first_served },
	{ "irq_in_refill", word_free, { alloc0, irq_alloc_free }, BIT(1) },
	{ "irq_in_free", cached, { two_free, irq_alloc_free }, BIT(1) },
	{ "irq_in_flush", half_word_free, { many_free, irq_free }, BIT(1) },
	{ "irq_in_drain", cached, { irq_drain, irq_alloc_free }, BIT(1) },
	{ "irq_drains_alloc", cached, { alloc0, irq_drain }, BIT(1), first_served },
	{ "irq_drains_free", cached, { two_free, irq_drain }, BIT(1) },
	{ "irq_in_decay", cached, { decay, irq_alloc_free }, BIT(1) },
	{ "irq_in_bulk_alloc", word_free, { alloc_bulk, irq_alloc_free }, BIT(1) },
	{ "irq_in_bulk_free", half_word_free, { free_bulk_drain, irq_alloc_free }, BIT(1) },
	{ "irq_in_checked_free", checked_block, { free_checked, irq_alloc_free }, BIT(1) },
	{ "irq_two", cached, { alloc0, irq_free, irq_drain }, BIT(1) | BIT(2), first_served },
};

MC_GROUP(mc_irq_group, irq_rows);
