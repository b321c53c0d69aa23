// SPDX-License-Identifier: GPL-2.0-only
/* Scenarios of isolation, movable blocks, contiguous ranges and prezeroing. */
#include "core/alloc/alloc.h"
#include "core/alloc/take_off.h"
#include "core/cache/drain.h"
#include "core/cache/prezero.h"
#include "core/cache/zeroed.h"
#include "core/compact/compact_zone.h"
#include "core/compact/isolate.h"
#include "core/compact/migrate.h"
#include "core/compact/movable.h"
#include "core/compact/target.h"
#include "core/zone/zone.h"
#include "scenario.h"

static const struct pb_area pageblock = { .nr = 1, .frames = PB_PAGEBLOCK_NR };
static const struct pb_area word = { .nr = 1, .frames = PB_WORD_NR };

static void nothing_free(void) { mc_make_frames(0); }
static void one_free(void) { mc_make_frames(1); }
static void one_free_more(void) { mc_make_frames(6); }
static void word_but_two_free(void) { mc_make_frames(62); }
static void half_free(void) { mc_make_frames(256); }
static void all_free(void) { mc_make_pool(1); }
static void two_free(void) { mc_make_pool(2); }
static void free_area(void) { mc_make_cma_pool(1); }

static void isolated(void)
{
	nothing_free();
	pb_area_isolate(mc.zone, &pageblock);
}

static void alloc0(void) { mc_zone_alloc(0, 0, PB_MOVABLE); }
static void alloc9(void) { mc_zone_alloc(0, 9, PB_MOVABLE); }
static void cached_alloc9(void) { mc_alloc(0, 9, PB_MOVABLE); }
static void cached_alloc0(void) { mc_alloc(0, 0, PB_MOVABLE); }
static void scan9(void) { mc_scan_flags(0, 9, PB_MOVABLE, PB_ALLOC_CMA); }
static void scan3(void) { mc_scan_flags(0, 3, PB_MOVABLE, PB_ALLOC_CMA); }
static void alloc3(void) { mc_alloc(1, 3, PB_UNMOVABLE); }
static void free400(void) { mc_zone_free(mc_pfn(0, 400), 0); }
static void isolate(void) { pb_area_isolate(mc.zone, &pageblock); }
static void unisolate_as(void) { pb_area_unisolate_as(mc.zone, &pageblock, PB_UNMOVABLE); }

static void isolate_unisolate(void)
{
	if (pb_area_isolate(mc.zone, &pageblock))
		pb_area_unisolate(mc.zone, &pageblock);
}

static void isolate_convert(void)
{
	if (pb_area_isolate(mc.zone, &pageblock))
		pb_area_unisolate_as(mc.zone, &pageblock, PB_UNMOVABLE);
}

static void almost_free_isolated(void)
{
	mc_make_frames(509);
	pb_area_isolate(mc.zone, &pageblock);
}

static void take_pageblock(void)
{
	if (pb_area_alloc(mc.zone, &pageblock, NULL))
		return;
	*pb_order_map(mc.pool, mc_pfn(0, 0)) = PB_PAGEBLOCK_ORDER + 1;
	mc.free -= PB_PAGEBLOCK_NR;
}

static void free509(void) { mc_zone_free(mc_pfn(0, 509), 0); }
static void free_last_two(void) { mc_zone_free(mc_pfn(0, 510), 1); }
static void unisolate(void) { pb_area_unisolate(mc.zone, &pageblock); }

static void free_two(void)
{
	mc_free(mc_pfn(0, 62), 0);
	mc_free(mc_pfn(0, 63), 0);
	pb_pcp_drain_local(mc.pool);
}

static void take_word(void)
{
	if (!pb_area_isolate(mc.zone, &word))
		return;
	if (!pb_area_alloc(mc.zone, &word, NULL)) {
		*pb_order_map(mc.pool, mc_pfn(0, 0)) = PB_WORD_ORDER + 1;
		mc.free -= PB_WORD_NR;
	}
	pb_area_unisolate(mc.zone, &word);
}

static void indexed(void)
{
	if (pb_zone_alloc(mc.zone, 0, PB_MOVABLE, NULL) == PB_NO_PFN &&
	    pb_zone_alloc(mc.zone, 0, PB_UNMOVABLE, NULL) == PB_NO_PFN)
		mc_violate("the free frame is not found");
}

