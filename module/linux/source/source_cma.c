// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cma source: takes memory from the kernel's contiguous memory areas, which are reserved at
 * boot (cma=SIZE, numa_cma=NODE:SIZE, cma_pernuma=SIZE).
 *
 * Where the kernel exports cma_alloc(), the source calls it for each area that the DMA layer lists.
 * That list lacks the areas of a node. For these, and on other kernels, the source calls
 * dma_alloc_pages() for a platform device on the node. dma_alloc_pages() allocates from the node's
 * area, then from the default area, then from the buddy allocator. The source frees a block of the
 * buddy allocator again; it recognizes one by the reference counts of the tail pages, which are 0.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cma.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/platform_device.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat.h"
#include "core/base/order.h"
#include "source/source.h"

/**
 * struct area - how an extent was allocated and has to be freed
 * @cma: area for cma_release(), or NULL
 * @dev: without @cma the device for dma_free_pages()
 * @dma: DMA address of the extent for @dev
 */
struct area {
	struct cma	*cma;
	struct device	*dev;
	dma_addr_t	dma;
};

/*
 * A device for each node, for dma_alloc_pages(). It stays until the module is unloaded: extents are
 * returned in reclaim, too, where the locks for removing a device must not be taken.
 */
static struct platform_device *devices[MAX_NUMNODES];

static struct device *get_device_on(int nid)
{
	struct platform_device_info info = {
		.name = KBUILD_MODNAME,
		.id = PLATFORM_DEVID_AUTO,
		.dma_mask = DMA_BIT_MASK(64),
	};
	struct platform_device *pdev = devices[nid];

	if (!pdev) {
		pdev = platform_device_register_full(&info);
		if (IS_ERR(pdev))
			return ERR_CAST(pdev);
		set_dev_node(&pdev->dev, nid);
		devices[nid] = pdev;
	}
	return &pdev->dev;
}

#if PB_HAVE_CMA_ALLOC
static struct cma *nth_area(unsigned int n)
{
	return dma_contiguous_get_area_by_idx(n);
}

static struct page *alloc_from_area(struct cma *cma, unsigned long nr_pages)
{
	unsigned int align = min_t(unsigned int, ilog2(nr_pages), PB_MAX_ORDER);
	struct page *page = cma_alloc(cma, nr_pages, align, true);

	if (!page && align > PB_PAGEBLOCK_ORDER)
		page = cma_alloc(cma, nr_pages, PB_PAGEBLOCK_ORDER, true);
	return page;
}

static void free_to_area(struct cma *cma, struct page *page, unsigned long nr_pages)
{
	cma_release(cma, page, nr_pages);
}
#else
static struct cma *nth_area(unsigned int n)
{
	return NULL;
}

static struct page *alloc_from_area(struct cma *cma, unsigned long nr_pages)
{
	return NULL;
}

static void free_to_area(struct cma *cma, struct page *page, unsigned long nr_pages)
{
}
#endif

/* Frees [pfn, pfn + nr_pages), part of an allocation that starts at @start_pfn. */
static void area_free(const struct area *area, unsigned long start_pfn, unsigned long pfn,
		      unsigned long nr_pages)
{
	if (!nr_pages)
		return;
	if (area->cma)
		free_to_area(area->cma, pfn_to_page(pfn), nr_pages);
	else
		dma_free_pages(area->dev, nr_pages << PAGE_SHIFT, pfn_to_page(pfn),
			       area->dma + ((pfn - start_pfn) << PAGE_SHIFT), DMA_BIDIRECTIONAL);
}

static struct page *area_alloc(struct area *area, unsigned long nr_pages)
{
	struct page *page;

	if (area->cma)
		return alloc_from_area(area->cma, nr_pages);
	page = dma_alloc_pages(area->dev, nr_pages << PAGE_SHIFT, &area->dma, DMA_BIDIRECTIONAL,
			       GFP_KERNEL | __GFP_NOWARN);
	/* In a block of the buddy allocator only the first page has a reference. */
	if (page && !page_count(page + 1)) {
		dma_free_pages(area->dev, nr_pages << PAGE_SHIFT, page, area->dma,
			       DMA_BIDIRECTIONAL);
		page = NULL;
	}
	return page;
}

/* Whether a page is memory that the spec asks for. */
static bool is_wanted(const struct pb_pool_spec *spec, unsigned long pfn)
{
	return page_to_nid(pfn_to_page(pfn)) == spec->nid && pfn >= spec->from_pfn &&
	       (!spec->to_pfn || pfn < spec->to_pfn);
}

/*
 * Adds the whole pageblocks of an allocation, up to @want pages, to the list and frees the rest, as
 * the DMA layer does not align to pageblocks. Returns the number of pages added; -EXDEV for an
 * allocation on another node or beyond the limits of the spec, or -ENOMEM, after it has freed the
 * allocation.
 */
