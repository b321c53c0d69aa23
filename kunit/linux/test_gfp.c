// SPDX-License-Identifier: GPL-2.0-only
/*
 * gfp.c: the request that results from gfp flags and the caller's context. Tables state the
 * expected result for each group of flags that depend on each other. The main case converts
 * every combination of flags in every context and compares all fields with the tables, so that a
 * flag that changes a field of another group is noticed.
 */
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/suspend.h>

#include "request/gfp.h"
#include "compat.h"
#include "fixture.h"
#include "instance.h"
#include "request/suspend.h"

/* ---- Expected results ---- */

/* Flags that are combined; none of them causes a warning. */
static const gfp_t walked[] = {
	__GFP_HIGHMEM, __GFP_DMA32, __GFP_MOVABLE, __GFP_RECLAIMABLE, __GFP_HIGH, __GFP_IO,
	__GFP_FS, __GFP_DIRECT_RECLAIM, __GFP_KSWAPD_RECLAIM, __GFP_NORETRY,
	__GFP_RETRY_MAYFAIL, __GFP_MEMALLOC, __GFP_NOMEMALLOC, __GFP_HARDWALL, __GFP_THISNODE,
	__GFP_WRITE,
};

/* The flags on which the result in an interrupt or a scope depends. */
static const gfp_t walked_short[] = {
	__GFP_HIGHMEM, __GFP_MOVABLE, __GFP_HIGH, __GFP_IO, __GFP_FS, __GFP_MEMALLOC,
	__GFP_NOMEMALLOC, __GFP_HARDWALL,
};

#define T(flag)		PB_ALLOC_##flag
#define NOTHING		PB_ALLOC_FLAG(0)

/*
 * Flags of the slow path by HIGH, DIRECT_RECLAIM and NOMEMALLOC: for order 0 and for higher
 * orders.
 */
static const struct {
	bool			high, direct, nomemalloc;
	pb_alloc_flags_t	single, larger;
} privileges[] = {
	{ 0, 0, 0,	T(CPUSET) | T(NON_BLOCK),
			T(CPUSET) | T(NON_BLOCK) },
	{ 0, 0, 1,	T(CPUSET),
			T(CPUSET) },
	{ 0, 1, 0,	T(CPUSET),
			T(CPUSET) },
	{ 0, 1, 1,	T(CPUSET),
			T(CPUSET) },
	{ 1, 0, 0,	T(MIN_RESERVE) | T(NON_BLOCK),
			T(MIN_RESERVE) | T(NON_BLOCK) | T(HIGHATOMIC) },
	{ 1, 0, 1,	T(MIN_RESERVE),
			T(MIN_RESERVE) },
	{ 1, 1, 0,	T(CPUSET) | T(MIN_RESERVE),
			T(CPUSET) | T(MIN_RESERVE) },
	{ 1, 1, 1,	T(CPUSET) | T(MIN_RESERVE),
			T(CPUSET) | T(MIN_RESERVE) },
};

enum context { PROCESS, NOFS, NOIO, PIN, NORECLAIM, REALTIME, SOFTIRQ, SOFTIRQ_NORECLAIM, HARDIRQ,
	       NR_CONTEXTS };

static const char * const context_name[NR_CONTEXTS] = {
	"process", "memalloc_nofs", "memalloc_noio", "memalloc_pin", "memalloc_noreclaim",
	"real-time task", "softirq", "memalloc_noreclaim in a softirq", "hardirq",
};

/* The reserve by context, MEMALLOC and NOMEMALLOC: 1 for NO_WATERMARKS. */
static const struct {
	bool	plain, memalloc, nomemalloc, both;
} reserve[NR_CONTEXTS] = {
	[PROCESS]		= { 0, 1, 0, 0 },
	[NOFS]			= { 0, 1, 0, 0 },
	[NOIO]			= { 0, 1, 0, 0 },
	[PIN]			= { 0, 1, 0, 0 },
	[NORECLAIM]		= { 1, 1, 0, 0 },
	[REALTIME]		= { 0, 1, 0, 0 },
	[SOFTIRQ]		= { 0, 1, 0, 0 },
	[SOFTIRQ_NORECLAIM]	= { 1, 1, 0, 0 },
	[HARDIRQ]		= { 0, 1, 0, 0 },
};

