// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a workload: one thread bound to each CPU it uses, all in step.
 *
 * A round is every subject once, one after the other, so that what changes with time hits all
 * of them; each starts with everything free. A timed part is short (n is chosen so that it
 * takes one to two milliseconds at some 80 ns an operation), and begins when the last thread
 * has arrived at a spinning barrier; interrupts are on. The first round warms up and does not
 * count. The writer of the request sleeps meanwhile, so with one thread there is no other.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "bench.h"

/* ---- threads in step ---- */

void bench_fail(struct bench_run *run, int err)
{
	cmpxchg(&run->err, 0, err);
}

/**
 * bench_sync - waits until every thread of the run is here
 * @run: the run
 *
 * What each thread did before is seen by all after: the increments of @arrived are fully
 * ordered, and the last thread releases the others by @generation.
 *
 * Return: 0, or the failure of some thread; the same for all threads.
 */
int bench_sync(struct bench_run *run)
{
	unsigned int generation = READ_ONCE(run->generation);

	if (atomic_inc_return(&run->arrived) == run->request.threads) {
		atomic_set(&run->arrived, 0);
		run->verdict = READ_ONCE(run->err);
		/* Pairs with the acquire below. */
		smp_store_release(&run->generation, generation + 1);
	} else {
		/* Pairs with the release above. */
		while (smp_load_acquire(&run->generation) == generation) {
			cpu_relax();
			cond_resched();
		}
	}
	return run->verdict;
}

/**
 * bench_part - runs one part on every thread at once
 * @t: this thread
 * @loop: what this thread does, or NULL for nothing
 * @part: its time is added to this part of the round; below 0 it is not timed
 * @clear: the slots are stale after it
 *
 * Return: 0, or the failure of some thread.
 */
int bench_part(struct bench_thread *t, bench_loop loop, int part, bool clear)
{
	u64 start, ns;
	int err = bench_sync(t->run);

	if (err)
		return err;
	if (loop) {
		start = ktime_get_ns();
		err = loop(t);
		ns = ktime_get_ns() - start;
		if (part >= 0)
			t->ns[part] += ns;
		if (clear)
			memset(t->slots, 0, t->nr_slots * sizeof(*t->slots));
		if (err)
			bench_fail(t->run, err);
	}
	return bench_sync(t->run);
}

/* ---- random numbers, made before anything is timed ---- */

/**
 * bench_fill_index - @n random numbers below the number of slots
 * @t: the thread
 * @stream: another sequence for each
 */
void bench_fill_index(struct bench_thread *t, u64 stream)
{
	u64 state = t->run->request.seed + (stream << 32) + t->nr;
	unsigned long i;

	for (i = 0; i < t->n; i++)
		t->index[i] = bench_below(&state, t->nr_slots);
}

/*
 * Fisher and Yates, over the slots of all threads together: these follow one another in
 * memory.
 */
static int shuffle(struct bench_thread *t)
{
	unsigned long n = t->nr_slots * t->run->request.threads, i;
	void **slots = t->run->slots, **other;
	u64 state = t->run->request.seed;

	for (i = n - 1; i > 0; i--) {
		other = slots + bench_below(&state, i + 1);
		swap(slots[i], *other);
	}
	return 0;
}

/**
 * bench_shuffle - shuffles the blocks across all threads
 * @t: this thread; the first one does the work
 *
 * Return: as bench_part().
 */
int bench_shuffle(struct bench_thread *t)
{
	return bench_part(t, t->nr ? NULL : shuffle, -1, false);
}

/* ---- rounds ---- */

/* What the threads took for an operation, in hundredths of ns. */
static u64 per_operation(struct bench_run *run, unsigned int part)
{
	u64 worst = 0, sum = 0, ns;
	unsigned int i;

	for (i = 0; i < run->request.threads; i++) {
		ns = run->threads[i].ns[part];
		worst = max(worst, ns);
		sum += ns;
	}
	ns = run->request.workload->worst ? worst * 100 :
		div_u64(sum * 100, run->request.threads);
	return div64_u64(ns, run->n);
}

static u64 *samples(struct bench_run *run, unsigned int subject, unsigned int part)
{
	return run->sample + (subject * BENCH_MAX_PARTS + part) * run->request.rounds;
}

static void run_subject(struct bench_thread *t, unsigned int subject, int round)
{
	struct bench_run *run = t->run;
	const struct bench_subject *s = run->request.subject[subject];
	unsigned int part;

	memset(t->ns, 0, sizeof(t->ns));
	run->request.workload->round(t, s);
	s->loops->drop(t);
	if (!bench_sync(run) && !t->nr && round >= 0)
		for (part = 0; part < BENCH_MAX_PARTS; part++)
			samples(run, subject, part)[round] = per_operation(run, part);
}

static int thread_main(void *p)
{
	struct bench_thread *t = p;
	struct bench_run *run = t->run;
	unsigned int subject;
	int round;

	for (round = -1; round < (int)run->request.rounds; round++)
		for (subject = 0; subject < run->request.nr_subjects; subject++)
			if (!bench_sync(run))
				run_subject(t, subject, round);
	if (atomic_dec_and_test(&run->running))
		complete(&run->done);
	return 0;
}

static int make_thread(struct bench_thread *t)
{
	t->task = kthread_create(thread_main, t, "pbuddy_bench/%u", t->nr);
	if (IS_ERR(t->task))
		return PTR_ERR(t->task);
	get_task_struct(t->task);
	kthread_bind(t->task, cpumask_nth(t->nr, cpu_online_mask));
	return 0;
}

