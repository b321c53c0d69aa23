/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that each own a CPU, and functions run on a chosen CPU or in another kind of task.
 * Implemented with kthreads in kunit/linux/threads.c and with pthreads in kunit/host/threads.c.
 */
#ifndef PT_THREADS_H
#define PT_THREADS_H

struct pb_pool;

/* One in so many random requests may wait; it drains every CPU when memory is short. */
#ifdef __KERNEL__
#define PT_WAIT_ONE_IN	24
#else
#define PT_WAIT_ONE_IN	2
#endif

/* Number of CPUs that tests can use. Tests number them from 0, whatever their ids are. */
unsigned int pt_nr_cpus(void);
/* The id of the nth usable CPU. */
int pt_cpu(unsigned int nth);

/*
 * Runs fn(arg, n) on the nth CPU, on the first @nr CPUs at once, and returns when all are done.
 * KUNIT_EXPECT macros may be used in fn, KUNIT_ASSERT macros may not.
 */
int pt_run_threads(unsigned int nr, void (*fn)(void *arg, unsigned int n), void *arg);

/* Runs fn(arg) on the nth CPU and waits for it. */
void pt_call_on(unsigned int nth, void (*fn)(void *arg), void *arg);

/*
 * Runs fn(arg) in a task that is not a kthread and waits for it. Returns 0, or the error for
 * which it did not run. KUNIT_EXPECT macros may be used in fn, KUNIT_ASSERT macros may not.
 */
int pt_run_as_user(void (*fn)(void *arg), void *arg);

/* Keeps the calling thread on the CPU it runs on. */
void pt_stay_here(void);

/* The time in ticks of pb_wait_tick(), from any moment on. */
unsigned long pt_ticks(void);

/*
 * Functions run by pt_run_threads() call it at intervals: it reschedules, and drains this CPU if
 * another thread waits in pt_drain_all().
 */
void pt_resched(struct pb_pool *pool);

/*
 * ops->drain_all of the pools under test: drains every CPU and waits. It takes milliseconds in
 * the kernel.
 */
void pt_drain_all(struct pb_pool *pool);

#endif /* PT_THREADS_H */
