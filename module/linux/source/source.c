// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls the sources and keeps the list of extents.
 *
 * At insmod pb_source_reserve_all() passes each element of pool= to its source, which adds an
 * extent for every contiguous part that it takes from the kernel. The list is sorted by PFN; no
 * two extents overlap. At rmmod pb_source_release_all() returns the extents to their sources,
 * except for pageblocks with pages in use: these stay out of the kernel until the next boot.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core/base/order.h"
#include "source/source.h"

/* The first is the default. A new source needs a file, an entry here and a declaration. */
static const struct pb_source_ops * const sources[] = {
	&pb_source_contig,
	&pb_source_cma,
	&pb_source_reserve,
};

#define PAGES_TO_MIB(pages)	((pages) >> (20 - PAGE_SHIFT))

/**
 * pb_source_find - look up a source by its name in pool=
 * @name: NUL-terminated
 *
 * Return: the source, or NULL.
 */
const struct pb_source_ops *pb_source_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sources); i++)
		if (!strcmp(sources[i]->name, name))
			return sources[i];
	return NULL;
}

/**
 * pb_source_default - get the source for elements of pool= without @SOURCE
 *
 * Return: the source.
 */
const struct pb_source_ops *pb_source_default(void)
{
	return sources[0];
}

/**
 * pb_source_names - format the names of all sources, for messages
 * @text: buffer to fill, as "contig, cma and reserve"
 * @size: bytes in @text
 */
void pb_source_names(char *text, size_t size)
{
	unsigned int last = ARRAY_SIZE(sources) - 1, i;
	size_t len = 0;

	for (i = 0; i <= last; i++)
		len += scnprintf(text + len, size - len, "%s%s", sources[i]->name,
				 i == last ? "" : i == last - 1 ? " and " : ", ");
}

/**
 * pb_extent_add - add a range that a source has taken to the list of extents
 * @extents: list of extents, sorted by PFN
 * @spec: element of pool= that the source serves; gives node and source
 * @start_pfn: first PFN, aligned to a pageblock
 * @nr_pages: multiple of PB_PAGEBLOCK_NR
 * @priv: private data of the source, for @release and @finish of struct pb_source_ops
 *
 * Context: process, may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int pb_extent_add(struct list_head *extents, const struct pb_pool_spec *spec,
		  unsigned long start_pfn, unsigned long nr_pages, void *priv)
{
	struct pb_extent *extent = kmalloc(sizeof(*extent), GFP_KERNEL), *next;

	if (!extent)
		return -ENOMEM;
	extent->start_pfn = start_pfn;
	extent->nr_pages = nr_pages;
	extent->nid = spec->nid;
	extent->source = spec->source;
	extent->priv = priv;
	list_for_each_entry(next, extents, node)
		if (next->start_pfn > start_pfn)
			break;
	list_add_tail(&extent->node, &next->node);
	return 0;
}

/* Calls the source of one spec and logs the result; 0 unless insmod has to fail. */
static int reserve_one(const struct pb_pool_spec *spec, bool strict, struct list_head *extents)
{
	const struct pb_source_ops *source = spec->source;
	long got;

	if (fatal_signal_pending(current))
		return -EINTR;
	if (!spec->nr_pages)
		return 0;
	got = source->reserve(spec, extents);
	if (got < 0)
		return got;
	if (got == spec->nr_pages) {
		pr_info("node %d: got %lu MiB from %s\n", spec->nid, PAGES_TO_MIB(got),
			source->name);
		return 0;
	}
	if (strict)
		pr_err("node %d: got %lu of %lu MiB from %s, and strict=1\n", spec->nid,
		       PAGES_TO_MIB(got), PAGES_TO_MIB(spec->nr_pages), source->name);
	else
		pr_warn("node %d: got %lu of %lu MiB from %s\n", spec->nid,
			PAGES_TO_MIB(got), PAGES_TO_MIB(spec->nr_pages), source->name);
	return strict ? -ENOMEM : 0;
}

