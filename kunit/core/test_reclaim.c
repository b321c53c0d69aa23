// SPDX-License-Identifier: GPL-2.0-only
/*
 * reclaim.c: how many pages a reclaimer is called for (as do_shrink_slab() computes it), how
 * many are deferred to the next call, and when direct reclaim ends. A reclaimer that records its
 * calls stands for a registered one.
 */
#include "core/alloc/reclaim.h"
#include "core/compact/compact.h"
#include "fixture.h"
#include "task.h"
#include "threads.h"

/* A reclaimer that records its calls and frees half of what it is called for. */
struct keeper {
	unsigned long	calls;
	unsigned long	largest;	/* pages of one call */
	unsigned long	asked;
	unsigned long	stop_after;	/* stops after so many calls; 0: never */
	unsigned long	looks_at;	/* pages it scans in a call; 0: all */
};

static unsigned long give(void *arg, unsigned long nr_to_scan, unsigned long *nr_scanned)
{
	struct keeper *k = arg;

	if (k->stop_after && k->calls == k->stop_after)
		return PB_SCAN_STOP;
	k->calls++;
	k->largest = max(k->largest, nr_to_scan);
	k->asked += nr_to_scan;
	if (k->looks_at)
		*nr_scanned = min(nr_to_scan, k->looks_at);
	return nr_to_scan / 2;
}

struct share {
	const char	*name;
	unsigned long	freeable, batch, deferred;
	int		priority;
	unsigned int	seeks;
	unsigned long	asked, left;	/* expected: requested now, deferred */
};

/* The results of do_shrink_slab(). */
static const struct share shares[] = {
	{ "nothing there", 0, 0, 0, 0, 2, 0, 0 },
	{ "first round of much", 1 << 20, 0, 0, 12, 2, 512, 0 },
	{ "half the price, twice as much", 1 << 20, 0, 0, 12, 1, 1024, 0 },
	{ "too little for a call is kept", 1 << 16, 0, 0, 12, 2, 0, 32 },
	{ "kept until it is enough", 1 << 16, 0, 128 << 12, 12, 2, 128, (1 << 17) },
	{ "a smaller batch", 1 << 16, 8, 0, 12, 2, 32, 0 },
	{ "last round: nearly twice all there is", 1000, 0, 0, 0, 2, 1920, 80 },
	{ "last round: little is taken whole", 10, 0, 0, 0, 2, 20, 0 },
	{ "free to get back: half at once", 1000, 0, 0, 12, 0, 384, 116 },
	{ "what is remembered is bounded", 100, 0, 1 << 30, 12, 2, 128, 200 },
};

static void describe_share(const struct share *share, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", share->name);
}

KUNIT_ARRAY_PARAM(shares, shares, describe_share);

static void test_shares(struct kunit *test)
{
	const struct share *share = test->param_value;
	atomic_long_t deferred = ATOMIC_LONG_INIT(share->deferred);
	struct keeper k = { };
	struct pb_reclaim_query query = {
		.freeable = share->freeable, .priority = share->priority, .seeks = share->seeks,
		.batch = share->batch, .deferred = &deferred, .scan = give, .arg = &k,
	};

	pb_reclaim_query(&query);
	KUNIT_EXPECT_EQ(test, k.asked, share->asked);
	KUNIT_EXPECT_EQ(test, query.scanned, share->asked);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&deferred), (long)share->left);
	KUNIT_EXPECT_LE(test, k.largest, share->batch ?: PB_RECLAIM_BATCH);
}

/* A reclaimer that stops is not called again, and the pages that remain are deferred. */
static void test_stop(struct kunit *test)
{
	atomic_long_t deferred = ATOMIC_LONG_INIT(0);
	struct keeper k = { .stop_after = 2 };
	struct pb_reclaim_query query = {
		.freeable = 10000, .priority = 3, .seeks = 2, .deferred = &deferred,
		.scan = give, .arg = &k,
	};

	KUNIT_EXPECT_EQ(test, pb_reclaim_query(&query), 2UL * (PB_RECLAIM_BATCH / 2));
	KUNIT_EXPECT_EQ(test, k.calls, 2UL);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&deferred), 2500L - 2 * PB_RECLAIM_BATCH);
}

