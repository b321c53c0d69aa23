// SPDX-License-Identifier: GPL-2.0-only
/* The in-kernel API of <linux/pbuddy.h>. Its functions use struct page, the core uses PFNs. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pbuddy.h>

#include "api/alloc_full.h"
#include "api/alloc_hooks.h"
#include "api/alloc_zeroed.h"
#include "api/cached.h"
#include "api/free_checked.h"
#include "compat.h"
#include "core/alloc/alloc.h"
#include "hooks/alloc_failure_report.h"
#include "hooks/debug_pages.h"
#include "instance.h"
#include "request/cpuset.h"
#include "request/gfp.h"
#include "request/percpu_zone.h"
#include "request/policy.h"
#include "request/task.h"

static_assert(PBUDDY_MAX_PAGE_ORDER == PB_MAX_ORDER);

/*
 * The fast path serves requests without any flag of PB_GFP_SLOW, or of PB_GFP_MAPPABLE for blocks
 * of several pages. It looks up zone and migratetype by the lowest bits of gfp, the gfp index
 * (percpu_zone.h). cached.c serves the others if this CPU has a block for them. For the rest gfp.c
 * builds a request.
 */

/*
 * Allocates from this CPU's cache of the local node. The caller has checked the memory policy and
 * pb_alloc_checked_key.
 * The task is read first and the CPU next: both are calls on architectures without a segment
 * register for them, and few values are live across a call this early. @found is set as by
 * pb_alloc_fast(). With PB_FAST_EMPTY_IN_SECTION preemption stays off.
 */
static __always_inline enum pb_fast alloc_fast(gfp_t gfp, unsigned int order,
					       union pb_fast_found *found)
{
	enum pb_migratetype mt = pb_gfp_index_migratetype[pb_gfp_index(gfp)];
	enum pb_fast result = PB_FAST_NONE;
	struct pb_zone *zone;
	struct pb_pcp *pcp;

	if (unlikely(gfp & (PB_GFP_SLOW | PB_GFP_MAPPABLE)) && (gfp & PB_GFP_SLOW || order))
		return PB_FAST_NONE;
	if (unlikely(!pb_pcp_order(order)))
		return PB_FAST_NONE;
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) || IS_ENABLED(CONFIG_LOCKDEP))
		might_alloc(gfp);
	if (!pb_task_allows(mt))
		return PB_FAST_NONE;
	preempt_disable();
	pcp = __this_cpu_read(pb_percpu_zone.pcp[pb_gfp_index(gfp)]);
	if (likely(pcp)) {
		zone = pcp->zone;
		if (likely(pb_task_in_cpuset(zone->nid)))
			result = pb_alloc_fast(zone, pcp, order, mt, found);
		if (unlikely(result == PB_FAST_EMPTY_IN_SECTION))
			return result;			/* preemption stays off */
	}
	preempt_enable();
	return result;
}

/*
 * Handles a failure of the fast path: refills an empty list above the watermarks, or sets aside a
 * block that is in use. Returns a page, or NULL: take the full allocation path.
 */
static struct page *alloc_refill_preempt_enable(gfp_t gfp, unsigned int order, enum pb_fast result,
						union pb_fast_found found)
{
	unsigned long pfn;

	if (unlikely(result != PB_FAST_EMPTY_IN_SECTION)) {
		if (result == PB_FAST_IN_USE)
			pb_set_aside(pb_pfn_zone(&pb_instance, found.pfn), found.pfn, order);
		return NULL;
	}
	pfn = pb_alloc_refill_leave_section(found.pcp, order,
					    pb_gfp_index_migratetype[pb_gfp_index(gfp)], NULL);
	preempt_enable();
	return likely(pfn != PB_NO_PFN) ? pfn_to_page(pfn) : NULL;
}

/*
 * From this CPU's cache of a zone that node and nodemask allow, or by the full path. Not inlined,
 * because the callers would save registers for its calls.
 */
static noinline struct page *alloc_node(gfp_t gfp, unsigned int order, int nid,
					const nodemask_t *nodemask)
{
	return pb_cached_alloc_pages(gfp, order, nid, nodemask) ?:
	       pb_alloc_request(gfp, order, nid, nodemask, PB_ALLOC_FLAG(0));
}

/*
 * The page of a block of the fast path. Its PFN is hidden so that the compiler does not share the
 * computation with that of zeroed blocks: the registers for both cost the fast path a move.
 */
static __always_inline struct page *fast_page(unsigned long pfn)
{
	OPTIMIZER_HIDE_VAR(pfn);
	return pfn_to_page(pfn);
}

