// SPDX-License-Identifier: GPL-2.0-only
/*
 * The core as a subject: the fast path, then the slow one, behind one call each as the
 * in-kernel API has them. A block is its PFN.
 */
#include "api.h"
#include "bench.h"
#include "core/cache/drain.h"
#include "core/pool/pool.h"
#include "core/pool/stat.h"
#include "core/pool/verify.h"

static struct pb_pool pool;

static noinline void *core_get(unsigned int order)
{
	unsigned long pfn = pb_host_get(&pool, order);

	return likely(pfn != PB_NO_PFN) ? (void *)pfn : NULL;
}

static noinline void core_put(void *block, unsigned int order)
{
	pb_host_put(&pool, (unsigned long)block, order);
}

static inline void *subject_get(unsigned int order)
{
	return core_get(order);
}

static inline void subject_put(void *block, unsigned int order)
{
	core_put(block, order);
}

#define SUBJECT_LOOPS const struct bench_loops core_loops
#include "bench/loops.h"

static void bad(struct pb_pool *p, enum pb_bad bad, unsigned long pfn, unsigned int order,
		unsigned int was)
{
	fprintf(stderr, "%s of pfn %#lx order %u\n", pb_bad_name[bad], pfn, order);
	bench_die("misuse was reported");
}

static int distance(int from, int to)
{
	return 10;
}

static void drain_all(struct pb_pool *p)
{
}

void core_open(unsigned long nr_pages)
{
	struct pb_range range = {
		.start_pfn = BIT(PB_SECTION_ORDER), .nr_pages = nr_pages, .type = PB_ZONE_NORMAL,
	};
	struct pb_pool_config config = {
		.ranges = &range, .nr_ranges = 1, .nr_nodes = 1, .distance = distance,
		.ops = { .bad = bad, .drain_all = drain_all },
	};

	if (pb_pool_init(&pool, &config))
		bench_die("no memory for the pool");
}

void core_close(void)
{
	static struct pb_verify v;
	int cpu;

	for (cpu = 0; cpu < pb_host_nr_cpus; cpu++)
		pb_pcp_drain_cpu(&pool, cpu);
	pb_verify(&pool, &v);
	if (v.errors || v.allocated_pages || v.pcp_pages)
		bench_die(v.errors ? v.first : "pages were lost");
	pb_pool_destroy(&pool);
}
