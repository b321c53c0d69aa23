// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmark's main workloads over the core alone, natively on this machine.
 *
 * measure bench [order=N] [threads=N] [rounds=N] [WORKLOAD]... | --list
 *	Times an operation of the core and of the floor (floor.c); also a target for a profiler
 *	(perf record build/host-bench/measure bench). Without arguments: every workload, orders
 *	0, 3 and 9, one and all CPUs.
 * measure rmw
 *	Counts the locked read-modify-writes of an operation on single pages, and the bytes of
 *	metadata per page. Needs the build with count.h.
 *
 * The loops are those of pbuddy_bench (kunit/bench/loops.h, workloads.c), and so are the columns
 * of the table. In each round the subjects run in turn. All threads start a part at the same
 * time; the mean of the threads counts. A round in which they did not run together is repeated.
 */
#include <ctype.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "core/pool/pool.h"
#include "bench.h"

#define N		16384
#define MAX_ROUNDS	1000
#define MAX_THREADS	16
#define MAX_REPEATS	30		/* of a round, on average */
#define POOL_PAGES	BIT(19)		/* 2 GiB */
#define LARGE_PAGES	BIT(28)		/* 1 TiB */

/* ---- threads ---- */

static struct bench_thread threads[MAX_THREADS];
static unsigned int nr_threads;
static int waiting;
static bool disturbed;		/* the threads of a part did not run at the same time */

struct part {
	pthread_t	thread;
	unsigned int	nr;
	bench_loop	loop;
	u64		cost;
	int		err;
};

static u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

__thread unsigned long pb_host_rmws;	/* count.h increments it */

static u64 now_rmws(void)
{
	return pb_host_rmws;
}

/* The quantity that is measured. */
struct meter {
	const char	*unit;
	int		digits;
	u64		(*now)(void);
};

static const struct meter time_meter = { "ns/op", 2, now_ns };
static const struct meter rmw_meter = { "rmw/op", 4, now_rmws };
static const struct meter *meter = &time_meter;

static void *run_part(void *arg)
{
	struct part *p = arg;
	struct bench_thread *t = &threads[p->nr];
	u64 start;

	pb_host_cpu = p->nr;
	__atomic_sub_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
	while (smp_load_acquire(&waiting) > 0)
		;
	start = meter->now();
	t->start[0] = now_ns();
	p->err = p->loop(t);
	t->end[0] = now_ns();
	p->cost = meter->now() - start;
	return NULL;
}

/* Runs a loop on every thread at once; returns its cost per operation, the mean of the threads. */
static double part(bench_loop loop)
{
	struct part parts[MAX_THREADS];
	double cost = 0;
	unsigned int i;

	waiting = nr_threads;
	for (i = 0; i < nr_threads; i++) {
		parts[i] = (struct part) { .nr = i, .loop = loop };
		if (i && pthread_create(&parts[i].thread, NULL, run_part, &parts[i]))
			die("cannot create a thread");
	}
	run_part(&parts[0]);
	for (i = 0; i < nr_threads; i++) {
		if (i)
			pthread_join(parts[i].thread, NULL);
		if (parts[i].err)
			die("an allocation failed");
		cost += parts[i].cost;
	}
	disturbed |= !bench_overlapped(threads, nr_threads, 0);
	return cost / nr_threads / threads[0].n;
}

/* Shuffles the blocks of all threads, whose slots are adjacent. */
static void shuffle(void)
{
	unsigned long i, j, n = threads[0].nr_slots * nr_threads;
	void **slots = threads[0].slots;
	u64 state = 1;

	for (i = n - 1; i > 0; i--) {
		j = bench_random_below(&state, i + 1);
		swap(slots[i], slots[j]);
	}
}

/* ---- workloads: a round of each ---- */

static void pairs(const struct bench_loops *l, double *cost)
{
	cost[0] = part(l->pairs);
}

static void bulk(const struct bench_loops *l, double *cost)
{
	cost[0] = part(l->alloc);
	cost[1] = part(l->free);
}

static void rand_put(const struct bench_loops *l, double *cost)
{
	part(l->alloc);
	shuffle();
	cost[0] = part(l->free);
}

static void rand_replace(const struct bench_loops *l, double *cost)
{
	part(l->alloc);
	shuffle();
	cost[0] = part(l->replace);
	part(l->free);
}

