// SPDX-License-Identifier: GPL-2.0-only
/*
 * Concurrent use of one pool by all CPUs. Threads allocate, free, stamp (stress.h) and search at
 * once; afterwards no frame was allocated twice, none is lost, and the index shows what is free.
 * The last cases run two threads in step, one operation each in a round, to catch a lost index
 * update before a later operation repairs it. scripts/host tsan runs all cases under
 * ThreadSanitizer.
 */
#include "core/base/pfn.h"
#include "core/cache/drain.h"
#include "core/index/bitmap.h"
#include "core/index/free_area.h"
#include "core/index/pageblock.h"
#include "core/zone/zone.h"
#include "params.h"
#include "stress.h"
#include "threads.h"

static void describe_layout(const struct pt_layout *const *layout, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", (*layout)->name);
}

KUNIT_ARRAY_PARAM(layouts, pt_layouts, describe_layout);

static void test_concurrent_mix(struct kunit *test)
{
	const struct pt_layout *layout = *(const struct pt_layout *const *)test->param_value;
	struct pt_stress *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_ASSERT_EQ(test, pt_stress_init(test, s, pt_pool(test, layout)), 0);
	s->max_order = 12;
	kunit_info(test, "seed %lu, %u CPUs, %lu operations each, %s\n", pt_seed, pt_nr_cpus(),
		   s->ops, layout->name);
	KUNIT_ASSERT_EQ(test, pt_run_threads(pt_nr_cpus(), pt_stress_thread, s), 0);
	pt_stress_finish(test, s);
}

/* Order 0 on one pageblock: all threads use the same few words. */
static void test_concurrent_single_frames(struct kunit *test)
{
	struct pt_stress *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_ASSERT_EQ(test, pt_stress_init(test, s, pt_pool(test, &pt_one_pageblock)), 0);
	s->max_order = 0;
	KUNIT_ASSERT_EQ(test, pt_run_threads(pt_nr_cpus(), pt_stress_thread, s), 0);
	pt_stress_finish(test, s);
}

/*
 * All threads change bits of one map. In the end no summary bit may be clear above a word that
 * is not 0.
 */
struct map_load {
	struct pb_bitmap map;
	unsigned long	 rounds;
};

/* Thread n changes the bits n + 64 * k: each thread has its own bit in the same words. */
static void flip_bits(void *arg, unsigned int n)
{
	struct map_load *load = arg;
	struct pt_rand r = { .state = pt_seed + n };
	unsigned long i, bit;

	for (i = 0; i < load->rounds; i++) {
		bit = n + 64 * 64 * pt_below(&r, 4) + 64 * pt_below(&r, 3);
		if (pt_below(&r, 2))
			pb_bitmap_set(&load->map, bit);
		else
			pb_bitmap_clear(&load->map, bit);
	}
	/* Leave bit n of each word set if n is odd, clear if it is even. */
	for (bit = n; bit < load->map.nbits; bit += 64) {
		if (n % 2)
			pb_bitmap_set(&load->map, bit);
		else
			pb_bitmap_clear(&load->map, bit);
	}
}

static void test_concurrent_bitmap(struct kunit *test)
{
	struct map_load *load = kunit_kzalloc(test, sizeof(*load), GFP_KERNEL);
	unsigned long nbits = 4 * 64 * 64, bit, words = nbits, w;
	unsigned int nr = min(pt_nr_cpus(), 64U), level, n;
	unsigned long *mem;

	KUNIT_ASSERT_NOT_NULL(test, load);
	mem = pb_meta_alloc(pb_bitmap_words(nbits) * sizeof(*mem), 0);
	KUNIT_ASSERT_NOT_NULL(test, mem);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, pb_meta_free, mem), 0);
	pb_bitmap_init(&load->map, nbits, mem);
	load->rounds = pt_rounds * 1000;
	KUNIT_ASSERT_EQ(test, pt_run_threads(nr, flip_bits, load), 0);

	for (level = 0; level + 1 < load->map.levels; level++) {
		words = DIV_ROUND_UP(words, BITS_PER_LONG);
		for (w = 0; w < words; w++)
			if (load->map.level[level][w])
				KUNIT_ASSERT_TRUE_MSG(test, test_bit(w, load->map.level[level + 1]),
						      "level %u word %lu: no summary", level, w);
	}
	for (bit = 0; bit < nbits; bit += 64)
		for (n = 0; n < nr; n++)
			KUNIT_ASSERT_EQ(test, pb_bitmap_test(&load->map, bit + n), n % 2 == 1);
}

/* Threads in turn allocate the only block of a pageblock and free it. */
struct ping_pong {
	struct pt_fixture	*f;
	unsigned long		rounds;
	unsigned int		order;
	atomic_long_t		allocated;
	atomic_long_t		errors;
};