/* The flags that a scope clears. */
static const gfp_t scope[NR_CONTEXTS] = {
	[NOFS] = __GFP_FS, [NOIO] = __GFP_FS | __GFP_IO, [PIN] = __GFP_MOVABLE,
};

/* The highest zone by DMA32, HIGHMEM and MOVABLE. */
static const struct {
	bool			dma32, highmem, movable;
	enum pb_zone_type	zone;
} zones[] = {
	{ 0, 0, 0, PB_ZONE_NORMAL },	{ 0, 0, 1, PB_ZONE_NORMAL },
	{ 0, 1, 0, PB_ZONE_NORMAL },	{ 0, 1, 1, PB_ZONE_MOVABLE },
	{ 1, 0, 0, PB_ZONE_DMA32 },	{ 1, 0, 1, PB_ZONE_DMA32 },
	{ 1, 1, 0, PB_ZONE_DMA32 },	{ 1, 1, 1, PB_ZONE_DMA32 },
};

/* Flags that set one request flag each, for all passes. */
static const struct {
	gfp_t			gfp;
	pb_alloc_flags_t	flag;
} lasting[] = {
	{ __GFP_MOVABLE,	T(CMA) },
	{ __GFP_IO,		T(IO) },
	{ __GFP_FS,		T(FS) },
	{ __GFP_DIRECT_RECLAIM,	T(WAIT) },
	{ __GFP_KSWAPD_RECLAIM,	T(KSWAPD) },
	{ __GFP_NORETRY,	T(NORETRY) },
	{ __GFP_RETRY_MAYFAIL,	T(RETRY_MAYFAIL) },
	{ __GFP_NOMEMALLOC,	T(NOMEMALLOC) },
	{ __GFP_THISNODE,	T(THISNODE) },
};

/* ---- Lookup in the tables ---- */

static pb_alloc_flags_t expected_lasting(gfp_t gfp)
{
	pb_alloc_flags_t flags = NOTHING;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lasting); i++)
		if (gfp & lasting[i].gfp)
			flags |= lasting[i].flag;
	return flags;
}

static pb_alloc_flags_t expected_slow(gfp_t gfp, unsigned int order, enum context context)
{
	pb_alloc_flags_t flags = NOTHING;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(privileges); i++)
		if (privileges[i].high == !!(gfp & __GFP_HIGH) &&
		    privileges[i].direct == !!(gfp & __GFP_DIRECT_RECLAIM) &&
		    privileges[i].nomemalloc == !!(gfp & __GFP_NOMEMALLOC))
			flags = order ? privileges[i].larger : privileges[i].single;
	/* A real-time task that may wait has the same reserve as with HIGH. */
	if (context == REALTIME && gfp & __GFP_DIRECT_RECLAIM)
		flags |= T(MIN_RESERVE);
	/* HARDWALL matters only if the cpuset does. */
	if (flags & T(CPUSET) && gfp & __GFP_HARDWALL)
		flags |= T(HARDWALL);
	return flags;
}

static pb_alloc_flags_t expected_reserve(gfp_t gfp, enum context context)
{
	bool may = gfp & __GFP_MEMALLOC ?
		(gfp & __GFP_NOMEMALLOC ? reserve[context].both : reserve[context].memalloc) :
		(gfp & __GFP_NOMEMALLOC ? reserve[context].nomemalloc : reserve[context].plain);

	return may ? T(NO_WATERMARKS) : NOTHING;
}

static enum pb_zone_type expected_zone(gfp_t gfp)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(zones) - 1; i++)
		if (zones[i].dma32 == !!(gfp & __GFP_DMA32) &&
		    zones[i].highmem == !!(gfp & __GFP_HIGHMEM) &&
		    zones[i].movable == !!(gfp & __GFP_MOVABLE))
			break;
	return zones[i].zone;
}

