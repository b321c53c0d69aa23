// SPDX-License-Identifier: GPL-2.0-only
/* What scenarios share: set-up, actors' steps with their accounts, and the check after each run. */
#include "core/alloc/alloc.h"
#include "core/cache/drain.h"
#include "core/cache/freelist.h"
#include "core/pool/pool.h"
#include "core/pool/stat.h"
#include "core/pool/verify.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"
#include "arena.h"
#include "scenario.h"
#include "tso.h"

struct mc_state mc;

static const struct mc_scenario *scenario;
static long free_at_start;
static unsigned long real_present_pages;

static void bad(struct pb_pool *pool, enum pb_bad bad, unsigned long pfn, unsigned int order,
		unsigned int was)
{
	mc_violate("%s at frame %#lx", pb_bad_name[bad], pfn - MC_FIRST_PFN);
}

static int distance(int from, int to)
{
	return 10;
}

void mc_drain_all(void)
{
	int cpu;

	pb_for_each_cpu(cpu)
		pb_pcp_drain_cpu(mc.pool, cpu);
}

static int drained_cpu;

static void drain_cpu(void)
{
	pb_pcp_drain_cpu(mc.pool, drained_cpu);
}

void mc_drain_all_cpus(struct pb_pool *pool)
{
	struct pb_pcp *pcp;
	int cpu;

	pb_for_each_cpu(cpu) {
		pcp = pb_per_cpu_ptr(mc.zone->pcp, cpu);
		mc_access(&pcp->busy, true);
		/* The interrupt that drains a CPU sees all stores of that CPU. */
		for (mc_tso_flush(cpu); pcp->busy; mc_tso_flush(cpu))
			mc_yield();
		drained_cpu = cpu;
		mc_atomically(drain_cpu);
	}
}

/* Lets the lists have masks, as in a large zone; see pb_pcp_has_masks(). */
static void cache_words(void)
{
	int cpu;

	mc.zone->pcp_high_max = PB_WORD_NR;
	mc.zone->pcp_high_min = PB_WORD_NR;
	pb_for_each_cpu(cpu)
		pb_per_cpu_ptr(mc.zone->pcp, cpu)->high = PB_WORD_NR;
}

static void make_pool(unsigned int nr_pageblocks, const struct pb_range *span, bool cma)
{
	struct pb_range range = {
		.start_pfn = MC_FIRST_PFN,
		.nr_pages = nr_pageblocks * PB_PAGEBLOCK_NR,
		.type = PB_ZONE_NORMAL,
		.cma = cma,
	};
	struct pb_pool_config config = {
		.ranges = &range, .nr_ranges = 1, .spans = span, .nr_spans = !!span,
		.nr_nodes = 1, .distance = distance, .ops.bad = bad,
		.ops.drain_all = mc_drain_all_cpus,
	};

	mc.pool = pb_host_alloc(sizeof(*mc.pool));
	if (pb_pool_init(mc.pool, &config))
		abort();
	mc.zone = mc.pool->zone[0][PB_ZONE_NORMAL];
	cache_words();
	/* Statistics: added to by everything, read by nothing. */
	mc_arena_ignore(mc.zone->event, sizeof(mc.zone->event));
}

void mc_make_pool(unsigned int nr_pageblocks)
{
	make_pool(nr_pageblocks, NULL, false);
}

void mc_make_cma_pool(unsigned int nr_pageblocks)
{
	make_pool(nr_pageblocks, NULL, true);
}

void mc_make_growable_pool(unsigned int nr_pageblocks, unsigned int span)
{
	struct pb_range range = {
		.start_pfn = MC_FIRST_PFN,
		.nr_pages = span * PB_PAGEBLOCK_NR,
		.type = PB_ZONE_NORMAL,
	};

	make_pool(nr_pageblocks, &range, false);
}

static struct pb_request request(unsigned int order, enum pb_migratetype mt, pb_alloc_flags_t flags)
{
	return (struct pb_request){ .order = order, .migratetype = mt, .flags = flags,
				    .highest_zone = PB_ZONE_MOVABLE };
}

void mc_fill(enum pb_migratetype mt)
{
	struct pb_request rq = request(PB_PAGEBLOCK_ORDER, mt, 0);

	while (pb_alloc(mc.pool, &rq, NULL) != PB_NO_PFN)
		;
}

void mc_free_frames(unsigned int pageblock, unsigned int from, unsigned int nr)
{
	unsigned long pfn = mc_pfn(pageblock, 0);
	unsigned int i;

	if (pb_page_order(mc.pool, pfn) == PB_PAGEBLOCK_ORDER)
		pb_split(mc.pool, pfn, PB_PAGEBLOCK_ORDER);
	for (i = from; i < from + nr; i++)
		pb_free(mc.pool, pfn + i, 0);
	mc_drain_all();
}

void mc_make_frames(unsigned int nr)
{
	mc_make_pool(1);
	mc_fill(PB_MOVABLE);
	mc_free_frames(0, 0, nr);
}

static void record(int n, unsigned long pfn, unsigned int order)
{
	mc.got[n] = pfn;
	if (pfn != PB_NO_PFN)
		mc.free -= 1L << order;
}

void mc_alloc_flags(int n, unsigned int order, enum pb_migratetype mt, pb_alloc_flags_t flags)
{
	struct pb_request rq = request(order, mt, flags);

	record(n, pb_alloc(mc.pool, &rq, NULL), order);
}

void mc_alloc(int n, unsigned int order, enum pb_migratetype mt)
{
	mc_alloc_flags(n, order, mt, 0);
}

