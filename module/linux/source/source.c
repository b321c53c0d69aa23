// SPDX-License-Identifier: GPL-2.0-only
/* Runs the sources: takes what pool= asks for, keeps the list of extents, gives them back. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core/base/order.h"
#include "source/source.h"

/* The first is the default. A new source needs its file, a row here and its declaration. */
static const struct pb_source_ops * const sources[] = {
	&pb_source_contig,
	&pb_source_cma,
	&pb_source_reserve,
};

#define PAGES_TO_MIB(pages)	((pages) >> (20 - PAGE_SHIFT))

/**
 * pb_source_find - source by the name it has in pool=
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
 * pb_source_default - source of elements of pool= that name none
 */
const struct pb_source_ops *pb_source_default(void)
{
	return sources[0];
}

/**
 * pb_source_names - the names of all sources, for messages
 * @text: filled, as "this, that and the other"
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
 * pb_extent_add - put memory that a source has taken on the list
 * @extents: sorted list of extents
 * @spec: what it was taken for
 * @start_pfn: first PFN, aligned to a pageblock
 * @nr_pages: multiple of PB_PAGEBLOCK_NR
 * @priv: the source's own, for @release and @finish
 *
 * Context: process, may sleep. Return: 0 or -ENOMEM.
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

/**
 * pb_extents_overlap - whether some of a range is taken already
 * @extents: list of extents
 * @start_pfn: first PFN
 * @nr_pages: length
 */
bool pb_extents_overlap(const struct list_head *extents, unsigned long start_pfn,
			unsigned long nr_pages)
{
	const struct pb_extent *extent;

	list_for_each_entry(extent, extents, node)
		if (start_pfn < extent->start_pfn + extent->nr_pages &&
		    extent->start_pfn < start_pfn + nr_pages)
			return true;
	return false;
}

/* Takes what one spec asks for; 0 unless insmod has to fail. */
static int reserve_one(const struct pb_pool_spec *spec, bool strict, struct list_head *extents)
{
	const struct pb_source_ops *source = spec->source;
	long got;

	if (fatal_signal_pending(current))
		return -EINTR;
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
 * pb_source_reserve_all - take the memory that pool= asks for
 * @specs: the elements of pool=
 * @nr: their number
 * @strict: getting less than asked is an error
 * @extents: empty list, filled with what was taken
 *
 * All specs are checked before anything is taken. Says per spec what was got. Context: process, may
 * sleep, killable.
 *
 * Return: 0; -EINVAL or -EOPNOTSUPP for a spec that this kernel cannot serve; -ENOMEM when
 * there was nothing at all, or not enough with @strict; -EINTR. On an error @extents is
 * empty again.
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
		pr_err("no memory to be had\n");
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

/* Gives back the runs of pageblocks of an extent that need not be kept; returns their pages. */
static unsigned long release_extent(struct pb_extent *extent, bool (*keep)(unsigned long pfn))
{
	unsigned long end = extent->start_pfn + extent->nr_pages, pfn = extent->start_pfn;
	unsigned long released = 0;

	while (pfn < end) {
		unsigned long start = pfn;

		while (pfn < end && !kept(keep, pfn))
			pfn += PB_PAGEBLOCK_NR;
		if (pfn > start)
			extent->source->release(extent, start, pfn - start);
		released += pfn - start;
		while (pfn < end && kept(keep, pfn))
			pfn += PB_PAGEBLOCK_NR;
	}
	if (extent->source->finish)
		extent->source->finish(extent, released == extent->nr_pages);
	return released;
}

/**
 * pb_source_release_all - give all extents back and forget them
 * @extents: the list, empty afterwards
 * @keep: true for the first PFN of a pageblock that has pages in use; such a block is left
 *	where it is, for ever. NULL: there is none.
 *
 * Context: process, may sleep. Return: number of pages given back.
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