/* The pageblock of a contiguous area keeps its type, isolated or not. */
static void stays_area(void)
{
	if (!pb_entry_is_cma(pb_dir_entry(mc.pool, mc_pfn(0, 0))->value))
		mc_violate("the pageblock has left the contiguous area");
}

/* One movable block, at mc_pfn(0, 0) or where the allocation put it. */
static unsigned long block;

static void movable_block(void)
{
	struct pb_request rq = { .migratetype = PB_MOVABLE, .highest_zone = PB_ZONE_MOVABLE };

	mc_make_pool(1);
	block = pb_alloc(mc.pool, &rq, NULL);
	pb_movable_set(mc.pool, block);
	mc_drain_all();
}

static void owner_frees(void) { mc_free(block, 0); }

static void owner_clears(void)
{
	if (!pb_movable_clear(mc.pool, block))
		mc.got[7] = block;
}

static void owner_clears_frees(void)
{
	pb_movable_clear(mc.pool, block);
	owner_frees();
}

static void mover(void)
{
	if (!pb_movable_isolate(mc.pool, block, 0))
		return;
	if (pb_movable_putback(mc.pool, block))
		return;
	/* The owner freed it meanwhile, and left the frame to this actor. */
	xchg(pb_order_map(mc.pool, block), 0);
	pb_zone_free(mc.zone, block, 0);
}

/* Whether ops->release has kept the block, which another user refers to until then. */
static bool kept(void) { return mc_got(6); }

static enum pb_release keep_once(struct pb_pool *pool, unsigned long pfn, unsigned int order)
{
	if (kept())
		return PB_RELEASE_FREE;
	pb_keep_allocated(pool, pfn, order);
	smp_mb();	/* as llist_add() */
	mc.got[6] = pfn;
	return PB_RELEASE_KEPT;
}

static void checked_block(void)
{
	movable_block();
	pb_set_checked(mc.pool, block);
	mc.pool->ops.release = keep_once;
}

static void owner_frees_checked(void) { pb_free(mc.pool, block, 0); }

static void mover_of_checked(void)
{
	if (!pb_movable_isolate(mc.pool, block, 0) || pb_movable_putback(mc.pool, block) ||
	    pb_release(mc.pool, block, 0, *pb_order_map(mc.pool, block)) != PB_RELEASE_FREE)
		return;
	mc_violate("a block with another user is freed");
}

/* As the work item of the quarantine. */
static void free_kept(void)
{
	if (kept())
		mc_free(block, 0);
}

static void is_kept(void)
{
	if (!kept())
		mc_violate("the free did not ask for the block");
	if (pb_page_order(mc.pool, block) < 0 && !mc.free)
		mc_violate("a block with another user is free");
}

static void stays_movable(void)
{
	if (!mc_got(7) && !(*pb_order_map(mc.pool, block) & PB_FRAME_MOVABLE))
		mc_violate("the block is not movable any more");
	if (*pb_order_map(mc.pool, block) & PB_FRAME_ISOLATED)
		mc_violate("the block is still isolated");
}

static void contig(int n, unsigned long pages)
{
	struct pb_request rq = { .migratetype = PB_MOVABLE, .highest_zone = PB_ZONE_MOVABLE };

	mc.got[n] = pb_alloc_contig(mc.pool, &rq, pages, NULL);
	if (mc_got(n))
		mc.free -= pages;
}

static void contig_free(void)
{
	contig(2, 70);
	if (!mc_got(2))
		return;
	pb_free_contig(mc.pool, mc.got[2], 70);
	mc.free += 70;
}

static void contig_stay(void) { contig(3, 70); }
static void contig_stay_other(void) { contig(4, 70); }

static unsigned long reclaim(struct pb_pool *pool, const struct pb_request *rq, int priority,
			     unsigned long nr_pages)
{
	mc_violate("memory is reclaimed that caches hold");
	return 0;
}

