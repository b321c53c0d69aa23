/* SPDX-License-Identifier: GPL-2.0-only */
/* The signals from the core up to the layer that embeds it. */
#ifndef PB_OPS_H
#define PB_OPS_H

#include "core/base/alloc_flags.h"
#include "core/base/bad_page.h"
#include "core/base/compact_types.h"

struct pb_compact_event;
struct pb_pool;
struct pb_request;
struct pb_zone;

/**
 * struct pb_ops - signals from the core up to whoever embeds it; none is called under a claim
 * @bad: a bad free or page was refused; any context, NMI included
 * @refill: @nr frames of @order were brought into a pcp; may be NULL; swapped at run time
 * @drain: @nr frames of @order left a pcp; may be NULL; swapped at run time
 * @drain_all: drain every CPU's pcp; may sleep
 * @zone_alloc: a block came from the zone itself; may be NULL; swapped at run time
 * @fallback: a request of one migratetype was served from a pageblock of another, where the block
 *	at @pfn of @fallback_order was free; @claimed: all of the pageblock changed its type; may
 *	be NULL; swapped at run time
 * @wake_node: a zone's node should be balanced: it was boosted or fell below low; with the order
 *	and the flags of the request that found it so; may be NULL
 * @reclaim: have the users of the pool's memory give up @nr_pages that @rq could use, the harder
 *	the lower @priority; returns the pages they gave up; may sleep; may be NULL
 * @reclaimable: pages that they could give up in a zone; may be NULL
 * @grow: add @nr_pages or more to a zone that @rq may use, by pb_pool_grow(); returns the pages
 *	that were added, by whomever; may sleep; may be NULL
 * @migrate: have the owner of the isolated block at @src_pfn move it to @dst_pfn, of the same
 *	order; 0, or a negative errno and everything is as it was; may sleep, but for the time
 *	that @mode allows; NULL when nothing can be moved
 * @uncharge: a block that pb_set_accounted() was called for is being freed; any context, NMI
 *	included; may be NULL where nobody calls that
 * @zero: zeroes frames that the core has taken for that; may sleep; may be NULL
 * @want_zeroed: a request would have liked zeroed memory of a zone and got some that is not known
 *	to be so: make a run of prezero.c when there is time; any context; may be NULL
 * @compact: make larger free blocks for @rq; where one is captured for it, its PFN goes to
 *	@captured, unless that is NULL: it is left free then; may sleep; pb_compact_pages(), or NULL
 *	where there is to be no compaction
 * @compact_event: a step of compaction (compact_event.h); process context; may be NULL; swapped at
 *	run time
 * @oom: nothing can be reclaimed any more; true when memory will come free all the same, because
 *	somebody who holds some has to go; may sleep; may be NULL
 * @oom_victim: whether the caller is one who has to go; may be NULL
 */
struct pb_ops {
	void (*bad)(struct pb_pool *pool, enum pb_bad bad, unsigned long pfn, unsigned int order,
		    unsigned int was);
	void (*refill)(struct pb_zone *zone, unsigned int order, unsigned int mt, unsigned int nr);
	void (*drain)(struct pb_zone *zone, unsigned int order, unsigned int mt, unsigned int nr);
	void (*drain_all)(struct pb_pool *pool);
	void (*zone_alloc)(struct pb_zone *zone, unsigned long pfn, unsigned int order,
			   unsigned int mt);
	void (*fallback)(struct pb_zone *zone, unsigned long pfn, unsigned int order,
			 unsigned int fallback_order, unsigned int mt, unsigned int fallback_mt,
			 bool claimed);
	void (*wake_node)(struct pb_zone *zone, unsigned int order, pb_alloc_flags_t flags);
	unsigned long (*reclaim)(struct pb_pool *pool, const struct pb_request *rq, int priority,
				 unsigned long nr_pages);
	unsigned long (*reclaimable)(struct pb_zone *zone);
	unsigned long (*grow)(struct pb_pool *pool, const struct pb_request *rq,
			      unsigned long nr_pages);
	int (*migrate)(struct pb_pool *pool, unsigned long src_pfn, unsigned long dst_pfn,
		       unsigned int order, int mode);
	void (*uncharge)(struct pb_pool *pool, unsigned long pfn, unsigned int order);
	void (*zero)(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages);
	void (*want_zeroed)(struct pb_zone *zone);
	enum pb_compact_result (*compact)(struct pb_pool *pool, const struct pb_request *rq,
					  enum pb_compact_priority prio, unsigned long *captured);
	void (*compact_event)(const struct pb_compact_event *event);
	bool (*oom)(struct pb_pool *pool, const struct pb_request *rq);
	bool (*oom_victim)(struct pb_pool *pool);
};

#endif /* PB_OPS_H */
