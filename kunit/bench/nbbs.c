// SPDX-License-Identifier: GPL-2.0-only
/*
 * The workloads of NBBS (HPDCS/NBBS, benchmarks/TB_*): Linux-scalability, threadtest,
 * constant occupancy (TB_fixed-size), cached allocation.
 *
 * As there: the total per thread is fixed (Linux-scalability) or divided by the threads (the
 * others), and a run takes as long as its slowest thread, so a round counts by that one; the
 * time is divided by the operations of one thread. An operation is an allocation with its free.
 * Different here: a round is as short as runner.c says, and repeated, in place of millions of
 * operations at once (threadtest: 8192 objects in place of 30000); random numbers are made
 * beforehand. Linux-scalability allocates M and frees them in order, as the benchmark of that
 * name does and as NBBS's paper has it; the present code of NBBS does pairs, which are
 * "cached" here.
 */
#include <linux/mm.h>

#include "bench.h"

#define OBJECTS	8192

static int hold_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->hold, 0, true);
}

const struct bench_workload bench_linux_scalability = {
	.name		= "linux-scalability",
	.part		= { "linux-scalability" },
	.slots		= BENCH_SLOTS_HELD,
	.orders		= "0,1,2,3,4,6,9",
	.max_order	= 10,
	.n		= OBJECTS,
	.held		= OBJECTS,
	.worst		= true,
	.round		= hold_round,
};

const struct bench_workload bench_threadtest = {
	.name		= "threadtest",
	.part		= { "threadtest" },
	.slots		= BENCH_SLOTS_HELD,
	.orders		= "0,1,2,3,4,6,9",
	.max_order	= 10,
	.n		= OBJECTS,
	.held		= OBJECTS,
	.divide		= true,
	.worst		= true,
	.round		= hold_round,
};

/* 31 chunks: 1 of 16s, 2 of 8s, 4 of 4s, 8 of 2s, 16 of s; free one at random, allocate it anew. */
static u8 chunk_order[BENCH_CHUNKS];

static void occupancy_prepare(struct bench_thread *t)
{
	unsigned int level, i, k = 0;

	for (level = 0; level < BENCH_CHUNK_LEVELS; level++)
		for (i = 0; i < 1U << level; i++)
			chunk_order[k++] = t->order + BENCH_CHUNK_LEVELS - 1 - level;
	t->orders = chunk_order;
	bench_fill_index(t);
}

static int occupancy_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->fill, -1, false) ?:
	       bench_part(t, s->loops->swap, 0, false);
}

const struct bench_workload bench_constant_occupancy = {
	.name		= "constant-occupancy",
	.part		= { "constant-occupancy" },
	.slots		= BENCH_SLOTS_CHUNKS,
	.orders		= "0,1,2,3,4,6",
	.max_order	= 6,
	.more_orders	= BENCH_CHUNK_LEVELS - 1,
	.n		= OBJECTS,
	.divide		= true,
	.worst		= true,
	.prepare	= occupancy_prepare,
	.round		= occupancy_round,
};

static int cached_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->pairs, 0, false);
}

const struct bench_workload bench_cached = {
	.name		= "cached",
	.part		= { "cached" },
	.orders		= "0,1,2,3,4,6,9,10",
	.max_order	= 10,
	.n		= 2 * OBJECTS,
	.divide		= true,
	.worst		= true,
	.round		= cached_round,
};
