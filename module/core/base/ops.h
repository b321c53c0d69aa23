/* SPDX-License-Identifier: GPL-2.0-only */
/* Callbacks from the core to the layer that embeds it. */
#ifndef PB_OPS_H
#define PB_OPS_H

#include "core/base/alloc_flags.h"
#include "core/base/bad_page.h"
#include "core/base/compact_types.h"

struct pb_compact_event;
struct pb_pool;
struct pb_request;
struct pb_zone;

/* Result of ops->release. */
enum pb_release {
	PB_RELEASE_FREE,	/* the frames become free */
	PB_RELEASE_KEPT,	/* they stay allocated; pb_keep_allocated() was called */
	PB_RELEASE_DOUBLE,	/* they are kept already: a double free */
};

/**
 * struct pb_ops - callbacks from the core; none is called with a partial allocation
 * @bad: reports a misuse or a bad page; any context, NMI included
 * @refill: @nr blocks of @order were moved into a pcp; may be NULL; swapped at run time
 * @drain: @nr blocks of @order left a pcp; may be NULL; swapped at run time
 * @drain_all: drains every CPU's pcp; may sleep
 * @zone_alloc: a block was allocated from the zone itself; may be NULL; swapped at run time
 * @fallback: a request of one migratetype was served from a pageblock of another, where the block
 *	at @pfn of @fallback_order was free; @claimed: the whole pageblock changed its type; may be
 *	NULL; swapped at run time
 * @wake_node: wakes the node thread of a zone that was boosted or fell below low, with the order
 *	and the flags of the request; may be NULL
 * @reclaim: frees @nr_pages that @rq could use, with more effort for a lower @priority, and not in
 *	zones with pb_compaction_ready(); returns the pages freed; may sleep; may be NULL
 * @reclaim_end: reports the end of a direct reclaim, and the pages freed by it; may be NULL
 * @reclaim_wait: waits for memory that other tasks are about to free; bounded, since the caller may
 *	hold locks that they need; true when they have freed some; may sleep; may be NULL
 * @reclaimable: number of pages that reclaim could free in a zone; may be NULL
 * @grow: adds @nr_pages or more to a zone that @rq may use, by pb_pool_grow(); returns the pages
 *	that this or another task added; may sleep; may be NULL
 * @migrate: has the owners of isolated blocks migrate them; nothing has changed for a block that
 *	did not move; may end early, but tries one block, and in mode ASYNC ends at the first
 *	failure; may sleep as the mode allows; moves the CHECKED bit with the contents, and sets
 *	that of a source with other users; NULL when no block can be migrated
 * @release: decides whether the frames of a block with pb_set_checked() become free; any context,
 *	NMI included; does not sleep; may be NULL when no block is checked
 * @zero: zeroes frames that prezeroing has allocated; may sleep; may be NULL
 * @want_zeroed: a zeroed request was served by a block that is not known to be zero; a later run of
 *	prezero.c should zero more of the zone; any context; may be NULL
 * @compact: makes larger free blocks for @rq; @captured is set to the PFN of a block captured for
 *	it, or when NULL the block stays free; may sleep; pb_compact_pages(), or NULL to disable
 *	compaction
 * @compact_event: reports a step of compaction (compact_event.h); process context; may be NULL;
 *	swapped at run time
 * @mems_changed: whether the nodes allowed to the task have changed since @rq was made, by its
 *	@mems_cookie; the request then fails without effects on other tasks, and its caller makes it
 *	again; process context; may be NULL
 * @oom: selects and kills a task that holds memory; true when memory will be freed; may sleep; may
 *	be NULL
 * @oom_victim: whether the calling task may use the reserve as an OOM victim; may be NULL
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
	void (*reclaim_end)(struct pb_pool *pool, unsigned long freed);
	bool (*reclaim_wait)(struct pb_pool *pool, const struct pb_request *rq);
	unsigned long (*reclaimable)(struct pb_zone *zone);
	unsigned long (*grow)(struct pb_pool *pool, const struct pb_request *rq,
			      unsigned long nr_pages);
	void (*migrate)(struct pb_pool *pool, struct pb_migration *m);
	enum pb_release (*release)(struct pb_pool *pool, unsigned long pfn, unsigned int order);
	void (*zero)(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages);
	void (*want_zeroed)(struct pb_zone *zone);
	enum pb_compact_result (*compact)(struct pb_pool *pool, const struct pb_request *rq,
					  enum pb_compact_priority prio, unsigned long *captured);
	void (*compact_event)(const struct pb_compact_event *event);
	bool (*mems_changed)(const struct pb_request *rq);
	bool (*oom)(struct pb_pool *pool, const struct pb_request *rq);
	bool (*oom_victim)(struct pb_pool *pool);
};

#endif /* PB_OPS_H */
