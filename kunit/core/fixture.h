/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pools over made-up PFNs for the suites, and the wishes every suite has: ask for pages in
 * one line, expect a misuse report, fill a pool up, empty it again. A core pool needs no
 * memory behind its PFNs.
 *
 * A suite names pt_init() and pt_exit(); a case makes pools with pt_pool(). At exit each of
 * them is verified, checked for misuse reports nobody expected, and unmade.
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
#define PT_BLOCK(n)		((unsigned long)(n) << PB_PAGEBLOCK_ORDER)
#define PT_RANGE(_block, _nr, _nid, _type)					\
	{ .start_pfn = PT_BLOCK(_block), .nr_pages = PT_BLOCK(_nr),		\
	  .nid = (_nid), .type = PB_ZONE_##_type }

/**
 * struct pt_layout - which memory a pool under test has
 * @name: case name in parameter tables
 * @ranges: as in struct pb_pool_config
 * @nr_ranges: their number
 * @spans: as in struct pb_pool_config
 * @nr_spans: their number
 * @nr_nodes: as in struct pb_pool_config
 * @distance: NULL: 10 to itself, 20 to every other node
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

extern const struct pt_layout pt_one_block;	/* one NORMAL pageblock */
extern const struct pt_layout pt_small;		/* node 0, NORMAL, 8 pageblocks */
extern const struct pt_layout pt_two_nodes;	/* DMA32, NORMAL, MOVABLE; NORMAL, MOVABLE */
extern const struct pt_layout pt_holes;		/* odd starts, holes, another zone in a hole */
extern const struct pt_layout pt_gig;		/* a whole GiB, with odd pageblocks around it */
extern const struct pt_layout pt_four_nodes;	/* a ring: neighbours 15, opposite 25 */
extern const struct pt_layout pt_cma;		/* three of eight pageblocks a contiguous area */

#define PT_NR_LAYOUTS	6
extern const struct pt_layout *const pt_layouts[PT_NR_LAYOUTS];

struct pt_movers;

/**
 * struct pt_fixture - a pool under test
 * @pool: the pool
 * @next: the test's next pool
 * @layout: what it was made of
 * @pages: frames it owns
 * @nr_bad: misuse reports by kind, taken away again by pt_expect_bad()
 * @bad: the last report
 * @bad_pfn: its PFN
 * @bad_order: its order
 * @broken: a test damaged it on purpose: do not verify at exit
 * @movers: for movers.c
 * @owned: frames the test says it holds, one bit each; see pt_own()
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

/* Sets one mark alone; pools under test start without any. */
static inline void pt_set_mark(struct pb_zone *zone, enum pb_watermark mark, unsigned long pages)
{
	zone->watermark[mark] = pages;
	pb_zone_update_fast_mark(zone);
}

/* Exactly one report of this kind and PFN has been made since the last one expected. */
void pt_expect_bad(struct kunit *test, struct pt_fixture *f, enum pb_bad bad, unsigned long pfn);

/* Verifies now; counts of @out are for the caller (may be NULL). */
void pt_verify(struct kunit *test, struct pt_fixture *f, struct pb_verify *out);
/* Verifies, and expects that so many frames are allocated. */
void pt_expect_allocated(struct kunit *test, struct pt_fixture *f, unsigned long pages);
/* Drains every CPU and expects all frames free, as whole pageblocks. */
void pt_expect_all_free(struct kunit *test, struct pt_fixture *f);

/* Requests: any zone up to MOVABLE, no waiting, watermark MIN. */
struct pb_request pt_rq(unsigned int order, enum pb_migratetype mt, int nid);
unsigned long pt_alloc(struct pt_fixture *f, unsigned int order);
unsigned long pt_alloc_wait(struct pt_fixture *f, unsigned int order);
unsigned long pt_alloc_mt(struct pt_fixture *f, unsigned int order, enum pb_migratetype mt);
/* Frees and expects that it was in order. */
void pt_free(struct kunit *test, struct pt_fixture *f, unsigned long pfn, unsigned int order);

/*
 * Allocates blocks of one order until the pool has no more; PFNs in @pfns, their number
 * returned.
 */
unsigned long pt_fill(struct kunit *test, struct pt_fixture *f, unsigned int order,
		      enum pb_migratetype mt, unsigned long **pfns);

/*
 * The test's own book of who owns what, independent of the core: pt_own() expects a block
 * that has been handed out to be aligned, inside the layout and not owned yet; pt_disown()
 * takes it out again. Single-threaded.
 */
bool pt_own(struct kunit *test, struct pt_fixture *f, unsigned long pfn, unsigned long nr_pages);
void pt_disown(struct pt_fixture *f, unsigned long pfn, unsigned long nr_pages);

/* Number of a frame among all frames of the layout, or PB_NO_PFN; and back. */
unsigned long pt_layout_frame(const struct pt_layout *layout, unsigned long pfn);
unsigned long pt_layout_pfn(const struct pt_layout *layout, unsigned long frame);
/* Node of a frame, or NUMA_NO_NODE. */
int pt_layout_node(const struct pt_layout *layout, unsigned long pfn);
/* How many aligned blocks of this order the layout's ranges hold, zone by zone. */
unsigned long pt_layout_blocks(const struct pt_layout *layout, unsigned int order);

/* A small random generator: the sequence depends on the seed alone. */
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
