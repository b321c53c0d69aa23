/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pbuddy_bench: what its files share.
 *
 *	workloads.c	the table of workloads, and their rounds; frag.c has those that
 *			measure free 2 MiB blocks, resize.c those that change the size of the pool
 *	subjects.h	the list of subjects (allocators that are compared); each subject_*.c
 *			compiles the loops of loops.h with its own calls
 *	main.c		debugfs: takes a request, shows the rows
 *	request.c	parses the request; gfp.c its gfp flags
 *	execute.c	runs it: sizes, buffers, rounds, rows
 *	runner.c	threads, barriers, time
 *	result.c	medians, rows
 *
 * A request names a workload. Its threads run rounds; a round runs every subject once; a
 * subject's turn has one or two timed parts. A row is the median of a part over the rounds.
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

/* For every subject that takes flags, unless the request or the workload says otherwise. */
#define BENCH_GFP		(GFP_KERNEL | __GFP_NOWARN)

#define BENCH_MAX_SUBJECTS	10
#define BENCH_MAX_ROUNDS	1000
#define BENCH_MAX_COUNT		BIT(20)

/**
 * struct bench_resize - how a subject changes its size; each handles the @n pageblocks of a thread
 * @down: gives them to the kernel
 * @up: takes as many
 * @core_down: the allocator's part of @down; NULL: it allocates blocks of that size
 * @core_up: that of @up; NULL: it frees them
 * @prepare: before @down, or NULL
 * @finish: at the end of a round: gives back what is left
 */
struct bench_resize {
	bench_loop	down;
	bench_loop	up;
	bench_loop	core_down;
	bench_loop	core_up;
	bench_loop	prepare;
	bench_loop	finish;
};

extern const struct bench_resize bench_pbuddy_resize;
extern const struct bench_resize bench_kernel_resize;

/**
 * struct bench_subject - an allocator under test
 * @name: as in requests and rows
 * @hidden: runs only when a request names it
 * @loops: its loops
 * @takes_gfp: its blocks are pages, and it takes gfp flags
 * @clears_only: it runs workloads of %BENCH_CLEARS only
 * @min_order: smallest order it can allocate
 * @max_order: largest order it can allocate
 * @default_order: smallest order for which it runs when a request names no subjects
 * @capacity: blocks of an order that can be allocated at once, leaving some free
 * @reserve: pages that cannot be allocated, times two; set where @free_pageblocks is
 * @open: prepares it for a run, or NULL; returns an errno
 * @close: undoes @open
 * @drain: empties the per-CPU lists, or NULL when there is no way
 * @prezero: zeroes free memory in advance, or NULL when it never does; returns an errno
 * @free_pageblocks: number of free 2 MiB blocks, and in @free_pages the number of free pages;
 *	NULL when the subject cannot tell
 * @resize: how it changes its size, or NULL when it cannot
 */
struct bench_subject {
	const char			*name;
	bool				hidden;
	const struct bench_loops	*loops;
	bool				takes_gfp;
	bool				clears_only;
	unsigned int			min_order;
	unsigned int			max_order;
	unsigned int			default_order;
	unsigned long			(*capacity)(unsigned int order);
	unsigned long			(*reserve)(void);
	int				(*open)(unsigned int order);
	void				(*close)(void);
	void				(*drain)(void);
	int				(*prezero)(void);
	unsigned long			(*free_pageblocks)(unsigned long *free_pages);
	const struct bench_resize	*resize;
};

#define SUBJECT(name)	extern const struct bench_subject bench_##name;
#include "subjects.h"

/* Every subject that this kernel has, in the order of the rows; the last is NULL. */
extern const struct bench_subject *const bench_subjects[];

/* Which subjects can run a workload. */
enum bench_kind {
	BENCH_SINGLE_CALLS,	/* all but the bulk call */
	BENCH_BULK_CALLS,	/* those with a bulk call */
	BENCH_NODE_CALLS,	/* those with a call for a node */
	BENCH_NODEMASK_CALLS,	/* those with a call for a node mask */
	BENCH_PAGES,		/* those that take gfp flags */
	BENCH_CLEARS,		/* the same, and those that clear blocks otherwise */
	BENCH_SIZES,		/* those that can change their size */
	BENCH_SHAPES,		/* those that count free 2 MiB blocks; samples are % */
};

/* How many slots a thread needs. */
enum bench_slots {
	BENCH_SLOTS_NONE,
	BENCH_SLOTS_N,		/* as many as operations */
	BENCH_SLOTS_HELD,
	BENCH_SLOTS_OCCUPANCY,	/* BENCH_OCCUPANCY_BLOCKS */
};

