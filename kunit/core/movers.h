/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An owner of movable blocks for the suites, as a module would be one: each object has a block,
 * contents and a lock, and can be found by the frame it lies in. Its migrate callback copies the
 * contents. So a block that is moved while it is freed, or twice, or not with all of its contents,
 * shows.
 */
#ifndef PT_MOVERS_H
#define PT_MOVERS_H

#include "core/compact/compact.h"
#include "fixture.h"

/**
 * struct pt_object - one movable block
 * @lock: 1 while somebody has it
 * @pfn: its block, or PB_NO_PFN
 * @order: its order
 * @seed: contents are made of this
 */
struct pt_object {
	atomic_t	lock;
	unsigned long	pfn;
	unsigned int	order;
	u32		seed;
};

/**
 * struct pt_movers - objects of one pool
 * @f: the pool
 * @nr: objects
 * @obj: them
 * @rmap: by frame: 1 + the object that has it, at heads
 * @contents: by frame
 * @fail: every so many migrations fail with -EAGAIN, when not 0
 * @hook: called in a migration, with the object locked, after the copy; its error is returned
 * @arg: for @hook
 * @migrations: calls of the callback
 * @lost: calls that found nothing to move: the owner was faster
 */
struct pt_movers {
	struct pt_fixture	*f;
	unsigned long		nr;
	struct pt_object	*obj;
	u32			*rmap;
	u32			*contents;
	unsigned int		fail;
	int			(*hook)(struct pt_movers *m, struct pt_object *o,
					unsigned long src, unsigned long dst);
	void			*arg;
	atomic_long_t		migrations;
	atomic_long_t		lost;
};

/* Makes room for @nr objects and has the pool's ops->migrate move them. */
struct pt_movers *pt_movers(struct kunit *test, struct pt_fixture *f, unsigned long nr);

bool pt_object_trylock(struct pt_object *o);
void pt_object_unlock(struct pt_object *o);
/*
 * Gives an empty object a block; false when there is none. The object is locked, or nobody else's.
 */
bool pt_object_alloc(struct pt_movers *m, struct pt_object *o, struct pb_request *rq, u32 seed);
/* Frees its block; false when contents were wrong or the free was refused. */
bool pt_object_free(struct pt_movers *m, struct pt_object *o);
bool pt_object_intact(struct pt_movers *m, struct pt_object *o);

/* Single frames until the pool is full; then a share (percent) of them at random is freed. */
void pt_movers_fill(struct kunit *test, struct pt_movers *m, unsigned int order,
		    unsigned int free_percent);
/* Every object has its contents; returns how many have a block. */
unsigned long pt_movers_check(struct kunit *test, struct pt_movers *m);
void pt_movers_free_all(struct kunit *test, struct pt_movers *m);

/* A pool of them, filled with blocks of one order, of which a share is freed. */
struct pt_movers *pt_fragmented(struct kunit *test, const struct pt_layout *layout,
				unsigned int order, unsigned int free_percent);

static inline struct pb_zone *pt_movers_zone(struct pt_movers *m)
{
	return pt_zone(m->f, 0, PB_ZONE_NORMAL);
}

/* A movable block for a request that may wait. */
static inline struct pb_request pt_waiting_rq(unsigned int order)
{
	struct pb_request rq = pt_rq(order, PB_MOVABLE, 0);

	rq.flags = PB_ALLOC_WAIT;
	return rq;
}

/* As the slow path does for it; a block that was captured is at @pfn. */
static inline enum pb_compact_result pt_compact(struct pt_movers *m, unsigned int order,
						enum pb_compact_priority prio, unsigned long *pfn)
{
	struct pb_request rq = pt_waiting_rq(order);

	return pb_compact_pages(&m->f->pool, &rq, prio, pfn);
}

#endif /* PT_MOVERS_H */
