// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random sequences of all operations on a pool and on a reference model (oracle.h). Compared are
 * each allocated block, the result of each free, whether a request may fail, and at intervals
 * the counts of pb_verify(). A run is repeatable by its seed.
 */
#include "core/cache/drain.h"
#include "oracle.h"
#include "params.h"
#include "threads.h"

#define STEPS_PER_CPU	32	/* steps before the sequence continues on another CPU */

struct oracle {
	struct kunit	*test;
	struct pt_model	model;
	struct pt_rand	rand;
	unsigned long	nodemask;
	unsigned int	grow;		/* percent of steps that allocate */
	unsigned long	step;
	bool		failed;
};

static unsigned int random_order(struct pt_rand *r)
{
	switch (pt_below(r, 8)) {
	case 0:
		return pt_below(r, PB_NR_ORDERS);
	case 1:
		return PB_PAGEBLOCK_ORDER;
	case 2:
		return 4 + pt_below(r, 5);
	default:
		return pt_below(r, 4);
	}
}

static struct pb_request random_request(struct oracle *o, unsigned int order)
{
	struct pt_rand *r = &o->rand;
	int nr_nodes = o->model.f->layout->nr_nodes;
	struct pb_request rq = pt_rq(order, pt_below(r, PB_PCPTYPES), pt_below(r, nr_nodes));

	if (pt_below(r, 4) == 0)
		rq.highest_zone = pt_below(r, PB_NR_ZONE_TYPES);
	if (pt_below(r, PT_WAIT_ONE_IN) == 0)
		rq.flags |= PB_ALLOC_WAIT;
	if (pt_below(r, 6) == 0)
		rq.flags |= PB_ALLOC_THISNODE;
	if (pt_below(r, 4) == 0)
		rq.flags |= PB_ALLOC_NOFRAGMENT;
	if (pt_below(r, 6) == 0) {
		o->nodemask = pt_rand(r) & (BIT(nr_nodes) - 1);
		rq.nodemask = &o->nodemask;
	}
	return rq;
}

static bool check(struct oracle *o, bool good, const char *what, unsigned long pfn,
		  unsigned int order)
{
	if (good)
		return true;
	KUNIT_FAIL(o->test, "step %lu: %s (pfn %#lx order %u, seed %lu)", o->step, what, pfn, order,
		   pt_seed);
	o->failed = true;
	return false;
}

static void got_block(struct oracle *o, const struct pb_request *rq, unsigned long pfn)
{
	if (!pt_model_add(o->test, &o->model, pfn, rq->order))
		check(o, false, "wrong block allocated", pfn, rq->order);
	else
		check(o, pt_model_allowed(&o->model, rq, pfn), "zone not allowed", pfn,
		      rq->order);
}

static void got_nothing(struct oracle *o, const struct pb_request *rq, enum pb_reason reason)
{
	unsigned long pages = 1UL << rq->order;

	check(o, reason != PB_REASON_NONE && reason < PB_NR_REASONS, "no reason given", 0,
	      rq->order);
	/* A request that cannot wait does not see frames in other CPUs' lists. */
	if (rq->flags & PB_ALLOC_WAIT)
		check(o, pt_model_may_fail(&o->model, rq, pages, pages),
		      "failed although there is such a block", 0, rq->order);
}

static void step_alloc(struct oracle *o)
{
	struct pb_request rq = random_request(o, random_order(&o->rand));
	enum pb_reason reason = PB_REASON_NONE;
	unsigned long pfn = pb_alloc(&o->model.f->pool, &rq, &reason);

	if (pfn == PB_NO_PFN)
		got_nothing(o, &rq, reason);
	else
		got_block(o, &rq, pfn);
}

static void step_bulk(struct oracle *o)
{
	struct pb_request rq = random_request(o, pt_below(&o->rand, 4));
	unsigned long pfns[20], want = pt_below(&o->rand, 21), got, i;
	enum pb_reason reason = PB_REASON_NONE;

	got = pb_alloc_bulk(&o->model.f->pool, &rq, want, pfns, &reason);
	check(o, got <= want, "more blocks than requested", 0, rq.order);
	for (i = 0; i < got && !o->failed; i++)
		got_block(o, &rq, pfns[i]);
	if (got < want && !o->failed)
		got_nothing(o, &rq, reason);
}

