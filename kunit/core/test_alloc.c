// SPDX-License-Identifier: GPL-2.0-only
/*
 * alloc.c and the frees behind it. Every order is allocated from every kind of pool until
 * nothing is left, then freed; nodes and zones are used in the order that the request
 * prescribes; each misuse is reported once, with the right reason, and changes nothing.
 */
#include "core/base/pfn.h"
#include "fixture.h"
#include "params.h"
#include "threads.h"

static void describe_layout(const struct pt_layout *const *layout, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", (*layout)->name);
}

KUNIT_ARRAY_PARAM(layouts, pt_layouts, describe_layout);

static const struct pt_layout *param_layout(struct kunit *test)
{
	return *(const struct pt_layout *const *)test->param_value;
}

/* Random order of frees, so that buddies merge in any order. */
static void shuffle(unsigned long *pfns, unsigned long n, struct pt_rand *r)
{
	unsigned long i, with;

	for (i = n; i > 1; i--) {
		with = pt_below(r, i);
		swap(pfns[i - 1], pfns[with]);
	}
}

/*
 * Fills the pool with blocks of one order, checks them, frees them in random order and expects
 * free pageblocks.
 */
static void fill_and_empty(struct kunit *test, struct pt_fixture *f, unsigned int order)
{
	struct pt_rand r = { .state = pt_seed + order };
	unsigned long *pfns, n, i;

	n = pt_fill(test, f, order, PB_MOVABLE, &pfns);
	KUNIT_ASSERT_EQ_MSG(test, n, pt_layout_blocks(f->layout, order),
			    "blocks of order %u", order);
	for (i = 0; i < n; i++)
		KUNIT_ASSERT_TRUE(test, pt_own(test, f, pfns[i], 1UL << order));
	pt_expect_allocated(test, f, n << order);
	shuffle(pfns, n, &r);
	for (i = 0; i < n; i++) {
		pt_disown(f, pfns[i], 1UL << order);
		pt_free(test, f, pfns[i], order);
	}
	pt_expect_all_free(test, f);
}

static void test_exhaust_and_recover(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, param_layout(test));
	unsigned int order;

	for (order = 0; order <= PB_MAX_ORDER; order++)
		fill_and_empty(test, f, order);
	KUNIT_EXPECT_NE(test, pt_alloc(f, 0), PB_NO_PFN);
}

/* Allocates random orders and types until requests fail, then frees in random order. */
static void test_any_mix(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, param_layout(test));
	struct pt_rand r = { .state = pt_seed };
	unsigned long *pfns, n = 0, i, pages = 0;
	unsigned int order, misses = 0;
	u8 *orders;

	pfns = kunit_kcalloc(test, 4096, sizeof(*pfns), GFP_KERNEL);
	orders = kunit_kzalloc(test, 4096, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, pfns && orders);
	while (n < 4096 && misses < 30) {
		order = pt_below(&r, PB_NR_ORDERS);
		if (pt_below(&r, 3))
			order %= 10;
		pfns[n] = pt_alloc_mt(f, order, pt_below(&r, PB_PCPTYPES));
		if (pfns[n] == PB_NO_PFN) {
			misses++;
			continue;
		}
		KUNIT_ASSERT_TRUE(test, pt_own(test, f, pfns[n], 1UL << order));
		KUNIT_ASSERT_EQ(test, pb_page_order(&f->pool, pfns[n]), (int)order);
		pages += 1UL << order;
		orders[n++] = order;
	}
	KUNIT_EXPECT_GT(test, n, 0UL);
	pt_expect_allocated(test, f, pages);
	for (i = n; i > 0; i--) {
		unsigned long at = pt_below(&r, i);

		pt_free(test, f, pfns[at], orders[at]);
		pfns[at] = pfns[i - 1];
		orders[at] = orders[i - 1];
	}
	pt_expect_all_free(test, f);
}