void mc_scan_flags(int n, unsigned int order, enum pb_migratetype mt, pb_alloc_flags_t flags)
{
	struct pb_request rq = request(order, mt, flags | PB_ALLOC_SCAN);

	record(n, pb_get_page_from_freelist(mc.pool, &rq), order);
}

void mc_scan(int n, unsigned int order, enum pb_migratetype mt)
{
	mc_scan_flags(n, order, mt, 0);
}

void mc_alloc_uncached(int n, unsigned int order, enum pb_migratetype mt)
{
	struct pb_pcp *pcp = pb_this_cpu_ptr(mc.zone->pcp);

	pb_pcp_enter(pcp);
	mc_alloc(n, order, mt);
	pb_pcp_leave(pcp);
}

/* A store as the core makes it: it may stay in the CPU's buffer, behind others to the same byte. */
static void set_order_map(unsigned long pfn, u8 value)
{
	u8 *order_map = pb_order_map(mc.pool, pfn);

	mc_access(order_map, true);
	mc_tso_store(order_map, value, 1);
}

static void record_zone(int n, unsigned long pfn, unsigned int order)
{
	if (pfn != PB_NO_PFN)
		set_order_map(pfn, order + 1);
	record(n, pfn, order);
}

void mc_zone_alloc(int n, unsigned int order, enum pb_migratetype mt)
{
	record_zone(n, pb_zone_alloc(mc.zone, order, mt, NULL), order);
}

void mc_request_at(int n, unsigned int pageblock, unsigned int order)
{
	struct pb_request rq = request(order, PB_MOVABLE, 0);
	unsigned long index = pb_pageblock_index(mc.zone, mc_pfn(pageblock, 0));

	record_zone(n, pb_zone_alloc_block_at(mc.zone, index, order, 0, ~0U, &rq), order);
}

void mc_free(unsigned long pfn, unsigned int order)
{
	pb_free(mc.pool, pfn, order);
	mc.free += 1L << order;
}

/* The frames are single pages, or one block. */
void mc_zone_free(unsigned long pfn, unsigned int order)
{
	unsigned int i;

	set_order_map(pfn, 0);
	for (i = 1; i < 1U << order; i++)
		*pb_order_map(mc.pool, pfn + i) = 0;
	pb_zone_free(mc.zone, pfn, order);
	mc.free += 1L << order;
}

void mc_must_get(int n, const char *because)
{
	if (!mc_got(n))
		mc_violate("request %d failed though %s", n, because);
}

static void begin(void)
{
	memset(mc.got, 0xff, sizeof(mc.got));
	mc.free = free_at_start;
	pb_host_task = 0;
}

/* Whether the last change of a watermark or reserve is in it. */
static void check_fast_watermark(void)
{
	long was = mc.zone->fast_watermark;

	pb_zone_update_fast_watermark(mc.zone);
	if (mc.zone->fast_watermark != was)
		mc_violate("fast_watermark is %ld, not %ld", was, mc.zone->fast_watermark);
}

static void check_pages(void)
{
	struct pb_verify v;

	if (pb_verify(mc.pool, &v))
		mc_violate("verify: %s", v.first);
	if ((long)(v.free_pages + v.pcp_pages) != mc.free)
		mc_violate("%lu pages are free, not %ld", v.free_pages + v.pcp_pages, mc.free);
}

static void check_end(void)
{
	check_fast_watermark();
	if (mc.present_pages)
		mc.zone->present_pages = real_present_pages;
	check_pages();
	mc_drain_all();
	check_pages();
	if (scenario->holds)
		scenario->holds();
}

/*
 * Ends that were found right, by their hash: many schedules end alike. The check, with the holds()
 * of a scenario, depends on the arena and on mc alone. A hash table without chains.
 */
#define NR_ENDS	(1 << 16)

static u64 right_end[NR_ENDS];

static u64 hash_end(void)
{
	const u64 *word = (const u64 *)&mc;
	u64 hash = mc_arena_hash();
	unsigned int i;

	BUILD_BUG_ON(sizeof(mc) % sizeof(*word));
	for (i = 0; i < sizeof(mc) / sizeof(*word); i++)
		hash = (hash ^ word[i]) * 0x9e3779b97f4a7c15ULL ^ hash >> 29;
	return hash;
}

static void check(void)
{
	u64 hash = hash_end(), *seen = &right_end[hash % NR_ENDS];

	if (*seen == hash)
		return;
	check_end();
	if (!mc_run.violation)
		*seen = hash;
}

void mc_scenario_prepare(const struct mc_scenario *s, struct mc_subject *subject)
{
	struct pb_verify v;

	*subject = (struct mc_subject){ .begin = begin, .check = check };
	while (subject->actors.nr < MC_NR_FIBERS && s->actor[subject->actors.nr]) {
		subject->actors.fn[subject->actors.nr] = s->actor[subject->actors.nr];
		subject->actors.nr++;
	}
	subject->actors.irqs = s->irqs;
	subject->actors.always = s->always;
	scenario = s;
	mc_arena_clear();
	memset(right_end, 0, sizeof(right_end));
	memset(&mc, 0, sizeof(mc));
	s->setup();
	if (pb_verify(mc.pool, &v)) {
		fprintf(stderr, "mc: set-up of %s: %s\n", s->name, v.first);
		abort();
	}
	free_at_start = v.free_pages + v.pcp_pages;
	real_present_pages = mc.zone->present_pages;
	if (mc.present_pages)
		mc.zone->present_pages = mc.present_pages;
	mc_arena_save();
}
