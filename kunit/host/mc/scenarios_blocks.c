// SPDX-License-Identifier: GPL-2.0-only
/* Scenarios of several blocks at once: their allocation and free, and the index of pageblocks. */
#include "core/alloc/alloc.h"
#include "core/cache/cluster.h"
#include "core/cache/drain.h"
#include "core/cache/pcp.h"
#include "core/cache/prezero.h"
#include "core/cache/zeroed.h"
#include "core/compact/isolate.h"
#include "core/index/updates.h"
#include "core/pool/move.h"
#include "core/zone/apart.h"
#include "core/zone/blocks.h"
#include "core/zone/zone.h"
#include "scenario.h"

static const struct pb_area first_pageblock = { .nr = 1, .frames = PB_PAGEBLOCK_NR };

static void two_free(void) { mc_make_pool(2); }
static void four_free(void) { mc_make_pool(4); }

static void alloc_blocks(unsigned int order, unsigned int nr)
{
	struct pb_request rq = { .order = order, .migratetype = PB_MOVABLE,
				 .highest_zone = PB_ZONE_MOVABLE };
	struct pb_pcp_entry entries[4];
	unsigned int got = pb_zone_alloc_blocks(mc.zone, &rq, nr, entries), i;

	for (i = 0; i < got; i++)
		*entries[i].order_map = order + 1;
	mc.free -= (long)got << order;
	if (got)
		mc.got[7] = entries[0].pfn;
}

static void blocks9(void) { alloc_blocks(9, 2); }
static void blocks9_all(void) { alloc_blocks(9, 4); }
static void blocks10(void) { alloc_blocks(10, 2); }
static void blocks7(void) { alloc_blocks(7, 2); }
static void alloc9(void) { mc_zone_alloc(0, 9, PB_MOVABLE); }
static void alloc0(void) { mc_zone_alloc(1, 0, PB_MOVABLE); }
static void alloc6(void) { mc_zone_alloc(2, 6, PB_MOVABLE); }
static void isolate(void) { pb_area_isolate(mc.zone, &first_pageblock); }

static void isolate_unisolate(void)
{
	if (pb_area_isolate(mc.zone, &first_pageblock))
		pb_area_unisolate(mc.zone, &first_pageblock);
}

static void partly_free(void)
{
	mc_make_pool(1);
	mc_fill(PB_MOVABLE);
	mc_free_frames(0, 0, 448);
}

static void free_last_word(void) { mc_zone_free(mc_pfn(0, 448), 6); }

static void blocks_served(void) { mc_must_get(7, "blocks were free throughout"); }

/* The first CPU may cache several blocks of order 9. */
static void two_free_cached(void)
{
	struct pb_pcp *pcp;

	two_free();
	pcp = pb_per_cpu_ptr(mc.zone->pcp, 0);
	pcp->high = 8 * PB_PAGEBLOCK_NR;
	pb_pcp_set_limit(pcp, pb_pcp_list(pcp, 9, PB_MOVABLE), 9);
	pcp->high = 16 * PB_PAGEBLOCK_NR;	/* half for lists of other orders */
	mc.zone->pcp_high_max = pcp->high;
}

/* One of two pageblocks is for requests that may use the reserve. */
static void two_free_at_the_mark(void)
{
	two_free_cached();
	mc.zone->watermark[PB_WMARK_MIN] = PB_PAGEBLOCK_NR;
	pb_zone_update_fast_watermark(mc.zone);
}

static void zero(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages)
{
}

static void two_free_prezero(void)
{
	two_free_cached();
	mc.pool->ops.zero = zero;
	mc.pool->prezero_percent = 100;
}

static void refill9(void) { mc_alloc(3, 9, PB_MOVABLE); }
static void alloc9_below(void) { mc_alloc_flags(4, 9, PB_MOVABLE, PB_ALLOC_NO_WATERMARKS); }
static void reserve_served(void) { mc_must_get(4, "a pageblock was free throughout"); }

static void prezero(void)
{
	struct pb_prezero run;

	pb_prezero_start(&run, mc.zone);
	pb_prezero_next(&run);
}

/* Pageblocks without a write since they were zeroed, one bit each. */
#define CLEAN		(mc.got[MC_NR_GOT - 1])		/* at first all are set, as PB_NO_PFN */

/* Two pageblocks that are known to be zero; the first CPU may cache both. */
static void two_zeroed(void)
{
	struct pb_prezero run;

	two_free_prezero();
	pb_prezero_start(&run, mc.zone);
	while (pb_prezero_next(&run))
		;
}

/* One of them is for requests that may use the reserve. */
static void two_zeroed_at_the_mark(void)
{
	two_zeroed();
	mc.zone->watermark[PB_WMARK_MIN] = PB_PAGEBLOCK_NR;
	pb_zone_update_fast_watermark(mc.zone);
}

static void check_clean(unsigned long pfn)
{
	if (!(CLEAN & BIT(pb_pageblock_index(mc.zone, pfn))))
		mc_violate("pfn %#lx was written to and is taken for zero", pfn);
}

