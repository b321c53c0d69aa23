// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a request: sizes that fit the memory, buffers, the rounds (runner.c), the rows.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/ptr_ring.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "bench.h"

/* ---- sizes ---- */

/* Blocks that each thread may hold at a time. */
static unsigned long capacity_per_thread(const struct bench_request *r)
{
	unsigned long capacity = ULONG_MAX;
	unsigned int i;

	for (i = 0; i < r->nr_subjects; i++)
		capacity = min(capacity, r->subject[i]->capacity(r->order));
	return capacity / r->threads;
}

/* Operations of a part; zeroing of large blocks would take minutes under an emulator. */
static unsigned long operations(const struct bench_request *r)
{
	unsigned long n = r->workload->n;

	if (r->workload->kind == BENCH_CLEARS)
		return n;
	return want_init_on_alloc(r->gfp) ? max(n / 4 >> r->order, 16UL) : n;
}

/* Sets n and held; -ENOMEM after one line in the log when the memory does not suffice. */
static int plan(struct bench_run *run, unsigned long held)
{
	const struct bench_request *r = &run->request;
	const struct bench_workload *w = r->workload;
	unsigned long capacity = capacity_per_thread(r), n = operations(r), need = 1;

	if (w->held) {
		held = r->count ?: held ?: w->held;
		if (w->divide)
			held = max(held / r->threads, 1UL);
		if (!r->count && !w->held_list)
			held = min(held, capacity);
		need = held;
	} else if (r->count) {
		n = r->count;
	}
	if (w->divide)
		n = max(n / r->threads, 1UL);
	if (w->slots == BENCH_SLOTS_N) {
		if (!r->count || w->held)
			n = min(n, capacity);
		need = max(n, need);
	}
	if (w->slots == BENCH_SLOTS_OCCUPANCY)
		need = BENCH_OCCUPANCY_ORDERS << (BENCH_OCCUPANCY_ORDERS - 1);
	if (w->ring) {
		if (!r->count)
			n = min(n, capacity / 2);
		need = 2 * n;
	}
	if (!need || need > capacity) {
		pr_err("'%s' order=%u threads=%u: no memory for %lu blocks per thread, only for %lu\n",
		       w->name, r->order, r->threads, max(need, 1UL), capacity);
		return -ENOMEM;
	}
	run->held = held;
	run->n = w->held ? max(n / held, 1UL) * held : n;
	return 0;
}

static unsigned long slots_per_thread(const struct bench_run *run)
{
	switch (run->request.workload->slots) {
	case BENCH_SLOTS_N:
		return run->n;
	case BENCH_SLOTS_HELD:
		return run->held;
	case BENCH_SLOTS_OCCUPANCY:
		return BENCH_OCCUPANCY_BLOCKS;
	default:
		return 1;
	}
}

static void free_run(struct bench_run *run)
{
	vfree(run->threads);
	vfree(run->sample);
	vfree(run->slots);
	vfree(run->index);
	if (run->ring)
		ptr_ring_cleanup(run->ring, NULL);
	kfree(run->ring);
	run->ring = NULL;
	run->threads = NULL;
	run->sample = NULL;
	run->slots = NULL;
	run->index = NULL;
}

/* Never full: holds the blocks of a round and those of its start. */
static struct ptr_ring *make_ring(unsigned long n)
{
	struct ptr_ring *ring = kzalloc(sizeof(*ring), GFP_KERNEL);

	if (ring && ptr_ring_init(ring, 2 * n, GFP_KERNEL)) {
		kfree(ring);
		ring = NULL;
	}
	return ring;
}

static bool allocate(struct bench_run *run, unsigned long nr_slots)
{
	const struct bench_request *r = &run->request;

	run->nr_parts = r->workload->iterations ? r->iterations + 1 : BENCH_MAX_PARTS;
	run->threads = vcalloc(r->threads, sizeof(*run->threads));
	run->sample = vcalloc(r->nr_subjects * run->nr_parts * r->rounds, sizeof(*run->sample));
	run->slots = vcalloc(r->threads * nr_slots, sizeof(*run->slots));
	run->index = vcalloc(r->threads * run->n, sizeof(*run->index));
	if (r->workload->ring)
		run->ring = make_ring(run->n);
	return run->threads && run->sample && run->slots && run->index &&
	       (run->ring || !r->workload->ring);
}

