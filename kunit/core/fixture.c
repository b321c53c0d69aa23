// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes pools over made-up PFNs for the suites and checks them at the end of a case; see
 * fixture.h.
 */
#include "core/cache/pcp.h"
#include "core/cache/prezero.h"
#include "core/pool/grow.h"
#include "core/zone/fallback.h"
#include "fixture.h"
#include "layouts.h"
#include "threads.h"

/* What test->priv points to: the pools of a case, the newest first. */
struct pt_context {
	struct pt_fixture *pools;
};

int pt_init(struct kunit *test)
{
	struct pt_context *context = kunit_kzalloc(test, sizeof(*context), GFP_KERNEL);

	if (!context)
		return -ENOMEM;
	test->priv = context;
	pt_stay_here();
	return 0;
}

static void record_bad(struct pb_pool *pool, enum pb_bad bad, unsigned long pfn,
		       unsigned int order, unsigned int was)
{
	struct pt_fixture *f = pt_fixture(pool);

	atomic_inc(&f->nr_bad[bad]);
	WRITE_ONCE(f->bad, bad);
	WRITE_ONCE(f->bad_pfn, pfn);
	WRITE_ONCE(f->bad_order, order);
}

static int flat_distance(int from, int to)
{
	return from == to ? 10 : 20;
}

void pt_config(const struct pt_layout *layout, struct pb_pool_config *config)
{
	memset(config, 0, sizeof(*config));
	config->ranges = layout->ranges;
	config->nr_ranges = layout->nr_ranges;
	config->spans = layout->spans;
	config->nr_spans = layout->nr_spans;
	config->nr_nodes = layout->nr_nodes;
	config->distance = layout->distance ?: flat_distance;
	config->ops.bad = record_bad;
	config->ops.drain_all = pt_drain_all;
}

void pt_cache_words(struct pb_pool *pool)
{
	struct pb_zone *zone;
	int cpu, high;

	pb_for_each_zone(zone, pool) {
		high = zone->present_pages / PB_PCP_HIGH_FRACTION_MIN / pb_nr_cpus();
		zone->pcp_high_max = max_t(int, high, PB_WORD_NR);
		zone->pcp_high_min = PB_WORD_NR;
		pb_for_each_cpu(cpu)
			pb_per_cpu_ptr(zone->pcp, cpu)->high = zone->pcp_high_min;
	}
}

struct pt_fixture *pt_pool(struct kunit *test, const struct pt_layout *layout)
{
	struct pt_context *context = test->priv;
	struct pb_pool_config config;
	struct pt_fixture *f;
	unsigned int i;

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f);
	pt_layout_use_nodes(layout->nr_nodes);
	pt_config(layout, &config);
	KUNIT_ASSERT_EQ(test, pb_pool_init(&f->pool, &config), 0);
	pt_cache_words(&f->pool);
	f->layout = layout;
	f->next = context->pools;
	context->pools = f;
	for (i = 0; i < layout->nr_ranges; i++)
		f->pages += layout->ranges[i].nr_pages;

	f->owned = pb_meta_alloc(BITS_TO_LONGS(f->pages) * sizeof(long), 0);
	KUNIT_ASSERT_NOT_NULL(test, f->owned);
	return f;
}

void pt_exit(struct kunit *test)
{
	struct pt_context *context = test->priv;
	struct pt_fixture *f;
	unsigned int bad;

	for (f = context ? context->pools : NULL; f; f = f->next) {
		if (!f->broken)
			pt_verify(test, f, NULL);
		for (bad = 0; bad < PB_NR_BAD; bad++)
			KUNIT_EXPECT_EQ_MSG(test, atomic_read(&f->nr_bad[bad]), 0,
					    "unexpected report \"%s\" of pfn %#lx",
					    pb_bad_name[bad] ?: "none", f->bad_pfn);
		pb_pool_destroy(&f->pool);
		pb_meta_free(f->owned);
	}
}

void pt_expect_bad(struct kunit *test, struct pt_fixture *f, enum pb_bad bad, unsigned long pfn)
{
	KUNIT_EXPECT_EQ_MSG(test, atomic_read(&f->nr_bad[bad]), 1,
			    "\"%s\" of pfn %#lx, last report \"%s\" of pfn %#lx",
			    pb_bad_name[bad], pfn, pb_bad_name[f->bad] ?: "none", f->bad_pfn);
	KUNIT_EXPECT_EQ(test, f->bad, bad);
	KUNIT_EXPECT_EQ(test, f->bad_pfn, pfn);
	atomic_set(&f->nr_bad[bad], 0);
}

void pt_verify(struct kunit *test, struct pt_fixture *f, struct pb_verify *out)
{
	struct pb_verify *v = out ?: kunit_kzalloc(test, sizeof(*v), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, v);
	pb_verify(&f->pool, v);
	KUNIT_EXPECT_EQ_MSG(test, v->errors, 0UL, "verify: %s", v->first);
	KUNIT_EXPECT_EQ(test, v->free_pages + v->pcp_pages + v->allocated_pages, f->pages);
}

void pt_expect_allocated(struct kunit *test, struct pt_fixture *f, unsigned long pages)
{
	struct pb_verify v;

	pt_verify(test, f, &v);
	KUNIT_EXPECT_EQ(test, v.allocated_pages, pages);
}

