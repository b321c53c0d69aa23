// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names the memory of the pool in /proc/iomem, where crash tools and administrators look: ranges
 * "pbuddy node 0" inside of the kernel's "System RAM".
 *
 * An entry has the resource of one range, and the list has the entries of all nodes, sorted by
 * address. Ranges of a node that touch are one entry. The list follows the list of extents: it is
 * changed at insmod, and when the pool grows or shrinks, by the task that has locked the size.
 *
 * The parent of a range is the resource that contains it. The kernel exports no function that finds
 * it. insert_resource() puts a resource below the smallest one that contains it, but one that is as
 * large as the new one it puts below that. So the first page of the range is inserted alone, and
 * request_resource() then adds the range to the parent of that page. A parent stays as long as the
 * pool has memory in it: the kernel removes memory only when all of it has been freed. Where memory
 * was hot-added, a range may be in more than one parent, and has an entry in each.
 *
 * A range that has no entry because another resource is in the way is used nevertheless.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "source/iomem.h"

/**
 * struct iomem_entry - a range in /proc/iomem
 * @node: link in the list
 * @nid: NUMA node
 * @res: the range, in bytes; @res.end is its last byte
 * @name: of @res
 */
struct iomem_entry {
	struct list_head	node;
	int			nid;
	struct resource		res;
	char			name[24];
};

static LIST_HEAD(entries);

static struct iomem_entry *new_entry(int nid, gfp_t gfp)
{
	struct iomem_entry *entry = kzalloc(sizeof(*entry), gfp);

	if (!entry)
		return NULL;
	entry->nid = nid;
	snprintf(entry->name, sizeof(entry->name), KBUILD_MODNAME " node %d", nid);
	entry->res.name = entry->name;
	entry->res.flags = IORESOURCE_MEM | IORESOURCE_BUSY;
	return entry;
}

/* The smallest resource that contains the first page from @start on, or NULL. */
static struct resource *find_parent(struct resource *res, resource_size_t start)
{
	struct resource *parent;

	res->start = start;
	res->end = start + PAGE_SIZE - 1;
	if (insert_resource(&iomem_resource, res))
		return NULL;
	parent = res->parent;
	remove_resource(res);
	return parent;
}

/* Extends the entry @to by @entry, which is not used any more. Its range follows, or precedes. */
static bool merge(struct iomem_entry *to, struct iomem_entry *entry)
{
	struct resource *parent = entry->res.parent;
	resource_size_t start = min(to->res.start, entry->res.start);
	resource_size_t end = max(to->res.end, entry->res.end);

	if (to->nid != entry->nid || to->res.parent != parent ||
	    resource_size(&to->res) + resource_size(&entry->res) != end - start + 1)
		return false;
	release_resource(&entry->res);
	if (!adjust_resource(&to->res, start, end - start + 1)) {
		kfree(entry);
		return true;
	}
	WARN_ON_ONCE(request_resource(parent, &entry->res));
	return false;
}

/* Adds an entry to the list, or to the entries before and after it. */
static void add_to_list(struct iomem_entry *entry)
{
	struct iomem_entry *next, *prev;

	list_for_each_entry(next, &entries, node)
		if (next->res.start > entry->res.start)
			break;
	list_add_tail(&entry->node, &next->node);
	if (!list_is_first(&entry->node, &entries)) {
		prev = list_prev_entry(entry, node);
		list_del(&entry->node);
		if (merge(prev, entry))
			entry = prev;
		else
			list_add(&entry->node, &prev->node);
	}
	if (list_is_last(&entry->node, &entries))
		return;
	next = list_next_entry(entry, node);
	list_del(&next->node);
	if (!merge(entry, next))
		list_add(&next->node, &entry->node);
}

/**
 * pb_iomem_add - name memory that the pool gets
 * @nid: its node
 * @start_pfn: first PFN
 * @nr_pages: length
 *
 * Context: process, sleeps; the caller serialises changes.
 *
 * Return: 0, or -ENOMEM when nothing was added.
 */
int pb_iomem_add(int nid, unsigned long start_pfn, unsigned long nr_pages)
{
	resource_size_t start = PFN_PHYS(start_pfn), end = PFN_PHYS(start_pfn + nr_pages) - 1;
	resource_size_t from = start;
	struct iomem_entry *entry;
	struct resource *parent;

	while (from < end) {
		entry = new_entry(nid, GFP_KERNEL);
		if (!entry) {
			WARN_ON_ONCE(pb_iomem_remove(start_pfn, PHYS_PFN(from - start),
						     GFP_KERNEL));
			return -ENOMEM;
		}
		parent = find_parent(&entry->res, from);
		entry->res.start = from;
		entry->res.end = parent ? min(end, parent->end) : end;
		from = entry->res.end + 1;
		if (!parent || request_resource(parent, &entry->res)) {
			pr_warn_once("%pR is not in /proc/iomem: another resource is in the way\n",
				     &entry->res);
			kfree(entry);
			continue;
		}
		add_to_list(entry);
	}
	return 0;
}

/* The part of an entry behind @end becomes an entry of its own, which is not requested yet. */
static struct iomem_entry *split(const struct iomem_entry *entry, resource_size_t end, gfp_t gfp)
{
	struct iomem_entry *part = new_entry(entry->nid, gfp);

	if (!part)
		return NULL;
	part->res.start = end + 1;
	part->res.end = entry->res.end;
	return part;
}

/* Takes a range that overlaps an entry off it. */
static int cut(struct iomem_entry *entry, resource_size_t start, resource_size_t end, gfp_t gfp)
{
	struct resource *res = &entry->res;
	struct iomem_entry *part = NULL;

	if (start <= res->start && end >= res->end) {
		list_del(&entry->node);
		release_resource(res);
		kfree(entry);
		return 0;
	}
	if (start <= res->start)
		return adjust_resource(res, end + 1, res->end - end);
	if (end < res->end) {
		part = split(entry, end, gfp);
		if (!part)
			return -ENOMEM;
	}
	WARN_ON_ONCE(adjust_resource(res, res->start, start - res->start));
	if (!part)
		return 0;
	if (WARN_ON_ONCE(request_resource(res->parent, &part->res)))
		kfree(part);
	else
		list_add(&part->node, &entry->node);
	return 0;
}

/**
 * pb_iomem_remove - remove the name of memory that leaves the pool
 * @start_pfn: first PFN
 * @nr_pages: length, of memory that was added at once, or a part of it
 * @gfp: for an entry, when a range is divided
 *
 * Context: process, in reclaim, too, without __GFP_DIRECT_RECLAIM in @gfp; the caller serialises
 * changes.
 *
 * Return: 0, or -ENOMEM; nothing has changed then.
 */
int pb_iomem_remove(unsigned long start_pfn, unsigned long nr_pages, gfp_t gfp)
{
	resource_size_t start = PFN_PHYS(start_pfn), end = PFN_PHYS(start_pfn + nr_pages) - 1;
	struct iomem_entry *entry, *next;
	int err;

	if (!nr_pages)
		return 0;
	list_for_each_entry_safe(entry, next, &entries, node) {
		if (entry->res.end < start)
			continue;
		if (entry->res.start > end)
			break;
		err = cut(entry, start, end, gfp);
		if (err)
			return err;
	}
	return 0;
}

/* Removes all names. Context: process; after the last change. */
void pb_iomem_exit(void)
{
	struct iomem_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &entries, node) {
		list_del(&entry->node);
		release_resource(&entry->res);
		kfree(entry);
	}
}
