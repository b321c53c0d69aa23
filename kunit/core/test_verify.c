// SPDX-License-Identifier: GPL-2.0-only
/*
 * verify.c must detect each violation of an invariant. A case builds a sound pool (a scene),
 * breaks one invariant directly in memory, and expects pb_verify() to report an error. Other
 * cases expect no report for states that are allowed.
 */
#include "core/base/pfn.h"
#include "core/cache/freelist.h"
#include "core/index/bitmap.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "fixture.h"

/* A pool with allocated blocks, cached blocks, and free blocks of several orders. */
struct scene {
	struct pt_fixture	*f;
	struct pb_zone		*zone;
	unsigned long		order0, order3, order9;	/* allocated */
	unsigned long		cached;			/* a frame in this CPU's list */
	unsigned long		free_index;		/* index of a free pageblock */
	struct pb_pcp		*pcp;
	struct pb_pcp_list	*list;			/* order 0, movable */
};

static u8 *byte(struct scene *s, unsigned long pfn)
{
	return pb_order_map(&s->f->pool, pfn);
}

static atomic64_t *word(struct scene *s, unsigned long pfn)
{
	return &pb_entry_pageblock(pb_dir_entry(&s->f->pool, pfn)->value)->free[pfn % 512 / 64];
}

static struct pb_bitmap *free_map(struct scene *s)
{
	return &s->zone->area[PB_MOVABLE].free_pageblocks;
}

static void plant_free_bit_under_block(struct scene *s)
{
	atomic64_or(BIT_ULL(s->order3 % 64), word(s, s->order3));
}

static void plant_free_bit_in_tail(struct scene *s)
{
	atomic64_or(BIT_ULL((s->order3 + 5) % 64), word(s, s->order3));
}

static void plant_free_bit_of_cached(struct scene *s)
{
	atomic64_or(BIT_ULL(s->cached % 64), word(s, s->cached));
}

static void plant_lost_frame(struct scene *s)
{
	unsigned long pfn = pb_pageblock_pfn(s->zone, s->free_index);

	atomic64_andnot(1, word(s, pfn));
}

static void plant_lost_frame_counted(struct scene *s)
{
	plant_lost_frame(s);
	atomic_long_dec(&s->zone->nr_free);
}

static void plant_order_on_free_frame(struct scene *s)
{
	*byte(s, pb_pageblock_pfn(s->zone, s->free_index) + 3) = 1;
}

static void plant_order_in_tail(struct scene *s)
{
	*byte(s, s->order3 + 2) = 1;
}

static void plant_order_of_cached(struct scene *s)
{
	*byte(s, s->cached) = 1;
}

static void plant_order_too_large(struct scene *s)
{
	*byte(s, s->order9) = PB_FRAME_FREED + PB_PAGEBLOCK_ORDER + 1;
}

static void plant_freed_but_not_moved(struct scene *s)
{
	*byte(s, s->order9) = PB_FRAME_FREED + 9;
}

static void plant_wrong_order(struct scene *s)
{
	*byte(s, s->order3) = 2 + 1;
}

static void plant_misaligned_order(struct scene *s)
{
	*byte(s, s->order9) = 18 + 1;
}

static void plant_forgotten_block(struct scene *s)
{
	*byte(s, s->order0) = 0;
}

static void plant_nr_free(struct scene *s)
{
	atomic_long_inc(&s->zone->nr_free);
}

static void plant_present_pages(struct scene *s)
{
	s->zone->present_pages += PB_PAGEBLOCK_NR;
}

static void plant_nr_free_cma(struct scene *s)
{
	atomic_long_inc(&s->zone->nr_free_cma);
}

static void plant_cma_pages(struct scene *s)
{
	s->zone->cma_pages += PB_PAGEBLOCK_NR;
}

static void plant_nr_reserved_highatomic(struct scene *s)
{
	atomic_long_add(PB_PAGEBLOCK_NR, &s->zone->nr_reserved_highatomic);
}

static void plant_class_hides(struct scene *s)
{
	pb_bitmap_clear(free_map(s), s->free_index);
	s->zone->ctl[s->free_index].index_class = 0;
}

