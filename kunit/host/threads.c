// SPDX-License-Identifier: GPL-2.0-only
/* The host's implementation of threads.h: threads that own a CPU number each. */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "threads.h"
#include "core/cache/drain.h"

struct worker {
	pthread_t thread;
	unsigned int n;
	void (*fn)(void *arg, unsigned int n);
	void *arg;
};

/* 1 while threads run: only a CPU's own thread may then use its pcp lists. */
static int concurrent;
/* The pool that a CPU's thread has to drain; the thread clears it afterwards. */
static struct pb_pool *drain_wanted[PB_HOST_MAX_CPUS];
static int running[PB_HOST_MAX_CPUS];

unsigned int pt_nr_cpus(void)
{
	return pb_host_nr_cpus;
}

int pt_cpu(unsigned int nth)
{
	return nth;
}

static void serve_drain(void)
{
	struct pb_pool *pool = smp_load_acquire(&drain_wanted[pb_host_cpu]);

	if (pool && pb_pcp_drain_local(pool))
		smp_store_release(&drain_wanted[pb_host_cpu], NULL);
}

static void *work(void *p)
{
	struct worker *w = p;

	pb_host_cpu = w->n;
	w->fn(w->arg, w->n);
	serve_drain();
	smp_store_release(&running[w->n], 0);
	return NULL;
}

int pt_run_threads(unsigned int nr, void (*fn)(void *arg, unsigned int n), void *arg)
{
	struct worker workers[PB_HOST_MAX_CPUS];
	unsigned int n;

	smp_store_release(&concurrent, 1);
	for (n = 0; n < nr; n++)
		smp_store_release(&running[n], 1);
	for (n = 0; n < nr; n++) {
		workers[n] = (struct worker) { .n = n, .fn = fn, .arg = arg };
		if (pthread_create(&workers[n].thread, NULL, work, &workers[n]))
			abort();
	}
	for (n = 0; n < nr; n++)
		pthread_join(workers[n].thread, NULL);
	smp_store_release(&concurrent, 0);
	memset(drain_wanted, 0, sizeof(drain_wanted));
	return 0;
}

void pt_call_on(unsigned int nth, void (*fn)(void *arg), void *arg)
{
	int cpu = pb_host_cpu;

	pb_host_cpu = nth;
	fn(arg);
	pb_host_cpu = cpu;
}

/* On the host a task is a kthread only if a case says so. */
int pt_run_as_user(void (*fn)(void *arg), void *arg)
{
	fn(arg);
	return 0;
}

void pt_stay_here(void)
{
	pb_host_cpu = 0;
}

/* As pb_host_wait_tick(). */
unsigned long pt_ticks(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void pt_resched(struct pb_pool *pool)
{
	(void)pool;
	serve_drain();
}

/*
 * Threads drain when they call pt_resched(). A thread that waits here drains its own CPU
 * meanwhile.
 */
void pt_drain_all(struct pb_pool *pool)
{
	int cpu, tries;

	if (!smp_load_acquire(&concurrent)) {
		for (cpu = 0; cpu < pb_host_nr_cpus; cpu++)
			pb_pcp_drain_cpu(pool, cpu);
		return;
	}
	for (cpu = 0; cpu < pb_host_nr_cpus; cpu++)
		smp_store_release(&drain_wanted[cpu], pool);
	for (cpu = 0; cpu < pb_host_nr_cpus; cpu++) {
		for (tries = 0; tries < 200; tries++) {
			serve_drain();
			if (!smp_load_acquire(&running[cpu]) ||
			    !smp_load_acquire(&drain_wanted[cpu]))
				break;
			sched_yield();
		}
	}
}
