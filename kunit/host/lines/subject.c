// SPDX-License-Identifier: GPL-2.0-only
/* The core as the subject. Compiled as the core is, because the fast path is inline. */
#include "api.h"
#include "arena.h"
#include "core/cache/drain.h"
#include "core/pool/pool.h"
#include "core/pool/stat.h"
#include "core/pool/verify.h"
#include "subject.h"

#define FIRST_PFN	BIT(PB_SECTION_ORDER)

static struct pb_pool *pool;

static void die(const char *what)
{
	fflush(stdout);
	fprintf(stderr, "lines: %s\n", what);
	exit(1);
}

static void report_bad(struct pb_pool *in, enum pb_bad bad, unsigned long pfn, unsigned int order,
		       unsigned int was)
{
	die(pb_bad_name[bad]);
}

static int distance(int from, int to)
{
	return 10;
}

/* Other CPUs drain their own lists, and no workload needs all memory. */
static void no_drain(struct pb_pool *in)
{
}

struct pb_pool *subject_open(unsigned long nr_pages)
{
	struct pb_range range = {
		.start_pfn = FIRST_PFN, .nr_pages = nr_pages, .type = PB_ZONE_NORMAL,
	};
	struct pb_pool_config config = {
		.ranges = &range, .nr_ranges = 1, .nr_nodes = 1, .distance = distance,
		.ops = { .bad = report_bad, .drain_all = no_drain },
	};

	lines_arena_reset();
	pool = pb_host_alloc(sizeof(*pool));
	if (pb_pool_init(pool, &config))
		die("no memory for the pool");
	return pool;
}

void subject_close(void)
{
	static struct pb_verify v;
	int cpu;

	pb_for_each_cpu(cpu)
		pb_pcp_drain_cpu(pool, cpu);
	pb_verify(pool, &v);
	if (v.errors || v.allocated_pages || v.pcp_pages)
		die(v.errors ? v.first : "pages were lost");
	pb_pool_destroy(pool);
}

noinline unsigned long subject_get(unsigned int order)
{
	unsigned long pfn = pb_host_get(pool, order);

	if (pfn == PB_NO_PFN)
		die("an allocation failed");
	return pfn;
}

noinline void subject_put(unsigned long pfn, unsigned int order)
{
	pb_host_put(pool, pfn, order);
}