static enum pb_migratetype expected_migratetype(gfp_t gfp)
{
	if (gfp & __GFP_MOVABLE)
		return PB_MOVABLE;
	return gfp & __GFP_RECLAIMABLE ? PB_RECLAIMABLE : PB_UNMOVABLE;
}

/* ---- All combinations ---- */

/**
 * struct walk - one pass over all combinations, in one context
 * @context: the context
 * @flags: flags to combine
 * @nr: number of @flags
 * @asked: number of combinations
 * @wrong: number of fields that differ from the tables
 * @gfp: flags of the first difference
 * @order: order of the first difference
 * @what: name of the field
 * @got: its value
 * @want: the value in the tables
 */
struct walk {
	enum context	context;
	const gfp_t	*flags;
	unsigned int	nr;
	unsigned long	asked;
	unsigned long	wrong;
	gfp_t		gfp;
	unsigned int	order;
	const char	*what;
	unsigned int	got, want;
};

static void compare(struct walk *w, const char *what, gfp_t gfp, unsigned int order,
		    unsigned int got, unsigned int want)
{
	if (likely(got == want) || w->wrong++)
		return;
	w->what = what;
	w->gfp = gfp;
	w->order = order;
	w->got = got;
	w->want = want;
}

#define COMPARE(what, got, want)						\
	compare(w, what, asked, order, (__force unsigned int)(got), (__force unsigned int)(want))

static void request(struct walk *w, gfp_t asked, unsigned int order)
{
	/*
	 * NOFRAGMENT depends on the preferred zone, RECLAIMING on the context; both are checked
	 * separately.
	 */
	const pb_alloc_flags_t elsewhere = T(NOFRAGMENT) | T(RECLAIMING);
	gfp_t gfp = asked, want = asked & ~scope[w->context];
	pb_alloc_flags_t first = T(WMARK_LOW) | T(CPUSET) | T(HARDWALL);
	struct pb_request rq;

	w->asked++;
	if (!pb_gfp_request(&rq, &gfp, order, NUMA_NO_NODE, NULL)) {
		compare(w, "refused", asked, order, 1, 0);
		return;
	}
	if (want & __GFP_WRITE)
		first |= T(SPREAD_DIRTY);
	COMPARE("gfp", gfp, want);
	COMPARE("migratetype", rq.migratetype, expected_migratetype(want));
	COMPARE("zone", rq.highest_zone, expected_zone(want));
	COMPARE("first walk", rq.flags & ~elsewhere, first | expected_lasting(want));
	COMPARE("slow path", rq.slow_flags, expected_slow(want, order, w->context));
	COMPARE("reserve", rq.reserve_flags, expected_reserve(want, w->context));
	if (w->context < SOFTIRQ)
		COMPARE("reclaiming", rq.flags & T(RECLAIMING),
			w->context == NORECLAIM ? T(RECLAIMING) : NOTHING);
}

static void walk(struct walk *w)
{
	unsigned long combination;
	unsigned int i;
	gfp_t gfp;

	for (combination = 0; combination < 1UL << w->nr; combination++) {
		gfp = 0;
		for (i = 0; i < w->nr; i++)
			if (combination & BIT(i))
				gfp |= w->flags[i];
		/* Both together are a caller's bug and warn. */
		if (gfp & __GFP_MOVABLE && gfp & __GFP_RECLAIMABLE)
			continue;
		request(w, gfp, 0);
		request(w, gfp, 3);
		if (in_task() && !(combination % 1024))
			cond_resched();
	}
}