/*
 * One way to misuse pb_free(): allocate a block, perhaps free it, then free a part or a multiple
 * of it.
 */
struct misuse {
	const char *name;
	unsigned int order;		/* order of the allocation */
	unsigned int offset;		/* the misuse frees pfn + offset as order @as ... */
	unsigned int as;
	bool freed;			/* ... after a correct free (and a drain) */
	bool drained;
	enum pb_bad bad;
};

static const struct misuse misuses[] = {
	{ "double free in the cache", 0, 0, 0, true, false, PB_BAD_DOUBLE },
	{ "double free in the bitmap", 0, 0, 0, true, true, PB_BAD_DOUBLE },
	{ "double free of order 2 in the cache", 2, 0, 2, true, false, PB_BAD_DOUBLE },
	{ "double free of order 2 in the bitmap", 2, 0, 2, true, true, PB_BAD_DOUBLE },
	{ "double free of order 5", 5, 0, 5, true, false, PB_BAD_DOUBLE },
	{ "double free of order 7", 7, 0, 7, true, false, PB_BAD_DOUBLE },
	{ "double free of a pageblock in the cache", 9, 0, 9, true, false, PB_BAD_DOUBLE },
	{ "double free of a pageblock", 9, 0, 9, true, true, PB_BAD_DOUBLE },
	{ "double free of order 18", 18, 0, 18, true, false, PB_BAD_DOUBLE },
	{ "double free as a smaller order", 6, 32, 5, true, false, PB_BAD_DOUBLE },
	{ "order 0 freed as 1", 0, 0, 1, false, false, PB_BAD_ORDER },
	{ "order 3 freed as 2", 3, 0, 2, false, false, PB_BAD_ORDER },
	{ "order 3 freed as 4", 3, 0, 4, false, false, PB_BAD_ORDER },
	{ "a pageblock freed as order 8", 9, 0, 8, false, false, PB_BAD_ORDER },
	{ "order 12 freed as 11", 12, 0, 11, false, false, PB_BAD_ORDER },
	{ "order 18 freed as 0", 18, 0, 0, false, false, PB_BAD_ORDER },
	{ "misaligned by one", 3, 1, 3, false, false, PB_BAD_ALIGN },
	{ "misaligned pageblock", 9, 256, 9, false, false, PB_BAD_ALIGN },
	{ "second frame of order 1", 1, 1, 0, false, false, PB_BAD_TAIL },
	{ "middle of order 4", 4, 8, 3, false, false, PB_BAD_TAIL },
	{ "last frame of a pageblock", 9, 511, 0, false, false, PB_BAD_TAIL },
	{ "last pageblock of order 13", 13, 15 * 512, 9, false, false, PB_BAD_TAIL },
	{ "last frame of order 18", 18, 262143, 0, false, false, PB_BAD_TAIL },
	{ "order 19", 0, 0, 19, false, false, PB_BAD_ORDER_RANGE },
	{ "order 63", 0, 0, 63, false, false, PB_BAD_ORDER_RANGE },
	{ "order 64", 0, 0, 64, false, false, PB_BAD_ORDER_RANGE },
	{ "order 2^32 - 1", 0, 0, ~0U, false, false, PB_BAD_ORDER_RANGE },
};

static void describe_misuse(const struct misuse *misuse, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", misuse->name);
}

KUNIT_ARRAY_PARAM(misuses, misuses, describe_misuse);

/*
 * A block for the misuse. Where only the order is wrong, the PFN is aligned to the wrong order
 * as well.
 */
static unsigned long misuse_block(struct kunit *test, struct pt_fixture *f,
				  const struct misuse *misuse)
{
	unsigned long pfn;

	do {
		pfn = pt_alloc(f, misuse->order);
		KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	} while (misuse->bad == PB_BAD_ORDER && pfn & ((1UL << misuse->as) - 1));
	return pfn;
}

