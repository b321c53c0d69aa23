/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scenarios: a pool, two to four actors, and what must hold whatever the schedule. After each run
 * pb_verify() must find no error, before the caches are drained and after, and as many pages must
 * be free as the actors' allocations and frees leave. @holds checks what else the scenario states.
 * It may depend on the pool and on mc only: an end that was found right is not checked again.
 */
#ifndef PB_MC_SCENARIO_H
#define PB_MC_SCENARIO_H

#include "core/base/request.h"
#include "core/base/pfn.h"
#include "search.h"

/**
 * struct mc_scenario - a row of a scenario table
 * @name: as on the command line
 * @setup: makes the pool
 * @actor: what runs side by side
 * @irqs: actors that are interrupts on the CPU of actor 0, one bit each
 * @holds: calls mc_violate() when the end is not as it must be; may be NULL
 * @known: a fault that makes it fail today, or NULL
 * @always: checks what must hold at every moment; may be NULL
 */
struct mc_scenario {
	const char	*name;
	mc_fn		setup;
	mc_fn		actor[MC_NR_FIBERS];
	unsigned int	irqs;
	mc_fn		holds;
	const char	*known;
	mc_fn		always;
};

struct mc_group {
	const struct mc_scenario	*row;
	unsigned int			nr;
};

extern const struct mc_group mc_index_group, mc_zone_group, mc_cache_group, mc_irq_group,
			     mc_compact_group, mc_blocks_group, mc_move_group, mc_grow_group;

#define MC_GROUP(name, rows) \
	const struct mc_group name = { rows, ARRAY_SIZE(rows) }

/*
 * What the actors share.
 *
 * @got: allocations by number; an actor uses numbers of its own
 * @present_pages: if not 0, the size that the zone pretends to have while actors run
 */
#define MC_NR_GOT	8

struct mc_state {
	struct pb_pool	*pool;
	struct pb_zone	*zone;
	unsigned long	got[MC_NR_GOT];
	long		free;		/* pages that must be free at the end */
	unsigned long	present_pages;
};

extern struct mc_state mc;

/* Set-up. Pageblock n is at mc_pfn(n, 0). */
#define MC_FIRST_PFN	(1UL << PB_SECTION_ORDER)

static inline unsigned long mc_pfn(unsigned int pageblock, unsigned int frame)
{
	return MC_FIRST_PFN + pageblock * PB_PAGEBLOCK_NR + frame;
}

void mc_make_pool(unsigned int nr_pageblocks);
/* The same; all of it is a contiguous area. */
void mc_make_cma_pool(unsigned int nr_pageblocks);
void mc_make_growable_pool(unsigned int nr_pageblocks, unsigned int span);
/* Allocates all pageblocks, so that each is of this type. */
void mc_fill(enum pb_migratetype mt);
/* In a pool after mc_fill(): frees frames of a pageblock; the others are single pages. */
void mc_free_frames(unsigned int pageblock, unsigned int from, unsigned int nr);
/* A pool of one movable pageblock, of which the first frames are free. */
void mc_make_frames(unsigned int nr);
void mc_drain_all(void);
/* For ops.drain_all: each CPU drains its lists when it is in no pcp section. */
void mc_drain_all_cpus(struct pb_pool *pool);

/* For actors. */
void mc_alloc_flags(int n, unsigned int order, enum pb_migratetype mt, pb_alloc_flags_t flags);
void mc_alloc(int n, unsigned int order, enum pb_migratetype mt);
/* The same as an interrupt makes it that has interrupted a pcp section: without the caches. */
void mc_alloc_uncached(int n, unsigned int order, enum pb_migratetype mt);
/* The same by the scan alone that precedes the failure of a request. */
void mc_scan_flags(int n, unsigned int order, enum pb_migratetype mt, pb_alloc_flags_t flags);
void mc_scan(int n, unsigned int order, enum pb_migratetype mt);
/* The same by the zone alone: a request without the scan that precedes its failure. */
void mc_zone_alloc(int n, unsigned int order, enum pb_migratetype mt);
/* The same from a pageblock, without the index, down to the min watermark. */
void mc_request_at(int n, unsigned int pageblock, unsigned int order);
void mc_free(unsigned long pfn, unsigned int order);
void mc_zone_free(unsigned long pfn, unsigned int order);
bool mc_free_checked(unsigned long pfn);	/* checked.c */

static inline bool mc_got(int n)
{
	return mc.got[n] != PB_NO_PFN;
}

/* Allocation n must have been served, because of the memory that is named. */
void mc_must_get(int n, const char *because);

/* Runs and checks a scenario. */
void mc_scenario_prepare(const struct mc_scenario *scenario, struct mc_subject *subject);

#endif /* PB_MC_SCENARIO_H */
