// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy with the kernel's preparation of a page: sets the reference count to 1 on allocation as
 * set_page_refcounted() does; drops and tests it on free as __free_pages() does. pbuddy holds one
 * reference of every page, so the count is set to 1 again before the free: one plain store to a
 * cached line, which the kernel does not have.
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/pbuddy.h>
#include <linux/ptr_ring.h>

#include "bench.h"
#include "subject.h"

static __always_inline void *subject_alloc(gfp_t gfp, unsigned int order)
{
	struct page *page = pbuddy_alloc_pages(gfp, order);

	if (likely(page))
		set_page_count(page, 1);
	return page;
}

static __always_inline void subject_free(void *block, unsigned int order)
{
	struct page *page = block;

	if (likely(put_page_testzero(page))) {
		set_page_count(page, 1);
		pbuddy_free_pages(page, order);
	}
}

static __always_inline unsigned long subject_alloc_bulk(gfp_t gfp, unsigned long nr,
							void **slots)
{
	struct page **pages = (struct page **)slots;
	unsigned long got = pbuddy_alloc_pages_bulk(gfp, NUMA_NO_NODE, nr, pages), i;

	for (i = 0; i < got; i++)
		set_page_count(pages[i], 1);
	return got;
}

static __always_inline void subject_free_bulk(unsigned long nr, void **slots)
{
	struct page **pages = (struct page **)slots;
	unsigned long i;

	for (i = 0; i < nr; i++)
		if (likely(put_page_testzero(pages[i])))
			set_page_count(pages[i], 1);
	pbuddy_free_pages_bulk(pages, nr);
}

#define SUBJECT_BULK
#define SUBJECT_RING
#include "loops.h"

const struct bench_subject bench_pbuddy_equal_prep = {
	.name		= "pbuddy-equal-prep",
	.loops		= &subject_loops,
	.takes_gfp	= true,
	.max_order	= PBUDDY_MAX_PAGE_ORDER,
	.capacity	= bench_pbuddy_capacity,
	.drain		= bench_pbuddy_drain,
	.prezero	= bench_pbuddy_prezero,
};