static void test_misuse(struct kunit *test)
{
	const struct misuse *misuse = test->param_value;
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct pb_zone *zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	unsigned long pfn = misuse_block(test, f, misuse), again;
	struct pb_verify before, after;

	if (misuse->freed)
		pt_free(test, f, pfn, misuse->order);
	if (misuse->drained)
		pt_drain_all(&f->pool);
	pt_verify(test, f, &before);

	KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfn + misuse->offset, misuse->as), misuse->bad);
	pt_expect_bad(test, f, misuse->bad, pfn + misuse->offset);
	KUNIT_EXPECT_EQ(test, f->bad_order, misuse->as);
	KUNIT_EXPECT_EQ(test, pb_zone_event(zone, PB_BAD_FREE), 1UL);

	/* Nothing changed: as many frames are free, in pcp lists and allocated as before. */
	pt_verify(test, f, &after);
	KUNIT_EXPECT_EQ(test, after.free_pages, before.free_pages);
	KUNIT_EXPECT_EQ(test, after.pcp_pages, before.pcp_pages);
	KUNIT_EXPECT_EQ(test, after.allocated_pages, before.allocated_pages);

	/* The block can be allocated once if it was free, and be freed if it was not. */
	if (misuse->freed) {
		pfn = pt_alloc(f, misuse->order);
		KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
		pt_own(test, f, pfn, 1UL << misuse->order);
		again = pt_alloc(f, misuse->order);
		if (again != PB_NO_PFN)
			pt_own(test, f, again, 1UL << misuse->order);
	} else {
		pt_free(test, f, pfn, misuse->order);
	}
}

/*
 * PFNs outside the pool: below it, above it, in a hole, in a directory section with pageblocks
 * of the pool, and near the largest unsigned long.
 */
static void test_foreign(struct kunit *test)
{
	const unsigned long pfns[] = {
		0, 1, PT_PAGEBLOCK(1025) - 1, PT_PAGEBLOCK(1026), PT_PAGEBLOCK(1031),
		PT_PAGEBLOCK(1034),
		PT_PAGEBLOCK(1538), PT_PAGEBLOCK(2048), PT_PAGEBLOCK(4096 + 78), 1UL << 40, ~0UL,
		~0UL - 511,
	};
	struct pt_fixture *f = pt_pool(test, &pt_holes);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pfns); i++) {
		KUNIT_EXPECT_EQ(test, pb_free(&f->pool, pfns[i], 0), PB_BAD_FOREIGN);
		pt_expect_bad(test, f, PB_BAD_FOREIGN, pfns[i]);
		KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfns[i]), -EINVAL);
		KUNIT_EXPECT_NULL(test, pb_pfn_zone(&f->pool, pfns[i]));
	}
	pt_expect_all_free(test, f);
}

static void test_page_order_and_zone(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_two_nodes);
	unsigned long pfn = pt_alloc(f, 4);

	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfn), 4);
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfn + 1), -EINVAL);
	KUNIT_EXPECT_PTR_EQ(test, pb_pfn_zone(&f->pool, pfn), pt_zone(f, 0, PB_ZONE_MOVABLE));
	KUNIT_EXPECT_PTR_EQ(test, pb_pfn_zone(&f->pool, PT_PAGEBLOCK(512)),
			    pt_zone(f, 0, PB_ZONE_DMA32));
	KUNIT_EXPECT_PTR_EQ(test, pb_pfn_zone(&f->pool, PT_PAGEBLOCK(2056) - 1),
			    pt_zone(f, 1, PB_ZONE_NORMAL));
	pt_free(test, f, pfn, 4);
	KUNIT_EXPECT_EQ(test, pb_page_order(&f->pool, pfn), -EINVAL);
}

/*
 * Allocates whole pageblocks until the request fails. Records the zones in the order in which
 * they were used and returns their number.
 */
static unsigned int walk_zones(struct kunit *test, struct pt_fixture *f, struct pb_request *rq,
			       struct pb_zone *seen[], unsigned int capacity)
{
	struct pb_zone *zone;
	unsigned long pfn;
	unsigned int n = 0;