/* Pageblock 0 is free, but for frames in the lists of CPUs 1 and 2; pageblock 1 is allocated. */
static void cached_by_others(void)
{
	struct pb_request rq = { .migratetype = PB_MOVABLE, .highest_zone = PB_ZONE_MOVABLE };
	unsigned long pfn;

	mc_make_pool(2);
	mc_fill(PB_MOVABLE);
	mc_free_frames(1, 0, 0);
	mc_zone_free(mc_pfn(0, 0), PB_PAGEBLOCK_ORDER);
	mc.pool->ops.reclaim = reclaim;
	for (pb_host_cpu = 1; pb_host_cpu <= 2; pb_host_cpu++) {
		pfn = pb_alloc(mc.pool, &rq, NULL);
		pb_free(mc.pool, pfn, 0);
	}
	pb_host_cpu = 0;
}

static void contig_pageblock(void)
{
	struct pb_request rq = { .migratetype = PB_MOVABLE, .highest_zone = PB_ZONE_MOVABLE,
				 .flags = PB_ALLOC_WAIT };

	mc.got[3] = pb_alloc_contig(mc.pool, &rq, PB_PAGEBLOCK_NR, NULL);
	if (mc_got(3))
		mc.free -= PB_PAGEBLOCK_NR;
}

static void free_two_in_second(void)
{
	mc_free(mc_pfn(1, 7), 0);
	mc_free(mc_pfn(1, 70), 0);
}

static void drain_local(void) { pb_pcp_drain_local(mc.pool); }
static void contig_served(void) { mc_must_get(3, "a pageblock was free or cached throughout"); }

static void free_contig(void)
{
	pb_free_contig(mc.pool, mc_pfn(0, 300), 100);
	mc.free += 100;
}

static void contigs_served(void)
{
	mc_must_get(3, "a pageblock was free throughout");
	mc_must_get(4, "a pageblock was free throughout");
}

static void zero(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages)
{
}

static void setup_prezero(void)
{
	mc_make_pool(2);
	mc.pool->ops.zero = zero;
	mc.pool->prezero_percent = 100;
	mc_fill(PB_MOVABLE);
	pb_free(mc.pool, mc_pfn(0, 0), PB_PAGEBLOCK_ORDER);
	mc_drain_all();
	mc_free_frames(1, 0, 0);
}

static void prezero(void)
{
	struct pb_prezero run;

	pb_prezero_start(&run, mc.zone);
	pb_prezero_next(&run);
}

static void alloc_zeroed(void)
{
	bool zeroed = false;
	struct pb_request rq = { .order = 4, .migratetype = PB_MOVABLE, .zeroed = &zeroed,
				 .highest_zone = PB_ZONE_MOVABLE };

	mc.got[0] = pb_alloc(mc.pool, &rq, NULL);
	if (mc_got(0))
		mc.free -= 1L << 4;
}

/* Half words of the first pageblock without a write since they were zeroed, one bit each. */
#define HALF		(PB_WORD_NR / 2)
#define CLEAN		(mc.got[MC_NR_GOT - 1])		/* at first all are set, as PB_NO_PFN */

/* A pageblock that is free and known to be zero, and a used one. */
static void setup_zeroed_word(void)
{
	setup_prezero();
	prezero();
}

/* Takes half of a word, checks what is known of it, writes to it and frees it. */
static void use_half_word(void)
{
	unsigned long pfn, bit;
	bool zeroed;

	preempt_disable();
	pfn = pb_zone_alloc(mc.zone, PB_WORD_ORDER - 1, PB_MOVABLE, NULL);
	zeroed = pfn != PB_NO_PFN && pb_zeroed_test_and_clear(mc.zone, pfn, HALF);
	preempt_enable();
	if (pfn == PB_NO_PFN)
		return;
	bit = BIT(pb_frame_in_pageblock(pfn) / HALF);
	if (zeroed && !(CLEAN & bit))
		mc_violate("pfn %#lx was written to and is taken for zero", pfn);
	CLEAN &= ~bit;
	preempt_disable();
	pb_zone_free(mc.zone, pfn, PB_WORD_ORDER - 1);
	preempt_enable();
}

static void setup_prezero_two(void)
{
	mc_make_pool(2);
	mc.pool->ops.zero = zero;
	mc.pool->prezero_percent = 100;
}

static void alloc10_waiting(void) { mc_alloc_flags(3, 10, PB_MOVABLE, PB_ALLOC_WAIT); }

