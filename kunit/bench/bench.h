/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pbuddy_bench: the parts it consists of and what they share.
 *
 *	main.c		debugfs: a line in, measurements out
 *	request.c	reads the line
 *	execute.c	how much of what; from the plan to the rows
 *	runner.c	threads, rounds, time
 *	result.c	medians, rows
 *	subject_*.c	the allocators that are compared; loops.h is compiled into each
 *	llfree.c nbbs.c brouer.c frag.c		the workloads, by their authors
 */
#ifndef BENCH_H
#define BENCH_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/types.h>

#include "thread.h"

/* The same for every subject that takes flags. */
#define BENCH_GFP		(GFP_KERNEL | __GFP_NOWARN)

#define BENCH_MAX_SUBJECTS	8
#define BENCH_MAX_ROUNDS	1000
#define BENCH_MAX_COUNT		BIT(20)

/**
 * struct bench_subject - an allocator under test
 * @name: as in requests and rows
 * @hidden: for tests: only when a request names it
 * @loops: its loops
 * @min_order: smallest order it is asked for
 * @max_order: largest order it can give
 * @default_order: smallest order for which it is run when a request names no subjects
 * @capacity: blocks of an order that it may be asked for at once, leaving some free
 * @reserve: pages that it keeps back from a request, twice over; where @free_pageblocks is
 * @open: makes it ready for a run, or NULL; an errno
 * @close: undoes @open
 * @drain: returns what CPUs have cached, or NULL when there is no way
 * @free_pageblocks: wholly free 2 MiB blocks, and in @free_pages what is free; NULL when it cannot tell
 */
struct bench_subject {
	const char			*name;
	bool				hidden;
	const struct bench_loops	*loops;
	unsigned int			min_order;
	unsigned int			max_order;
	unsigned int			default_order;
	unsigned long			(*capacity)(unsigned int order);
	unsigned long			(*reserve)(void);
	int				(*open)(unsigned int order);
	void				(*close)(void);
	void				(*drain)(void);
	unsigned long			(*free_pageblocks)(unsigned long *free_pages);
};

extern const struct bench_subject bench_pbuddy;
extern const struct bench_subject bench_pbuddy_equal_prep;
extern const struct bench_subject bench_alloc_pages;
extern const struct bench_subject bench_alloc_pages_bulk;
extern const struct bench_subject bench_alloc_pages_comp;
extern const struct bench_subject bench_gen_pool;
extern const struct bench_subject bench_gpu_buddy;
extern const struct bench_subject bench_failing;

/* Every subject that this kernel has, in the order of the rows; the last is NULL. */
extern const struct bench_subject *const bench_subjects[];

/* Subjects a workload makes sense for. */
enum bench_kind {
	BENCH_ONE_BY_ONE,	/* all but the bulk call */
	BENCH_BULK_CALLS,	/* those with a bulk call */
	BENCH_SHAPES,		/* those that can tell their whole blocks */
};

/* How many slots a thread needs. */
enum bench_slots {
	BENCH_SLOTS_NONE,
	BENCH_SLOTS_N,		/* as many as operations */
	BENCH_SLOTS_HELD,
	BENCH_SLOTS_CHUNKS,
};

/**
 * struct bench_workload - one workload
 * @name: asks for all its rows
 * @part: rows it makes, one for each timed part; each name asks for that row alone
 * @kind: which subjects
 * @slots: what its threads hold
 * @orders: "0,1,..." for the table of workloads
 * @max_order: largest order
 * @more_orders: it uses so many orders above the one asked for, too
 * @threads: exact number of threads, or 0 for any
 * @n: operations of a part and thread, when the request gives no count
 * @held: as bench_thread.held; 0 when it has none
 * @held_list: values of held that are run one after another when the request gives no
 *	count, which then is held; ends with 0; or NULL
 * @divide: @n is for all threads together
 * @worst: a round counts by its slowest thread, not by the mean of the threads
 * @ring: threads hand blocks over through a ring
 * @shape: measures whole blocks, not time: @round writes the samples
 * @iterations: rows are by iteration, not by part
 * @rounds: when the request gives no number; 0 is the usual one
 * @plan: sets run->n in place of what @n, @held and @slots say, or NULL; an errno
 * @prepare: makes a thread ready, once; or NULL
 * @round: one round of one thread for one subject
 */
