// SPDX-License-Identifier: GPL-2.0-only
/*
 * The workloads. Those of kunit/bench have the same names and do the same here. The arrays and
 * rings that hold the blocks are the user's and not in the model.
 */
#include "predict.h"
#include "random.h"
#include "sched.h"
#include "subject.h"
#include "workloads.h"

#define WARM_ROUNDS	2
#define BURST		64	/* blocks that a task allocates before it moves on, in exit */
#define PURGED_PER_CPU	8	/* of this many CPUs one is a purger */

unsigned long workload_blocks = 2048;

static unsigned int order, nr_cpus;
static unsigned long n;			/* blocks of each CPU */
static unsigned long *slots;		/* the head of each block, those of a CPU together */
static u32 *places;			/* random numbers below n */
static u64 rng;
static bool last_round;
static workload_counted counted_fn;

static u32 random_below(u32 limit)
{
	return ((host_random(&rng) >> 32) * limit) >> 32;
}

static void shuffle(unsigned long from, unsigned long nr)
{
	unsigned long i, j;

	for (i = nr - 1; i; i--) {
		j = random_below(i + 1);
		swap(slots[from + i], slots[from + j]);
	}
}

/* ---- what a CPU does ---- */

static void pairs(unsigned int cpu)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		subject_put(subject_get(order), order);
}

static void get_all(unsigned int cpu)
{
	unsigned long i;

	for (i = cpu * n; i < (cpu + 1) * n; i++)
		slots[i] = subject_get(order);
}

static void put_all(unsigned int cpu)
{
	unsigned long i;

	for (i = cpu * n; i < (cpu + 1) * n; i++)
		subject_put(slots[i], order);
}

static void replace(unsigned int cpu)
{
	unsigned long i, at;

	for (i = 0; i < n; i++) {
		at = cpu * n + places[i];
		subject_put(slots[at], order);
		slots[at] = subject_get(order);
	}
}

/* Half of the blocks are in the ring of each CPU to the next one. */
static void ring_start(unsigned int cpu)
{
	unsigned long i;

	for (i = 0; i < n / 2; i++)
		slots[cpu * n + i] = subject_get(order);
}

static void ring(unsigned int cpu)
{
	unsigned int from = (cpu + nr_cpus - 1) % nr_cpus;
	unsigned long i;

	for (i = 0; i < n / 2; i++) {
		slots[cpu * n + n / 2 + i] = subject_get(order);
		subject_put(slots[from * n + i], order);
	}
}

static void ring_end(unsigned int cpu)
{
	unsigned long i;

	for (i = n / 2; i < n; i++)
		subject_put(slots[cpu * n + i], order);
}

static unsigned int nr_purgers(void)
{
	return max(nr_cpus / PURGED_PER_CPU, 1U);
}

static void get_for_purgers(unsigned int cpu)
{
	if (cpu >= nr_purgers() || nr_cpus == 1)
		get_all(cpu);
}

static void purge(unsigned int cpu)
{
	unsigned long first = nr_cpus == 1 ? 0 : nr_purgers() * n, end = nr_cpus * n, i;

	if (cpu >= nr_purgers())
		return;
	for (i = first + cpu; i < end; i += nr_purgers())
		subject_put(slots[i], order);
}

/* A task for each CPU allocates in bursts, each on another CPU. */
static void get_migrating(unsigned int cpu)
{
	unsigned long burst, i, task;

	for (burst = 0; burst < n / BURST; burst++) {
		task = (cpu + burst) % nr_cpus;
		for (i = 0; i < BURST; i++)
			slots[task * n + burst * BURST + i] = subject_get(order);
	}
	for (i = n / BURST * BURST; i < n; i++)
		slots[cpu * n + i] = subject_get(order);
}

/* ---- rounds ---- */

/* Runs fn on all CPUs. */
static void part(void (*fn)(unsigned int cpu))
{
	lines_run(nr_cpus, fn);
}

/* The same, counted: @nr_ops operations of @nr_active CPUs. */
static void counted_part(unsigned int nr, void (*fn)(unsigned int cpu), unsigned long nr_ops,
			 unsigned int nr_active)
{
	predict_start();
	part(fn);
	if (last_round)
		counted_fn(nr, nr_ops, nr_active);
}

static void repeat_round(void)
{
	counted_part(0, pairs, nr_cpus * n, nr_cpus);
}

static void bulk_round(void)
{
	counted_part(0, get_all, nr_cpus * n, nr_cpus);
	counted_part(1, put_all, nr_cpus * n, nr_cpus);
}

static void shuffled_round(void)
{
	unsigned int cpu;

	part(get_all);
	for (cpu = 0; cpu < nr_cpus; cpu++)
		shuffle(cpu * n, n);
	counted_part(0, put_all, nr_cpus * n, nr_cpus);
	counted_part(1, get_all, nr_cpus * n, nr_cpus);
	part(put_all);
}

static void rand_put_round(void)
{
	part(get_all);
	shuffle(0, nr_cpus * n);
	counted_part(0, put_all, nr_cpus * n, nr_cpus);
}

static void rand_round(void)
{
	part(get_all);
	shuffle(0, nr_cpus * n);
	counted_part(0, replace, nr_cpus * n, nr_cpus);
	part(put_all);
}

static void ring_round(void)
{
	part(ring_start);
	counted_part(0, ring, nr_cpus * (n / 2), nr_cpus);
	part(ring_end);
}

static void purger_round(void)
{
	part(get_for_purgers);
	counted_part(0, purge, (nr_cpus == 1 ? 1 : nr_cpus - nr_purgers()) * n, nr_purgers());
}

static void exit_round(void)
{
	part(get_migrating);
	counted_part(0, put_all, nr_cpus * n, nr_cpus);
}

const struct workload workloads[] = {
	{ "repeat", { "repeat" }, "own blocks: allocate one and free it", repeat_round },
	{ "bulk", { "bulk-get", "bulk-put" }, "own blocks: allocate many, free them in order",
	  bulk_round },
	{ "shuffled", { "shuffled-put", "shuffled-get" },
	  "own blocks: free them in random order, allocate as many", shuffled_round },
	{ "rand-put", { "rand-put" }, "free, in random order, blocks that all CPUs allocated",
	  rand_put_round },
	{ "rand", { "rand" }, "free one of those at random, allocate one", rand_round },
	{ "ring", { "ring" }, "allocate a block for the next CPU, free one of the last CPU",
	  ring_round },
	{ "purger", { "purger" }, "one CPU of eight frees what the others allocated",
	  purger_round },
	{ "exit", { "exit" }, "tasks that were moved among the CPUs free all their blocks at once",
	  exit_round },
	{}
};

static void make_slots(void)
{
	unsigned long i;

	slots = calloc(nr_cpus * n, sizeof(*slots));
	places = calloc(n, sizeof(*places));
	if (!slots || !places)
		abort();
	rng = 1;
	for (i = 0; i < n; i++)
		places[i] = random_below(n);
}

void workload_run(const struct workload *w, unsigned int for_order, unsigned int cpus,
		  workload_counted counted)
{
	unsigned int round;

	order = for_order;
	nr_cpus = cpus;
	n = workload_blocks;
	counted_fn = counted;
	make_slots();
	for (round = 0; round <= WARM_ROUNDS; round++) {
		last_round = round == WARM_ROUNDS;
		w->round();
	}
	free(slots);
	free(places);
}