	while ((pfn = pb_alloc(&f->pool, rq, NULL)) != PB_NO_PFN) {
		zone = pb_pfn_zone(&f->pool, pfn);
		if (n && seen[n - 1] == zone)
			continue;
		KUNIT_ASSERT_LT(test, n, capacity);
		seen[n++] = zone;
	}
	return n;
}

/*
 * Nodes are used by distance. Nodes at equal distance follow in order of their numbers, from the
 * preferred node's up and around.
 */
static void test_distance_order(struct kunit *test)
{
	struct pb_zone *seen[8];
	struct pb_request rq;
	struct pt_fixture *f;
	int nid;

	for (nid = 0; nid < 4; nid++) {
		f = pt_pool(test, &pt_four_nodes);
		rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_MOVABLE, nid);
		KUNIT_ASSERT_EQ(test, walk_zones(test, f, &rq, seen, 8), 4U);
		KUNIT_EXPECT_EQ(test, seen[0]->nid, nid);
		KUNIT_EXPECT_EQ(test, seen[1]->nid, (nid + 1) % 4);
		KUNIT_EXPECT_EQ(test, seen[2]->nid, (nid + 3) % 4);
		KUNIT_EXPECT_EQ(test, seen[3]->nid, (nid + 2) % 4);
	}
}

/* Within a node the highest zone first, and no zone above the request's highest. */
static void test_zone_order(struct kunit *test)
{
	static const struct {
		enum pb_zone_type highest;
		unsigned int zones;
		struct { int nid; enum pb_zone_type type; } want[5];
	} table[] = {
		{ PB_ZONE_MOVABLE, 5, { { 0, PB_ZONE_MOVABLE }, { 0, PB_ZONE_NORMAL },
					{ 0, PB_ZONE_DMA32 }, { 1, PB_ZONE_MOVABLE },
					{ 1, PB_ZONE_NORMAL } } },
		{ PB_ZONE_NORMAL, 3, { { 0, PB_ZONE_NORMAL }, { 0, PB_ZONE_DMA32 },
				       { 1, PB_ZONE_NORMAL } } },
		{ PB_ZONE_DMA32, 1, { { 0, PB_ZONE_DMA32 } } },
	};
	struct pb_zone *seen[8];
	struct pb_request rq;
	struct pt_fixture *f;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		f = pt_pool(test, &pt_two_nodes);
		rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_UNMOVABLE, 0);
		rq.highest_zone = table[i].highest;
		KUNIT_ASSERT_EQ(test, walk_zones(test, f, &rq, seen, 8), table[i].zones);
		for (j = 0; j < table[i].zones; j++)
			KUNIT_EXPECT_PTR_EQ(test, seen[j], pt_zone(f, table[i].want[j].nid,
								   table[i].want[j].type));
	}
}

static void test_thisnode(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_four_nodes);
	struct pb_request rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_MOVABLE, 2);
	enum pb_reason reason = PB_REASON_NONE;
	struct pb_zone *seen[4];

	rq.flags = PB_ALLOC_THISNODE;
	KUNIT_ASSERT_EQ(test, walk_zones(test, f, &rq, seen, 4), 1U);
	KUNIT_EXPECT_EQ(test, seen[0]->nid, 2);
	rq.order = 0;
	KUNIT_EXPECT_EQ(test, pb_alloc(&f->pool, &rq, &reason), PB_NO_PFN);
	KUNIT_EXPECT_EQ(test, reason, PB_REASON_WATERMARK);
	pt_expect_allocated(test, f, 4 * PB_PAGEBLOCK_NR);
}

