/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An owner of movable blocks for the suites, as a module would be one. Each object has a block,
 * contents (one number for each frame) and a lock; a reverse map leads from a frame to its
 * object. The migrate callback copies the contents and changes the object's PFN. Cases compare
 * the contents with what the object's seed says: this shows a block that compaction moved while
 * it was freed, moved twice, or did not move completely.
 */
#ifndef PT_MOVERS_H
#define PT_MOVERS_H

#include "core/compact/compact.h"
#include "fixture.h"

/**
 * struct pt_object - one movable block
 * @lock: 1 while a thread holds it
 * @pfn: first frame of its block, or PB_NO_PFN
 * @order: order of its block
 * @seed: the contents are derived from it
 */
struct pt_object {
	atomic_t	lock;
	unsigned long	pfn;
	unsigned int	order;
	u32		seed;
};

/**
 * struct pt_movers - the movable objects of one pool
 * @f: the pool
 * @nr: number of objects
 * @obj: the objects
 * @rmap: by frame: 1 + index of the object whose block starts here
 * @contents: by frame: the simulated contents of memory
 * @fail: if not 0, every @fail-th migration fails with -EAGAIN
 * @hook: called in a migration after the copy, with the object locked; its error is the migration's
 * @arg: for @hook
 * @migrations: number of calls of the migrate callback
 * @lost: calls after the owner had freed the block
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

/* Allocates @nr objects without blocks and sets the pool's ops->migrate. */
struct pt_movers *pt_movers(struct kunit *test, struct pt_fixture *f, unsigned long nr);

bool pt_object_trylock(struct pt_object *o);
void pt_object_unlock(struct pt_object *o);
/*
 * Allocates a block for an object that has none; false if there is none. The caller holds the
 * object's lock unless no other thread uses the object.
 */
bool pt_object_alloc(struct pt_movers *m, struct pt_object *o, struct pb_request *rq, u32 seed);
/* Frees the object's block. False if its contents were wrong or pb_free() reported misuse. */
bool pt_object_free(struct pt_movers *m, struct pt_object *o);
bool pt_object_intact(struct pt_movers *m, struct pt_object *o);

/*
 * Allocates blocks of this order until the pool is full, then frees a random @free_percent of
 * them.
 */
void pt_movers_fill(struct kunit *test, struct pt_movers *m, unsigned int order,
		    unsigned int free_percent);
/* Expects every object to have its contents. Returns the number of objects with a block. */
unsigned long pt_movers_check(struct kunit *test, struct pt_movers *m);
void pt_movers_free_all(struct kunit *test, struct pt_movers *m);

/* A new pool with objects, filled by pt_movers_fill(). */
struct pt_movers *pt_fragmented(struct kunit *test, const struct pt_layout *layout,
				unsigned int order, unsigned int free_percent);

/*
 * A new pool of the layout pt_small with single frames. In the nth pageblock @used[n] frames,
 * chosen at random, have an object; the others are free.
 */
struct pt_movers *pt_partly_used(struct kunit *test, const unsigned int used[8]);

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

/*
 * Compacts as the slow path does for a request of this order. @pfn is a block that was captured.
 * Asynchronous compaction gives up when it should reschedule, which must not depend on the tick.
 */
enum pb_compact_result pt_compact(struct pt_movers *m, unsigned int order,
				  enum pb_compact_priority prio, unsigned long *pfn);

#endif /* PT_MOVERS_H */