/* All requests while the fast path is off. Most often all memory is to be zero (init_on_alloc). */
static __always_inline struct page *alloc_checked(gfp_t gfp, unsigned int order, int nid)
{
	return static_branch_unlikely(&pb_zero_checked_key) ?
	       pb_alloc_more(gfp, order, nid) : pb_alloc_zeroed(gfp, order, nid, false);
}

static noinline struct page *alloc_slow(gfp_t gfp, unsigned int order, int nid, enum pb_fast result,
					union pb_fast_found found)
{
	return alloc_refill_preempt_enable(gfp, order, result, found) ?:
	       pb_alloc_full(gfp, order, nid);
}

/**
 * pbuddy_alloc_pages_nodemask - allocate 2^order physically contiguous pages
 * @gfp: flags as for alloc_pages(); see below for those that differ
 * @order: 0 to PBUDDY_MAX_PAGE_ORDER
 * @nid: preferred node, or NUMA_NO_NODE for the nearest; other nodes serve by distance
 * @nodemask: nodes that may serve the request, or NULL for all
 *
 * Flags have the meaning they have for alloc_pages(); the table at the top of gfp.c lists each. The
 * exceptions are:
 *
 * - %GFP_DMA is refused with one warning: pbuddy has no memory below 16 MiB.
 * - %__GFP_COMP with order > 0 returns a compound page, up to the kernel's largest order of a
 *   folio. Its pages can be mapped and pinned, and references to any page count for the first one.
 *   A compound page that is freed with extra references is not reused before they are dropped.
 *   It cannot become movable.
 * - %__GFP_ACCOUNT charges the user of the calling task and, if the kernel has the dmem cgroup
 *   controller and the request may sleep, also the task's cgroup. Above a limit of either the
 *   request fails. The memory controller is not charged, because its functions are not exported to
 *   modules.
 * - %__GFP_WRITE skips nodes with too many pages reported by pbuddy_account_dirtied().
 *
 * A request with an invalid order or node fails with one warning, unless %__GFP_NOWARN. A request
 * that finds no memory is reported in the kernel log with its reason, rate-limited, unless
 * %__GFP_NOWARN. As __alloc_pages() in mm/page_alloc.c.
 *
 * Context: may sleep with %__GFP_DIRECT_RECLAIM; any context without it, NMI included.
 * Takes no lock.
 *
 * Return: the first page, aligned to the order, or NULL.
 */
struct page *pbuddy_alloc_pages_nodemask(gfp_t gfp, unsigned int order, int nid,
					 const nodemask_t *nodemask)
{
	return alloc_node(gfp, order, nid, nodemask);
}
EXPORT_SYMBOL_PBUDDY(pbuddy_alloc_pages_nodemask);

/**
 * pbuddy_alloc_pages - allocate 2^order physically contiguous pages near this CPU
 * @gfp: as for pbuddy_alloc_pages_nodemask()
 * @order: 0 to PBUDDY_MAX_PAGE_ORDER
 *
 * Context: may sleep with %__GFP_DIRECT_RECLAIM; any context without it, NMI included.
 *
 * Return: the first page, or NULL.
 */
struct page *pbuddy_alloc_pages(gfp_t gfp, unsigned int order)
{
	union pb_fast_found found;
	enum pb_fast result;

	if (unlikely(pb_task_has_mempolicy()))
		return pb_alloc_by_policy(gfp, order);
	if (static_branch_unlikely(&pb_alloc_checked_key))
		return alloc_checked(gfp, order, NUMA_NO_NODE);
	result = alloc_fast(gfp, order, &found);
	if (likely(result == PB_FAST_DONE))
		return fast_page(found.pfn);
	return result == PB_FAST_NONE ? pb_alloc_more(gfp, order, NUMA_NO_NODE) :
					alloc_slow(gfp, order, NUMA_NO_NODE, result, found);
}
EXPORT_SYMBOL_PBUDDY(pbuddy_alloc_pages);

/**
 * pbuddy_alloc_pages_node - allocate 2^order physically contiguous pages near a node
 * @nid: preferred node, the only one with %__GFP_THISNODE; or NUMA_NO_NODE
 * @gfp: as for pbuddy_alloc_pages_nodemask()
 * @order: 0 to PBUDDY_MAX_PAGE_ORDER
 *
 * Context: may sleep with %__GFP_DIRECT_RECLAIM; any context without it, NMI included.
 *
 * Return: the first page, or NULL.
 */
struct page *pbuddy_alloc_pages_node(int nid, gfp_t gfp, unsigned int order)
{
	union pb_fast_found found;
	enum pb_fast result;