struct bench_workload {
	const char		*name;
	const char		*part[BENCH_MAX_PARTS];
	enum bench_kind		kind;
	enum bench_slots	slots;
	const char		*orders;
	unsigned int		max_order;
	unsigned int		more_orders;
	unsigned int		threads;
	unsigned long		n;
	unsigned long		held;
	const unsigned int	*held_list;
	bool			divide;
	bool			worst;
	bool			ring;
	bool			shape;
	bool			iterations;
	unsigned int		rounds;
	int			(*plan)(struct bench_run *run);
	void			(*prepare)(struct bench_thread *t);
	int			(*round)(struct bench_thread *t, const struct bench_subject *s);
};

/* All of them, in the order of the table; the last is NULL. */
extern const struct bench_workload *const bench_workloads[];

extern const struct bench_workload bench_repeat, bench_bulk, bench_rand_put, bench_rand;
extern const struct bench_workload bench_linux_scalability, bench_threadtest;
extern const struct bench_workload bench_constant_occupancy, bench_cached;
extern const struct bench_workload bench_pair, bench_outstanding, bench_bulk_api;
extern const struct bench_workload bench_two_phase, bench_ring;
extern const struct bench_workload bench_frag, bench_free_all;

/* As a request asks for it. */
struct bench_request {
	const struct bench_workload	*workload;
	int				only_part;	/* -1: all rows */
	unsigned int			order;
	unsigned int			threads;
	unsigned int			rounds;
	unsigned int			iterations;
	unsigned long			count;		/* 0: not given */
	u64				seed;
	const struct bench_subject	*subject[BENCH_MAX_SUBJECTS];
	unsigned int			nr_subjects;
};

int bench_parse(char *line, struct bench_request *request);
bool bench_suits(const struct bench_workload *w, const struct bench_subject *s);

/**
 * struct bench_run - a request being run
 * @request: what was asked
 * @results: struct bench_row, in order
 * @threads: request->threads of them
 * @slots: of all threads, one after the other
 * @index: likewise
 * @n: operations of a part and thread
 * @held: see bench_thread
 * @arrived: threads waiting in bench_sync()
 * @generation: changes when all have arrived
 * @err: first failure, by cmpxchg
 * @verdict: @err as it was when all had last arrived, so that all leave together
 * @round: -1 for the one that warms up
 * @fill: of a shape workload: blocks per thread that fill a subject
 * @nr_parts: how many figures a round has: parts or iterations
 * @sample: hundredths of the unit: [subject][part][round]
 * @ring: for the workload of that name
 * @done: counts threads down
 */
struct bench_run {
	struct bench_request	request;
	struct list_head	*results;
	struct bench_thread	*threads;
	void			**slots;
	u32			*index;
	unsigned long		n;
	unsigned long		held;
	atomic_t		arrived;
	unsigned int		generation;
	int			err;
	int			verdict;
	unsigned long		fill[BENCH_MAX_SUBJECTS];
	unsigned int		nr_parts;
	u64			*sample;
	struct ptr_ring		*ring;
	atomic_t		running;
	struct completion	done;
};

int bench_run_rounds(struct bench_run *run);
int bench_execute(const struct bench_request *request, struct list_head *results);

/* For workloads. */
int bench_sync(struct bench_run *run);
void bench_fail(struct bench_run *run, int err);
int bench_part(struct bench_thread *t, bench_loop loop, int part, bool clear);
int bench_shuffle(struct bench_thread *t);
void bench_fill_index(struct bench_thread *t);
u64 *bench_samples(struct bench_run *run, unsigned int subject, unsigned int part);

static inline bool bench_failed(const struct bench_run *run)
{
	return READ_ONCE(run->err);
}

/**
 * struct bench_row - one measurement
 * @list: in the results
 * @workload: name of the row
 * @subject: name
 * @unit: name
 * @extra: name of the trailing column, or NULL
 * @extra_value: its value
 * @order: of the request
 * @threads: of the request
 * @rounds: how many values the median is of
 * @median: hundredths
 * @min: hundredths
 * @max: hundredths
 */
struct bench_row {
	struct list_head	list;
	const char		*workload;
	const char		*subject;
	const char		*unit;
	const char		*extra;
	unsigned long		extra_value;
	unsigned int		order;
	unsigned int		threads;
	unsigned int		rounds;
	u64			median;
	u64			min;
	u64			max;
};

struct seq_file;

int bench_add_row(struct bench_run *run, const struct bench_row *row, u64 *samples);
void bench_free_rows(struct list_head *results);
void bench_show_rows(struct seq_file *m, struct list_head *results);

#endif /* BENCH_H */
