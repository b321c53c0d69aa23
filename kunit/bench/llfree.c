// SPDX-License-Identifier: GPL-2.0-only
/*
 * The workloads of LLFree's linux-alloc-bench (luhsra/linux-alloc-bench, alloc.c): bulk,
 * repeat, rand. What they do to whole blocks (frag) is in frag.c.
 *
 * As there: threads bound to CPUs, a barrier before each part, the time of a thread divided by
 * its operations, and of these the mean over the threads. Different here: GFP_KERNEL in place
 * of GFP_HIGHUSER_MOVABLE | __GFP_THISNODE for all subjects; the barrier spins in place of
 * sleeping; the shuffle is Fisher's and Yates's in place of n random swaps; get and put of
 * repeat are one row, a pair, in place of twice the same figure; rand is two workloads, the
 * frees after the shuffle (its present form) and the mixed form of its paper.
 */
#include <linux/mm.h>

#include "bench.h"

#define N	16384

/* Allocate and free the same block over and over. */
static int repeat_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->pairs, 0, false);
}

const struct bench_workload bench_repeat = {
	.name		= "repeat",
	.part		= { "repeat" },
	.orders		= "0,1,2,3,4,6,9,10",
	.max_order	= 10,
	.n		= N,
	.round		= repeat_round,
};

/* Each thread allocates n blocks, then frees them in the same order; timed apart. */
static int bulk_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->get, 0, false) ?:
	       bench_part(t, s->loops->put, 1, true);
}

const struct bench_workload bench_bulk = {
	.name		= "bulk",
	.part		= { "bulk-get", "bulk-put" },
	.slots		= BENCH_SLOTS_N,
	.orders		= "0,1,2,3,4,6,9,10",
	.max_order	= 10,
	.n		= N,
	.round		= bulk_round,
};

/* Each allocates n blocks, these are shuffled across all threads; the frees are timed. */
static int rand_put_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->get, -1, false) ?:
	       bench_shuffle(t) ?:
	       bench_part(t, s->loops->put, 0, true);
}

const struct bench_workload bench_rand_put = {
	.name		= "rand-put",
	.part		= { "rand-put" },
	.slots		= BENCH_SLOTS_N,
	.orders		= "0,1,2,3,4,6,9,10",
	.max_order	= 10,
	.n		= N,
	.round		= rand_put_round,
};

/* The same, but timed is: free one at random, allocate another in its place. */
static int rand_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->get, -1, false) ?:
	       bench_shuffle(t) ?:
	       bench_part(t, s->loops->swap, 0, false) ?:
	       bench_part(t, s->loops->put, -1, true);
}

static void rand_prepare(struct bench_thread *t)
{
	bench_fill_index(t);
}

const struct bench_workload bench_rand = {
	.name		= "rand",
	.part		= { "rand" },
	.slots		= BENCH_SLOTS_N,
	.orders		= "0,1,2,3,4,6,9,10",
	.max_order	= 10,
	.n		= N,
	.prepare	= rand_prepare,
	.round		= rand_round,
};
