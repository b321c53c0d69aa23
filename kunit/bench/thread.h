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
 * @keep: of @slots, so many from the start are left alone by drop, and are what thin and refill
 *	work on
 * @state: of the random numbers of thin
 * @index: @n random numbers below @nr_slots, made before anything is timed
 * @orders: order of each slot, or NULL when all are of @order
 * @ring: from the producing to the consuming thread
 * @run: what it belongs to
 * @subject: which of the request's subjects runs now
 * @round: which round, from 0; -1 warms up
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
	unsigned long		keep;
	u64			state;
	u32			*index;
	const u8		*orders;
	struct ptr_ring		*ring;
	struct bench_run	*run;
	unsigned int		subject;
	int			round;
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
 * @empty: frees what is in the ring still
 * @drop: frees what is in slots still, from @keep on, and clears them
 * @thin: frees n slots at random out of the first @keep
 * @refill: fills those of the first @keep that are empty
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
	bench_loop	empty;
	bench_loop	drop;
	bench_loop	thin;
	bench_loop	refill;
};

/* splitmix64: the sequence depends on the seed alone. */
static inline u64 bench_random(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static inline u32 bench_below(u64 *state, u32 n)
{
	return ((bench_random(state) >> 32) * n) >> 32;
}

#endif /* BENCH_THREAD_H */