static void hold(const struct bench_loops *l, double *cost)
{
	cost[0] = part(l->hold);
}

static const struct workload {
	const char	*name;
	const char	*part[BENCH_MAX_PARTS];
	void		(*round)(const struct bench_loops *l, double *cost);
} workloads[] = {
	{ "repeat", { "repeat" }, pairs },
	{ "pair", { "pair" }, pairs },
	{ "bulk", { "bulk-get", "bulk-put" }, bulk },
	{ "rand-put", { "rand-put" }, rand_put },
	{ "rand", { "rand" }, rand_replace },
	{ "linux-scalability", { "linux-scalability" }, hold },
};

static const struct {
	const char			*name;
	const struct bench_loops	*loops;
} subjects[] = {
	{ "pbuddy", &core_loops },
	{ "floor", &floor_loops },
};

/* ---- a measurement ---- */

static unsigned int rounds = 15;
static unsigned int nr_subjects = ARRAY_SIZE(subjects);
static double sample[ARRAY_SIZE(subjects)][BENCH_MAX_PARTS][MAX_ROUNDS];

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Slots and n of every thread: n is smaller for large orders. */
static void make_threads(unsigned int order)
{
	unsigned long n = min(N, (POOL_PAGES / 4 * 3 >> order) / nr_threads), i;
	void **slots = calloc(nr_threads * n, sizeof(*slots));
	u32 *index = calloc(n, sizeof(*index));
	u64 state = 1;

	if (!slots || !index)
		die("no memory for the slots");
	for (i = 0; i < n; i++)
		index[i] = bench_random_below(&state, n);
	for (i = 0; i < nr_threads; i++)
		threads[i] = (struct bench_thread) {
			.order = order, .n = n, .held = n, .nr = i,
			.slots = slots + i * n, .nr_slots = n, .index = index,
		};
}

static void free_threads(void)
{
	free(threads[0].slots);
	free(threads[0].index);
}

static void print_row(const char *name, const char *subject, const char *unit, int digits,
		      double median, double min, double max)
{
	printf("%s\t%u\t%u\t%s\t%s\t%.*f\t%.*f\t%.*f\t%u\n", name, threads[0].order, nr_threads,
	       subject, unit, digits, median, digits, min, digits, max, rounds);
}

static void print_rows(const struct workload *w)
{
	unsigned int p, s;
	double *v;

	for (p = 0; p < BENCH_MAX_PARTS && w->part[p]; p++) {
		for (s = 0; s < nr_subjects; s++) {
			v = sample[s][p];
			qsort(v, rounds, sizeof(*v), compare);
			print_row(w->part[p], subjects[s].name, meter->unit, meter->digits,
				  (v[(rounds - 1) / 2] + v[rounds / 2]) / 2, v[0], v[rounds - 1]);
		}
	}
	fflush(stdout);
}

static void measure(const struct workload *w, unsigned int order)
{
	double cost[BENCH_MAX_PARTS];
	unsigned int s, p, repeats = 0, nr_disturbed = 0;
	int round;

	make_threads(order);
	core_open(POOL_PAGES, NULL);
	floor_open(nr_threads, threads[0].n);
	/* The first round warms up. */
	for (round = -1; round < (int)rounds; round++) {
		for (s = 0; s < nr_subjects; s++) {
			do {
				disturbed = false;
				w->round(subjects[s].loops, cost);
			} while (disturbed && repeats++ < rounds * MAX_REPEATS);
			nr_disturbed += disturbed;
			for (p = 0; p < BENCH_MAX_PARTS && round >= 0; p++)
				sample[s][p][round] = cost[p];
		}
	}
	print_rows(w);
	if (nr_disturbed)
		fprintf(stderr, "# %s: other work had a CPU in %u rounds\n", w->name, nr_disturbed);
	floor_close();
	core_close();
	free_threads();
}

/* ---- measure bench ---- */

static void usage(const char *what, const char *word)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s '%s'; see scripts/host --help", what, word);
	die(text);
}