static void alloc_zeroed(unsigned int order, enum pb_migratetype mt)
{
	bool zeroed = false;
	struct pb_request rq = { .order = order, .migratetype = mt, .zeroed = &zeroed,
				 .highest_zone = PB_ZONE_MOVABLE };

	mc.got[0] = pb_alloc(mc.pool, &rq, NULL);
	if (!mc_got(0))
		return;
	mc.free -= 1L << order;
	if (zeroed)
		check_clean(mc.got[0]);
}

/* Allocates one, and caches the other. */
static void refill9_zeroed(void) { alloc_zeroed(9, PB_MOVABLE); }

/* From pageblocks that are converted. */
static void refill9_converted(void) { alloc_zeroed(9, PB_UNMOVABLE); }
static void refill0_converted(void) { alloc_zeroed(0, PB_UNMOVABLE); }

/* All words of one of them. */
static void refill0_zeroed(void) { alloc_zeroed(0, PB_MOVABLE); }

/* Takes a pageblock, writes to it and frees it. */
static void use9(void)
{
	unsigned long pfn;

	preempt_disable();
	pfn = pb_zone_alloc(mc.zone, 9, PB_MOVABLE, NULL);
	if (pfn != PB_NO_PFN) {
		if (pb_zeroed_test_and_clear(mc.zone, pfn, PB_PAGEBLOCK_NR))
			check_clean(pfn);
		CLEAN &= ~BIT(pb_pageblock_index(mc.zone, pfn));
		pb_zone_free(mc.zone, pfn, 9);
	}
	preempt_enable();
}

/* All caches are drained. */
static void zeroed_are_clean(void)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (pb_zeroed_all(mc.zone, pb_pageblock_index(mc.zone, mc_pfn(i, 0))))
			check_clean(mc_pfn(i, 0));
}

/* Two pageblocks, each an allocated block of order 9. */
static void two_used(void)
{
	mc_make_pool(2);
	mc_fill(PB_MOVABLE);
}

/* The same, and the first one isolated. */
static void two_used_isolated(void)
{
	two_used();
	pb_area_isolate(mc.zone, &first_pageblock);
}

static void unisolate(void) { pb_area_unisolate(mc.zone, &first_pageblock); }

static void free_blocks(unsigned int order, unsigned int nr)
{
	struct pb_pcp_entry entries[4];
	unsigned int i;

	for (i = 0; i < nr; i++) {
		entries[i].pfn = mc_pfn(0, 0) + (i << order);
		entries[i].order_map = pb_order_map(mc.pool, entries[i].pfn);
		*entries[i].order_map = 0;
	}
	pb_zone_free_blocks(mc.zone, entries, nr, order);
	mc.free += (long)nr << order;
}

static void free_block9(void) { free_blocks(9, 1); }
static void free_blocks9(void) { free_blocks(9, 2); }

/* As compaction and the refill of a zeroed block do, without a look at the index. */
static void alloc_at(unsigned int order)
{
	unsigned long pfn = pb_zone_alloc_block_at(mc.zone, 0, order, 0, BIT(PB_MOVABLE), NULL);

	if (pfn == PB_NO_PFN)
		return;
	*pb_order_map(mc.pool, pfn) = order + 1;
	mc.free -= 1L << order;
}

static void alloc6_at(void) { alloc_at(6); }
static void alloc8_at(void) { alloc_at(8); }

/*
 * A pageblock of which no frame is free, and from which the second CPU refills next. No update is
 * in progress, nor was one since a scan has seen that.
 */
static void used_and_current(void)
{
	mc_make_frames(1);
	pb_host_cpu = 1;
	mc_alloc(0, 0, PB_MOVABLE);
	pb_host_cpu = 0;
	pb_move_join(mc.pool, mc_pfn(0, 0));
	pb_touched_clean(mc.zone);
}

/* Frees what it has allocated, and finds it again. */
static void refill_drain_scan(void)
{
	mc_alloc(5, 0, PB_MOVABLE);
	if (!mc_got(5))
		return;
	mc_free(mc.got[5], 0);
	pb_pcp_drain_local(mc.pool);
	mc_scan(5, 0, PB_MOVABLE);
	mc_must_get(5, "the frames that this actor has freed are free");
}

/* A zone in which each CPU may have a cluster, also after another one has filled its credit. */
static void five_clusters(void)
{
	mc_make_pool(5 * PB_CLUSTER_NR);
	mc.zone->credit_shift = 1;
}

static void refill_movable(void) { mc_alloc(0, 0, PB_MOVABLE); }
static void refill_movable_other(void) { mc_alloc(1, 0, PB_MOVABLE); }
static void refill_unmovable(void) { mc_alloc(2, 0, PB_UNMOVABLE); }
static void refill_unmovable_other(void) { mc_alloc(4, 0, PB_UNMOVABLE); }

static unsigned long cluster_of(int n)
{
	return pb_pageblock_index(mc.zone, mc.got[n]) / PB_CLUSTER_NR;
}

static void clusters_apart(void)
{
	mc_must_get(0, "a cluster is free");
	mc_must_get(1, "a cluster is free");
	if (mc_got(0) && mc_got(1) && cluster_of(0) == cluster_of(1))
		mc_violate("two CPUs refill from one cluster");
}