static void contig_waiting(void)
{
	struct pb_request rq = { .migratetype = PB_MOVABLE, .highest_zone = PB_ZONE_MOVABLE,
				 .flags = PB_ALLOC_WAIT };

	mc.got[3] = pb_alloc_contig(mc.pool, &rq, 2 * PB_PAGEBLOCK_NR, NULL);
	if (mc_got(3))
		mc.free -= 2 * PB_PAGEBLOCK_NR;
}

static void two_served(void) { mc_must_get(3, "both pageblocks were free or being zeroed"); }

static void alloc_unmovable(void) { mc_alloc(1, 0, PB_UNMOVABLE); }

static void free_contig_other(void)
{
	pb_free_contig(mc.pool, mc_pfn(1, 0), PB_WORD_NR);
	mc.free += PB_WORD_NR;
}

#define NR_MOVABLE	8

/* Where the movable frames are; 0: their owner has freed one. In the arena, as runs change it. */
static unsigned long *place;

/* The owner's callback: switches to the target, unless the block is freed. */
static int switch_one(struct pb_pool *pool, unsigned long src, unsigned long dst,
		      unsigned int order, int mode)
{
	unsigned int i;

	for (i = 0; i < NR_MOVABLE; i++) {
		if (!place[i] || place[i] != src)
			continue;
		place[i] = dst;
		return 0;
	}
	return -EAGAIN;
}

static void switch_place(struct pb_pool *pool, struct pb_migration *m)
{
	pb_migrate_each(pool, m, switch_one);
}

/* Movable frames in a word of the second pageblock, and as many free frames in the first one. */
static void make_movable(unsigned int nr)
{
	unsigned int i;

	mc_make_pool(2);
	mc_fill(PB_MOVABLE);
	mc_free_frames(0, 8, nr);
	mc_free_frames(1, nr, PB_WORD_NR - nr);
	place = pb_host_alloc(NR_MOVABLE * sizeof(*place));
	for (i = 0; i < nr; i++) {
		place[i] = mc_pfn(1, i);
		pb_movable_set(mc.pool, place[i]);
	}
	mc.pool->ops.migrate = switch_place;
}

static void two_movable(void) { make_movable(2); }

/* Their states change together. */
static void eight_movable(void) { make_movable(8); }

/* Eight frames of a word are free, and a block for a target in the same word. */
static void free_target(void)
{
	mc_make_frames(8);
	mc_free_frames(0, 16, 16);
}

static void make_and_free_target(void)
{
	struct pb_request rq = { .order = 4, .migratetype = PB_MOVABLE };
	struct pb_compact_blocks target = {
		.pfn = mc_pfn(0, 0), .heads = BIT_ULL(16), .order = 4,
	};

	if (pb_zone_alloc(mc.zone, 4, PB_MOVABLE, &rq) != mc_pfn(0, 16))
		return;
	if (pb_movable_make_many(pb_order_map(mc.pool, target.pfn), target.heads, 4) !=
	    target.heads)
		mc_violate("the frames of the target are in use");
	pb_compact_free_blocks(mc.zone, &target);
}

static void empty_word(void)
{
	const struct pb_area area = { .first = 1, .nr = 1, .frames = PB_WORD_NR };
	struct pb_compact_control cc;

	pb_compact_control_init(&cc, mc.zone, PB_WORD_ORDER, PB_MIGRATE_ASYNC);
	cc.limit = PB_NR_FULLNESS - 1;
	pb_compact_area(&cc, &area, NULL);
}

static void owner_frees_place(unsigned int i)
{
	unsigned long pfn = place[i];

	place[i] = 0;
	mc_free(pfn, 0);
}

static void owner_frees_first(void) { owner_frees_place(0); }

static void owner_frees_both(void)
{
	owner_frees_place(1);
	owner_frees_place(0);
}

/* The owner pins a block: it stays where the owner has found it, unless it was being migrated. */
static void owner_pins_first(void)
{
	unsigned long pfn = place[0];

	if (!pb_movable_clear(mc.pool, pfn))
		mc.got[7] = pfn;
}

static void pinned_stays(void)
{
	if (mc_got(7) && (place[0] != mc.got[7] || *pb_order_map(mc.pool, place[0]) != 1))
		mc_violate("a block has moved though it is not movable");
}

static void take_off(void)
{
	if (!pb_take_page_off(mc.pool, mc_pfn(0, 5)))
		return;
	mc.got[5] = mc_pfn(0, 5);
	mc.free--;
}