/* Allocates everything that the rounds use, so that they allocate nothing else. */
static int prepare_run(struct bench_run *run)
{
	const struct bench_request *r = &run->request;
	unsigned long nr_slots = slots_per_thread(run);
	unsigned int i;

	if (!allocate(run, nr_slots)) {
		free_run(run);
		return -ENOMEM;
	}
	for (i = 0; i < r->threads; i++) {
		run->threads[i] = (struct bench_thread) {
			.order = r->order,
			.gfp = r->gfp,
			.n = run->n,
			.held = run->held,
			.slots = run->slots + i * nr_slots,
			.nr_slots = nr_slots,
			.index = run->index + i * run->n,
			.ring = run->ring,
			.peer = run->threads + (r->threads - 1 - i),
			.run = run,
			.nr = i,
		};
		if (r->workload->prepare)
			r->workload->prepare(&run->threads[i]);
	}
	return 0;
}

/* ---- rows ---- */

/* The rows of one part or iteration: one for each subject. */
static int add_part(struct bench_run *run, struct bench_row *row, unsigned int part)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < run->request.nr_subjects && !err; i++) {
		row->subject = run->request.subject[i]->name;
		err = bench_add_row(run, row, bench_samples(run, i, part));
	}
	return err;
}

static int add_rows(struct bench_run *run)
{
	const struct bench_request *r = &run->request;
	const struct bench_workload *w = r->workload;
	struct bench_row row = { .unit = bench_unit(w), .extra = bench_extra(w),
				 .rounds = r->rounds };
	unsigned int part;
	int err = 0;

	for (part = 0; part < run->nr_parts && !err; part++) {
		row.workload = w->part[w->iterations ? 0 : part].name;
		row.extra_value = w->iterations ? part : run->held;
		if (row.workload && (r->only_part < 0 || w->iterations || r->only_part == part))
			err = add_part(run, &row, part);
	}
	return err;
}

static void drain_subjects(const struct bench_request *r)
{
	unsigned int i;

	for (i = 0; i < r->nr_subjects; i++)
		if (r->subject[i]->drain)
			r->subject[i]->drain();
}

static int run_once(struct bench_run *run, unsigned long held)
{
	const struct bench_workload *w = run->request.workload;
	int err;

	run->err = 0;
	run->synced_err = 0;
	atomic_set(&run->arrived, 0);
	drain_subjects(&run->request);
	err = w->plan ? w->plan(run) : plan(run, held);
	if (err)
		return err;
	err = prepare_run(run);
	if (err)
		return err;
	err = bench_run_rounds(run);
	if (!err)
		err = add_rows(run);
	free_run(run);
	return err;
}

static int run_all(struct bench_run *run)
{
	const unsigned int *held = run->request.workload->held_list;
	int err = 0;

	if (!held || run->request.count)
		return run_once(run, 0);
	for (; *held && !err; held++) {
		if (held[0] > 1 && *held > capacity_per_thread(&run->request)) {
			pr_info("'%s' n=%u and above skipped: the memory does not suffice\n",
				run->request.workload->name, *held);
			break;
		}
		err = run_once(run, *held);
	}
	return err;
}

/**
 * bench_execute - runs a request
 * @request: checked by bench_parse()
 * @results: rows are added to it
 *
 * Context: process; sleeps until the last round is done; killable.
 *
 * Return: 0, -ENOMEM or -EINTR; all blocks are freed in each case.
 */
int bench_execute(const struct bench_request *request, struct list_head *results)
{
	const struct bench_subject *s;
	struct bench_run *run;
	unsigned int opened;
	int err = 0;

	run = kzalloc(sizeof(*run), GFP_KERNEL);
	if (!run)
		return -ENOMEM;
	run->request = *request;
	run->results = results;
	for (opened = 0; opened < request->nr_subjects; opened++) {
		s = request->subject[opened];
		err = s->open ? s->open(request->order) : 0;
		if (err)
			break;
	}
	if (!err)
		err = run_all(run);
	while (opened--)
		if (request->subject[opened]->close)
			request->subject[opened]->close();
	kfree(run);
	return err;
}