static long keep_pages(const struct area *area, const struct pb_pool_spec *spec,
		       struct list_head *extents, unsigned long pfn, unsigned long nr_pages,
		       unsigned long want)
{
	unsigned long start = round_up(pfn, PB_PAGEBLOCK_NR);
	unsigned long end = min(round_down(pfn + nr_pages, PB_PAGEBLOCK_NR), start + want);
	struct area *priv;

	if (!is_wanted(spec, pfn) || !is_wanted(spec, pfn + nr_pages - 1)) {
		area_free(area, pfn, pfn, nr_pages);
		return -EXDEV;
	}
	priv = start < end ? kmemdup(area, sizeof(*area), GFP_KERNEL) : NULL;
	if (priv)
		priv->dma += (start - pfn) << PAGE_SHIFT;
	if (!priv || pb_extent_add(extents, spec, start, end - start, priv)) {
		kfree(priv);
		area_free(area, pfn, pfn, nr_pages);
		return -ENOMEM;
	}
	area_free(area, pfn, pfn, start - pfn);
	area_free(area, pfn, end, pfn + nr_pages - end);
	return end - start;
}

/* Allocates up to @want pages from one area, in parts as large as possible. */
static long alloc_from(struct area *area, const struct pb_pool_spec *spec,
		       struct list_head *extents, unsigned long want)
{
	unsigned long size = want, got = 0;

	while (got < want && size >= PB_PAGEBLOCK_NR) {
		unsigned long part = min(size, want - got), nr = part;
		struct page *page;
		long kept;

		if (fatal_signal_pending(current))
			return -EINTR;
		page = area_alloc(area, nr);
		/*
		 * The range does not start at a pageblock, so it has one whole pageblock less.
		 * Allocate one more. This range may start at a pageblock.
		 */
		if (page && !IS_ALIGNED(page_to_pfn(page), PB_PAGEBLOCK_NR)) {
			area_free(area, page_to_pfn(page), page_to_pfn(page), nr);
			nr += PB_PAGEBLOCK_NR;
			page = area_alloc(area, nr);
		}
		kept = page ? keep_pages(area, spec, extents, page_to_pfn(page), nr, part) : -EXDEV;
		/*
		 * A smaller range may still fit. dma_alloc_pages() tries the node's own area first,
		 * so that a range of another node can mean that the node's area is too small.
		 */
		if (kept == -EXDEV) {
			size = round_down(size / 2, PB_PAGEBLOCK_NR);
			continue;
		}
		if (kept < 0)
			return kept;
		got += kept;
		cond_resched();
	}
	return got;
}

static long alloc_by_dma(const struct pb_pool_spec *spec, struct list_head *extents,
			 unsigned long want)
{
	struct area area = { .dev = get_device_on(spec->nid) };

	if (IS_ERR(area.dev)) {
		pr_err("cma: no device for node %d: %pe\n", spec->nid, area.dev);
		return PTR_ERR(area.dev);
	}
	return alloc_from(&area, spec, extents, want);
}

static long cma_reserve(const struct pb_pool_spec *spec, struct list_head *extents)
{
	unsigned long got = 0;
	struct area area = {};
	unsigned int n;
	long ret;

	for (n = 0; got < spec->nr_pages && (area.cma = nth_area(n)); n++) {
		ret = alloc_from(&area, spec, extents, spec->nr_pages - got);
		if (ret < 0)
			return ret;
		got += ret;
	}
	if (got < spec->nr_pages && IS_ENABLED(CONFIG_DMA_CMA)) {
		ret = alloc_by_dma(spec, extents, spec->nr_pages - got);
		if (ret < 0)
			return ret;
		got += ret;
	}
	/* The events count what does not grow. */
	if (!got && !spec->to_pfn)
		pr_warn("cma: node %d has no free contiguous memory area; boot with cma=SIZE or numa_cma=%d:SIZE\n",
			spec->nid, spec->nid);
	return got;
}

static int cma_check(const struct pb_pool_spec *spec)
{
	if (!IS_ENABLED(CONFIG_CMA)) {
		pr_err("cma: this kernel has no contiguous memory allocator (CONFIG_CMA)\n");
		return -EOPNOTSUPP;
	}
	if (!IS_ENABLED(CONFIG_DMA_CMA)) {
		pr_err("cma: this kernel has no contiguous memory areas for devices (CONFIG_DMA_CMA)\n");
		return -EOPNOTSUPP;
	}
	return 0;
}

static void cma_release_pages(struct pb_extent *extent, unsigned long pfn, unsigned long nr_pages)
{
	area_free(extent->priv, extent->start_pfn, pfn, nr_pages);
}

static void cma_finish(struct pb_extent *extent, bool complete)
{
	kfree(extent->priv);
}

static void *cma_split(const struct pb_extent *extent, unsigned long pfn, gfp_t gfp)
{
	struct area *area = kmemdup(extent->priv, sizeof(*area), gfp);

	if (!area)
		return NULL;
	area->dma += (pfn - extent->start_pfn) << PAGE_SHIFT;
	return area;
}

static void cma_exit(void)
{
	int nid;

	for (nid = 0; nid < MAX_NUMNODES; nid++) {
		if (devices[nid])
			platform_device_unregister(devices[nid]);
		devices[nid] = NULL;
	}
}

const struct pb_source_ops pb_source_cma = {
	.name = "cma",
	.grows = true,
	.set_aside = true,
	.frees = true,
	.unpinnable = true,
	.check = cma_check,
	.reserve = cma_reserve,
	.release = cma_release_pages,
	.finish = cma_finish,
	.split = cma_split,
	.exit = cma_exit,
};
