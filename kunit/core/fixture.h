/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture of all core suites: pools over made-up PFNs, which need no memory behind them, and
 * short forms of what most cases do: allocate and free in one line, expect a misuse report, fill
 * a pool, expect it to be free again.
 *
 * A suite uses pt_init() and pt_exit() as its init and exit; a case makes its pools with
 * pt_pool(). pt_exit() verifies each pool, fails the case for every misuse report that the case
 * did not expect, and destroys the pool.
 */
#ifndef PT_FIXTURE_H
#define PT_FIXTURE_H

#include <kunit/test.h>

#include "core/alloc/alloc.h"
#include "core/alloc/bulk.h"
#include "core/pool/pool.h"
#include "core/pool/stat.h"
#include "core/pool/verify.h"
#include "core/zone/watermark.h"

/* First PFN of the nth pageblock. */
#define PT_PAGEBLOCK(n)		((unsigned long)(n) << PB_PAGEBLOCK_ORDER)
#define PT_RANGE(_block, _nr, _nid, _type)					\
	{ .start_pfn = PT_PAGEBLOCK(_block), .nr_pages = PT_PAGEBLOCK(_nr),	\
	  .nid = (_nid), .type = PB_ZONE_##_type }

/**
 * struct pt_layout - the memory of a pool under test
 * @name: name of the KUnit parameter
 * @ranges: as in struct pb_pool_config
 * @nr_ranges: number of @ranges
 * @spans: as in struct pb_pool_config
 * @nr_spans: number of @spans
 * @nr_nodes: as in struct pb_pool_config
 * @distance: distance of two nodes; NULL means 10 to itself, 20 to another node
 */
struct pt_layout {
	const char		*name;
	const struct pb_range	*ranges;
	unsigned int		nr_ranges;
	const struct pb_range	*spans;
	unsigned int		nr_spans;
	int			nr_nodes;
	int			(*distance)(int from, int to);
};

extern const struct pt_layout pt_one_pageblock;	/* one NORMAL pageblock */
extern const struct pt_layout pt_small;		/* eight NORMAL pageblocks of node 0 */
extern const struct pt_layout pt_two_nodes;	/* DMA32, NORMAL, MOVABLE; NORMAL, MOVABLE */
extern const struct pt_layout pt_holes;		/* holes; MOVABLE in a hole of NORMAL */
extern const struct pt_layout pt_gig;		/* an aligned GiB and pageblocks around it */
extern const struct pt_layout pt_four_nodes;	/* a ring: 15 to a neighbour, 25 across */
extern const struct pt_layout pt_cma;		/* five pageblocks and a CMA area of three */

#define PT_NR_LAYOUTS	6
extern const struct pt_layout *const pt_layouts[PT_NR_LAYOUTS];

struct pt_movers;

/**
 * struct pt_fixture - a pool under test
 * @pool: the pool
 * @next: next pool of the same case
 * @layout: the memory it was made of
 * @pages: number of frames
 * @nr_bad: misuse reports by kind; pt_expect_bad() sets the kind back to 0
 * @bad: kind of the last report
 * @bad_pfn: PFN of the last report
 * @bad_order: order of the last report
 * @broken: the case damaged the pool on purpose: pt_exit() does not verify it
 * @movers: objects in the pool, see movers.h; or NULL
 * @owned: one bit for each frame that the case has allocated, see pt_own()
 */
struct pt_fixture {
	struct pb_pool		pool;
	struct pt_fixture	*next;
	const struct pt_layout	*layout;
	unsigned long		pages;
	atomic_t		nr_bad[PB_NR_BAD];
	enum pb_bad		bad;
	unsigned long		bad_pfn;
	unsigned int		bad_order;
	bool			broken;
	struct pt_movers	*movers;
	unsigned long		*owned;
};

int pt_init(struct kunit *test);
void pt_exit(struct kunit *test);

struct pt_fixture *pt_pool(struct kunit *test, const struct pt_layout *layout);
/* Adds pageblocks to the NORMAL zone of node 0, as pb_pool_grow(). */
int pt_grow(struct pt_fixture *f, unsigned long block, unsigned long nr);
/* pb_fallback_claim_pageblock() with preemption off. */
bool pt_claim_pageblock(struct pb_zone *zone, unsigned int order, enum pb_migratetype mt,
			pb_alloc_flags_t flags);
/*
 * Lets the lists have masks, as in a large zone; see pb_pcp_has_masks(). pt_pool() calls it,
 * because the layouts are small. pb_pcp_set_high() ends it.
 */
void pt_cache_words(struct pb_pool *pool);
/* The configuration pt_pool() uses, for tests that call pb_pool_init() themselves. */
void pt_config(const struct pt_layout *layout, struct pb_pool_config *config);

static inline struct pt_fixture *pt_fixture(struct pb_pool *pool)
{
	return container_of(pool, struct pt_fixture, pool);
}

static inline struct pb_zone *pt_zone(struct pt_fixture *f, int nid, enum pb_zone_type type)
{
	return f->pool.zone[nid][type];
}

/* Sets one watermark only. The watermarks of a new pool are all 0. */
static inline void pt_set_watermark(struct pb_zone *zone, enum pb_watermark mark,
				    unsigned long pages)
{
	zone->watermark[mark] = pages;
	pb_zone_update_fast_watermark(zone);
}

/* Expects exactly one report of this kind, for this PFN, since the last call for this kind. */
void pt_expect_bad(struct kunit *test, struct pt_fixture *f, enum pb_bad bad, unsigned long pfn);

/* Expects pb_verify() to find no error. @out, if not NULL, receives its counts. */
void pt_verify(struct kunit *test, struct pt_fixture *f, struct pb_verify *out);
/* As pt_verify(); also expects this number of allocated frames. */
void pt_expect_allocated(struct kunit *test, struct pt_fixture *f, unsigned long pages);
/* Drains every CPU and expects every frame to be free, in free pageblocks. */
void pt_expect_all_free(struct kunit *test, struct pt_fixture *f);

/*
 * Requests for zones up to MOVABLE that do not wait and use the MIN watermark (pt_alloc_wait()
 * waits).
 */
struct pb_request pt_rq(unsigned int order, enum pb_migratetype mt, int nid);
unsigned long pt_alloc(struct pt_fixture *f, unsigned int order);
unsigned long pt_alloc_wait(struct pt_fixture *f, unsigned int order);
unsigned long pt_alloc_mt(struct pt_fixture *f, unsigned int order, enum pb_migratetype mt);
/* Frees a block and expects no misuse report. */
void pt_free(struct kunit *test, struct pt_fixture *f, unsigned long pfn, unsigned int order);

/*
 * Allocates blocks of one order, waiting where that helps, until the pool has no more. Returns
 * their number; their PFNs are in @pfns, which is freed with the case.
 */
unsigned long pt_fill(struct kunit *test, struct pt_fixture *f, unsigned int order,
		      enum pb_migratetype mt, unsigned long **pfns);

/* Zeroes up to @most pageblocks of a zone and returns their number. */
unsigned long pt_prezero(struct pb_zone *zone, unsigned long most);

/*
 * The case's own record of allocated frames, independent of the core and not locked. pt_own()
 * fails the case unless the block is aligned, inside the layout and not recorded yet, and
 * records it. pt_disown() removes it from the record.
 */
bool pt_own(struct kunit *test, struct pt_fixture *f, unsigned long pfn, unsigned long nr_pages);
void pt_disown(struct pt_fixture *f, unsigned long pfn, unsigned long nr_pages);

/* The index of a frame among all frames of the layout, or PB_NO_PFN; and the inverse. */
unsigned long pt_layout_frame(const struct pt_layout *layout, unsigned long pfn);
unsigned long pt_layout_pfn(const struct pt_layout *layout, unsigned long frame);
/* The node of a frame, or NUMA_NO_NODE if it is in no range. */
int pt_layout_node(const struct pt_layout *layout, unsigned long pfn);
/* The number of aligned blocks of this order in the layout. A block does not span two zones. */
unsigned long pt_layout_blocks(const struct pt_layout *layout, unsigned int order);

/* A pseudo-random generator: the seed alone determines the sequence. */
struct pt_rand {
	u64 state;
};

static inline u64 pt_rand(struct pt_rand *r)
{
	u64 z = r->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static inline unsigned int pt_below(struct pt_rand *r, unsigned int n)
{
	return (u32)(pt_rand(r) >> 32) % n;
}

#endif /* PT_FIXTURE_H */
