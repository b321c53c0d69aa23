/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A reference model of the allocator, simple enough to be right by inspection: a list of live
 * blocks and one bit for each frame. It gives the answer that the pool has to give;
 * test_oracle.c compares the two after each random operation.
 */
#ifndef PT_ORACLE_H
#define PT_ORACLE_H

#include "fixture.h"

/* An allocated block. */
struct pt_live {
	unsigned long	pfn;
	unsigned int	order;
};

/**
 * struct pt_model - the live blocks of a pool
 * @f: the pool under test; its @owned bits are the model's bits
 * @live: allocated blocks, not sorted
 * @n: number of allocated blocks
 * @pages: number of allocated frames
 * @freed: the last block freed
 */
struct pt_model {
	struct pt_fixture	*f;
	struct pt_live		*live;
	unsigned long		n;
	unsigned long		pages;
	struct pt_live		freed;
};

int pt_model_init(struct kunit *test, struct pt_model *m, struct pt_fixture *f);

/* Records a block that pb_alloc() returned; false if the block cannot have been free. */
bool pt_model_add(struct kunit *test, struct pt_model *m, unsigned long pfn, unsigned int order);
/* Removes the nth live block, which the caller is going to free. */
struct pt_live pt_model_alloc(struct pt_model *m, unsigned long nth);

/* The result that pb_free() has to return for this PFN and order. */
enum pb_bad pt_model_free_says(struct pt_model *m, unsigned long pfn, unsigned int order);
/* The order of the live block that starts here, or -EINVAL. */
int pt_model_page_order(struct pt_model *m, unsigned long pfn);

/*
 * False if an allowed zone has a free run of this length: a request that waits may not fail
 * then.
 */
bool pt_model_may_fail(struct pt_model *m, const struct pb_request *rq, unsigned long nr_pages,
		       unsigned long align);
/* True if the request allows the zone of this frame. */
bool pt_model_allowed(struct pt_model *m, const struct pb_request *rq, unsigned long pfn);

#endif /* PT_ORACLE_H */