static bool number(const char *word, const char *name, unsigned int max, unsigned int *n)
{
	size_t len = strlen(name);
	unsigned long value;
	char *end;

	if (strncmp(word, name, len) || word[len] != '=')
		return false;
	value = strtoul(word + len + 1, &end, 10);
	if (*end || !isdigit((unsigned char)word[len + 1]) || value > max)
		usage("bad number", word);
	*n = value;
	return true;
}

static bool wanted(const struct workload *w, const char *const *names, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		if (!strcmp(names[i], w->name) || !strcmp(names[i], w->part[0]) ||
		    (w->part[1] && !strcmp(names[i], w->part[1])))
			return true;
	/* repeat and pair do the same here. */
	return !nr && strcmp(w->name, "repeat");
}

static void check_names(const char *const *names, int nr)
{
	const struct workload *w;
	int i;

	for (i = 0; i < nr; i++) {
		for (w = workloads; w < workloads + ARRAY_SIZE(workloads); w++)
			if (wanted(w, names + i, 1))
				break;
		if (w == workloads + ARRAY_SIZE(workloads))
			usage("no workload", names[i]);
	}
}

/* Measures those of @names, or all, with one thread and with @max_threads. */
static void measure_all(unsigned int order, unsigned int max_threads,
			const char *const *names, int nr)
{
	const struct workload *w;

	for (w = workloads; w < workloads + ARRAY_SIZE(workloads); w++)
		for (nr_threads = 1; nr_threads <= max_threads; nr_threads = max_threads) {
			if (wanted(w, names, nr))
				measure(w, order);
			if (nr_threads == max_threads)
				break;
		}
}

static void list_workloads(void)
{
	const struct workload *w;
	unsigned int p;

	for (w = workloads; w < workloads + ARRAY_SIZE(workloads); w++) {
		puts(w->name);
		for (p = 0; p < BENCH_MAX_PARTS && w->part[p]; p++)
			if (strcmp(w->part[p], w->name))
				puts(w->part[p]);
	}
}

static void print_header(void)
{
	puts("workload\torder\tthreads\tsubject\tunit\tmedian\tmin\tmax\trounds");
}

int bench_main(int argc, char **argv)
{
	unsigned int order = 0, max_threads = min_t(unsigned int, sysconf(_SC_NPROCESSORS_ONLN),
						    MAX_THREADS), i;
	static const unsigned int orders[] = { 0, 3, 9 };
	bool one_order = false;
	const char *const *names = (const char *const *)argv;
	int nr = 0, arg;

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		list_workloads();
		return 0;
	}
	for (arg = 1; arg < argc; arg++) {
		if (number(argv[arg], "order", 10, &order))
			one_order = true;
		else if (!number(argv[arg], "threads", MAX_THREADS, &max_threads) &&
			 !number(argv[arg], "rounds", MAX_ROUNDS, &rounds))
			argv[nr++] = argv[arg];
	}
	if (!rounds || !max_threads)
		die("rounds and threads are at least 1");
	check_names(names, nr);
	pb_host_nr_cpus = max_t(int, pb_host_nr_cpus, max_threads);
	print_header();
	for (i = 0; i < ARRAY_SIZE(orders); i++)
		if (!one_order)
			measure_all(orders[i], max_threads, names, nr);
	if (one_order)
		measure_all(order, max_threads, names, nr);
	return 0;
}

/* ---- measure rmw ---- */

static void check_counter(void)
{
	atomic_t a = ATOMIC_INIT(0);
	unsigned long before = pb_host_rmws;

	atomic_inc(&a);
	smp_mb();
	smp_rmb();
	if (pb_host_rmws != before + 2)
		die("the read-modify-writes are not counted; build with SAN=rmw");
}

static void measure_metadata(void)
{
	size_t before = pb_host_bytes;
	double bytes;

	core_open(LARGE_PAGES, NULL);
	bytes = (double)(pb_host_bytes - before) / LARGE_PAGES;
	core_close();
	rounds = 1;
	print_row("metadata", "pbuddy", "bytes/frame", 4, bytes, bytes, bytes);
}

int rmw_main(int argc, char **argv)
{
	static const char * const names[] = { "repeat", "bulk", "rand-put", "rand" };

	check_counter();
	meter = &rmw_meter;
	rounds = 5;
	nr_subjects = 1;
	print_header();
	measure_all(0, 1, names, ARRAY_SIZE(names));
	measure_metadata();
	return 0;
}