static unsigned long contig_align(unsigned long nr_pages)
{
	if (nr_pages <= PB_PAGEBLOCK_NR)
		return 1UL << order_base_2(nr_pages);
	return is_power_of_2(nr_pages) ? min(nr_pages, 1UL << PB_MAX_ORDER) : PB_PAGEBLOCK_NR;
}

/* Allocates a range of any length. Frees its end at once, or keeps it all as single frames. */
static void step_contig(struct oracle *o)
{
	struct pb_request rq = random_request(o, 0);
	unsigned long nr = 1 + pt_below(&o->rand, pt_below(&o->rand, 2) ? 100 : 1700);
	unsigned long align = contig_align(nr), cut, capacity, pfn, i;
	enum pb_reason reason = PB_REASON_NONE;
	struct pb_pool *pool = &o->model.f->pool;

	pfn = pb_alloc_contig(pool, &rq, nr, &reason);
	if (pfn == PB_NO_PFN) {
		/* Up to a pageblock the range needs a free block of the next order. */
		capacity = nr <= PB_PAGEBLOCK_NR ? align : round_up(nr, PB_PAGEBLOCK_NR);
		if (rq.flags & PB_ALLOC_WAIT)
			check(o, pt_model_may_fail(&o->model, &rq, capacity, align),
			      "range failed although there is one", nr, 0);
		check(o, reason != PB_REASON_NONE, "no reason given", nr, 0);
		return;
	}
	check(o, IS_ALIGNED(pfn, align), "range misaligned", pfn, 0);
	for (i = 0; i < nr && !o->failed; i++)
		got_block(o, &rq, pfn + i);
	cut = pt_below(&o->rand, nr + 1);
	if (o->failed || pt_below(&o->rand, 2))
		return;
	for (i = 0; i < cut; i++)
		pt_model_alloc(&o->model, o->model.n - 1);
	check(o, pb_free_contig(pool, pfn + nr - cut, cut) == PB_BAD_NONE, "range free refused",
	      pfn, 0);
}

static void step_free(struct oracle *o)
{
	struct pt_live block;

	if (!o->model.n)
		return;
	block = pt_model_alloc(&o->model, pt_below(&o->rand, o->model.n));
	check(o, pb_free(&o->model.f->pool, block.pfn, block.order) == PB_BAD_NONE,
	      "correct free refused", block.pfn, block.order);
}

static void step_split(struct oracle *o)
{
	struct pt_live block;
	unsigned long i;

	if (!o->model.n)
		return;
	block = pt_model_alloc(&o->model, pt_below(&o->rand, o->model.n));
	check(o, pb_split(&o->model.f->pool, block.pfn, block.order) == PB_BAD_NONE,
	      "split refused", block.pfn, block.order);
	for (i = 0; i < 1UL << block.order; i++)
		pt_model_add(o->test, &o->model, block.pfn + i, 0);
}

/* A PFN in a live block, in the last freed block, in any frame of the pool, or of any value. */
static unsigned long random_pfn(struct oracle *o)
{
	struct pt_model *m = &o->model;
	struct pt_live block;

	switch (pt_below(&o->rand, 4)) {
	case 0:
		if (m->n) {
			block = m->live[pt_below(&o->rand, m->n)];
			return block.pfn + (pt_below(&o->rand, 2) ?
					    pt_below(&o->rand, 1U << block.order) : 0);
		}
		fallthrough;
	case 1:
		return m->freed.pfn;
	case 2:
		return pt_layout_pfn(m->f->layout, pt_below(&o->rand, m->f->pages));
	default:
		return pt_rand(&o->rand) >> pt_below(&o->rand, 64);
	}
}

/* Frees any PFN with any order. The model has the expected result. */
static void step_any_free(struct oracle *o)
{
	struct pt_fixture *f = o->model.f;
	unsigned long pfn = random_pfn(o);
	unsigned int order = pt_below(&o->rand, 4) ? random_order(&o->rand) :
						     pt_below(&o->rand, 70);
	enum pb_bad want = pt_model_free_says(&o->model, pfn, order), got;
	unsigned long i;

	got = pb_free(&f->pool, pfn, order);
	if (!check(o, got == want, "result of free differs from the model", pfn, order)) {
		KUNIT_FAIL(o->test, "model says \"%s\", pool \"%s\"", pb_bad_name[want],
			   pb_bad_name[got]);
		return;
	}
	if (want == PB_BAD_NONE) {
		for (i = 0; o->model.live[i].pfn != pfn; i++)
			;
		pt_model_alloc(&o->model, i);
	} else {
		check(o, atomic_read(&f->nr_bad[want]) == 1 && f->bad_pfn == pfn,
		      "not reported once", pfn, order);
		atomic_set(&f->nr_bad[want], 0);
	}
}