/* A reclaimer that scans fewer pages than requested is called more often. */
static void test_looks_at_less(struct kunit *test)
{
	atomic_long_t deferred = ATOMIC_LONG_INIT(0);
	struct keeper k = { .looks_at = 64 };
	struct pb_reclaim_query query = {
		.freeable = 1024, .priority = 2, .seeks = 2, .deferred = &deferred,
		.scan = give, .arg = &k,
	};

	pb_reclaim_query(&query);
	KUNIT_EXPECT_EQ(test, query.scanned, 448UL);
	KUNIT_EXPECT_EQ(test, k.calls, 7UL);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&deferred), 512L - 448);
}

/* What the rounds of direct reclaim pass to ops->reclaim. */
static struct {
	int		first, last, rounds;
	unsigned long	gives;
	bool		was_marked;
} rounds;

static unsigned long note_round(struct pb_pool *pool, const struct pb_request *rq, int priority,
				unsigned long nr_pages)
{
	if (!rounds.rounds++)
		rounds.first = priority;
	rounds.last = priority;
	rounds.was_marked = pb_task_reclaiming();
	return rounds.gives;
}

static void test_priority_rises(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	KUNIT_EXPECT_EQ(test, pb_direct_reclaim(&f->pool, &rq), 0UL);
	f->pool.ops.reclaim = note_round;
	memset(&rounds, 0, sizeof(rounds));
	KUNIT_EXPECT_EQ(test, pb_direct_reclaim(&f->pool, &rq), 0UL);
	KUNIT_EXPECT_EQ(test, rounds.first, PB_DEF_PRIORITY);
	KUNIT_EXPECT_EQ(test, rounds.last, 0);
	KUNIT_EXPECT_EQ(test, rounds.rounds, PB_DEF_PRIORITY + 1);
	KUNIT_EXPECT_TRUE(test, rounds.was_marked);
	KUNIT_EXPECT_FALSE(test, pb_task_reclaiming());
	KUNIT_EXPECT_EQ(test, pb_zone_event(pt_zone(f, 0, PB_ZONE_NORMAL), PB_ALLOCSTALL), 1UL);
}

/* A small request ends reclaim after 32 pages, a large one after the number of pages it needs. */
static void test_ends_when_enough(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_one_pageblock);
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	f->pool.ops.reclaim = note_round;
	memset(&rounds, 0, sizeof(rounds));
	rounds.gives = 16;
	KUNIT_EXPECT_EQ(test, pb_direct_reclaim(&f->pool, &rq), 32UL);
	KUNIT_EXPECT_EQ(test, rounds.rounds, 2);
	rq.order = 6;
	rounds.rounds = 0;
	KUNIT_EXPECT_EQ(test, pb_direct_reclaim(&f->pool, &rq), 64UL);
	KUNIT_EXPECT_EQ(test, rounds.rounds, 4);
}

/* Allocated pages that free_scattered() frees: no two of them are neighbours. */
static struct {
	unsigned long	*pfns, nr;
	unsigned int	rounds;
	unsigned long	ended;		/* pages that ops->reclaim_end reports */
} scattered;

static unsigned long free_scattered(struct pb_pool *pool, const struct pb_request *rq, int priority,
				    unsigned long nr_pages)
{
	unsigned long n = min(40UL, scattered.nr), i;

	scattered.rounds++;
	for (i = 0; i < n; i++)
		pb_free(pool, scattered.pfns[--scattered.nr], 0);
	pt_drain_all(pool);
	return n;
}

static void note_end(struct pb_pool *pool, unsigned long freed)
{
	scattered.ended = freed;
}

static void migrate_none(struct pb_pool *pool, struct pb_migration *m)
{
	m->failed = m->src_heads;
}

/* A full pool with this many scattered free pages. */
static struct pt_fixture *scattered_pool(struct kunit *test, unsigned long nr_free)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long *pfns, n, i;

	memset(&scattered, 0, sizeof(scattered));
	n = pt_fill(test, f, 0, PB_MOVABLE, &pfns);
	scattered.pfns = pfns;
	for (i = 0; i < n; i++)
		if (pfns[i] % 4 == 0)
			pfns[scattered.nr++] = pfns[i];
	KUNIT_ASSERT_EQ(test, scattered.nr, f->pages / 4);
	while (nr_free--)
		pb_free(&f->pool, pfns[--scattered.nr], 0);
	pt_drain_all(&f->pool);
	f->pool.ops.reclaim = free_scattered;
	f->pool.ops.reclaim_end = note_end;
	f->pool.ops.migrate = migrate_none;
	return f;
}