static void alloc_and_free(void *arg, unsigned int n)
{
	struct ping_pong *p = arg;
	struct pb_request rq = pt_rq(p->order, n % PB_PCPTYPES, 0);
	unsigned long i, pfn;

	for (i = 0; i < p->rounds; i++) {
		pfn = pb_alloc(&p->f->pool, &rq, NULL);
		if (pfn == PB_NO_PFN) {
			cpu_relax();
			continue;
		}
		atomic_long_inc(&p->allocated);
		if (pb_free(&p->f->pool, pfn, p->order) != PB_BAD_NONE)
			atomic_long_inc(&p->errors);
		/* Drain, or the other threads cannot get the block. */
		pb_pcp_drain_local(&p->f->pool);
	}
}

static const unsigned int ping_pong_orders[] = { 0, 3, 5, 6, 7, 8, 9 };

static void describe_order(const unsigned int *order, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "order %u", *order);
}

KUNIT_ARRAY_PARAM(ping_pong_orders, ping_pong_orders, describe_order);

/* Allocations and frees of one pageblock at once: the index must not lose it. */
static void test_concurrent_one_pageblock(struct kunit *test)
{
	struct ping_pong *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	unsigned long pfn;

	KUNIT_ASSERT_NOT_NULL(test, p);
	p->f = pt_pool(test, &pt_one_pageblock);
	p->rounds = pt_rounds * 200;
	p->order = *(const unsigned int *)test->param_value;
	KUNIT_ASSERT_EQ(test, pt_run_threads(pt_nr_cpus(), alloc_and_free, p), 0);
	KUNIT_EXPECT_GT(test, atomic_long_read(&p->allocated), 0L);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&p->errors), 0L);
	/* Without PB_ALLOC_WAIT no scan helps: the index itself has to have the free pageblock. */
	pfn = pt_alloc(p->f, PB_PAGEBLOCK_ORDER);
	KUNIT_EXPECT_NE(test, pfn, PB_NO_PFN);
	if (pfn != PB_NO_PFN)
		pt_free(test, p->f, pfn, PB_PAGEBLOCK_ORDER);
	pt_expect_all_free(test, p->f);
}

/* Runs of pageblocks are allocated while other threads allocate single pageblocks of them. */
struct run_load {
	struct pt_stress	s;
	unsigned long		runs;
};

static void alloc_runs(void *arg, unsigned int n)
{
	struct run_load *load = arg;
	struct pt_rand r = { .state = pt_seed + n };
	unsigned long i, nr, pfn;
	struct pb_request rq;

	for (i = 0; i < load->runs; i++) {
		rq = pt_rq(9 + pt_below(&r, 4), pt_below(&r, PB_PCPTYPES), 0);
		if (pt_below(&r, 3) == 0) {
			nr = PB_PAGEBLOCK_NR * (1 + pt_below(&r, 5)) - pt_below(&r, 60);
			pfn = pb_alloc_contig(&load->s.f->pool, &rq, nr, NULL);
			if (pfn != PB_NO_PFN &&
			    pb_free_contig(&load->s.f->pool, pfn, nr) != PB_BAD_NONE)
				atomic_long_inc(&load->s.errors);
		} else {
			pfn = pb_alloc(&load->s.f->pool, &rq, NULL);
			if (pfn != PB_NO_PFN &&
			    pb_free(&load->s.f->pool, pfn, rq.order) != PB_BAD_NONE)
				atomic_long_inc(&load->s.errors);
		}
		if (pfn != PB_NO_PFN)
			atomic_long_inc(&load->s.allocated);
	}
}

static void test_concurrent_runs(struct kunit *test)
{
	struct run_load *load = kunit_kzalloc(test, sizeof(*load), GFP_KERNEL);
	unsigned long pfn;

	KUNIT_ASSERT_NOT_NULL(test, load);
	KUNIT_ASSERT_EQ(test, pt_stress_init(test, &load->s, pt_pool(test, &pt_small)), 0);
	load->runs = pt_rounds * 50;
	KUNIT_ASSERT_EQ(test, pt_run_threads(pt_nr_cpus(), alloc_runs, load), 0);
	pt_drain_all(&load->s.f->pool);
	/* One block of all eight pageblocks: the index must have each of them. */
	pfn = pt_alloc(load->s.f, 12);
	KUNIT_EXPECT_NE(test, pfn, PB_NO_PFN);
	if (pfn != PB_NO_PFN)
		pt_free(test, load->s.f, pfn, 12);
	pt_stress_finish(test, &load->s);
}

/*
 * Two threads in step. In each round both do one operation at once; then both pause and thread 0
 * checks the index. A bit that a lost update hides stays hidden until this check; under
 * continuous load the next operation on that pageblock would set it.
 */
