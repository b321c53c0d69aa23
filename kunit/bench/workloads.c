// SPDX-License-Identifier: GPL-2.0-only
/*
 * The workloads: a function that runs one round of a thread, and a row of bench_workloads[].
 * To add a workload, add both here. The module, its debugfs table, the guest scripts and the
 * reports derive everything else from the row.
 *
 * repeat, bulk, rand-put, rand, frag, free-all: LLFree's linux-alloc-bench (luhsra, alloc.c).
 *	As there: threads are bound to CPUs, a barrier precedes each part, and the time of a
 *	thread divided by its operations counts, in the mean over the threads. Different here:
 *	GFP_KERNEL in place of GFP_HIGHUSER_MOVABLE | __GFP_THISNODE for all subjects; the
 *	barrier spins in place of sleeping; the shuffle is Fisher-Yates in place of n random
 *	swaps; repeat times a pair in place of alloc and free apart; rand-put times the frees
 *	after the shuffle (the present code of LLFree), rand the mixed form of its paper.
 *
 * linux-scalability, threadtest, constant-occupancy, cached: NBBS (HPDCS/NBBS, benchmarks/TB_*).
 *	As there: the number of operations per thread is fixed (linux-scalability) or divided by
 *	the number of threads (the others), and the slowest thread counts. An operation is an
 *	allocation with its free. Different here: short rounds, repeated, in place of millions
 *	of operations at once (threadtest: 8192 objects in place of 30000); random numbers are
 *	made beforehand; linux-scalability allocates M blocks and frees them in order, as the
 *	benchmark of that name does and NBBS's paper says, while the present code of NBBS times
 *	pairs, which are "cached" here.
 *
 * pair, outstanding, bulk-api, two-phase, ring: Brouer's page_bench 01 to 05
 * (netoptimizer/prototype-kernel, kernel/mm/bench).
 *	As there: the time of a CPU divided by its operations, an operation being an allocation
 *	with its free; the mean over the CPUs where page_bench prints each. Different here:
 *	GFP_KERNEL in place of GFP_ATOMIC; bulk-api frees with __free_pages() in place of
 *	put_page(), times alloc and free apart, and has no list form, which the kernel no longer
 *	has; two-phase is page_bench05 without the ring.
 */
#include <linux/minmax.h>
#include <linux/mm.h>

#include "bench.h"

#define N		16384
#define OBJECTS		8192		/* of NBBS's workloads */
#define ORDERS		"0,1,2,3,4,6,9,10"
#define ORDERS_TO_9	"0,1,2,3,4,6,9"

static int pairs_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->pairs, 0, false);
}

static int bulk_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->alloc, 0, false) ?:
	       bench_part(t, s->loops->free, 1, true);
}

static int rand_put_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->alloc, -1, false) ?:
	       bench_shuffle(t) ?:
	       bench_part(t, s->loops->free, 0, true);
}

static int rand_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->alloc, -1, false) ?:
	       bench_shuffle(t) ?:
	       bench_part(t, s->loops->replace, 0, false) ?:
	       bench_part(t, s->loops->free, -1, true);
}

static int hold_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->hold, 0, true);
}

/* 31 blocks: 1 of the order asked for + 4, 2 of + 3, 4 of + 2, 8 of + 1, 16 of the order itself. */
static u8 occupancy_orders[BENCH_OCCUPANCY_BLOCKS];

static void occupancy_prepare(struct bench_thread *t)
{
	unsigned int level, i, k = 0;

	for (level = 0; level < BENCH_OCCUPANCY_ORDERS; level++)
		for (i = 0; i < 1U << level; i++)
			occupancy_orders[k++] = t->order + BENCH_OCCUPANCY_ORDERS - 1 - level;
	t->orders = occupancy_orders;
	bench_fill_index(t);
}

static int occupancy_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->alloc_each, -1, false) ?:
	       bench_part(t, s->loops->replace, 0, false);
}

/* The numbers of blocks of page_bench02; 0 ends them. */
static const unsigned int outstanding_counts[] = {
	1, 2, 4, 8, 16, 32, 64, 128, 512, 1024, 4096, 8192, 0
};

static int bulk_api_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->alloc_bulk, 0, false) ?:
	       bench_part(t, s->loops->free_bulk, 1, true);
}

static int swap_slots(struct bench_thread *t)
{
	swap(t[0].slots, t[1].slots);
	return 0;
}

/* Thread 0 allocates all, then thread 1 frees all. */
static int two_phase_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, t->nr ? NULL : s->loops->alloc, 0, false) ?:
	       bench_part(t, t->nr ? NULL : swap_slots, -1, false) ?:
	       bench_part(t, t->nr ? s->loops->free : NULL, 1, true);
}

/*
 * Thread 0 allocates into a ptr_ring, thread 1 frees out of it. Thread 0 starts half a round
 * earlier; the ring is never full. The time that thread 1 waits on an empty ring counts.
 */
static int ring_round(struct bench_thread *t, const struct bench_subject *s)
{
	unsigned long n = t->n;
	int err;

	t->n = n / 2;
	err = bench_part(t, t->nr ? NULL : s->loops->produce, -1, false);
	t->n = n;
	err = err ?: bench_part(t, t->nr ? s->loops->consume : s->loops->produce, 0, false);
	return t->nr ? err : s->loops->free_ring(t) ?: err;
}