static void test_nodemask(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_four_nodes);
	struct pb_request rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_MOVABLE, 0);
	unsigned long mask = BIT(1) | BIT(2);
	struct pb_zone *seen[4];

	/* The preferred node is not in the mask: distances count from it all the same. */
	rq.nodemask = &mask;
	KUNIT_ASSERT_EQ(test, walk_zones(test, f, &rq, seen, 4), 2U);
	KUNIT_EXPECT_EQ(test, seen[0]->nid, 1);
	KUNIT_EXPECT_EQ(test, seen[1]->nid, 2);
	mask = 0;
	KUNIT_EXPECT_EQ(test, pb_alloc(&f->pool, &rq, NULL), PB_NO_PFN);
	pt_expect_allocated(test, f, 8 * PB_PAGEBLOCK_NR);
}

/*
 * A cpuset holds a request that has both CPUSET (so it is not atomic) and HARDWALL (so it is made
 * for a user).
 */
static void test_cpuset(struct kunit *test)
{
	static const struct {
		pb_alloc_flags_t flags;
		unsigned int zones;
	} table[] = {
		{ PB_ALLOC_CPUSET | PB_ALLOC_HARDWALL, 1 }, { PB_ALLOC_CPUSET, 4 },
		{ PB_ALLOC_HARDWALL, 4 }, { 0, 4 },
	};
	unsigned long mems = BIT(2);
	struct pb_zone *seen[4];
	struct pb_request rq;
	struct pt_fixture *f;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		f = pt_pool(test, &pt_four_nodes);
		rq = pt_rq(PB_PAGEBLOCK_ORDER, PB_MOVABLE, 0);
		rq.flags = table[i].flags;
		rq.slow_flags = table[i].flags;
		rq.mems_allowed = &mems;
		KUNIT_ASSERT_EQ(test, walk_zones(test, f, &rq, seen, 4), table[i].zones);
		if (table[i].zones == 1)
			KUNIT_EXPECT_EQ(test, seen[0]->nid, 2);
	}
}

static void test_bulk(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);
	enum pb_reason reason = PB_REASON_NONE;
	unsigned long *pfns, got, i;

	pfns = kunit_kcalloc(test, f->pages + 100, sizeof(*pfns), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pfns);
	KUNIT_EXPECT_EQ(test, pb_alloc_bulk(&f->pool, &rq, 0, pfns, &reason), 0UL);
	KUNIT_EXPECT_EQ(test, pb_alloc_bulk(&f->pool, &rq, 1000, pfns, &reason), 1000UL);
	got = pb_alloc_bulk(&f->pool, &rq, f->pages - 1000 + 100, pfns + 1000, &reason);
	KUNIT_ASSERT_EQ(test, got, f->pages - 1000);
	KUNIT_EXPECT_NE(test, reason, PB_REASON_NONE);
	for (i = 0; i < f->pages; i++)
		KUNIT_ASSERT_TRUE(test, pt_own(test, f, pfns[i], 1));
	for (i = 0; i < f->pages; i++)
		pt_free(test, f, pfns[i], 0);
	pt_expect_all_free(test, f);
}

static void test_bulk_of_blocks(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	struct pb_request rq = pt_rq(3, PB_UNMOVABLE, 0);
	unsigned long pfns[40], i;

	KUNIT_ASSERT_EQ(test, pb_alloc_bulk(&f->pool, &rq, 40, pfns, NULL), 40UL);
	for (i = 0; i < 40; i++) {
		pt_own(test, f, pfns[i], 8);
		pt_free(test, f, pfns[i], 3);
	}
	pt_expect_all_free(test, f);
}

/* Blocks that one CPU allocates and another frees are neither lost nor freed twice. */
struct hand_over {
	struct pt_fixture *f;
	unsigned long pfns[300];
	unsigned long wrong;
};

static void free_here(void *arg)
{
	struct hand_over *h = arg;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(h->pfns); i++)
		h->wrong += pb_free(&h->f->pool, h->pfns[i], 0) != PB_BAD_NONE;
}

