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
 *
 * zero, account, user-write, atomic, nowait, comp, other-node, nodemask, bind, interleave, cpuset:
 *	repeat with gfp flags, a node, a memory policy or a cpuset. zeroed-pairs, zeroed: repeat and
 *	bulk with __GFP_ZERO after free memory was zeroed in advance, where the subject does that;
 *	no pair gets a block that another one has freed. clear-page: what clearing a page costs
 *	here; under an emulator that counts instructions it depends on the instruction that the
 *	kernel clears by.
 *
 * clear-2m, clear-1g: a block with __GFP_ZERO, beside one that is cleared by memset().
 *
 * purger, mass-exit: the cases for which a buddy allocator per CPU was discussed for the kernel.
 *	purger: a thread allocates, another frees in bursts, as the purging threads of jemalloc do.
 *	mass-exit: all threads hold many pages, replaced at random, and free them at once.
 *
 * resize, resize-core: see resize.c. resize-move: see resize_move.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/printk.h>
#include <linux/topology.h>

#include "bench.h"

#define N		16384
#define OBJECTS		8192		/* of NBBS's workloads */
#define ORDERS		"0,1,2,3,4,6,9,10"
#define ORDERS_OF_BULK	"0,1,2,3,4,6,7,8,9,10"
#define ORDERS_OF_FLAGS	"0,3,9"
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

static int purger_round(struct bench_thread *t, const struct bench_subject *s)
{
	t->published = t->slots;
	return bench_part(t, t->nr ? s->loops->free_bursts : s->loops->alloc_bursts, 0, false);
}

static int mass_exit_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->alloc, -1, false) ?:
	       bench_part(t, s->loops->replace, -1, false) ?:
	       bench_part(t, s->loops->free, 0, true);
}

/* The other node is the next one that has memory. */
static nodemask_t other_node_mask;

static void other_node_prepare(struct bench_thread *t)
{
	t->nid = next_node_in(numa_mem_id(), node_states[N_MEMORY]);
}

static int other_node_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->pairs_node, 0, false);
}

static void nodemask_prepare(struct bench_thread *t)
{
	other_node_prepare(t);
	other_node_mask = nodemask_of_node(t->nid);
	t->nodes = &other_node_mask;
	t->nid = numa_mem_id();
}

static int nodemask_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->pairs_nodemask, 0, false);
}

/* Clears the only block of the thread, n times. */
static int clear_block(struct bench_thread *t)
{
	unsigned int i, nr_pages = 1U << t->order;
	struct page *page = t->slots[0];
	unsigned long n;

	for (n = t->n; n; n--)
		for (i = 0; i < nr_pages; i++)
			clear_highpage(page + i);
	return 0;
}

static int clear_page_round(struct bench_thread *t, const struct bench_subject *s)
{
	unsigned long n = t->n;
	int err;

	t->n = 1;
	err = bench_part(t, s->loops->alloc, -1, false);
	t->n = n;
	return err ?: bench_part(t, clear_block, 0, false);
}

static const struct bench_subject *current_subject(const struct bench_thread *t)
{
	return t->run->request.subject[t->subject];
}

static int zero_in_advance(struct bench_thread *t)
{
	int err = current_subject(t)->prezero ? current_subject(t)->prezero() : 0;

	if (err == -EINVAL)
		pr_err("nothing is zeroed in advance: the parameter prezero of pbuddy is 0\n");
	return err;
}

static int zeroed_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, t->nr ? NULL : zero_in_advance, -1, false) ?: bulk_round(t, s);
}

/* The slots stay empty: they bound the pairs by the blocks that are there. */
static int zeroed_pairs_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, t->nr ? NULL : zero_in_advance, -1, false) ?: pairs_round(t, s);
}

/* The first time is not measured: a hypervisor may provide the memory when it is written. */
static int clear_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->pairs, -1, false) ?:
	       bench_part(t, s->loops->pairs, 0, false);
}