const struct bench_workload bench_workloads[] = {
	{
		.name		= "repeat",
		.part		= { { "repeat", "allocate and free one block" } },
		.orders		= ORDERS,
		.max_order	= 10,
		.n		= N,
		.round		= pairs_round,
	}, {
		.name		= "bulk",
		.part		= { { "bulk-get", "allocate thousands" },
				    { "bulk-put", "free them in order" } },
		.slots		= BENCH_SLOTS_N,
		.orders		= ORDERS,
		.max_order	= 10,
		.n		= N,
		.round		= bulk_round,
	}, {
		.name		= "rand-put",
		.part		= { { "rand-put", "free them shuffled" } },
		.slots		= BENCH_SLOTS_N,
		.orders		= ORDERS,
		.max_order	= 10,
		.n		= N,
		.round		= rand_put_round,
	}, {
		.name		= "rand",
		.part		= { { "rand", "free one at random, allocate one" } },
		.slots		= BENCH_SLOTS_N,
		.orders		= ORDERS,
		.max_order	= 10,
		.n		= N,
		.prepare	= bench_fill_index,
		.round		= rand_round,
	}, {
		.name		= "linux-scalability",
		.part		= { { "linux-scalability", "allocate 8192, free in order" } },
		.slots		= BENCH_SLOTS_HELD,
		.orders		= ORDERS_TO_9,
		.max_order	= 10,
		.n		= OBJECTS,
		.held		= OBJECTS,
		.worst		= true,
		.round		= hold_round,
	}, {
		.name		= "threadtest",
		.part		= { { "threadtest", "8192 of all CPUs together" } },
		.slots		= BENCH_SLOTS_HELD,
		.orders		= ORDERS_TO_9,
		.max_order	= 10,
		.n		= OBJECTS,
		.held		= OBJECTS,
		.divide		= true,
		.worst		= true,
		.round		= hold_round,
	}, {
		.name		= "constant-occupancy",
		.part		= { { "constant-occupancy", "31 blocks, 5 orders, one replaced" } },
		.slots		= BENCH_SLOTS_OCCUPANCY,
		.orders		= "0,1,2,3,4,6",
		.max_order	= 6,
		.more_orders	= BENCH_OCCUPANCY_ORDERS - 1,
		.n		= OBJECTS,
		.divide		= true,
		.worst		= true,
		.prepare	= occupancy_prepare,
		.round		= occupancy_round,
	}, {
		.name		= "cached",
		.part		= { { "cached", "one block, n divided by the CPUs" } },
		.orders		= ORDERS,
		.max_order	= 10,
		.n		= 2 * OBJECTS,
		.divide		= true,
		.worst		= true,
		.round		= pairs_round,
	}, {
		.name		= "pair",
		.part		= { { "pair", "allocate and free one block" } },
		.orders		= ORDERS,
		.max_order	= 10,
		.n		= N,
		.round		= pairs_round,
	}, {
		.name		= "outstanding",
		.part		= { { "outstanding", "allocate n, free them in order" } },
		.slots		= BENCH_SLOTS_HELD,
		.orders		= "0",
		.max_order	= 10,
		.n		= 8192,
		.held		= 1,
		.held_list	= outstanding_counts,
		.round		= hold_round,
	}, {
		/* 64 pages per call unless the request gives a count. */
		.name		= "bulk-api",
		.part		= { { "bulk-api-get", "bulk call, a page allocated" },
				    { "bulk-api-put", "bulk call, a page freed" } },
		.kind		= BENCH_BULK_CALLS,
		.slots		= BENCH_SLOTS_N,
		.orders		= "0",
		.n		= N,
		.held		= 64,
		.round		= bulk_api_round,
	}, {
		.name		= "two-phase",
		.part		= { { "two-phase-get", "allocated for another CPU" },
				    { "two-phase-put", "freed by another CPU" } },
		.slots		= BENCH_SLOTS_N,
		.orders		= ORDERS,
		.max_order	= 10,
		.threads	= 2,
		.n		= N,
		.worst		= true,
		.round		= two_phase_round,
	}, {
		.name		= "ring",
		.part		= { { "ring", "through a ring to another CPU" } },
		.orders		= ORDERS_TO_9,
		.max_order	= 10,
		.threads	= 2,
		.n		= N,
		.worst		= true,
		.ring		= true,
		.round		= ring_round,
	}, {
		.name		= "frag",
		.part		= { { "frag", "free 2 MiB blocks after churn, of the ideal" } },
		.kind		= BENCH_SHAPES,
		.slots		= BENCH_SLOTS_N,
		.orders		= "0,3",
		.max_order	= 8,
		.rounds		= 1,
		.iterations	= true,
		.plan		= bench_plan_fill,
		.round		= bench_frag_round,
	}, {
		.name		= "free-all",
		.part		= { { "free-all", "free 2 MiB blocks after all is freed" },
				    { "free-all-drained", "the same, per-CPU lists drained" } },
		.kind		= BENCH_SHAPES,
		.slots		= BENCH_SLOTS_N,
		.orders		= "0,3",
		.max_order	= 8,
		.rounds		= 3,
		.plan		= bench_plan_fill,
		.round		= bench_free_all_round,
	},
	{ }
};