static void plant_index_bit_missing(struct scene *s)
{
	pb_bitmap_clear(free_map(s), s->free_index);
}

static void plant_index_bit_too_many(struct scene *s)
{
	pb_bitmap_set(&s->zone->area[PB_MOVABLE].fullness[3], s->free_index);
}

static void plant_index_bit_of_other_type(struct scene *s)
{
	pb_bitmap_set(&s->zone->area[PB_RECLAIMABLE].free_pageblocks, s->free_index);
}

static void plant_index_bit_in_hole(struct scene *s)
{
	pb_bitmap_set(free_map(s), 1026 % 512);
}

static void plant_summary_clear(struct scene *s)
{
	clear_bit(s->free_index / 64, free_map(s)->level[1]);
}

static void plant_wrong_type(struct scene *s)
{
	pb_entry_set_migratetype(pb_dir_entry(&s->f->pool,
					      pb_pageblock_pfn(s->zone, s->free_index)),
				 PB_UNMOVABLE);
}

static void plant_update_left(struct scene *s)
{
	atomic_inc(&s->zone->ctl[s->free_index].update);
}

static void plant_pcp_forgotten(struct scene *s)
{
	s->list->n--;
}

static void plant_pcp_busy(struct scene *s)
{
	s->pcp->busy = 1;
}

static void plant_pcp_duplicate(struct scene *s)
{
	s->list->lifo[s->list->n] = s->list->lifo[0];
	s->list->n++;
}

/* One frame is in the list twice and another one is lost, so that all counts are right. */
static void plant_pcp_duplicate_for_lost(struct scene *s)
{
	s->list->lifo[1] = s->list->lifo[0];
}

static void plant_pcp_other_list(struct scene *s)
{
	struct pb_pcp_list *other = &s->pcp->list[0][PB_RECLAIMABLE];

	other->lifo[other->n++] = s->list->lifo[0];
}

static void plant_pcp_allocated(struct scene *s)
{
	s->list->lifo[0].pfn = s->order0;
}

static void plant_pcp_foreign(struct scene *s)
{
	s->list->lifo[0].pfn = PT_PAGEBLOCK(1026);
}

static void plant_pcp_nonsense(struct scene *s)
{
	s->list->lifo[0].pfn = ~0UL;
}

static void plant_pcp_free_mask(struct scene *s)
{
	s->list->mask_base = pb_pageblock_pfn(s->zone, s->free_index);
	s->list->mask = 1;
}

static void plant_pcp_list_too_long(struct scene *s)
{
	s->list->n = PB_LIFO_MAX + 1;
}

struct plant {
	const char *name;
	void (*plant)(struct scene *s);
};

#define PLANT(fn) { #fn, plant_##fn }

static const struct plant plants[] = {
	PLANT(free_bit_under_block), PLANT(free_bit_in_tail), PLANT(free_bit_of_cached),
	PLANT(lost_frame), PLANT(lost_frame_counted), PLANT(order_on_free_frame),
	PLANT(order_in_tail), PLANT(order_of_cached), PLANT(order_too_large), PLANT(wrong_order),
	PLANT(misaligned_order), PLANT(forgotten_block), PLANT(nr_free), PLANT(class_hides),
	PLANT(index_bit_missing), PLANT(index_bit_too_many), PLANT(index_bit_of_other_type),
	PLANT(index_bit_in_hole), PLANT(summary_clear), PLANT(wrong_type), PLANT(update_left),
	PLANT(pcp_forgotten), PLANT(pcp_busy), PLANT(pcp_duplicate), PLANT(pcp_duplicate_for_lost),
	PLANT(pcp_other_list), PLANT(pcp_allocated), PLANT(pcp_foreign), PLANT(pcp_nonsense),
	PLANT(pcp_free_mask), PLANT(pcp_list_too_long), PLANT(freed_but_not_moved),
	PLANT(present_pages), PLANT(nr_free_cma), PLANT(cma_pages), PLANT(nr_reserved_highatomic),
};

static void describe_plant(const struct plant *plant, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", plant->name);
}

KUNIT_ARRAY_PARAM(plants, plants, describe_plant);

