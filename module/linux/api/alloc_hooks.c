// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hooks that other modules register before and after allocations.
 *
 * Before: the hooks are called in the order of registration, and one that returns false refuses the
 * request. After: when the pages are allocated and charged, or the request has failed, each hook
 * may ask for another attempt. There is one such attempt for a request. openEuler, from whose
 * check_after_alloc() this comes, retries as long as the hook wants, so that a hook can make a
 * request loop forever.
 *
 * Pages that a hook rejects are kept until the second attempt has ended, so that it does not find
 * the same ones. If it finds none, they serve the request after all. So that attempt takes only
 * what is free: no memory is reclaimed and no task is killed for a request that can be served, and
 * its failure is not one of the request.
 *
 * Requests in any context have hooks, so the list is read under RCU, which an NMI may do as well,
 * and the functions may not sleep. While hooks are registered no request is served by the fast path
 * (pb_slowpath_key). Otherwise the hooks cost nothing there, and elsewhere a static key.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pbuddy.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>

#include "api/alloc_hooks.h"
#include "compat.h"
#include "request/percpu_zone.h"

DEFINE_STATIC_KEY_FALSE(pb_alloc_hooks_key);

static LIST_HEAD(registered);		/* changed under the mutex, read under RCU */
static DEFINE_MUTEX(registered_mutex);	/* protects changes of the list */

static struct pbuddy_alloc_info info_of(const struct pb_request *rq, gfp_t gfp,
					unsigned long nr_pages)
{
	return (struct pbuddy_alloc_info) {
		.gfp = gfp,
		.order = rq->order,
		.nr_pages = nr_pages,
		.nid = rq->nid,
		.may_sleep = rq->flags & PB_ALLOC_WAIT,
	};
}

/* Whether no hook refuses the request, or it must not fail; else @reason, if not NULL, is set. */
static bool all_permit(const struct pbuddy_alloc_info *info, enum pb_reason *reason)
{
	struct pbuddy_alloc_hooks *hooks;
	bool permitted = true;

	rcu_read_lock();
	list_for_each_entry_rcu(hooks, &registered, list) {
		if (hooks->before && !hooks->before(hooks, info)) {
			permitted = false;
			break;
		}
	}
	rcu_read_unlock();
	if (info->gfp & __GFP_NOFAIL)
		return true;
	if (!permitted && reason)
		*reason = PB_REASON_POLICY;
	return permitted;
}

/* Tells all hooks the result; whether one asks for another attempt. */
static bool any_retries(struct pbuddy_alloc_info *info, unsigned long pfn, unsigned long nr)
{
	struct page *page = pfn == PB_NO_PFN ? NULL : pfn_to_page(pfn);
	struct pbuddy_alloc_hooks *hooks;
	bool retry = false;

	info->nr_allocated = nr;
	rcu_read_lock();
	list_for_each_entry_rcu(hooks, &registered, list)
		if (hooks->after && hooks->after(hooks, info, page))
			retry = true;
	rcu_read_unlock();
	/* The answer to the second attempt has no effect. */
	retry = retry && !info->retried;
	info->retried = true;
	return retry;
}

/* One attempt of a block, or with @nr_pages of a range. */
static unsigned long attempt(const struct pb_request *rq, unsigned long nr_pages, gfp_t gfp,
			     enum pb_reason *reason)
{
	return nr_pages ? pb_pages_alloc_contig_unhooked(rq, nr_pages, gfp, reason) :
			  pb_pages_alloc_unhooked(rq, gfp, reason);
}

/*
 * The second attempt while the pages of the first one are held. It does not wait for memory, but
 * its charge may sleep as @gfp says, and so goes to the cgroup too.
 */
static unsigned long attempt_another(const struct pb_request *rq, unsigned long nr_pages, gfp_t gfp)
{
	const pb_alloc_flags_t not = PB_ALLOC_WAIT | PB_ALLOC_KSWAPD | PB_ALLOC_NOFAIL |
				     PB_ALLOC_RETRY_MAYFAIL;
	struct pb_request another = *rq;

	another.flags = (rq->flags & ~not) | PB_ALLOC_NORETRY | PB_ALLOC_TRY;
	return attempt(&another, nr_pages, gfp, NULL);
}

static void put(const struct pb_request *rq, unsigned long pfn, unsigned long nr_pages)
{
	if (nr_pages)
		pb_pages_free_contig(pfn, nr_pages);
	else
		pb_pages_free(pfn, rq->order);
}

static unsigned long hooked_alloc(const struct pb_request *rq, unsigned long nr_pages, gfp_t gfp,
				  enum pb_reason *reason)
{
	unsigned long pages = nr_pages ?: 1UL << rq->order, first, pfn;
	struct pbuddy_alloc_info info = info_of(rq, gfp, pages);
	bool zeroed;

