/* SPDX-License-Identifier: GPL-2.0-only */
/* A thread on each online CPU, for samples that use pbuddy on all CPUs at once. */
#ifndef CPU_THREADS_H
#define CPU_THREADS_H

#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>

/**
 * struct cpu_threads - the threads of a sample
 * @task: by number; those that were started come first
 * @nr: number of threads
 * @running: threads that have not called cpu_thread_done()
 */
struct cpu_threads {
	struct task_struct	**task;
	unsigned int		nr;
	atomic_long_t		running;
};

/* Stops the threads that run. Context: process, sleeps. */
static inline void cpu_threads_stop(struct cpu_threads *threads)
{
	unsigned int i;

	for (i = 0; threads->task && i < threads->nr && threads->task[i]; i++)
		kthread_stop(threads->task[i]);
	kfree(threads->task);
}

/*
 * Starts a thread on each online CPU; @name is a format for the CPU's number. The threads get their
 * number as argument. On failure none is left. Context: process, sleeps.
 */
static inline int cpu_threads_start(struct cpu_threads *threads, int (*fn)(void *number),
				    const char *name)
{
	unsigned int number = 0, cpu;
	struct task_struct *task;
	int err = 0;

	threads->nr = num_online_cpus();
	threads->task = kcalloc(threads->nr, sizeof(*threads->task), GFP_KERNEL);
	if (!threads->task)
		return -ENOMEM;
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		if (number == threads->nr)
			break;
		task = kthread_create_on_cpu(fn, (void *)(unsigned long)number, cpu, name);
		err = PTR_ERR_OR_ZERO(task);
		if (err)
			break;
		threads->task[number++] = task;
		atomic_long_inc(&threads->running);
		wake_up_process(task);
	}
	cpus_read_unlock();
	if (err)
		cpu_threads_stop(threads);
	return err;
}

/* The end of a thread's work: counts it, and waits until it is stopped. */
static inline int cpu_thread_done(struct cpu_threads *threads)
{
	atomic_long_dec(&threads->running);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

#endif /* CPU_THREADS_H */