	/* The task may move to a CPU of another node: THISNODE does not take this CPU's zone. */
	if (unlikely(nid != numa_mem_id() || gfp & __GFP_THISNODE))
		return alloc_node(gfp, order, nid, NULL);
	if (static_branch_unlikely(&pb_alloc_checked_key))
		return alloc_checked(gfp, order, nid);
	result = alloc_fast(gfp, order, &found);
	if (likely(result == PB_FAST_DONE))
		return fast_page(found.pfn);
	return result == PB_FAST_NONE ? pb_alloc_more(gfp, order, nid) :
					alloc_slow(gfp, order, nid, result, found);
}
EXPORT_SYMBOL_PBUDDY(pbuddy_alloc_pages_node);

/* Number of NULL elements at the start of the array. */
static unsigned long empty_run(struct page **places, unsigned long nr)
{
	unsigned long n;

	for (n = 0; n < nr && !places[n]; n++)
		;
	return n;
}

/* Converts an array of PFNs to one of pages, in place. */
static void make_pages(struct page **places, unsigned long nr, const struct pb_request *rq,
		       gfp_t gfp)
{
	unsigned long i, pfn;

	for (i = 0; pb_need_zero(gfp) && i < nr; i++)
		pb_prepare_pages((unsigned long)places[i], 1, rq, gfp);
	for (i = 0; i < nr; i++) {
		pfn = (unsigned long)places[i];
		places[i] = pfn_to_page(pfn);
	}
}

/*
 * Pages that are to be zero are allocated one by one, because the lists of this CPU know which of
 * their blocks are zeroed. To zero a page costs far more than a bulk request saves. Returns the
 * number of pages; the others take the full path.
 */
static unsigned long alloc_zeroed_cached(gfp_t gfp, int nid, unsigned long nr, struct page **places)
{
	unsigned long n;

	for (n = 0; n < nr; n++) {
		places[n] = pb_cached_alloc_pages(gfp, 0, nid, NULL);
		if (!places[n])
			break;
	}
	return n;
}

static bool bulk_request(struct pb_request *rq, gfp_t *gfp, int nid)
{
	if (unlikely(!pb_gfp_request(rq, gfp, 0, nid, NULL)))
		return false;
	rq->caller_zeroes = pb_need_zero(*gfp);
	return true;
}

/**
 * pbuddy_alloc_pages_bulk - fill an array with single pages
 * @gfp: as for pbuddy_alloc_pages_nodemask()
 * @nid: preferred node, or NUMA_NO_NODE
 * @nr_pages: length of @page_array
 * @page_array: its NULL elements are filled, from the start; other elements do not change
 *
 * Fewer pages than requested are no failure and are not reported. As alloc_pages_bulk() in
 * mm/page_alloc.c.
 *
 * Context: may sleep with %__GFP_DIRECT_RECLAIM; any context without it, NMI included.
 *
 * Return: number of elements from the start that are not NULL now.
 */
unsigned long pbuddy_alloc_pages_bulk(gfp_t gfp, int nid, unsigned long nr_pages,
				      struct page **page_array)
{
	unsigned long from = 0, want, got;
	struct pb_request rq;

	if (unlikely(!bulk_request(&rq, &gfp, nid)))
		return 0;
	while (from < nr_pages) {
		want = empty_run(page_array + from, nr_pages - from);
		if (!want) {
			from++;
			continue;
		}
		if (pb_need_zero(gfp)) {
			got = alloc_zeroed_cached(gfp, nid, want, page_array + from);
			from += got;
			want -= got;
			if (!want)
				continue;
		}
		got = pb_pages_alloc_bulk(&rq, want, (unsigned long *)(page_array + from), gfp,
					  NULL);
		make_pages(page_array + from, got, &rq, gfp);
		from += got;
		if (got < want) {
			/* The rest of the array is scratch space of the failed attempt. */
			memset(page_array + from, 0, (want - got) * sizeof(*page_array));
			if (!pb_cpuset_changed(&rq) || !bulk_request(&rq, &gfp, nid))
				return from;
		}
	}
	return nr_pages;
}
EXPORT_SYMBOL_PBUDDY(pbuddy_alloc_pages_bulk);

/* As alloc_contig_range() in mm/page_alloc.c, a compound page has a power of two of pages. */
static struct page *alloc_contig_compound(unsigned long nr_pages, gfp_t gfp, int nid,
					  const nodemask_t *nodemask)
{
	if (unlikely(!is_power_of_2(nr_pages))) {
		WARN_ONCE(!(gfp & __GFP_NOWARN), "pbuddy: compound page of %lu pages\n", nr_pages);
		return NULL;
	}
	return pb_alloc_request(gfp, ilog2(nr_pages), nid, nodemask, PB_ALLOC_FLAG(0));
}

