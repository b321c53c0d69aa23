/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One thread of a workload: the part of the benchmark that the timed loops see. The benchmark on
 * the host (kunit/host/bench) compiles the same loops, so this needs no Linux header.
 */
#ifndef BENCH_THREAD_H
#define BENCH_THREAD_H

#define BENCH_MAX_PARTS		2	/* timed parts of a round: alloc and free */
#define BENCH_OCCUPANCY_BLOCKS	31	/* of constant-occupancy: 1 + 2 + 4 + 8 + 16 */
#define BENCH_OCCUPANCY_ORDERS	5
#define BENCH_BURST		512	/* blocks that purger passes at a time */

struct bench_run;
struct bench_thread;
struct ptr_ring;
struct task_struct;

typedef int (*bench_loop)(struct bench_thread *t);

/**
 * struct bench_thread - one thread of a run
 * @order: of every block, unless @orders is set
 * @gfp: of every allocation, where the subject takes flags
 * @n: operations of a part
 * @held: blocks held at a time (linux-scalability, threadtest, outstanding), or pages per
 *	bulk call (bulk-api)
 * @slots: the blocks this thread holds; NULL is none
 * @nr_slots: length of @slots
 * @keep: length of the first part of @slots: free_rest skips it, free_random and refill work
 *	on it
 * @state: of the random numbers of free_random
 * @index: @n random numbers below @nr_slots, made before the timed parts
 * @orders: order of each slot, or NULL when all are of @order
 * @ring: from the producing to the consuming thread
 * @nid: node of pairs_node and pairs_nodemask
 * @nodes: nodemask_t of pairs_nodemask
 * @peer: the thread whose blocks free_bursts frees
 * @published: alloc_bursts has filled the slots before this one
 * @run: the run of this thread
 * @subject: number of the subject that runs, in the request
 * @round: number of the round, from 0; -1 warms up
 * @nr: number of this thread, from 0
 * @task: the kernel thread, or NULL when the task that wrote the request runs the rounds
 * @ns: time of each part of this round
 * @loop: the loop that was timed last as each part of this round
 * @start: when that began, in ns
 * @end: when it ended
 */
struct bench_thread {
	unsigned int		order;
	gfp_t			gfp;
	unsigned long		n;
	unsigned long		held;
	void			**slots;
	unsigned long		nr_slots;
	unsigned long		keep;
	u64			state;
	u32			*index;
	const u8		*orders;
	struct ptr_ring		*ring;
	int			nid;
	const void		*nodes;
	struct bench_thread	*peer;
	void			**published;
	struct bench_run	*run;
	unsigned int		subject;
	int			round;
	unsigned int		nr;
	struct task_struct	*task;
	u64			ns[BENCH_MAX_PARTS];
	bench_loop		loop[BENCH_MAX_PARTS];
	u64			start[BENCH_MAX_PARTS];
	u64			end[BENCH_MAX_PARTS];
} ____cacheline_aligned;

/*
 * Whether threads that ran the same loop as a part did it at the same time, but for a tenth. Where
 * one did not have its CPU meanwhile, the time of the others says nothing about CPUs that share
 * memory.
 */
static inline bool bench_overlapped(const struct bench_thread *threads, unsigned int nr,
				    unsigned int part)
{
	u64 start = 0, end = ~0ULL;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (threads[i].loop[part] != threads[0].loop[part])
			return true;
		start = max(start, threads[i].start[part]);
		end = min(end, threads[i].end[part]);
	}
	for (i = 0; i < nr; i++)
		if (end < start ||
		    (end - start) * 10 < (threads[i].end[part] - threads[i].start[part]) * 9)
			return false;
	return true;
}

/**
 * struct bench_loops - the loops of one subject, each with its calls inlined
 * @pairs: n times (allocate, free)
 * @pairs_node: the same from node nid
 * @pairs_nodemask: the same from the nodes of a mask, of which nid is preferred
 * @alloc: fills n slots
 * @alloc_each: fills all slots, each with its order
 * @free: frees n slots in order; the slots keep stale pointers
 * @replace: n times (free the slot that @index names, allocate it anew)
 * @hold: n / held times (allocate held blocks, free them in order)
 * @alloc_bulk: fills n slots, held at a time, by the bulk call
 * @free_bulk: frees n slots, held at a time, by the bulk call
 * @produce: allocates n blocks into the ring
 * @consume: frees n blocks out of the ring
 * @alloc_bursts: fills n slots and publishes BENCH_BURST at a time
 * @free_bursts: frees the slots that the peer publishes, until it has all of them
 * @free_ring: frees the blocks left in the ring
 * @free_rest: frees the blocks left in slots from @keep on, and clears these slots
 * @free_random: frees n random slots of the first @keep
 * @refill: fills the empty slots of the first @keep
 */
struct bench_loops {
	bench_loop	pairs;
	bench_loop	pairs_node;
	bench_loop	pairs_nodemask;
	bench_loop	alloc;
	bench_loop	alloc_each;
	bench_loop	free;
	bench_loop	replace;
	bench_loop	hold;
	bench_loop	alloc_bulk;
	bench_loop	free_bulk;
	bench_loop	produce;
	bench_loop	consume;
	bench_loop	alloc_bursts;
	bench_loop	free_bursts;
	bench_loop	free_ring;
	bench_loop	free_rest;
	bench_loop	free_random;
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

static inline u32 bench_random_below(u64 *state, u32 n)
{
	return ((bench_random(state) >> 32) * n) >> 32;
}

#endif /* BENCH_THREAD_H */