static void types_apart(void)
{
	mc_must_get(0, "a cluster is free");
	mc_must_get(2, "a cluster is free");
	if (mc_got(0) && mc_got(2) && !((mc.got[0] ^ mc.got[2]) >> PB_PAGEBLOCK_ORDER))
		mc_violate("two types are in one pageblock");
}

/* The same, and both CPUs take free pageblocks at their places. */
static void five_clusters_met(void)
{
	int cpu;

	five_clusters();
	for (cpu = 0; cpu < 2; cpu++)
		pb_per_cpu_ptr(mc.zone->credit, cpu)->apart = PB_APART_SEARCHES;
}

static void alloc9_other(void) { mc_zone_alloc(5, 9, PB_MOVABLE); }

static void both9_served(void)
{
	mc_must_get(0, "pageblocks were free throughout");
	mc_must_get(5, "pageblocks were free throughout");
}

static const struct mc_scenario rows[] = {
	{ "blocks_9_9", four_free, { blocks9_all, alloc9 }, 0, blocks_served },
	{ "blocks_9_0", two_free, { blocks9, alloc0 } },
	{ "blocks_10_9", four_free, { blocks10, alloc9 }, 0, blocks_served },
	{ "blocks_10_0", four_free, { blocks10, alloc0 }, 0, blocks_served },
	{ "blocks_9_isolate", two_free, { blocks9, isolate }, 0, blocks_served },
	{ "blocks_9_isolate_end", two_free, { blocks9, isolate_unisolate }, 0, blocks_served },
	{ "blocks_7_6", partly_free, { blocks7, alloc6 } },
	{ "blocks_7_free", partly_free, { blocks7, free_last_word }, 0, blocks_served },
	{ "blocks_near_watermark", two_free_at_the_mark, { refill9, alloc9_below }, 0,
	  reserve_served },
	{ "blocks_free_9", two_used, { free_blocks9, alloc9 } },
	{ "blocks_free_6", two_used, { free_blocks9, alloc6_at } },
	{ "blocks_free_8_8", two_used, { free_block9, alloc8_at, alloc8_at } },
	{ "blocks_free_isolate", two_used, { free_blocks9, isolate } },
	{ "blocks_free_isolate_end", two_used_isolated, { free_blocks9, unisolate } },
	{ "blocks_free_scan", used_and_current, { free_block9, refill_drain_scan } },
	{ "blocks_prezero", two_free_prezero, { refill9, prezero } },
	{ "blocks_zeroed", two_zeroed, { refill9_zeroed, use9 }, 0, zeroed_are_clean },
	{ "blocks_zeroed_at_the_mark", two_zeroed_at_the_mark, { refill9_zeroed, alloc9_below }, 0,
	  reserve_served },
	{ "blocks_zeroed_isolate", two_zeroed, { refill9_zeroed, isolate_unisolate }, 0,
	  zeroed_are_clean },
	{ "words_zeroed", two_zeroed, { refill0_zeroed, use9 }, 0, zeroed_are_clean },
	{ "words_zeroed_isolate", two_zeroed, { refill0_zeroed, isolate_unisolate }, 0,
	  zeroed_are_clean },
	{ "blocks_converted", two_zeroed, { refill9_converted, use9 }, 0, zeroed_are_clean },
	{ "blocks_converted_isolate", two_zeroed, { refill9_converted, isolate_unisolate }, 0,
	  zeroed_are_clean },
	{ "word_converted", two_zeroed, { refill0_converted, use9 }, 0, zeroed_are_clean },
	{ "word_converted_isolate", two_zeroed, { refill0_converted, isolate_unisolate }, 0,
	  zeroed_are_clean },
	{ "clusters", five_clusters, { refill_movable, refill_movable_other }, 0, clusters_apart },
	{ "cluster_isolate", five_clusters, { refill_movable, isolate_unisolate } },
	{ "cluster_9", five_clusters, { refill_movable, alloc9_other } },
	{ "clusters_converted", five_clusters, { refill_movable, refill_unmovable }, 0,
	  types_apart },
	{ "clusters_converted_two", five_clusters, { refill_unmovable, refill_unmovable_other } },
	{ "cluster_converted_isolate", five_clusters, { refill_unmovable, isolate_unisolate } },
	{ "apart_9_9", five_clusters_met, { alloc9, alloc9_other }, 0, both9_served },
	{ "apart_blocks_9", five_clusters_met, { blocks9, alloc9_other }, 0, blocks_served },
	{ "irq_in_blocks_alloc", four_free, { blocks9_all, alloc9 }, BIT(1), blocks_served },
	{ "irq_in_blocks_free", two_used, { free_blocks9, alloc6_at }, BIT(1) },
	{ "irq_in_blocks_free_8_8", two_used, { free_block9, alloc8_at, alloc8_at },
	  BIT(1) | BIT(2) },
	{ "irq_in_blocks_free_isolate", two_used, { free_blocks9, isolate }, BIT(1) },
};

MC_GROUP(mc_blocks_group, rows);