/*
 * Reclaim for a costly block ends when compaction has enough pages, here twice the block: 512. It
 * does not begin when as many are free above the high watermark.
 */
static void test_leaves_to_compaction(struct kunit *test)
{
	struct pt_fixture *f = scattered_pool(test, 500);
	struct pb_request rq = pt_rq(8, PB_MOVABLE, 0);

	pt_set_watermark(pt_zone(f, 0, PB_ZONE_NORMAL), PB_WMARK_HIGH, 100);
	KUNIT_EXPECT_EQ(test, pb_direct_reclaim(&f->pool, &rq), 40UL);
	KUNIT_EXPECT_EQ(test, scattered.ended, 40UL);
	KUNIT_EXPECT_EQ(test, pb_direct_reclaim(&f->pool, &rq), 40UL);
	KUNIT_EXPECT_EQ(test, pb_direct_reclaim(&f->pool, &rq), 40UL);
	KUNIT_EXPECT_EQ(test, scattered.rounds, 3U);
	/* 620 pages are free: progress, without a round. */
	KUNIT_EXPECT_EQ(test, pb_direct_reclaim(&f->pool, &rq), 1UL);
	KUNIT_EXPECT_EQ(test, scattered.rounds, 3U);
	/* A range of more pages needs more of them. */
	rq.nr_pages = 400;
	KUNIT_EXPECT_EQ(test, pb_direct_reclaim(&f->pool, &rq), 320UL);
	KUNIT_EXPECT_EQ(test, pb_direct_reclaim(&f->pool, &rq), 1UL);
	/* Other blocks, and those of a pool without compaction, need pages. */
	rq.nr_pages = 0;
	rq.order = PB_COSTLY_ORDER;
	KUNIT_EXPECT_EQ(test, pb_direct_reclaim(&f->pool, &rq), 40UL);
	f->pool.ops.migrate = NULL;
	KUNIT_EXPECT_FALSE(test, pb_compaction_ready(pt_zone(f, 0, PB_ZONE_NORMAL), &rq));
	scattered.rounds = 0;
	rq.order = 5;
	KUNIT_EXPECT_EQ(test, pb_direct_reclaim(&f->pool, &rq), 40UL);
	rq.order = 6;
	scattered.nr = 0;
	KUNIT_EXPECT_EQ(test, pb_direct_reclaim(&f->pool, &rq), 0UL);
	KUNIT_EXPECT_EQ(test, scattered.rounds, 1U + PB_DEF_PRIORITY + 1);
}

/* Without a zone that compaction can use the last pages are reclaimed, too. */
static void test_too_few_for_compaction(struct kunit *test)
{
	struct pt_fixture *f = scattered_pool(test, 0);
	struct pb_request rq = pt_rq(9, PB_MOVABLE, 0);

	pt_set_watermark(pt_zone(f, 0, PB_ZONE_NORMAL), PB_WMARK_LOW, 1000);
	pt_set_watermark(pt_zone(f, 0, PB_ZONE_NORMAL), PB_WMARK_HIGH, 1000);
	KUNIT_EXPECT_EQ(test, pb_direct_reclaim(&f->pool, &rq), 520UL);
	KUNIT_EXPECT_EQ(test, pb_direct_reclaim(&f->pool, &rq), 504UL);
	KUNIT_EXPECT_EQ(test, pb_direct_reclaim(&f->pool, &rq), 0UL);
	KUNIT_EXPECT_EQ(test, scattered.nr, 0UL);
}

static struct kunit_case reclaim_cases[] = {
	KUNIT_CASE_PARAM(test_shares, shares_gen_params),
	KUNIT_CASE(test_stop),
	KUNIT_CASE(test_looks_at_less),
	KUNIT_CASE(test_priority_rises),
	KUNIT_CASE(test_ends_when_enough),
	KUNIT_CASE(test_leaves_to_compaction),
	KUNIT_CASE(test_too_few_for_compaction),
	{}
};

static struct kunit_suite reclaim_suite = {
	.name = "pbuddy_reclaim",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = reclaim_cases,
};

kunit_test_suite(reclaim_suite);
