/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that own a CPU each, and code run on a chosen CPU or in another kind of task: kthreads
 * in the kernel, pthreads here.
 */
#ifndef PT_THREADS_H
#define PT_THREADS_H

struct pb_pool;

/* One in so many random requests may wait, and so drain every CPU when memory is short. */
#ifdef __KERNEL__
#define PT_WAIT_ONE_IN	24
#else
#define PT_WAIT_ONE_IN	2
#endif

/* CPUs the tests can use; they are numbered 0 to this less one, whatever their ids are. */
unsigned int pt_nr_cpus(void);
/* The id of the nth usable CPU, as the core sees it. */
int pt_cpu(unsigned int nth);

/*
 * Runs fn(arg, n) on the nth CPU, for the first @nr CPUs at once, and returns when all are done.
 * Expectations may be used inside fn, assertions may not.
 */
int pt_run_threads(unsigned int nr, void (*fn)(void *arg, unsigned int n), void *arg);

/* Runs fn(arg) on the nth CPU and waits for it. */
void pt_call_on(unsigned int nth, void (*fn)(void *arg), void *arg);

/*
 * Runs fn(arg) in a task that is not a kthread, and waits for it: 0, or why it did not run.
 * Expectations may be used inside fn, assertions may not.
 */
int pt_run_as_user(void (*fn)(void *arg), void *arg);

/* Keeps the calling thread on the CPU it runs on. */
void pt_stay_here(void);

/*
 * To be called now and then by what runs in pt_run_threads(): schedules, and drains when
 * asked to.
 */
void pt_breathe(struct pb_pool *pool);

/*
 * ops->drain_all of the pools under test. In the kernel a round over all CPUs takes
 * milliseconds.
 */
void pt_drain_all(struct pb_pool *pool);

#endif /* PT_THREADS_H */
