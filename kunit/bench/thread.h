/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one thread of a workload works on: the part of the benchmark that the timed loops see.
 * The host's benchmark uses the same loops, so nothing here needs Linux.
 */
#ifndef BENCH_THREAD_H
#define BENCH_THREAD_H

#define BENCH_MAX_PARTS		2	/* timed parts of a round: get and put */
#define BENCH_CHUNKS		31	/* of constant occupancy: 1 + 2 + 4 + 8 + 16 */
#define BENCH_CHUNK_LEVELS	5

struct bench_run;
struct ptr_ring;
struct task_struct;

/**
 * struct bench_thread - one thread of a run
 * @order: of every block, but where @orders says another
 * @n: operations of a part
 * @held: blocks held at a time (linux-scalability, threadtest, outstanding), or pages
 *	asked for at a time (bulk API)
 * @slots: the blocks this thread holds; NULL is none
 * @nr_slots: length of @slots
 * @index: @n random numbers below @nr_slots, made before anything is timed
 * @orders: order of each slot, or NULL when all are of @order
 * @ring: from the producing to the consuming thread
 * @run: what it belongs to
 * @nr: number of this thread, from 0
 * @task: the kernel thread
 * @ns: time of each part of this round
 */
struct bench_thread {
	unsigned int		order;
	unsigned long		n;
	unsigned long		held;
	void			**slots;
	unsigned long		nr_slots;
	u32			*index;
	const u8		*orders;
	struct ptr_ring		*ring;
	struct bench_run	*run;
	unsigned int		nr;
	struct task_struct	*task;
	u64			ns[BENCH_MAX_PARTS];
} ____cacheline_aligned;

typedef int (*bench_loop)(struct bench_thread *t);

/**
 * struct bench_loops - the loops of one subject, each compiled with its calls in place
 * @pairs: n times (allocate, free)
 * @get: fills n slots
 * @fill: fills all slots, each with its order
 * @put: frees n slots in order; they are stale afterwards
 * @swap: n times (free the slot that @index names, allocate it anew)
 * @hold: n / held times (allocate held blocks, free them in order)
 * @get_bulk: fills n slots, held at a time, by the bulk call
 * @put_bulk: frees n slots, held at a time, by the bulk call
 * @produce: allocates n blocks into the ring
 * @consume: frees n blocks out of the ring
 * @drop: frees what is in slots still, and clears them
 */
struct bench_loops {
	bench_loop	pairs;
	bench_loop	get;
	bench_loop	fill;
	bench_loop	put;
	bench_loop	swap;
	bench_loop	hold;
	bench_loop	get_bulk;
	bench_loop	put_bulk;
	bench_loop	produce;
	bench_loop	consume;
	bench_loop	drop;
};

#endif /* BENCH_THREAD_H */