static void test_free_on_another_cpu(struct kunit *test)
{
	struct hand_over *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);
	unsigned int cpu, i;

	KUNIT_ASSERT_NOT_NULL(test, h);
	h->f = pt_pool(test, &pt_small);
	for (cpu = 0; cpu < pt_nr_cpus(); cpu++) {
		for (i = 0; i < ARRAY_SIZE(h->pfns); i++) {
			h->pfns[i] = pt_alloc(h->f, 0);
			KUNIT_ASSERT_NE(test, h->pfns[i], PB_NO_PFN);
		}
		pt_call_on(cpu, free_here, h);
		pt_verify(test, h->f, NULL);
	}
	KUNIT_EXPECT_EQ(test, h->wrong, 0UL);
	pt_expect_all_free(test, h->f);
}

struct visit {
	unsigned long heads, pages, stop_after;
};

static bool visit(void *arg, unsigned long pfn, unsigned int order)
{
	struct visit *v = arg;

	v->heads++;
	v->pages += 1UL << order;
	return v->heads != v->stop_after;
}

static void test_walk_allocated(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_gig);
	struct visit all = {}, some = { .stop_after = 2 };
	unsigned int order;

	for (order = 0; order <= 16; order++)
		KUNIT_ASSERT_NE(test, pt_alloc(f, order), PB_NO_PFN);
	pb_walk_allocated(&f->pool, visit, &all);
	KUNIT_EXPECT_EQ(test, all.heads, 17UL);
	KUNIT_EXPECT_EQ(test, all.pages, (1UL << 17) - 1);
	pb_walk_allocated(&f->pool, visit, &some);
	KUNIT_EXPECT_EQ(test, some.heads, 2UL);
}

/*
 * A frame that is allocated although its free bit is set (here the case sets it, as memory
 * corruption would) is reported and not allocated again.
 */
static void test_in_use_is_set_aside(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	unsigned long pfn = pt_alloc(f, 5), *pfns, n, i;
	struct pb_pageblock *pageblock;

	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	pageblock = (void *)(f->pool.dir[0]->entry[1].value & ~PB_ENTRY_FLAGS_MASK);
	atomic64_or(BIT_ULL(pfn % 64), &pageblock->free[pfn % 512 / 64]);
	n = pt_fill(test, f, 0, PB_MOVABLE, &pfns);
	KUNIT_EXPECT_EQ(test, n, PB_PAGEBLOCK_NR - 32);
	for (i = 0; i < n; i++)
		pt_own(test, f, pfns[i], 1);
	KUNIT_EXPECT_FALSE(test, test_bit(pt_layout_frame(f->layout, pfn), f->owned));
	pt_expect_bad(test, f, PB_BAD_IN_USE, pfn);
	KUNIT_EXPECT_EQ(test, pb_zone_event(pt_zone(f, 0, PB_ZONE_NORMAL), PB_BAD_PAGE), 1UL);
	f->broken = true;	/* nr_free does not include the planted bit */
}

static struct kunit_case alloc_cases[] = {
	KUNIT_CASE_PARAM(test_exhaust_and_recover, layouts_gen_params),
	KUNIT_CASE_PARAM(test_any_mix, layouts_gen_params),
	KUNIT_CASE_PARAM(test_misuse, misuses_gen_params),
	KUNIT_CASE(test_foreign),
	KUNIT_CASE(test_page_order_and_zone),
	KUNIT_CASE(test_distance_order),
	KUNIT_CASE(test_zone_order),
	KUNIT_CASE(test_thisnode),
	KUNIT_CASE(test_nodemask),
	KUNIT_CASE(test_cpuset),
	KUNIT_CASE(test_bulk),
	KUNIT_CASE(test_bulk_of_blocks),
	KUNIT_CASE(test_free_on_another_cpu),
	KUNIT_CASE(test_walk_allocated),
	KUNIT_CASE(test_in_use_is_set_aside),
	{}
};

static struct kunit_suite alloc_suite = {
	.name = "pbuddy_alloc",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = alloc_cases,
};

kunit_test_suite(alloc_suite);