/**
 * pbuddy_alloc_contig - allocate any number of physically contiguous pages
 * @nr_pages: any number of pages, also above 2^PBUDDY_MAX_PAGE_ORDER
 * @gfp: as for pbuddy_alloc_pages_nodemask()
 * @nid: preferred node, or NUMA_NO_NODE
 * @nodemask: nodes that may serve the request, or NULL for all
 *
 * Each page is allocated as order 0: free the pages one by one, or together with
 * pbuddy_free_contig(). The pages up to the next power of two stay free. As alloc_contig_pages()
 * and split_page() in mm/page_alloc.c. With %__GFP_COMP the range is a compound page, and
 * @nr_pages must be a power of two; free it with pbuddy_free_contig() or pbuddy_free_pages().
 *
 * Context: may sleep with %__GFP_DIRECT_RECLAIM; any context without it, NMI included.
 *
 * Return: the first page, aligned to the rounded-up order or PBUDDY_MAX_PAGE_ORDER, or NULL.
 */
struct page *pbuddy_alloc_contig(unsigned long nr_pages, gfp_t gfp, int nid,
				 const nodemask_t *nodemask)
{
	if (unlikely(gfp & __GFP_COMP && nr_pages > 1))
		return alloc_contig_compound(nr_pages, gfp, nid, nodemask);
	return pb_alloc_range(gfp, nr_pages, nid, nodemask, PB_ALLOC_FLAG(0));
}
EXPORT_SYMBOL_PBUDDY(pbuddy_alloc_contig);

/**
 * pbuddy_alloc_pages_exact - allocate physically contiguous memory by bytes
 * @bytes: length, rounded up to whole pages
 * @gfp: as for pbuddy_alloc_pages_nodemask(); without %__GFP_HIGHMEM and %__GFP_COMP
 *
 * The task's memory policy selects the node. As alloc_pages_exact() in mm/page_alloc.c.
 *
 * Context: may sleep with %__GFP_DIRECT_RECLAIM; any context without it, NMI included.
 *
 * Return: kernel address of the first page, or NULL. Free with pbuddy_free_pages_exact().
 */
void *pbuddy_alloc_pages_exact(size_t bytes, gfp_t gfp)
{
	unsigned long nr_pages;
	struct page *page;

	if (WARN_ON_ONCE(gfp & (__GFP_HIGHMEM | __GFP_COMP)))
		gfp &= ~(__GFP_HIGHMEM | __GFP_COMP);
	nr_pages = DIV_ROUND_UP(bytes, PAGE_SIZE);
	page = nr_pages ? pb_alloc_range_by_policy(gfp, nr_pages) :
			  pb_alloc_range(gfp, 0, NUMA_NO_NODE, NULL, PB_ALLOC_FLAG(0));
	return page ? page_address(page) : NULL;
}
EXPORT_SYMBOL_PBUDDY(pbuddy_alloc_pages_exact);

/**
 * pbuddy_free_pages - free pages
 * @page: the first page, as it was returned; NULL is allowed
 * @order: the order they were allocated with
 *
 * A misuse (double free, wrong order, a page of another allocator) is reported once in the kernel
 * log and changes no state. Pages with extra references are freed when these are dropped:
 * <linux/pbuddy.h> says which pages are checked for them. As __free_pages() in mm/page_alloc.c.
 *
 * Context: any, NMI included. Takes no lock.
 */
void pbuddy_free_pages(struct page *page, unsigned int order)
{
	enum pb_free_fast result = PB_FREE_FAST_NONE;
	struct pb_checked_block checked = {};	/* else -ftrivial-auto-var-init stores zeroes */

	/* The pool has no block at the PFN of NULL. */
	if (!static_branch_unlikely(&pb_free_checked_key))
		result = pb_free_fast_checked(&pb_instance, page_to_pfn(page), order,
					      pb_head_is_plain, page, &checked);
	if (likely(result == PB_FREE_FAST_DONE))
		return;
	if (unlikely(result == PB_FREE_FAST_CHECKED))
		pb_free_checked_preempt_enable(checked.zone, order, checked.pfn, checked.order_map,
					       checked.mt, page);
	else
		pb_free_full(page, order);
}
EXPORT_SYMBOL_PBUDDY(pbuddy_free_pages);