/**
 * pb_source_reserve_all - take the memory for all elements of pool= from the sources
 * @specs: the elements of pool=
 * @nr: their number
 * @strict: fail when a source has less memory than its element specifies
 * @extents: empty list; the extents are added to it
 *
 * Checks all specs before the first source takes memory. Logs one line for each spec. Context:
 * process, may sleep, killable.
 *
 * Return: 0; -EINVAL or -EOPNOTSUPP for a spec that this kernel cannot serve; -ENOMEM when no
 * source has memory, or with @strict when one has too little; -EINTR; another error of a source.
 * After an error @extents is empty.
 */
int pb_source_reserve_all(const struct pb_pool_spec *specs, unsigned int nr, bool strict,
			  struct list_head *extents)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < nr && !ret; i++)
		if (specs[i].source->check)
			ret = specs[i].source->check(&specs[i]);
	if (ret)
		return ret;

	for (i = 0; i < nr && !ret; i++)
		ret = reserve_one(&specs[i], strict, extents);
	if (!ret && list_empty(extents)) {
		pr_err("no memory available\n");
		ret = -ENOMEM;
	}
	if (ret)
		pb_source_release_all(extents, NULL);
	return ret;
}

static bool kept(bool (*keep)(unsigned long pfn), unsigned long pfn)
{
	return keep && keep(pfn);
}

/*
 * Returns a run of pageblocks to the source. A page with a memory error may have a reference of the
 * kernel's handler, with which it cannot be freed. It loses pbuddy's reference alone; with the last
 * one the kernel drops it because of its flag.
 */
static void release_run(struct pb_extent *extent, unsigned long start, unsigned long nr_pages)
{
	unsigned long end = start + nr_pages, pfn;

	for (pfn = start; extent->source->frees && pfn < end; pfn++) {
		if (!(pfn % PB_PAGEBLOCK_NR))
			cond_resched();
		if (likely(!PageHWPoison(pfn_to_page(pfn))))
			continue;
		if (pfn > start)
			extent->source->release(extent, start, pfn - start);
		put_page(pfn_to_page(pfn));
		start = pfn + 1;
	}
	if (end > start)
		extent->source->release(extent, start, end - start);
}

/* Returns the runs of pageblocks that @keep does not exclude to the source; counts their pages. */
static unsigned long release_extent(struct pb_extent *extent, bool (*keep)(unsigned long pfn))
{
	unsigned long end = extent->start_pfn + extent->nr_pages, pfn = extent->start_pfn;
	unsigned long released = 0;

	while (pfn < end) {
		unsigned long start = pfn;

		while (pfn < end && !kept(keep, pfn))
			pfn += PB_PAGEBLOCK_NR;
		if (pfn > start)
			release_run(extent, start, pfn - start);
		released += pfn - start;
		while (pfn < end && kept(keep, pfn))
			pfn += PB_PAGEBLOCK_NR;
	}
	if (extent->source->finish)
		extent->source->finish(extent, released == extent->nr_pages);
	return released;
}

/**
 * pb_source_release_all - return all extents to their sources and free the list
 * @extents: the list, empty afterwards
 * @keep: returns true for the first PFN of a pageblock that has pages in use. Such a pageblock is
 *	never returned. NULL: return all pageblocks.
 *
 * Context: process, may sleep.
 *
 * Return: number of pages returned to the sources.
 */
unsigned long pb_source_release_all(struct list_head *extents, bool (*keep)(unsigned long pfn))
{
	struct pb_extent *extent, *next;
	unsigned long released = 0;

	list_for_each_entry_safe(extent, next, extents, node) {
		released += release_extent(extent, keep);
		list_del(&extent->node);
		kfree(extent);
		cond_resched();
	}
	return released;
}

/**
 * pb_source_exit - free what the sources keep beside their extents
 *
 * Context: process, may sleep; all extents are released.
 */
void pb_source_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sources); i++)
		if (sources[i]->exit)
			sources[i]->exit();
}
