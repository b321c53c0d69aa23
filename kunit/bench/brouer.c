// SPDX-License-Identifier: GPL-2.0-only
/*
 * The workloads of Brouer's page_bench 01 to 05 (netoptimizer/prototype-kernel, kernel/mm/bench):
 * 01 and 03 a pair on one and on all CPUs, 02 N outstanding, 04 the bulk API, 05 one CPU
 * allocates and another frees.
 *
 * As there: time by CPU divided by its operations, an operation being an allocation with its
 * free; the mean over the CPUs where he prints each. Different here: GFP_KERNEL for all subjects
 * in place of GFP_ATOMIC, which is not what most callers use; freed by __free_pages() in 04
 * where he has put_page() for the array form; get and put of 04 are timed apart; no list form
 * of 04, which the kernel lost; 05 as two phases, timed apart, besides the ring.
 */
#include <linux/minmax.h>
#include <linux/mm.h>

#include "bench.h"

#define N	16384

static int pair_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->pairs, 0, false);
}

/* page_bench01, and 03 on all CPUs. */
const struct bench_workload bench_pair = {
	.name		= "pair",
	.part		= { "pair" },
	.orders		= "0,1,2,3,4,6,9,10",
	.max_order	= 10,
	.n		= N,
	.round		= pair_round,
};

static int outstanding_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->hold, 0, true);
}

/* page_bench02, with his steps; the trailing column says how many. */
static const unsigned int steps[] = { 1, 2, 4, 8, 16, 32, 64, 128, 512, 1024, 4096, 8192, 0 };

const struct bench_workload bench_outstanding = {
	.name		= "outstanding",
	.part		= { "outstanding" },
	.slots		= BENCH_SLOTS_HELD,
	.orders		= "0",
	.max_order	= 10,
	.n		= 8192,
	.held		= 1,
	.held_list	= steps,
	.round		= outstanding_round,
};

static int bulk_api_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, s->loops->get_bulk, 0, false) ?:
	       bench_part(t, s->loops->put_bulk, 1, true);
}

/* page_bench04, 64 pages a call unless the request's count says another number. */
const struct bench_workload bench_bulk_api = {
	.name		= "bulk-api",
	.part		= { "bulk-api-get", "bulk-api-put" },
	.kind		= BENCH_BULK_CALLS,
	.slots		= BENCH_SLOTS_N,
	.orders		= "0",
	.n		= N,
	.held		= 64,
	.round		= bulk_api_round,
};

/* page_bench05 without the ring: one CPU allocates all, then the other frees all. */
static int hand_over(struct bench_thread *t)
{
	swap(t[0].slots, t[1].slots);
	return 0;
}

static int two_phase_round(struct bench_thread *t, const struct bench_subject *s)
{
	return bench_part(t, t->nr ? NULL : s->loops->get, 0, false) ?:
	       bench_part(t, t->nr ? NULL : hand_over, -1, false) ?:
	       bench_part(t, t->nr ? s->loops->put : NULL, 1, true);
}

const struct bench_workload bench_two_phase = {
	.name		= "two-phase",
	.part		= { "two-phase-get", "two-phase-put" },
	.slots		= BENCH_SLOTS_N,
	.orders		= "0,1,2,3,4,6,9,10",
	.max_order	= 10,
	.threads	= 2,
	.n		= N,
	.worst		= true,
	.round		= two_phase_round,
};

/*
 * page_bench05: one CPU allocates into a ptr_ring, another frees out of it. The ring is given
 * a start of half a round, and is never full; on an empty one the consumer waits, and that
 * time counts. He stops then.
 */
static int ring_round(struct bench_thread *t, const struct bench_subject *s)
{
	unsigned long n = t->n;
	int err;

	t->n = n / 2;
	err = bench_part(t, t->nr ? NULL : s->loops->produce, -1, false);
	t->n = n;
	err = err ?: bench_part(t, t->nr ? s->loops->consume : s->loops->produce, 0, false);
	return t->nr ? err : s->loops->empty(t) ?: err;
}

const struct bench_workload bench_ring = {
	.name		= "ring",
	.part		= { "ring" },
	.orders		= "0,1,2,3,4,6,9",
	.max_order	= 10,
	.threads	= 2,
	.n		= N,
	.worst		= true,
	.ring		= true,
	.round		= ring_round,
};