static unsigned long count_free_pageblocks(struct pb_free_count *count)
{
	unsigned long free_pageblocks = 0;
	unsigned int mt;

	for (mt = 0; mt < PB_NR_MIGRATETYPES; mt++)
		free_pageblocks += count->free_pageblocks[mt];
	return free_pageblocks;
}

void pt_expect_all_free(struct kunit *test, struct pt_fixture *f)
{
	struct pb_free_count *count = kunit_kzalloc(test, sizeof(*count), GFP_KERNEL);
	unsigned long free_pageblocks = 0;
	struct pb_zone *zone;
	struct pb_verify v;

	KUNIT_ASSERT_NOT_NULL(test, count);
	pt_drain_all(&f->pool);
	pt_verify(test, f, &v);
	KUNIT_EXPECT_EQ(test, v.allocated_pages, 0UL);
	KUNIT_EXPECT_EQ(test, v.pcp_pages, 0UL);
	KUNIT_EXPECT_EQ(test, v.free_pages, f->pages);
	pb_for_each_any_zone(zone, &f->pool) {
		pb_zone_count_free(zone, count);
		free_pageblocks += count_free_pageblocks(count);
	}
	KUNIT_EXPECT_EQ_MSG(test, free_pageblocks, f->pages / PB_PAGEBLOCK_NR, "free pageblocks");
}

struct pb_request pt_rq(unsigned int order, enum pb_migratetype mt, int nid)
{
	return (struct pb_request) {
		.order = order,
		.migratetype = mt,
		.highest_zone = PB_ZONE_MOVABLE,
		.nid = nid,
	};
}

unsigned long pt_alloc_mt(struct pt_fixture *f, unsigned int order, enum pb_migratetype mt)
{
	struct pb_request rq = pt_rq(order, mt, 0);

	return pb_alloc(&f->pool, &rq, NULL);
}

unsigned long pt_alloc(struct pt_fixture *f, unsigned int order)
{
	return pt_alloc_mt(f, order, PB_MOVABLE);
}

unsigned long pt_alloc_wait(struct pt_fixture *f, unsigned int order)
{
	struct pb_request rq = pt_rq(order, PB_MOVABLE, 0);

	rq.flags = PB_ALLOC_WAIT;
	return pb_alloc(&f->pool, &rq, NULL);
}

void pt_free(struct kunit *test, struct pt_fixture *f, unsigned long pfn, unsigned int order)
{
	KUNIT_EXPECT_EQ_MSG(test, pb_free(&f->pool, pfn, order), PB_BAD_NONE,
			    "pfn %#lx order %u", pfn, order);
}

bool pt_own(struct kunit *test, struct pt_fixture *f, unsigned long pfn, unsigned long nr_pages)
{
	unsigned long i, frame;

	for (i = pfn; i < pfn + nr_pages; i++) {
		frame = pt_layout_frame(f->layout, i);
		if (frame == PB_NO_PFN) {
			KUNIT_FAIL(test, "pfn %#lx of [%#lx + %lu] is in a hole", i, pfn, nr_pages);
			return false;
		}
		if (test_bit(frame, f->owned)) {
			KUNIT_FAIL(test, "pfn %#lx of [%#lx + %lu] was allocated twice", i, pfn,
				   nr_pages);
			return false;
		}
		__set_bit(frame, f->owned);
	}
	if (is_power_of_2(nr_pages) && pfn & (nr_pages - 1)) {
		KUNIT_FAIL(test, "pfn %#lx is not aligned to %lu pages", pfn, nr_pages);
		return false;
	}
	return true;
}

void pt_disown(struct pt_fixture *f, unsigned long pfn, unsigned long nr_pages)
{
	unsigned long i;

	for (i = pfn; i < pfn + nr_pages; i++)
		__clear_bit(pt_layout_frame(f->layout, i), f->owned);
}

static void free_list(void *list)
{
	pb_meta_free(list);
}

unsigned long pt_fill(struct kunit *test, struct pt_fixture *f, unsigned int order,
		      enum pb_migratetype mt, unsigned long **pfns)
{
	struct pb_request rq = pt_rq(order, mt, 0);
	unsigned long capacity = (f->pages >> order) + 1, n = 0, pfn;
	unsigned long *list = pb_meta_alloc(capacity * sizeof(*list), 0);

	KUNIT_ASSERT_NOT_NULL(test, list);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, free_list, list), 0);
	rq.flags = PB_ALLOC_WAIT;
	while ((pfn = pb_alloc(&f->pool, &rq, NULL)) != PB_NO_PFN) {
		KUNIT_ASSERT_TRUE_MSG(test, n < capacity - 1, "more blocks than the pool holds");
		list[n++] = pfn;
		if (n % 4096 == 0)
			cond_resched();
	}
	*pfns = list;
	return n;
}

unsigned long pt_prezero(struct pb_zone *zone, unsigned long most)
{
	struct pb_prezero run;
	unsigned long n = 0;

	pb_prezero_start(&run, zone);
	while (n < most && pb_prezero_next(&run))
		n++;
	return n;
}

bool pt_claim_pageblock(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
			pb_alloc_flags_t flags)
{
	bool done;

	preempt_disable();
	done = pb_fallback_claim_pageblock(zone, order, mt, flags);
	preempt_enable();
	return done;
}

int pt_grow(struct pt_fixture *f, unsigned long block, unsigned long nr)
{
	const struct pb_range range = PT_RANGE(block, nr, 0, NORMAL);
	int err = pb_pool_grow(&f->pool, &range);

	if (!err)
		f->pages += range.nr_pages;
	return err;
}