/**
 * pbuddy_free_pages_bulk - free single pages
 * @page_array: the pages; NULL elements are skipped, all elements are NULL afterwards
 * @nr_pages: length of @page_array
 *
 * Context: any, NMI included.
 */
void pbuddy_free_pages_bulk(struct page **page_array, unsigned long nr_pages)
{
	unsigned long *pfns = (unsigned long *)page_array, n = 0, i;
	struct page *page;

	/* Convert the array to PFNs in place, without the NULL elements. */
	for (i = 0; i < nr_pages; i++) {
		page = page_array[i];
		if (!page)
			continue;
		pfns[n] = page_to_pfn(page);
		if (unlikely(!pb_head_is_plain(page)))
			pb_check_on_free(&pb_instance, pfns[n], 0);
		n++;
	}
	pb_pages_free_bulk(n, pfns);
	memset(page_array, 0, nr_pages * sizeof(*page_array));
}
EXPORT_SYMBOL_PBUDDY(pbuddy_free_pages_bulk);

/**
 * pbuddy_free_contig - free contiguous pages, each of order 0, or a compound page
 * @page: the first one; NULL is allowed
 * @nr_pages: number of pages, at most the number that was allocated
 *
 * Context: any, NMI included.
 */
void pbuddy_free_contig(struct page *page, unsigned long nr_pages)
{
	if (unlikely(!page))
		return;
	if (is_power_of_2(nr_pages) && pb_is_compound(page_to_pfn(page), ilog2(nr_pages))) {
		pbuddy_free_pages(page, ilog2(nr_pages));
		return;
	}
	pb_pages_check_range(page_to_pfn(page), nr_pages);
	pb_pages_free_contig(page_to_pfn(page), nr_pages);
}
EXPORT_SYMBOL_PBUDDY(pbuddy_free_contig);

/**
 * pbuddy_free_pages_exact - free memory of pbuddy_alloc_pages_exact()
 * @virt: its address; NULL is allowed
 * @bytes: the length it was allocated with
 *
 * Context: any, NMI included.
 */
void pbuddy_free_pages_exact(void *virt, size_t bytes)
{
	if (likely(virt))
		pbuddy_free_contig(virt_to_page(virt), DIV_ROUND_UP(bytes, PAGE_SIZE));
}
EXPORT_SYMBOL_PBUDDY(pbuddy_free_pages_exact);

/**
 * pbuddy_mark_mappable - have all pages of a block checked when it is freed
 * @page: its first page
 * @order: its order
 *
 * For a block of several pages that is shown to user space and was allocated without the flags for
 * it; see <linux/pbuddy.h>. Call it before the first page is mapped.
 *
 * Context: any. Not for a block that is being migrated.
 * Return: 0, or -EINVAL when @page is not the first page of an allocated block of this order.
 */
int pbuddy_mark_mappable(struct page *page, unsigned int order)
{
	return pb_check_on_free(&pb_instance, page_to_pfn(page), order) ? 0 : -EINVAL;
}
EXPORT_SYMBOL_PBUDDY(pbuddy_mark_mappable);

/**
 * pbuddy_page_order - order of an allocated block
 * @page: its first page
 *
 * Context: any.
 * Return: the order, or -EINVAL when @page is not the first page of an allocated block.
 */
int pbuddy_page_order(const struct page *page)
{
	return pb_page_order(&pb_instance, page_to_pfn(page));
}
EXPORT_SYMBOL_PBUDDY(pbuddy_page_order);

/**
 * pbuddy_page_is_memalloc - was a block given out past the watermarks?
 * @page: its first page
 *
 * True for what only %__GFP_MEMALLOC, PF_MEMALLOC or %__GFP_NOFAIL could get: it is to be used for
 * what frees more memory, and network code drops packets in it that do not. The mark stays until
 * the pages are freed or made movable; pages of a split block each have it.
 *
 * Context: any.
 * Return: false also when @page is not the first page of an allocated block. As
 * page_is_pfmemalloc().
 */
bool pbuddy_page_is_memalloc(const struct page *page)
{
	return pb_page_is_memalloc(&pb_instance, page_to_pfn(page));
}
EXPORT_SYMBOL_PBUDDY(pbuddy_page_is_memalloc);

/**
 * pbuddy_owns_page - whether a page belongs to pbuddy, allocated or not
 * @page: any page
 *
 * Context: any.
 * Return: whether it does.
 */
bool pbuddy_owns_page(const struct page *page)
{
	return pb_pfn_zone(&pb_instance, page_to_pfn(page));
}
EXPORT_SYMBOL_PBUDDY(pbuddy_owns_page);
