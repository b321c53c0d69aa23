// SPDX-License-Identifier: GPL-2.0-only
/*
 * The core as a subject: the fast path, then the slow path, behind one call each as in the
 * in-kernel API. A block is its PFN.
 */
#include "api.h"
#include "bench.h"
#include "core/cache/drain.h"
#include "core/pool/pool.h"
#include "core/pool/stat.h"
#include "core/pool/verify.h"

struct pb_pool core_pool;

static noinline void *core_alloc(unsigned int order)
{
	unsigned long pfn = pb_host_get(&core_pool, order);

	return likely(pfn != PB_NO_PFN) ? (void *)pfn : NULL;
}

static noinline void core_free(void *block, unsigned int order)
{
	pb_host_put(&core_pool, (unsigned long)block, order);
}

static inline void *subject_alloc(gfp_t gfp, unsigned int order)
{
	return core_alloc(order);
}

static inline void subject_free(void *block, unsigned int order)
{
	core_free(block, order);
}

#define SUBJECT_LOOPS const struct bench_loops core_loops
#include "bench/loops.h"

static void report_bad(struct pb_pool *pool, enum pb_bad bad, unsigned long pfn,
		       unsigned int order, unsigned int was)
{
	fprintf(stderr, "%s of pfn %#lx order %u\n", pb_bad_name[bad], pfn, order);
	die("misuse was reported");
}

static int distance(int from, int to)
{
	return 10;
}

void core_drain(struct pb_pool *pool)
{
	int cpu;

	pb_for_each_cpu(cpu)
		pb_pcp_drain_cpu(pool, cpu);
}

/* While other threads run, their per-CPU lists cannot be drained. */
static void no_drain(struct pb_pool *pool)
{
}

void core_open(unsigned long nr_pages,
	       void (*migrate)(struct pb_pool *pool, struct pb_migration *m))
{
	struct pb_range range = {
		.start_pfn = BASE_PFN, .nr_pages = nr_pages, .type = PB_ZONE_NORMAL,
	};
	struct pb_pool_config config = {
		.ranges = &range, .nr_ranges = 1, .nr_nodes = 1, .distance = distance,
		.ops = {
			.bad = report_bad,
			.drain_all = migrate ? core_drain : no_drain,
			.migrate = migrate,
		},
	};

	if (pb_pool_init(&core_pool, &config))
		die("no memory for the pool");
}

void core_close(void)
{
	static struct pb_verify v;

	core_drain(&core_pool);
	pb_verify(&core_pool, &v);
	if (v.errors || v.allocated_pages || v.pcp_pages)
		die(v.errors ? v.first : "pages were lost");
	pb_pool_destroy(&core_pool);
}
