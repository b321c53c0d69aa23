// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the core costs that no clock shows well: locked read-modify-writes for each operation,
 * counted while the benchmark's loops run over the same text (see count.h), and bytes of
 * metadata for each page frame. Prints a table as pbuddy_bench does; exits with 1 when
 * something fails.
 */
#include <stdlib.h>

#include "api.h"
#include "core/pool/pool.h"
#include "core/pool/stat.h"
#include "core/pool/verify.h"

#define ROUNDS		5
#define N		16384
#define POOL_PAGES	BIT(18)			/* 1 GiB */
#define LARGE_PAGES	BIT(28)			/* 1 TiB */

__thread unsigned long pb_host_rmws;

static struct pb_pool pool;
static unsigned long pfns[N];
static unsigned long misuse;

static void fail(const char *what)
{
	fprintf(stderr, "rmw: %s\n", what);
	exit(1);
}

static void count_bad(struct pb_pool *p, enum pb_bad bad, unsigned long pfn, unsigned int order,
		      unsigned int was)
{
	fprintf(stderr, "rmw: misuse of pfn %#lx: %s\n", pfn, pb_bad_name[bad]);
	misuse++;
}

static int distance(int from, int to)
{
	return from == to ? 10 : 20;
}

static void make_pool(unsigned long nr_pages)
{
	struct pb_range range = {
		.start_pfn = BIT(18), .nr_pages = nr_pages, .nid = 0, .type = PB_ZONE_NORMAL,
	};
	struct pb_pool_config config = {
		.ranges = &range, .nr_ranges = 1, .nr_nodes = 1, .distance = distance,
		.ops.bad = count_bad,
	};

	if (pb_pool_init(&pool, &config))
		fail("no memory for a pool");
}

static unsigned long get(void)
{
	unsigned long pfn = pb_host_get(&pool, 0);

	if (pfn == PB_NO_PFN)
		fail("no page");
	return pfn;
}

static void put(unsigned long pfn)
{
	pb_host_put(&pool, pfn, 0);
}

static void pairs(void)
{
	unsigned long i;

	for (i = 0; i < N; i++)
		put(get());
}

static void get_all(void)
{
	unsigned long i;

	for (i = 0; i < N; i++)
		pfns[i] = get();
}

static void put_all(void)
{
	unsigned long i;

	for (i = 0; i < N; i++)
		put(pfns[i]);
}

static void replace(void)
{
	unsigned long i, j;

	for (i = 0; i < N; i++) {
		j = (unsigned long)rand() % N;
		put(pfns[j]);
		pfns[j] = get();
	}
}

static void shuffle(void)
{
	unsigned long i, j;

	for (i = N - 1; i > 0; i--) {
		j = (unsigned long)rand() % (i + 1);
		swap(pfns[i], pfns[j]);
	}
}

static double values[8][ROUNDS];

/* Read-modify-writes of an operation of @loop, as value @round of measurement @what. */
static void count(unsigned int what, int round, void (*loop)(void))
{
	unsigned long before = pb_host_rmws;

	loop();
	if (round >= 0)
		values[what][round] = (double)(pb_host_rmws - before) / N;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void row(const char *workload, double *v)
{
	qsort(v, ROUNDS, sizeof(*v), compare);
	printf("%s\t0\t1\tpbuddy\trmw/op\t%.4f\t%.4f\t%.4f\t%d\n", workload, v[ROUNDS / 2], v[0],
	       v[ROUNDS - 1], ROUNDS);
}

static void one_round(int round)
{
	count(0, round, pairs);
	count(1, round, get_all);
	count(2, round, put_all);
	get_all();
	shuffle();
	count(3, round, put_all);
	get_all();
	shuffle();
	count(4, round, replace);
	put_all();
}

static void check_counter(void)
{
	atomic_t a = ATOMIC_INIT(0);
	unsigned long before = pb_host_rmws;

	atomic_inc(&a);
	smp_mb();
	smp_rmb();
	if (pb_host_rmws != before + 2)
		fail("the counter does not count");
}

static void check_pool(void)
{
	static struct pb_verify v;

	pb_verify(&pool, &v);
	if (v.errors || v.allocated_pages || misuse)
		fail("the pool is not as it was");
}

static void metadata(void)
{
	size_t before = pb_host_bytes;
	double bytes;

	make_pool(LARGE_PAGES);
	bytes = (double)(pb_host_bytes - before) / LARGE_PAGES;
	printf("metadata\t0\t1\tpbuddy\tbytes/frame\t%.4f\t%.4f\t%.4f\t1\n", bytes, bytes, bytes);
	pb_pool_destroy(&pool);
}

int main(void)
{
	static const char *const workloads[] = {
		"repeat", "bulk-get", "bulk-put", "rand-put", "rand"
	};
	unsigned int i;
	int round;

	check_counter();
	make_pool(POOL_PAGES);
	for (round = -1; round < ROUNDS; round++)
		one_round(round);
	check_pool();
	pb_pool_destroy(&pool);
	printf("workload\torder\tthreads\tsubject\tunit\tmedian\tmin\tmax\trounds\n");
	for (i = 0; i < ARRAY_SIZE(workloads); i++)
		row(workloads[i], values[i]);
	metadata();
	return 0;
}