static void walk_in_scope(struct walk *w)
{
	unsigned int scopes = w->context == NOFS ? memalloc_nofs_save() :
			      w->context == NOIO ? memalloc_noio_save() :
			      w->context == PIN ? memalloc_pin_save() :
			      w->context == NORECLAIM ? memalloc_noreclaim_save() : 0;

	if (w->context == REALTIME)
		sched_set_fifo_low(current);
	walk(w);
	if (w->context == REALTIME)
		sched_set_normal(current, 0);
	if (w->context == NOFS)
		memalloc_nofs_restore(scopes);
	else if (w->context == NOIO)
		memalloc_noio_restore(scopes);
	else if (w->context == PIN)
		memalloc_pin_restore(scopes);
	else if (w->context == NORECLAIM)
		memalloc_noreclaim_restore(scopes);
}

static struct walk *the_walk;

/* The kernel clears the task's PF_MEMALLOC in softirqs; a softirq may set it for itself. */
static void tasklet_walk(struct tasklet_struct *unused)
{
	unsigned int scopes;

	if (the_walk->context != SOFTIRQ_NORECLAIM) {
		walk(the_walk);
		return;
	}
	scopes = memalloc_noreclaim_save();
	walk(the_walk);
	memalloc_noreclaim_restore(scopes);
}

/* local_bh_enable() runs the tasklet at once, with the test's task as current. */
static void walk_in_softirq(struct walk *w)
{
	static DECLARE_TASKLET(tasklet, tasklet_walk);
	unsigned int scopes = memalloc_noreclaim_save();

	the_walk = w;
	local_bh_disable();
	tasklet_schedule(&tasklet);
	local_bh_enable();
	memalloc_noreclaim_restore(scopes);
	tasklet_kill(&tasklet);
}

static void irq_walk(struct irq_work *unused)
{
	walk(the_walk);
}

static void walk_in_hardirq(struct walk *w)
{
	static struct irq_work work = IRQ_WORK_INIT_HARD(irq_walk);

	the_walk = w;
	irq_work_queue(&work);
	irq_work_sync(&work);
}

static void contexts_desc(const enum context *context, char *desc)
{
	strscpy(desc, context_name[*context], KUNIT_PARAM_DESC_SIZE);
}

static const enum context contexts[] = {
	PROCESS, NOFS, NOIO, PIN, NORECLAIM, REALTIME, SOFTIRQ, SOFTIRQ_NORECLAIM, HARDIRQ,
};

KUNIT_ARRAY_PARAM(contexts, contexts, contexts_desc);

static void test_every_combination(struct kunit *test)
{
	enum context context = *(const enum context *)test->param_value;
	struct walk w = {
		.context = context,
		.flags = context == PROCESS ? walked : walked_short,
		.nr = context == PROCESS ? ARRAY_SIZE(walked) : ARRAY_SIZE(walked_short),
	};

	if (!pb_instance.all_zones || !pb_instance.all_zones->nr)
		kunit_skip(test, "pbuddy has no memory");
	if (context < SOFTIRQ)
		walk_in_scope(&w);
	else if (context == HARDIRQ)
		walk_in_hardirq(&w);
	else
		walk_in_softirq(&w);
	KUNIT_EXPECT_GE(test, w.asked, 3UL << (w.nr - 1));
	KUNIT_EXPECT_EQ_MSG(test, w.wrong, 0UL,
			    "first: %s of order %u, gfp %pGg: %#x instead of %#x", w.what, w.order,
			    &w.gfp, w.got, w.want);
}

/*
 * NOFRAGMENT is set if the preferred zone is NORMAL and there is a DMA32 zone beside it or one
 * node.
 */
static void test_nofragment_default(struct kunit *test)
{
	gfp_t gfp = GFP_HIGHUSER_MOVABLE;
	struct pb_request rq;
	bool want;

	KUNIT_ASSERT_TRUE(test, pb_gfp_request(&rq, &gfp, 0, NUMA_NO_NODE, NULL));
	KUNIT_ASSERT_NOT_NULL(test, rq.preferred_zone);
	want = rq.preferred_zone->type == PB_ZONE_NORMAL &&
	       (nr_online_nodes == 1 ||
		pb_instance.zone[rq.preferred_zone->nid][PB_ZONE_DMA32]);
	KUNIT_EXPECT_EQ(test, !!(rq.flags & T(NOFRAGMENT)), want);
}

