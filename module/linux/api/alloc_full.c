// SPDX-License-Identifier: GPL-2.0-only
/*
 * The full path of allocations: translates the arguments into a request (gfp.c), has the core serve
 * it, repeats it when the cpuset has changed, reports its failure and zeroes the pages.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/log2.h>
#include <linux/mm.h>

#include "api/alloc_full.h"
#include "api/alloc_hooks.h"
#include "api/cached.h"
#include "core/compact/movable.h"
#include "hooks/alloc_failure_report.h"
#include "instance.h"
#include "request/cpuset.h"
#include "request/gfp.h"
#include "request/policy.h"

/* With %PB_ALLOC_TRY memory is not waited for; the charge may sleep, else no cgroup is charged. */
static void set_try(struct pb_request *rq, pb_alloc_flags_t try)
{
	if (try)
		rq->flags = (rq->flags & ~(PB_ALLOC_WAIT | PB_ALLOC_NOFAIL)) | try;
}

/**
 * pb_alloc_request - allocate a block
 * @gfp: as for pbuddy_alloc_pages_nodemask()
 * @order: any number
 * @nid: preferred node, or NUMA_NO_NODE for the nearest
 * @nodemask: nodes that may serve the request, or NULL for all
 * @try: %PB_ALLOC_TRY for a request that does not wait for memory, or 0
 *
 * Context: that of the request.
 * Return: the first page, or NULL after a report.
 */
struct page *pb_alloc_request(gfp_t gfp, unsigned int order, int nid, const nodemask_t *nodemask,
			      pb_alloc_flags_t try)
{
	enum pb_reason reason;
	struct pb_request rq;
	unsigned long pfn;
	bool zeroed;

	do {
		if (unlikely(!pb_gfp_request(&rq, &gfp, order, nid, nodemask)))
			return NULL;
		set_try(&rq, try);
		zeroed = false;
		rq.zeroed = pb_want_zero(gfp) ? &zeroed : NULL;
		pfn = pb_pages_alloc(&rq, gfp, &reason);
		/* A concurrent change of the cpuset may have hidden free memory. */
	} while (unlikely(pfn == PB_NO_PFN && pb_cpuset_changed(&rq)));
	if (unlikely(pfn == PB_NO_PFN)) {
		pb_report_failure(&rq, gfp, 1UL << order, reason, false);
		return NULL;
	}
	if (order && gfp & PB_GFP_MAPPABLE)
		pb_set_checked(&pb_instance, pfn);
	pb_prepare_pages(pfn, 1UL << order, &rq, gfp);
	return pfn_to_page(pfn);
}

/**
 * pb_alloc_range - allocate contiguous pages of order 0, aligned to the order of their number
 * @gfp: as for pbuddy_alloc_pages_nodemask()
 * @nr_pages: number of pages
 * @nid: preferred node, or NUMA_NO_NODE for the nearest
 * @nodemask: nodes that may serve the request, or NULL for all
 * @try: %PB_ALLOC_TRY for a request that does not wait for memory, or 0
 *
 * Context: that of the request.
 * Return: the first page, or NULL after a report.
 */
struct page *pb_alloc_range(gfp_t gfp, unsigned long nr_pages, int nid, const nodemask_t *nodemask,
			    pb_alloc_flags_t try)
{
	enum pb_reason reason;
	struct pb_request rq;
	unsigned long pfn;
	bool zeroed;

	do {
		if (unlikely(!pb_gfp_request(&rq, &gfp, 0, nid, nodemask)))
			return NULL;
		if (unlikely(!nr_pages)) {
			WARN_ONCE(!(gfp & __GFP_NOWARN), "pbuddy: allocation of no page\n");
			return NULL;
		}
		set_try(&rq, try);
		rq.align_order = min_t(unsigned int, order_base_2(nr_pages), PB_MAX_ORDER);
		zeroed = false;
		rq.zeroed = pb_want_zero(gfp) ? &zeroed : NULL;
		pfn = pb_pages_alloc_contig(&rq, nr_pages, gfp, &reason);
	} while (unlikely(pfn == PB_NO_PFN && pb_cpuset_changed(&rq)));
	if (unlikely(pfn == PB_NO_PFN)) {
		pb_report_failure(&rq, gfp, nr_pages, reason, false);
		return NULL;
	}
	pb_prepare_pages(pfn, nr_pages, &rq, gfp);
	return pfn_to_page(pfn);
}

static struct page *request_block(gfp_t gfp, unsigned int order, unsigned long nr_pages,
				  const struct pb_policy *policy, pb_alloc_flags_t try)
{
	return pb_cached_alloc_pages(gfp, order, policy->nid, policy->nodemask) ?:
	       pb_alloc_request(gfp, order, policy->nid, policy->nodemask, try);
}

static struct page *request_range(gfp_t gfp, unsigned int order, unsigned long nr_pages,
				  const struct pb_policy *policy, pb_alloc_flags_t try)
{
	return pb_alloc_range(gfp, nr_pages, policy->nid, policy->nodemask, try);
}

/* Allocates by the task's memory policy with one of them. */
static __always_inline struct page *
by_policy(gfp_t gfp, unsigned int order, unsigned long nr_pages,
	  struct page *(*request)(gfp_t gfp, unsigned int order, unsigned long nr_pages,
				  const struct pb_policy *policy, pb_alloc_flags_t try))
{
	struct page *page = NULL;
	struct pb_policy policy;

	pb_policy_next(&policy, gfp);
	if (unlikely(policy.preferred_many)) {
		page = request((gfp | __GFP_NOWARN) & ~__GFP_NOFAIL, order, nr_pages, &policy,
			       PB_ALLOC_TRY);
		policy.nodemask = NULL;
	}
	if (!page)
		page = request(gfp, order, nr_pages, &policy, PB_ALLOC_FLAG(0));
	if (page)
		pb_policy_count(&policy, page_to_pfn(page));
	return page;
}

/**
 * pb_alloc_by_policy - allocate a block by the task's memory policy
 * @gfp: as for pbuddy_alloc_pages_nodemask()
 * @order: any number
 *
 * Context: that of the request.
 * Return: the first page, or NULL after a report. As alloc_pages_mpol() in mm/mempolicy.c.
 */
struct page *pb_alloc_by_policy(gfp_t gfp, unsigned int order)
{
	return by_policy(gfp, order, 0, request_block);
}

/**
 * pb_alloc_range_by_policy - allocate a range by the task's memory policy
 * @gfp: as for pbuddy_alloc_pages_nodemask()
 * @nr_pages: number of pages
 *
 * Context: that of the request.
 * Return: as pb_alloc_range().
 */
struct page *pb_alloc_range_by_policy(gfp_t gfp, unsigned long nr_pages)
{
	return by_policy(gfp, 0, nr_pages, request_range);
}

/**
 * pb_alloc_full - allocate a block by the full path
 * @gfp: as for pbuddy_alloc_pages_nodemask()
 * @order: any number
 * @nid: preferred node; NUMA_NO_NODE: what the task's memory policy says
 *
 * Context: that of the request.
 * Return: the first page, or NULL after a report.
 */
struct page *pb_alloc_full(gfp_t gfp, unsigned int order, int nid)
{
	return nid == NUMA_NO_NODE ? pb_alloc_by_policy(gfp, order) :
				     pb_alloc_request(gfp, order, nid, NULL, PB_ALLOC_FLAG(0));
}
