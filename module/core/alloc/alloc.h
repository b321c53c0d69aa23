/* SPDX-License-Identifier: GPL-2.0-only */
/* Entry points of the core: allocate and free by PFN, order and request. */
#ifndef PB_ALLOC_H
#define PB_ALLOC_H

#include "core/alloc/failure_reason.h"
#include "core/base/bad_page.h"
#include "core/base/platform.h"

struct pb_pool;
struct pb_request;
struct pb_zone;

/*
 * All functions work in any context, NMI included, unless the request has PB_ALLOC_WAIT; then
 * they may sleep. Frees do not sleep. Results are PFNs; PB_NO_PFN is a failure with its reason
 * in *reason (reason may be NULL).
 */
unsigned long pb_alloc(struct pb_pool *pool, const struct pb_request *rq, enum pb_reason *reason);

/*
 * Allocates nr_pages contiguous frames (rq->order is ignored). Up to a pageblock they are
 * aligned to their order, above to their size if that is a power of two, otherwise to a
 * pageblock. Each frame is then allocated as order 0, as after split_page(). Free them one by
 * one, or together with pb_free_contig().
 */
unsigned long pb_alloc_contig(struct pb_pool *pool, const struct pb_request *rq,
			      unsigned long nr_pages, enum pb_reason *reason);

/*
 * Return 0, or the kind of misuse after it was reported through ops->bad. A misuse changes no
 * state.
 */
enum pb_bad pb_free(struct pb_pool *pool, unsigned long pfn, unsigned int order);
enum pb_bad pb_free_contig(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages);

/* Checks that pfn is the head of an allocated block of this order; otherwise reports a misuse. */
enum pb_bad pb_check_block(struct pb_pool *pool, unsigned long pfn, unsigned int order);

/* Counts and reports a misuse that the caller has found; returns it. */
enum pb_bad pb_refuse_free(struct pb_pool *pool, enum pb_bad bad, unsigned long pfn,
			   unsigned int order);

/* Checks a new allocation for frames that are still in use, and frees the others then. */
bool pb_range_unused(struct pb_zone *zone, unsigned long first, unsigned long nr);

/* Turns an allocated block of this order into 2^order frames of order 0 (split_page()). */
enum pb_bad pb_split(struct pb_pool *pool, unsigned long pfn, unsigned int order);

/*
 * The order of the allocated block at pfn, or -EINVAL when pfn is not the head of an allocated
 * block.
 */
int pb_page_order(struct pb_pool *pool, unsigned long pfn);
bool pb_page_is_memalloc(struct pb_pool *pool, unsigned long pfn);

/* The zone pfn belongs to, or NULL when the pool does not own it. */
struct pb_zone *pb_pfn_zone(struct pb_pool *pool, unsigned long pfn);

/* Calls fn for every allocated block until it returns false; the pool must be quiescent. */
typedef bool (*pb_visit_fn)(void *arg, unsigned long pfn, unsigned int order);
void pb_walk_allocated(struct pb_pool *pool, pb_visit_fn fn, void *arg);

#endif /* PB_ALLOC_H */