static void take_off_free(void)
{
	take_off();
	if (mc.got[5] == mc_pfn(0, 5))
		mc_free(mc.got[5], 0);
}

static const struct mc_scenario rows[] = {
	{ "compact_free", two_movable, { empty_word, owner_frees_both } },
	{ "compact_free_alloc", two_movable, { empty_word, owner_frees_first, cached_alloc0 } },
	{ "compact_group_free", eight_movable, { empty_word, owner_frees_both } },
	{ "compact_group_clear", eight_movable, { empty_word, owner_pins_first }, 0,
	  pinned_stays },
	{ "compact_target_alloc", free_target, { make_and_free_target, alloc0 } },
	{ "isolate_free", nothing_free, { isolate, free400 } },
	{ "isolate_unisolate_free", isolated, { unisolate_as, free400 }, 0, indexed },
	{ "isolate_alloc_free", one_free, { alloc0, isolate_unisolate, free400 } },
	{ "isolate_alloc", half_free, { alloc0, isolate } },
	{ "isolate_take_pageblock", almost_free_isolated,
	  { take_pageblock, free509, free_last_two } },
	{ "isolate_order_9_end", all_free, { alloc9, isolate, unisolate } },
	{ "isolate_order_9", all_free, { alloc9, isolate_convert } },
	{ "isolate_area_scan", free_area, { scan9, isolate, unisolate }, 0, stays_area },
	{ "isolate_area_scan_3", free_area, { scan3, isolate, unisolate }, 0, stays_area },
	{ "isolate_isolate", one_free, { isolate_unisolate, isolate_convert, free400 }, 0,
	  indexed },
	{ "take_off_isolate", half_free, { take_off, isolate_unisolate } },
	{ "take_off_take_word", half_free, { take_word, take_off } },
	{ "take_off_alloc_free", one_free_more, { take_off_free, alloc0, free400 } },
	{ "take_off_area", free_area, { take_off_free, isolate, unisolate }, 0, stays_area },
	{ "isolate_fallback", half_free, { isolate_unisolate, alloc_unmovable } },
	{ "isolate_take_free", word_but_two_free, { take_word, free_two } },
	{ "isolate_take_alloc", half_free, { take_word, cached_alloc0 } },
	{ "movable_free", movable_block, { mover, owner_frees } },
	{ "movable_clear", movable_block, { mover, owner_clears }, 0, stays_movable },
	{ "movable_clear_free", movable_block, { mover, owner_clears_frees } },
	{ "movable_two_movers", movable_block, { mover, mover, owner_frees } },
	{ "checked_free", checked_block, { mover_of_checked, owner_frees_checked, free_kept }, 0,
	  is_kept },
	{ "contig_alloc", half_free, { contig_free, alloc3 } },
	{ "contig_free", half_free, { contig_free, free_contig } },
	{ "contig_cached", cached_by_others, { contig_pageblock, free_two_in_second }, 0,
	  contig_served },
	{ "contig_drain", cached_by_others, { contig_pageblock, drain_local }, 0,
	  contig_served },
	{ "contig_contig", two_free, { contig_stay, contig_stay_other }, 0, contigs_served },
	{ "contig_fallback", two_free, { contig_stay, alloc_unmovable } },
	{ "contig_isolate", two_free, { contig_stay, isolate_unisolate } },
	{ "prezero_alloc", setup_prezero, { prezero, alloc_zeroed } },
	{ "zeroed_word", setup_zeroed_word, { use_half_word, use_half_word, use_half_word } },
	{ "prezero_free", setup_prezero, { prezero, free_contig_other } },
	{ "zeroed_alloc_free", setup_prezero, { alloc_zeroed, free_contig_other } },
	{ "prezero_order_9", setup_prezero, { prezero, cached_alloc9 } },
	{ "prezero_order_10", setup_prezero_two, { prezero, alloc10_waiting }, 0, two_served },
	{ "prezero_contig", setup_prezero_two, { prezero, contig_waiting }, 0, two_served },
	{ "prezero_fallback", setup_prezero, { prezero, alloc_unmovable } },
	{ "prezero_isolate", setup_prezero, { prezero, isolate_unisolate } },
};

MC_GROUP(mc_compact_group, rows);
