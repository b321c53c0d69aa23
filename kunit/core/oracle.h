/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of a page allocator that is too simple to be wrong: a list of live blocks and a
 * bit per frame. It says what a pool must answer; test_oracle.c asks both.
 */
#ifndef PT_ORACLE_H
#define PT_ORACLE_H

#include "fixture.h"

struct pt_live {
	unsigned long	pfn;
	unsigned int	order;
};

/**
 * struct pt_model - what is allocated, as the test knows it
 * @f: the pool under test; its owned bits are the model's frames
 * @live: allocated blocks in any order
 * @n: their number
 * @pages: frames in them
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

/* A block was handed out; false when that cannot be. */
bool pt_model_add(struct kunit *test, struct pt_model *m, unsigned long pfn, unsigned int order);
/* The nth live block is about to be freed. */
struct pt_live pt_model_take(struct pt_model *m, unsigned long nth);

/* What freeing this must be answered with. */
enum pb_bad pt_model_free_says(struct pt_model *m, unsigned long pfn, unsigned int order);
/* Order of the live block whose head this is, or -EINVAL. */
int pt_model_page_order(struct pt_model *m, unsigned long pfn);

/* May this request, waiting, be refused? Only if no allowed zone has such a free run. */
bool pt_model_may_fail(struct pt_model *m, const struct pb_request *rq, unsigned long nr_pages,
		       unsigned long align);
/* Is this frame in a zone the request allows? */
bool pt_model_allowed(struct pt_model *m, const struct pb_request *rq, unsigned long pfn);

#endif /* PT_ORACLE_H */