	if (!all_permit(&info, reason))
		return PB_NO_PFN;
	first = attempt(rq, nr_pages, gfp, reason);
	zeroed = rq->zeroed && *rq->zeroed;
	if (!any_retries(&info, first, first == PB_NO_PFN ? 0 : pages))
		return first;
	pfn = first == PB_NO_PFN ? attempt(rq, nr_pages, gfp, reason) :
				   attempt_another(rq, nr_pages, gfp);
	any_retries(&info, pfn, pfn == PB_NO_PFN ? 0 : pages);
	if (first == PB_NO_PFN)
		return pfn;
	if (pfn != PB_NO_PFN) {
		put(rq, first, nr_pages);
		return pfn;
	}
	if (rq->zeroed)
		*rq->zeroed = zeroed;
	return first;
}

/**
 * pb_hooked_alloc - allocate a block with hooks
 * @rq: the request
 * @gfp: its flags
 * @reason: set to the reason of a failure, or NULL
 *
 * Context: that of the request.
 * Return: as pb_pages_alloc_unhooked().
 */
unsigned long pb_hooked_alloc(const struct pb_request *rq, gfp_t gfp, enum pb_reason *reason)
{
	return hooked_alloc(rq, 0, gfp, reason);
}

/**
 * pb_hooked_alloc_contig - allocate a range with hooks
 * @rq: the request
 * @nr_pages: number of pages, at least 1
 * @gfp: its flags
 * @reason: set to the reason of a failure, or NULL
 *
 * Context: that of the request.
 * Return: as pb_pages_alloc_contig_unhooked().
 */
unsigned long pb_hooked_alloc_contig(const struct pb_request *rq, unsigned long nr_pages,
				     gfp_t gfp, enum pb_reason *reason)
{
	return hooked_alloc(rq, nr_pages, gfp, reason);
}

/**
 * pb_hooked_alloc_bulk - allocate single pages with hooks, as one request
 * @rq: the request for each
 * @nr: number of pages
 * @pfns: set to their PFNs
 * @gfp: its flags
 * @reason: set to the reason of a failure, or NULL
 *
 * Another attempt is made for the pages that are missing, if any.
 *
 * Context: that of the request.
 * Return: as pb_pages_alloc_bulk_unhooked().
 */
unsigned long pb_hooked_alloc_bulk(const struct pb_request *rq, unsigned long nr,
				   unsigned long *pfns, gfp_t gfp, enum pb_reason *reason)
{
	struct pbuddy_alloc_info info = info_of(rq, gfp, nr);
	unsigned long got;

	if (!all_permit(&info, reason))
		return 0;
	got = pb_pages_alloc_bulk_unhooked(rq, nr, pfns, gfp, reason);
	if (!any_retries(&info, got ? pfns[0] : PB_NO_PFN, got) || got == nr)
		return got;
	got += pb_pages_alloc_bulk_unhooked(rq, nr - got, pfns + got, gfp, reason);
	any_retries(&info, got ? pfns[0] : PB_NO_PFN, got);
	return got;
}

/**
 * pbuddy_register_alloc_hooks - have functions called before and after allocations
 * @hooks: the functions; must stay valid until pbuddy_unregister_alloc_hooks() has returned
 *
 * They are called for each request to pbuddy that begins after this, of kernel modules and of
 * buffers, whose memory takes several requests; a request that has begun before may call @after
 * alone. As long as hooks are registered, allocations and frees are slower, because none uses the
 * fast path.
 *
 * Context: process, may sleep.
 * Return: 0, -EINVAL without a function, or -EBUSY when it is registered already. The functions are
 * called where openEuler calls prepare_before_alloc() and check_after_alloc().
 */
int pbuddy_register_alloc_hooks(struct pbuddy_alloc_hooks *hooks)
{
	struct pbuddy_alloc_hooks *old;
	int err = 0;

	if (!hooks || (!hooks->before && !hooks->after))
		return -EINVAL;
	mutex_lock(&registered_mutex);
	list_for_each_entry(old, &registered, list)
		if (old == hooks)
			err = -EBUSY;
	if (!err)
		list_add_tail_rcu(&hooks->list, &registered);
	mutex_unlock(&registered_mutex);
	if (err)
		return err;
	static_branch_inc(&pb_alloc_hooks_key);
	pb_slowpath_inc();
	/* A request on the fast path has preemption off, which an RCU grace period waits for. */
	synchronize_rcu();
	return 0;
}
EXPORT_SYMBOL_PBUDDY(pbuddy_register_alloc_hooks);

/**
 * pbuddy_unregister_alloc_hooks - end the calls of registered functions
 * @hooks: as it was registered; an unregistered one is ignored
 *
 * After this returns the functions are not running and are not called again. Must not be called
 * from one of them.
 *
 * Context: process, sleeps.
 */
void pbuddy_unregister_alloc_hooks(struct pbuddy_alloc_hooks *hooks)
{
	struct pbuddy_alloc_hooks *old, *found = NULL;

	mutex_lock(&registered_mutex);
	list_for_each_entry(old, &registered, list)
		if (old == hooks)
			found = old;
	if (found)
		list_del_rcu(&found->list);
	mutex_unlock(&registered_mutex);
	if (!found)
		return;
	pb_slowpath_dec();
	static_branch_dec(&pb_alloc_hooks_key);
	synchronize_rcu();
}
EXPORT_SYMBOL_PBUDDY(pbuddy_unregister_alloc_hooks);