static void step_query_order(struct oracle *o)
{
	unsigned long pfn = random_pfn(o);

	check(o, pb_page_order(&o->model.f->pool, pfn) == pt_model_page_order(&o->model, pfn),
	      "wrong page order", pfn, 0);
}

static void step_housekeeping(struct oracle *o)
{
	struct pb_pool *pool = &o->model.f->pool;

	switch (pt_below(&o->rand, 3)) {
	case 0:
		check(o, pb_pcp_drain_local(pool), "drain refused", 0, 0);
		break;
	case 1:
		pb_pcp_decay_local(pool);
		break;
	default:
		pt_drain_all(pool);
	}
}

static void one_step(struct oracle *o)
{
	unsigned int dice = pt_below(&o->rand, 100);

	o->step++;
	if (dice < 2)
		step_housekeeping(o);
	else if (dice < 6)
		step_any_free(o);
	else if (dice < 9)
		step_query_order(o);
	else if (dice < 10)
		step_split(o);
	else if (pt_below(&o->rand, 100) >= o->grow)
		step_free(o);
	else if (dice < 14)
		step_bulk(o);
	else if (dice < 17)
		step_contig(o);
	else
		step_alloc(o);
}

static void some_steps(void *arg)
{
	struct oracle *o = arg;
	unsigned int i;

	for (i = 0; i < STEPS_PER_CPU && !o->failed; i++)
		one_step(o);
}

static bool verify_now(struct oracle *o)
{
	struct pb_verify v;

	pb_verify(&o->model.f->pool, &v);
	if (v.errors)
		KUNIT_FAIL(o->test, "verify: %s", v.first);
	return check(o, !v.errors, "verify", 0, 0) &&
	       check(o, v.allocated_pages == o->model.pages, "allocated pages", 0, 0) &&
	       check(o, v.free_pages + v.pcp_pages + v.allocated_pages == o->model.f->pages,
		     "pages lost", 0, 0);
}

static void run_sequence(struct kunit *test, const struct pt_layout *layout, unsigned long steps)
{
	struct oracle *o = kunit_kzalloc(test, sizeof(*o), GFP_KERNEL);
	unsigned long batch = 0, every = layout == &pt_gig ? 128 : 16;
	unsigned int cpu;

	KUNIT_ASSERT_NOT_NULL(test, o);
	o->test = test;
	o->rand.state = pt_seed;
	KUNIT_ASSERT_EQ(test, pt_model_init(test, &o->model, pt_pool(test, layout)), 0);
	while (o->step < steps && !o->failed) {
		/* Waves: mostly allocations until the pool is full, then mostly frees. */
		if (batch % 40 == 0)
			o->grow = batch / 40 % 2 ? 25 + pt_below(&o->rand, 20) :
						   55 + pt_below(&o->rand, 45);
		cpu = pt_below(&o->rand, pt_nr_cpus());
		pt_call_on(cpu, some_steps, o);
		if (!o->failed && batch++ % every == 0)
			verify_now(o);
		cond_resched();
	}
	if (o->failed) {
		o->model.f->broken = true;
		return;
	}
	while (o->model.n && !o->failed)
		step_free(o);
	pt_expect_all_free(test, o->model.f);
}

static void describe_layout(const struct pt_layout *const *layout, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", (*layout)->name);
}

KUNIT_ARRAY_PARAM(layouts, pt_layouts, describe_layout);

static void test_random_sequences(struct kunit *test)
{
	const struct pt_layout *layout = *(const struct pt_layout *const *)test->param_value;

	kunit_info(test, "seed %lu, %lu thousand steps, %s\n", pt_seed, pt_rounds, layout->name);
	run_sequence(test, layout, pt_rounds * (layout == &pt_gig ? 200 : 1000));
}

static struct kunit_case oracle_cases[] = {
	KUNIT_CASE_PARAM(test_random_sequences, layouts_gen_params),
	{}
};

static struct kunit_suite oracle_suite = {
	.name = "pbuddy_oracle",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = oracle_cases,
};

kunit_test_suite(oracle_suite);