struct duel {
	struct pb_bitmap	map;
	struct pb_zone		*zone;
	unsigned long		rounds;
	atomic_t		arrived;
	unsigned long		held[2];
	unsigned long		hidden;
};

static void meet(struct duel *d)
{
	int mine = atomic_inc_return(&d->arrived), spins = 0;
	int full = round_up(mine, 2);

	while (atomic_read_acquire(&d->arrived) < full) {
		cpu_relax();
		if (++spins % 4096 == 0)
			cond_resched();
	}
}

/* In turn, one thread sets its bit of a word while the other clears its own. */
static void duel_over_a_word(void *arg, unsigned int n)
{
	struct duel *d = arg;
	unsigned long i;

	for (i = 0; i < d->rounds; i++) {
		meet(d);
		if (i % 2 == n)
			pb_bitmap_set(&d->map, n);
		else
			pb_bitmap_clear(&d->map, n);
		meet(d);
		if (!n && pb_bitmap_next(&d->map, 0) != i % 2)
			d->hidden++;
	}
}

static void test_concurrent_summary(struct kunit *test)
{
	struct duel *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	unsigned long *mem;

	if (pt_nr_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	KUNIT_ASSERT_NOT_NULL(test, d);
	mem = pb_meta_alloc(pb_bitmap_words(4096) * sizeof(*mem), 0);
	KUNIT_ASSERT_NOT_NULL(test, mem);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, pb_meta_free, mem), 0);
	pb_bitmap_init(&d->map, 4096, mem);
	d->rounds = pt_rounds * 1000;
	KUNIT_ASSERT_EQ(test, pt_run_threads(2, duel_over_a_word, d), 0);
	KUNIT_EXPECT_EQ_MSG(test, d->hidden, 0UL, "of %lu rounds", d->rounds);
}

#define DUEL_ORDER	5

static unsigned long alloc(struct pb_zone *zone)
{
	unsigned long pfn;

	preempt_disable();
	pfn = pb_zone_alloc(zone, DUEL_ORDER, PB_MOVABLE, NULL);
	preempt_enable();
	return pfn;
}

/* One block is free and thread 0 holds another: it frees its own while thread 1 allocates one. */
static void duel_over_a_pageblock(void *arg, unsigned int n)
{
	struct duel *d = arg;
	unsigned long i;

	for (i = 0; i < d->rounds && !d->hidden; i++) {
		meet(d);
		if (n)
			d->held[1] = alloc(d->zone);
		else
			pb_zone_free_noevent(d->zone, d->held[0], DUEL_ORDER);
		meet(d);
		if (!n) {
			d->held[0] = alloc(d->zone);
			if (d->held[0] == PB_NO_PFN)
				d->hidden++;
			else if (d->held[1] == PB_NO_PFN)
				d->held[1] = alloc(d->zone);
			if (d->held[1] == PB_NO_PFN)
				d->hidden++;
			else
				pb_zone_free_noevent(d->zone, d->held[1], DUEL_ORDER);
		}
		meet(d);
	}
}

static void test_concurrent_index(struct kunit *test)
{
	struct duel *d = kunit_kzalloc(test, sizeof(*d), GFP_KERNEL);
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	unsigned long pfn, i;

	if (pt_nr_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	KUNIT_ASSERT_NOT_NULL(test, d);
	d->zone = pt_zone(f, 0, PB_ZONE_NORMAL);
	for (i = 0; i < PB_PAGEBLOCK_NR >> DUEL_ORDER; i++)
		pfn = alloc(d->zone);
	d->held[0] = pfn;
	pb_zone_free_noevent(d->zone, round_down(pfn, PB_PAGEBLOCK_NR), DUEL_ORDER);
	if (d->held[0] == round_down(pfn, PB_PAGEBLOCK_NR))
		d->held[0] += 1UL << DUEL_ORDER;
	d->rounds = pt_rounds * 2000;
	KUNIT_ASSERT_EQ(test, pt_run_threads(2, duel_over_a_pageblock, d), 0);
	KUNIT_EXPECT_EQ_MSG(test, d->hidden, 0UL, "of %lu rounds", d->rounds);
	f->broken = true;	/* the blocks allocated first have no entry in the order map */
}

static struct kunit_case stress_cases[] = {
	KUNIT_CASE_PARAM(test_concurrent_mix, layouts_gen_params),
	KUNIT_CASE(test_concurrent_single_frames),
	KUNIT_CASE(test_concurrent_bitmap),
	KUNIT_CASE_PARAM(test_concurrent_one_pageblock, ping_pong_orders_gen_params),
	KUNIT_CASE(test_concurrent_runs),
	KUNIT_CASE(test_concurrent_summary),
	KUNIT_CASE(test_concurrent_index),
	{}
};

static struct kunit_suite stress_suite = {
	.name = "pbuddy_stress",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = stress_cases,
};

kunit_test_suite(stress_suite);