/* The fields of a row that repeats pairs with gfp flags; the last argument is its part. */
#define PAIRS(NAME, ORDERS_OF_ROW, GFP, ...)			\
		.name		= NAME,				\
		.part		= { __VA_ARGS__ },		\
		.kind		= BENCH_PAGES,			\
		.orders		= ORDERS_OF_ROW,		\
		.max_order	= 10,				\
		.gfp		= GFP,				\
		.n		= N,				\
		.round		= pairs_round,

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
		.orders		= ORDERS_OF_BULK,
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
		.name		= "purger",
		.part		= { { "purger", "freed in bursts by another CPU" } },
		.slots		= BENCH_SLOTS_N,
		.orders		= "0,3",
		.max_order	= 10,
		.threads	= 2,
		.n		= N,
		.worst		= true,
		.round		= purger_round,
	}, {
		.name		= "mass-exit",
		.part		= { { "mass-exit", "all of both CPUs freed at once" } },
		.slots		= BENCH_SLOTS_N,
		.orders		= "0,3",
		.max_order	= 10,
		.threads	= 2,
		.n		= 4 * N,
		.worst		= true,
		.prepare	= bench_fill_index,
		.round		= mass_exit_round,
	}, {
		.name		= "clear-page",
		.part		= { { "clear-page", "clear the pages of one block" } },
		.kind		= BENCH_PAGES,
		.orders		= ORDERS_OF_FLAGS,
		.max_order	= 10,
		.gfp		= BENCH_GFP | __GFP_ZERO,
		.n		= N,
		.round		= clear_page_round,
	}, {
		.name		= "clear-2m",
		.part		= { { "clear-2m", "a cleared block, `__GFP_ZERO`" } },
		.kind		= BENCH_CLEARS,
		.orders		= "9",
		.max_order	= 9,
		.threads	= 1,
		.gfp		= BENCH_GFP | __GFP_ZERO,
		.n		= 16,
		.round		= clear_round,
	}, {
		.name		= "clear-1g",
		.part		= { { "clear-1g", "a cleared block, `__GFP_ZERO`" } },
		.kind		= BENCH_CLEARS,
		.orders		= "18",
		.max_order	= 18,
		.threads	= 1,
		.gfp		= BENCH_GFP | __GFP_ZERO,
		.n		= 1,
		.round		= clear_round,
	}, {
		PAIRS("zero", ORDERS_OF_FLAGS, BENCH_GFP | __GFP_ZERO,
		      { "zero", "one block, `__GFP_ZERO`" })
	}, {
		.name		= "account",
		.part		= { { "account", "one block, `GFP_KERNEL_ACCOUNT`" } },
		.kind		= BENCH_PAGES,
		.orders		= "0,3",
		.max_order	= 10,
		.writer		= true,
		.setup		= "memcg",
		.gfp		= BENCH_GFP | __GFP_ACCOUNT,
		.n		= N,
		.round		= pairs_round,
	}, {
		PAIRS("user-write", "0,3", GFP_USER | __GFP_WRITE | __GFP_NOWARN,
		      { "user-write", "one block, `GFP_USER` with `__GFP_WRITE`" })
	}, {
		PAIRS("atomic", "0", GFP_ATOMIC | __GFP_NOWARN,
		      { "atomic", "one block, `GFP_ATOMIC`" })
	}, {
		PAIRS("nowait", "0", GFP_NOWAIT | __GFP_NOWARN,
		      { "nowait", "one block, `GFP_NOWAIT`" })
	}, {
		PAIRS("comp", "3,9", BENCH_GFP | __GFP_COMP, { "comp", "one block, `__GFP_COMP`" })
	}, {
		.name		= "other-node",
		.part		= { { "other-node", "one block of the other node" } },
		.kind		= BENCH_NODE_CALLS,
		.orders		= ORDERS_OF_FLAGS,
		.max_order	= 10,
		.nodes		= 2,
		.n		= N,
		.prepare	= other_node_prepare,
		.round		= other_node_round,
	}, {
		.name		= "nodemask",
		.part		= { { "nodemask", "one block, node mask of the other node" } },
		.kind		= BENCH_NODEMASK_CALLS,
		.orders		= ORDERS_OF_FLAGS,
		.max_order	= 10,
		.nodes		= 2,
		.n		= N,
		.prepare	= nodemask_prepare,
		.round		= nodemask_round,
	}, {
		.name		= "bind",
		.part		= { { "bind", "one block, task bound to the other node" } },
		.kind		= BENCH_PAGES,
		.orders		= ORDERS_OF_FLAGS,
		.max_order	= 10,
		.nodes		= 2,
		.writer		= true,
		.setup		= "bind",
		.n		= N,
		.round		= pairs_round,
	}, {
		.name		= "interleave",
		.part		= { { "interleave", "one block, task interleaves nodes" } },
		.kind		= BENCH_PAGES,
		.orders		= ORDERS_OF_FLAGS,
		.max_order	= 10,
		.nodes		= 2,
		.writer		= true,
		.setup		= "interleave",
		.n		= N,
		.round		= pairs_round,
	}, {
		.name		= "cpuset",
		.part		= { { "cpuset", "one block, cpuset of the other node" } },
		.kind		= BENCH_PAGES,
		.orders		= ORDERS_OF_FLAGS,
		.max_order	= 10,
		.nodes		= 2,
		.writer		= true,
		.setup		= "cpuset",
		.n		= N,
		.round		= pairs_round,
	}, {
		.name		= "resize",
		.part		= { { "resize-down", "2 MiB given to the kernel" },
				    { "resize-up", "2 MiB taken from the kernel" } },
		.kind		= BENCH_SIZES,
		.slots		= BENCH_SLOTS_N,
		.orders		= "9",
		.max_order	= 9,
		.threads	= 1,
		.n		= 64,
		.round		= bench_resize_round,
	}, {
		.name		= "resize-core",
		.part		= { { "core-down", "a pageblock leaves the zone" },
				    { "core-up", "and comes back" } },
		.kind		= BENCH_SIZES,
		.slots		= BENCH_SLOTS_N,
		.orders		= "9",
		.max_order	= 9,
		.threads	= 1,
		.n		= 64,
		.round		= bench_resize_core_round,
	}, {
		.name		= "resize-move",
		.part		= { { "resize-move", "2 MiB of movable blocks leave the zone" } },
		.kind		= BENCH_SIZES,
		.slots		= BENCH_SLOTS_N,
		.orders		= "0,3,9",
		.max_order	= 9,
		.threads	= 1,
		.n		= 16,
		.round		= bench_resize_move_round,
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
	}, {
		/* The last two: zones with prezeroed pages take other paths from then on. */
		.name		= "zeroed",
		.part		= { { "zeroed-get", "allocate many, `__GFP_ZERO`, prezeroed" },
				    { "zeroed-put", "free them in order" } },
		.kind		= BENCH_PAGES,
		.slots		= BENCH_SLOTS_N,
		.orders		= ORDERS_OF_FLAGS,
		.max_order	= 10,
		.setup		= "prezero",
		.gfp		= BENCH_GFP | __GFP_ZERO,
		.n		= N,
		.round		= zeroed_round,
	}, {
		.name		= "zeroed-pairs",
		.part		= { { "zeroed-pairs", "one block, `__GFP_ZERO`, prezeroed" } },
		.kind		= BENCH_PAGES,
		.slots		= BENCH_SLOTS_N,
		.orders		= ORDERS_OF_FLAGS,
		.max_order	= 10,
		.setup		= "prezero",
		.gfp		= BENCH_GFP | __GFP_ZERO,
		.n		= N,
		.round		= zeroed_pairs_round,
	},
	{ }
};
