// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the rounds of a workload: one thread bound to each CPU it uses, all in step; or the
 * task that wrote the request, which then stays on its CPU.
 *
 * A round runs every subject once, one after the other, so that a change over time affects all
 * of them alike; each starts with all its blocks free. A timed part is short (n is chosen so that
 * it takes one to two milliseconds at some 80 ns per operation). It begins when the last thread
 * has arrived at a spinning barrier; interrupts are on. The first round warms up and does not
 * count. When threads run the rounds, the task that wrote the request sleeps meanwhile and disturbs
 * no CPU.
 */
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "bench.h"

/* ---- threads in step ---- */

void bench_fail(struct bench_run *run, int err)
{
	cmpxchg(&run->err, 0, err);
}

/**
 * bench_sync - waits until every thread of the run has arrived
 * @run: the run
 *
 * Each thread sees after it what any thread wrote before it: the increments of @arrived are
 * fully ordered, and the last thread releases @generation, which the others acquire.
 *
 * Return: 0, or the failure of some thread; the same for all threads.
 */
int bench_sync(struct bench_run *run)
{
	unsigned int generation = READ_ONCE(run->generation);

	if (atomic_inc_return(&run->arrived) == run->request.threads) {
		atomic_set(&run->arrived, 0);
		run->synced_err = READ_ONCE(run->err);
		/* Pairs with the acquire below. */
		smp_store_release(&run->generation, generation + 1);
	} else {
		/* Pairs with the release above. */
		while (smp_load_acquire(&run->generation) == generation) {
			cpu_relax();
			cond_resched();
		}
	}
	return run->synced_err;
}

/**
 * bench_part - runs one part on every thread at once
 * @t: this thread
 * @loop: runs on this thread; NULL for none
 * @part: its time is added to this part of the round; below 0 it is not timed
 * @clear: the slots are stale after it
 *
 * Return: 0, or the failure of some thread.
 */
int bench_part(struct bench_thread *t, bench_loop loop, int part, bool clear)
{
	u64 start, end;
	int err;

	if (fatal_signal_pending(current))
		bench_fail(t->run, -EINTR);
	err = bench_sync(t->run);
	if (err)
		return err;
	if (loop) {
		start = ktime_get_ns();
		err = loop(t);
		end = ktime_get_ns();
		if (part >= 0) {
			t->ns[part] += end - start;
			t->loop[part] = loop;
			t->start[part] = start;
			t->end[part] = end;
		}
		if (clear)
			memset(t->slots, 0, t->nr_slots * sizeof(*t->slots));
		if (err)
			bench_fail(t->run, err);
	}
	return bench_sync(t->run);
}

/* ---- random numbers, made before the timed parts ---- */

/**
 * bench_fill_index - writes @n random numbers below the number of slots to @index
 * @t: the thread
 */
void bench_fill_index(struct bench_thread *t)
{
	u64 state = t->run->request.seed + t->nr;
	unsigned long i;

	for (i = 0; i < t->n; i++)
		t->index[i] = bench_random_below(&state, t->nr_slots);
}

/* Fisher-Yates over the slots of all threads, which are adjacent in memory. */
static int shuffle(struct bench_thread *t)
{
	unsigned long n = t->nr_slots * t->run->request.threads, i;
	void **slots = t->run->slots, **other;
	u64 state = t->run->request.seed;

	for (i = n - 1; i > 0; i--) {
		other = slots + bench_random_below(&state, i + 1);
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

#define MAX_REPEATS	30	/* of a round, on average */

/* Time of an operation, in hundredths of ns. */
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

/**
 * bench_samples - the samples of a row
 * @run: the run
 * @subject: number of the subject in the request
 * @part: number of the part or iteration
 *
 * Return: the sample of round 0; the others follow.
 */
u64 *bench_samples(struct bench_run *run, unsigned int subject, unsigned int part)
{
	return run->sample + (subject * run->nr_parts + part) * run->request.rounds;
}

/* Whether to repeat a round in which the threads did not run at the same time. By one thread. */
static bool repeat_round(struct bench_run *run)
{
	unsigned int part;

	for (part = 0; part < BENCH_MAX_PARTS; part++)
		if (!bench_overlapped(run->threads, run->request.threads, part))
			break;
	if (part == BENCH_MAX_PARTS)
		return false;
	if (run->repeats++ < run->request.rounds * MAX_REPEATS)
		return true;
	run->disturbed++;
	return false;
}

/* One round of one subject; the error of some thread, the same for all. */
static int run_round(struct bench_thread *t, const struct bench_subject *s)
{
	struct bench_run *run = t->run;
	int err;

	memset(t->ns, 0, sizeof(t->ns));
	memset(t->loop, 0, sizeof(t->loop));
	run->request.workload->round(t, s);
	t->keep = 0;
	s->loops->free_rest(t);
	err = bench_sync(run);
	if (!t->nr)
		run->again = !err && t->round >= 0 && repeat_round(run);
	return bench_sync(run);
}

static void run_subject(struct bench_thread *t, unsigned int subject, int round)
{
	struct bench_run *run = t->run;
	unsigned int part;
	int err;

	t->subject = subject;
	t->round = round;
	do {
		err = run_round(t, run->request.subject[subject]);
	} while (!err && run->again);
	if (err || t->nr || round < 0 || run->request.workload->kind == BENCH_SHAPES)
		return;
	for (part = 0; part < BENCH_MAX_PARTS; part++)
		bench_samples(run, subject, part)[round] = per_operation(run, part);
}

static int thread_main(void *p)
{
	struct bench_thread *t = p;
	struct bench_run *run = t->run;
	unsigned int subject;
	int round = run->request.workload->kind == BENCH_SHAPES ? 0 : -1;

	for (; round < (int)run->request.rounds; round++)
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

/* The task that wrote the request is the only thread. */
static int run_in_writer(struct bench_run *run)
{
	migrate_disable();
	thread_main(&run->threads[0]);
	migrate_enable();
	return run->err;
}

/**
 * bench_run_rounds - runs the threads of a run through all rounds
 * @run: prepared
 *
 * Return: 0, the first failure of a thread, or -EINTR when the caller was killed.
 */
int bench_run_rounds(struct bench_run *run)
{
	unsigned int i, nr = run->request.threads, made;
	int err = 0;

	init_completion(&run->done);
	atomic_set(&run->running, nr);
	if (run->request.writer)
		return run_in_writer(run);
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
	if (run->disturbed)
		pr_info("'%s': other work had a CPU in %u rounds\n", run->request.workload->name,
			run->disturbed);
	return err ?: run->err;
}
