// SPDX-License-Identifier: GPL-2.0-only
/*
 * The benchmark's main workloads over the core alone, natively on this machine, beside the
 * floor: what is left to win, and something to profile (perf record build/host-bench/bench).
 *
 * usage: bench [order=N] [threads=N] [rounds=N] [WORKLOAD]...
 *
 * Without words: every workload, orders 0, 3 and 9, one and all CPUs. The loops are those of
 * pbuddy_bench (kunit/bench/loops.h), and what they do is told there, by author. Prints the
 * same table. The rounds take turns; a part is timed by thread, the threads starting at once,
 * and the mean over the threads counts.
 */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define N		16384
#define MAX_ROUNDS	1000
#define MAX_THREADS	16
#define POOL_PAGES	BIT(19)		/* 2 GiB: made-up PFNs, nothing behind them */

void bench_die(const char *what)
{
	fflush(stdout);
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

/* ---- threads ---- */

static struct bench_thread threads[MAX_THREADS];
static unsigned int nr_threads;
static int waiting;

struct part {
	pthread_t	thread;
	unsigned int	nr;
	bench_loop	loop;
	u64		ns;
	int		err;
};

static u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void *run_part(void *arg)
{
	struct part *p = arg;
	u64 start;

	pb_host_cpu = p->nr;
	__atomic_sub_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
	while (smp_load_acquire(&waiting) > 0)
		;
	start = now();
	p->err = p->loop(&threads[p->nr]);
	p->ns = now() - start;
	return NULL;
}

/* Runs a loop on every thread at once; ns by operation and thread, in the mean. */
static double part(bench_loop loop)
{
	struct part parts[MAX_THREADS];
	double ns = 0;
	unsigned int i;

	waiting = nr_threads;
	for (i = 0; i < nr_threads; i++) {
		parts[i] = (struct part) { .nr = i, .loop = loop };
		if (i && pthread_create(&parts[i].thread, NULL, run_part, &parts[i]))
			bench_die("no thread");
	}
	run_part(&parts[0]);
	for (i = 0; i < nr_threads; i++) {
		if (i)
			pthread_join(parts[i].thread, NULL);
		if (parts[i].err)
			bench_die("an allocation failed");
		ns += parts[i].ns;
	}
	return ns / nr_threads / threads[0].n;
}

/* Across all threads, whose slots follow one another. */
static void shuffle(void)
{
	unsigned long i, j, n = threads[0].nr_slots * nr_threads;
	void **slots = threads[0].slots;
	u64 state = 1;

	for (i = n - 1; i > 0; i--) {
		j = bench_below(&state, i + 1);
		swap(slots[i], slots[j]);
	}
}

/* ---- workloads: a round of each ---- */

static void pairs(const struct bench_loops *l, double *ns)
{
	ns[0] = part(l->pairs);
}

static void bulk(const struct bench_loops *l, double *ns)
{
	ns[0] = part(l->get);
	ns[1] = part(l->put);
}

static void rand_put(const struct bench_loops *l, double *ns)
{
	part(l->get);
	shuffle();
	ns[0] = part(l->put);
}

static void rand_swap(const struct bench_loops *l, double *ns)
{
	part(l->get);
	shuffle();
	ns[0] = part(l->swap);
	part(l->put);
}

static void hold(const struct bench_loops *l, double *ns)
{
	ns[0] = part(l->hold);
}

static const struct workload {
	const char	*name;
	const char	*part[BENCH_MAX_PARTS];
	void		(*round)(const struct bench_loops *l, double *ns);
} workloads[] = {
	{ "pair", { "pair" }, pairs },
	{ "bulk", { "bulk-get", "bulk-put" }, bulk },
	{ "rand-put", { "rand-put" }, rand_put },
	{ "rand", { "rand" }, rand_swap },
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
static double sample[ARRAY_SIZE(subjects)][BENCH_MAX_PARTS][MAX_ROUNDS];

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Every thread's slots, and n: of large orders there are fewer. */
static void make_threads(unsigned int order)
{
	unsigned long n = min(N, (POOL_PAGES / 4 * 3 >> order) / nr_threads), i;
	void **slots = calloc(nr_threads * n, sizeof(*slots));
	u32 *index = calloc(n, sizeof(*index));
	u64 state = 1;

	if (!slots || !index)
		bench_die("no memory for the slots");
	for (i = 0; i < n; i++)
		index[i] = bench_below(&state, n);
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

static void print_rows(const struct workload *w)
{
	unsigned int p, s;
	double *v;

	for (p = 0; p < BENCH_MAX_PARTS && w->part[p]; p++) {
		for (s = 0; s < ARRAY_SIZE(subjects); s++) {
			v = sample[s][p];
			qsort(v, rounds, sizeof(*v), compare);
			printf("%s\t%u\t%u\t%s\tns/op\t%.2f\t%.2f\t%.2f\t%u\n", w->part[p],
			       threads[0].order, nr_threads, subjects[s].name,
			       (v[(rounds - 1) / 2] + v[rounds / 2]) / 2, v[0], v[rounds - 1],
			       rounds);
		}
	}
	fflush(stdout);
}

static void measure(const struct workload *w, unsigned int order)
{
	double ns[BENCH_MAX_PARTS];
	unsigned int s, p;
	int round;

	make_threads(order);
	core_open(POOL_PAGES);
	floor_open(nr_threads, threads[0].n);
	/* The first one warms up. */
	for (round = -1; round < (int)rounds; round++) {
		for (s = 0; s < ARRAY_SIZE(subjects); s++) {
			w->round(subjects[s].loops, ns);
			for (p = 0; p < BENCH_MAX_PARTS && round >= 0; p++)
				sample[s][p][round] = ns[p];
		}
	}
	print_rows(w);
	floor_close();
	core_close();
	free_threads();
}

/* ---- what is asked for ---- */

static bool number(const char *word, const char *name, unsigned int max, unsigned int *n)
{
	size_t len = strlen(name);
	char *end;

	if (strncmp(word, name, len) || word[len] != '=')
		return false;
	*n = strtoul(word + len + 1, &end, 10);
	if (*end || !word[len + 1] || *n > max)
		bench_die(word);
	return true;
}

static bool wanted(const struct workload *w, char **names, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		if (!strcmp(names[i], w->name) || !strcmp(names[i], w->part[0]) ||
		    (w->part[1] && !strcmp(names[i], w->part[1])))
			return true;
	return !nr;
}

static void measure_all(unsigned int order, unsigned int max_threads, char **names, int nr)
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

int main(int argc, char **argv)
{
	unsigned int order = 0, max_threads = min_t(unsigned int, sysconf(_SC_NPROCESSORS_ONLN),
						    MAX_THREADS), i;
	static const unsigned int orders[] = { 0, 3, 9 };
	bool one_order = false;
	int nr = 0, arg;

	for (arg = 1; arg < argc; arg++) {
		if (number(argv[arg], "order", 10, &order))
			one_order = true;
		else if (!number(argv[arg], "threads", MAX_THREADS, &max_threads) &&
			 !number(argv[arg], "rounds", MAX_ROUNDS, &rounds))
			argv[nr++] = argv[arg];
	}
	if (!rounds || !max_threads)
		bench_die("rounds and threads are at least 1");
	pb_host_nr_cpus = max_t(int, pb_host_nr_cpus, max_threads);
	puts("workload\torder\tthreads\tsubject\tunit\tmedian\tmin\tmax\trounds");
	for (i = 0; i < ARRAY_SIZE(orders); i++)
		if (!one_order)
			measure_all(orders[i], max_threads, argv, nr);
	if (one_order)
		measure_all(order, max_threads, argv, nr);
	return 0;
}