/**
 * struct bench_workload - a row of the table of workloads
 * @name: a request of this name gives all its rows
 * @part: name of the row that each timed part makes (a request of this name gives that row
 *	alone), and what one operation of it is
 * @kind: which subjects can run it
 * @slots: how many blocks a thread holds
 * @orders: "0,1,..." for the table in debugfs
 * @max_order: largest order
 * @more_orders: it also allocates this many orders above the requested one
 * @threads: exact number of threads, or 0 for any
 * @nodes: smallest number of NUMA nodes; 0 is one
 * @setup: what scripts/guest/bench.sh sets up for the request, or NULL
 * @writer: the task that writes the request runs the rounds
 * @gfp: flags of its allocations when the request gives none; 0 is BENCH_GFP
 * @n: operations of a part and thread, when the request gives no count; fewer when each
 *	allocation zeroes its block
 * @held: as bench_thread.held; 0 when it has none
 * @held_list: values of held to run one after another when the request gives no count;
 *	a count replaces them; ends with 0; or NULL
 * @divide: @n is for all threads together
 * @worst: the slowest thread of a round counts, not the mean of the threads
 * @ring: threads pass blocks through a ring
 * @iterations: rows are by iteration, not by part
 * @rounds: when the request gives no number; 0 is the usual number
 * @plan: sets run->n in place of @n, @held and @slots, or NULL; returns an errno
 * @prepare: prepares a thread, once; or NULL
 * @round: one round of one thread for one subject; where @kind is BENCH_SHAPES it writes the
 *	samples
 */
struct bench_workload {
	const char		*name;
	struct {
		const char	*name;
		const char	*op;
	}			part[BENCH_MAX_PARTS];
	enum bench_kind		kind;
	enum bench_slots	slots;
	const char		*orders;
	unsigned int		max_order;
	unsigned int		more_orders;
	unsigned int		threads;
	unsigned int		nodes;
	const char		*setup;
	bool			writer;
	gfp_t			gfp;
	unsigned long		n;
	unsigned long		held;
	const unsigned int	*held_list;
	bool			divide;
	bool			worst;
	bool			ring;
	bool			iterations;
	unsigned int		rounds;
	int			(*plan)(struct bench_run *run);
	void			(*prepare)(struct bench_thread *t);
	int			(*round)(struct bench_thread *t, const struct bench_subject *s);
};

/* The table of workloads; the last row has no name. */
extern const struct bench_workload bench_workloads[];

int bench_plan_fill(struct bench_run *run);
int bench_frag_round(struct bench_thread *t, const struct bench_subject *s);
int bench_free_all_round(struct bench_thread *t, const struct bench_subject *s);
struct pb_zone;

int bench_resize_round(struct bench_thread *t, const struct bench_subject *s);
int bench_resize_core_round(struct bench_thread *t, const struct bench_subject *s);
int bench_resize_move_round(struct bench_thread *t, const struct bench_subject *s);
struct pb_zone *bench_pbuddy_zone(void);

static inline const char *bench_unit(const struct bench_workload *w)
{
	return w->kind == BENCH_SHAPES ? "%" : "ns/op";
}

/* Name of the trailing column, or NULL. */
static inline const char *bench_extra(const struct bench_workload *w)
{
	return w->iterations ? "iteration" : w->held_list ? "n" : NULL;
}

/* A request, parsed. */
struct bench_request {
	const struct bench_workload	*workload;
	int				only_part;	/* -1: all rows */
	unsigned int			order;
	unsigned int			threads;
	unsigned int			rounds;
	unsigned int			iterations;
	unsigned long			count;		/* 0: not given */
	u64				seed;
	gfp_t				gfp;
	bool				writer;		/* that task runs the rounds */
	const struct bench_subject	*subject[BENCH_MAX_SUBJECTS];
	unsigned int			nr_subjects;
};

int bench_parse_gfp(char *value, gfp_t *gfp);
int bench_parse(char *line, struct bench_request *request);
bool bench_can_run(const struct bench_workload *w, const struct bench_subject *s);

/**
 * struct bench_run - a request being run
 * @request: the request
 * @results: struct bench_row, in order
 * @threads: request->threads of them
 * @slots: of all threads, one after the other
 * @index: likewise
 * @n: operations of a part and thread
 * @held: see bench_thread
 * @arrived: threads waiting in bench_sync()
 * @generation: changes when all have arrived
 * @err: first failure, by cmpxchg
 * @synced_err: @err when all had last arrived: every thread sees the same value
 * @fill: of BENCH_SHAPES: blocks per thread that fill a subject
 * @nr_parts: number of samples of a round: parts or iterations
 * @sample: hundredths of the unit: [subject][part][round]
 * @ring: of a workload with a ring
 * @running: threads that have not ended
 * @done: completed by the last thread
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
	int			synced_err;
	bool			again;
	unsigned int		repeats;
	unsigned int		disturbed;
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
 * @rounds: number of samples that the median is of
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