static void make_scene(struct kunit *test, struct scene *s)
{
	unsigned long pfns[8];
	unsigned int i;

	s->f = pt_pool(test, &pt_holes);
	s->zone = pt_zone(s->f, 0, PB_ZONE_NORMAL);
	/* highest_zone NORMAL: all blocks come from the zone with holes. */
	for (i = 0; i < ARRAY_SIZE(pfns); i++) {
		struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

		rq.highest_zone = PB_ZONE_NORMAL;
		rq.order = i == 1 ? 3 : i == 2 ? 9 : 0;
		pfns[i] = pb_alloc(&s->f->pool, &rq, NULL);
		KUNIT_ASSERT_NE(test, pfns[i], PB_NO_PFN);
	}
	s->order0 = pfns[0];
	s->order3 = pfns[1];
	s->order9 = pfns[2];
	for (i = 3; i < ARRAY_SIZE(pfns); i++)
		pt_free(test, s->f, pfns[i], 0);
	s->pcp = pb_per_cpu_ptr(s->zone->pcp, raw_smp_processor_id());
	s->list = &s->pcp->list[0][PB_MOVABLE];
	KUNIT_ASSERT_GE(test, s->list->n, 2);
	s->cached = s->list->lifo[0].pfn;
	s->free_index = pb_free_area_find_free(&s->zone->area[PB_MOVABLE]);
	KUNIT_ASSERT_NE(test, s->free_index, PB_NO_PAGEBLOCK);
	pt_verify(test, s->f, NULL);
}

static void test_sees(struct kunit *test)
{
	const struct plant *plant = test->param_value;
	struct pb_verify *v = kunit_kzalloc(test, sizeof(*v), GFP_KERNEL);
	struct scene *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, v && s);
	make_scene(test, s);
	s->f->broken = true;
	plant->plant(s);
	KUNIT_EXPECT_GT(test, pb_verify(&s->f->pool, v), 0UL);
	KUNIT_EXPECT_GT(test, v->errors, 0UL);
	KUNIT_EXPECT_GT(test, strlen(v->first), (size_t)10);
	kunit_info(test, "%s\n", v->first);
}

/* A block whose order reaches past the end of its zone. */
static void test_sees_block_past_the_end(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct scene s = { .f = f };
	unsigned long pfn = pt_alloc(f, 12);
	struct pb_verify *v = kunit_kzalloc(test, sizeof(*v), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, v);
	KUNIT_ASSERT_EQ(test, pfn, PT_PAGEBLOCK(2048));
	*byte(&s, pfn) = 13 + 1;
	KUNIT_EXPECT_GT(test, pb_verify(&f->pool, v), 0UL);
	*byte(&s, pfn) = 12 + 1;
}

/* pb_verify() changes nothing: called twice it counts the same, and the blocks can be freed. */
static void test_changes_nothing(struct kunit *test)
{
	struct scene *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	struct pb_verify a, b;

	KUNIT_ASSERT_NOT_NULL(test, s);
	make_scene(test, s);
	pt_verify(test, s->f, &a);
	pt_verify(test, s->f, &b);
	KUNIT_EXPECT_EQ(test, a.free_pages, b.free_pages);
	KUNIT_EXPECT_EQ(test, a.pcp_pages, b.pcp_pages);
	KUNIT_EXPECT_EQ(test, a.allocated_pages, 1UL + 8 + 512);
	pt_free(test, s->f, s->order0, 0);
	pt_free(test, s->f, s->order3, 3);
	pt_free(test, s->f, s->order9, 9);
	pt_expect_all_free(test, s->f);
}

/* A set summary bit above an empty word is allowed: it only costs a search time. */
static void test_allows_a_stale_summary(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);

	set_bit(3, zone->area[PB_UNMOVABLE].free_pageblocks.level[1]);
	pt_verify(test, f, NULL);
}

static struct kunit_case verify_cases[] = {
	KUNIT_CASE_PARAM(test_sees, plants_gen_params),
	KUNIT_CASE(test_sees_block_past_the_end),
	KUNIT_CASE(test_changes_nothing),
	KUNIT_CASE(test_allows_a_stale_summary),
	{}
};

static struct kunit_suite verify_suite = {
	.name = "pbuddy_verify",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = verify_cases,
};

kunit_test_suite(verify_suite);