/**
 * bench_run_rounds - runs the threads of a run through all rounds
 * @run: made ready by prepare_run()
 *
 * Return: 0, the first failure of a thread, or -EINTR when the caller was killed.
 */
int bench_run_rounds(struct bench_run *run)
{
	unsigned int i, nr = run->request.threads, made;
	int err = 0;

	init_completion(&run->done);
	atomic_set(&run->running, nr);
	for (made = 0; made < nr && !err; made++)
		err = make_thread(&run->threads[made]);
	if (err)
		made--;
	if (!err) {
		for (i = 0; i < nr; i++)
			wake_up_process(run->threads[i].task);
		if (wait_for_completion_killable(&run->done)) {
			bench_fail(run, -EINTR);
			wait_for_completion(&run->done);
		}
	}
	for (i = 0; i < made; i++) {
		kthread_stop(run->threads[i].task);
		put_task_struct(run->threads[i].task);
	}
	return err ?: run->err;
}

/* ---- how much of what ---- */

/* Blocks that each thread may hold at a time. */
static unsigned long room_per_thread(const struct bench_request *r)
{
	unsigned long room = ULONG_MAX;
	unsigned int i;

	for (i = 0; i < r->nr_subjects; i++)
		room = min(room, r->subject[i]->room(r->order));
	return room / r->threads;
}

/* Sets n and held; -ENOMEM, with a line in the log, when there is no memory for it. */
static int plan(struct bench_run *run, unsigned long held)
{
	const struct bench_request *r = &run->request;
	const struct bench_workload *w = r->workload;
	unsigned long room = room_per_thread(r), n = w->n, want = 1;

	if (w->held) {
		held = r->count ?: held ?: w->held;
		if (w->divide)
			held = max(held / r->threads, 1UL);
		if (!r->count && !w->held_list)
			held = min(held, room);
		want = held;
	} else if (r->count) {
		n = r->count;
	}
	if (w->divide)
		n = max(n / r->threads, 1UL);
	if (w->slots == BENCH_SLOTS_N) {
		if (!r->count || w->held)
			n = min(n, room);
		want = max(n, want);
	}
	if (w->slots == BENCH_SLOTS_CHUNKS)
		want = BENCH_CHUNK_LEVELS << (BENCH_CHUNK_LEVELS - 1);
	if (!want || want > room) {
		pr_err("'%s' order=%u threads=%u: no memory for %lu blocks per thread, but for %lu\n",
		       w->name, r->order, r->threads, max(want, 1UL), room);
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
	case BENCH_SLOTS_CHUNKS:
		return BENCH_CHUNKS;
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
	run->threads = NULL;
	run->sample = NULL;
	run->slots = NULL;
	run->index = NULL;
}

/* Everything that the rounds use is allocated before the first one. */
static int prepare_run(struct bench_run *run)
{
	const struct bench_request *r = &run->request;
	unsigned long nr_slots = slots_per_thread(run);
	unsigned int i;

	run->threads = vcalloc(r->threads, sizeof(*run->threads));
	run->sample = vcalloc(r->nr_subjects * BENCH_MAX_PARTS * r->rounds, sizeof(*run->sample));
	run->slots = vcalloc(r->threads * nr_slots, sizeof(*run->slots));
	run->index = vcalloc(r->threads * run->n, sizeof(*run->index));
	if (!run->threads || !run->sample || !run->slots || !run->index) {
		free_run(run);
		return -ENOMEM;
	}
	for (i = 0; i < r->threads; i++) {
		run->threads[i] = (struct bench_thread) {
			.order = r->order,
			.n = run->n,
			.held = run->held,
			.slots = run->slots + i * nr_slots,
			.nr_slots = nr_slots,
			.index = run->index + i * run->n,
			.run = run,
			.nr = i,
		};
		if (r->workload->prepare)
			r->workload->prepare(&run->threads[i]);
	}
	return 0;
}

/* ---- a request ---- */

static int add_rows(struct bench_run *run, bool with_held)
{
	const struct bench_request *r = &run->request;
	struct bench_row row = { .unit = "ns/op", .rounds = r->rounds };
	unsigned int part, i;
	int err = 0;

	if (with_held) {
		row.extra = "n";
		row.extra_value = run->held;
	}
	for (part = 0; part < BENCH_MAX_PARTS; part++) {
		row.workload = r->workload->part[part];
		if (!row.workload || (r->only_part >= 0 && r->only_part != part))
			continue;
		for (i = 0; i < r->nr_subjects && !err; i++) {
			row.subject = r->subject[i]->name;
			err = bench_add_row(run, &row, samples(run, i, part));
		}
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
	run->verdict = 0;
	atomic_set(&run->arrived, 0);
	drain_subjects(&run->request);
	if (w->run)
		return w->run(run);
	err = plan(run, held);
	if (err)
		return err;
	err = prepare_run(run);
	if (err)
		return err;
	err = bench_run_rounds(run);
	if (!err)
		err = add_rows(run, w->held_list);
	free_run(run);
	return err;
}

static int run_all(struct bench_run *run)
{
	const unsigned int *held = run->request.workload->held_list;
	int err = 0;

	if (!held || run->request.count)
		return run_once(run, 0);
	for (; *held && !err; held++)
		err = run_once(run, *held);
	return err;
}

/**
 * bench_execute - runs a request
 * @request: checked by bench_parse()
 * @results: rows are added to it
 *
 * Context: process; sleeps until all is done, and can be killed.
 *
 * Return: 0, -ENOMEM (nothing stays allocated), or -EINTR.
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