/* The mask of flags allowed during suspend applies to every request. */
static void test_allowed_mask(struct kunit *test)
{
	gfp_t asleep = GFP_KERNEL, awake = GFP_KERNEL;
	struct pb_request rq;
	bool ok, ok_again;

	pb_suspend_notify(NULL, PM_SUSPEND_PREPARE, NULL);
	ok = pb_gfp_request(&rq, &asleep, 0, NUMA_NO_NODE, NULL);
	pb_suspend_notify(NULL, PM_POST_SUSPEND, NULL);
	KUNIT_EXPECT_FALSE(test, (bool)(rq.flags & (T(IO) | T(FS))));
	ok_again = pb_gfp_request(&rq, &awake, 0, NUMA_NO_NODE, NULL);
	KUNIT_EXPECT_TRUE(test, (rq.flags & (T(IO) | T(FS))) == (T(IO) | T(FS)));
	KUNIT_EXPECT_TRUE(test, ok && ok_again);
	KUNIT_EXPECT_TRUE(test, asleep == (GFP_KERNEL & ~(__GFP_IO | __GFP_FS)));
	KUNIT_EXPECT_TRUE(test, awake == GFP_KERNEL);
}

/*
 * HIGH with DIRECT_RECLAIM (as ATOMIC with it, on kernels that have __GFP_ATOMIC) gets no access
 * to the highatomic reserve.
 */
static void test_atomic_with_direct_reclaim(struct kunit *test)
{
	gfp_t gfp = GFP_KERNEL | __GFP_HIGH;
	struct pb_request rq;

	KUNIT_ASSERT_TRUE(test, pb_gfp_request(&rq, &gfp, 3, NUMA_NO_NODE, NULL));
	KUNIT_EXPECT_FALSE(test, (bool)(rq.slow_flags & (T(NON_BLOCK) | T(HIGHATOMIC))));
	KUNIT_EXPECT_TRUE(test, (bool)(rq.slow_flags & T(CPUSET)));
}

/* Flags outside the tables: DMA is always refused, COMP changes nothing. */
static void test_unkept_flags(struct kunit *test)
{
	struct pb_request with, without;
	unsigned int i;
	gfp_t gfp;

	for (i = 0; i < ARRAY_SIZE(walked); i++) {
		gfp = walked[i] | __GFP_DMA | __GFP_NOWARN;
		KUNIT_EXPECT_FALSE_MSG(test, pb_gfp_request(&with, &gfp, 0, NUMA_NO_NODE, NULL),
				       "%pGg", &gfp);
		gfp = walked[i] | __GFP_COMP;
		KUNIT_ASSERT_TRUE(test, pb_gfp_request(&with, &gfp, 2, NUMA_NO_NODE, NULL));
		KUNIT_EXPECT_TRUE(test, gfp == (walked[i] | __GFP_COMP));
		gfp = walked[i];
		KUNIT_ASSERT_TRUE(test, pb_gfp_request(&without, &gfp, 2, NUMA_NO_NODE, NULL));
		KUNIT_EXPECT_TRUE(test, with.flags == without.flags);
		KUNIT_EXPECT_TRUE(test, with.slow_flags == without.slow_flags);
		KUNIT_EXPECT_EQ(test, with.highest_zone, without.highest_zone);
	}
}

static struct kunit_case gfp_cases[] = {
	KUNIT_CASE_PARAM(test_every_combination, contexts_gen_params),
	KUNIT_CASE(test_nofragment_default),
	KUNIT_CASE(test_allowed_mask),
	KUNIT_CASE(test_atomic_with_direct_reclaim),
	KUNIT_CASE(test_unkept_flags),
	{}
};

static struct kunit_suite gfp_suite = {
	.name = "pbuddy_gfp",
	.test_cases = gfp_cases,
};

kunit_test_suite(gfp_suite);
