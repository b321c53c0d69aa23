// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is declared to be mirrored: nodes, and ranges of physical addresses. The kernel does
 * not tell modules which memory the hardware mirrors, so the administrator does.
 *
 * Requests choose among zones, so a zone counts as mirrored if each pageblock that it has, or may
 * grow by for a request, is declared. Those that groups have of it count as its own, and so do
 * pageblocks on their way to a group, back, or to the source, as they may return. A resize may
 * add others: then the zone does not count any more, which restricted.c sees to before they are
 * added. The callers of all functions hold the lock of restricted.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "core/base/pfn.h"
#include "core/base/zone_types.h"
#include "instance.h"
#include "request/mirrored.h"
#include "source/pool_spec.h"

#define MAX_RANGES	16

/* Of frames; the end is not part of it. */
struct range_of_pfns {
	unsigned long	start;
	unsigned long	end;
};

static nodemask_t nodes;
static struct range_of_pfns ranges[MAX_RANGES];
static unsigned int nr_ranges;

bool pb_mirrored_declared;

static void update_declared(void)
{
	WRITE_ONCE(pb_mirrored_declared, !nodes_empty(nodes) || nr_ranges);
}

/**
 * pb_mirrored_parse_nodes - declare nodes instead of those declared before
 * @text: a list of nodes, perhaps with a line feed
 *
 * Context: process.
 * Return: 0, or -EINVAL or -ERANGE after a line in the log.
 */
int pb_mirrored_parse_nodes(const char *text)
{
	nodemask_t new;
	int ret = pb_parse_nodes("mirrored_nodes", text, &new);

	if (ret)
		return ret;
	nodes = new;
	update_declared();
	return 0;
}

/* Reads START-END; returns what follows, or NULL. */
static const char *parse_range(const char *text, struct range_of_pfns *range)
{
	size_t len = strcspn(text, ",\n");
	char copy[64], *from, *to = copy;
	u64 start, end;

	if (len >= sizeof(copy))
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	from = strsep(&to, "-");
	if (!to || pb_parse_bytes(from, &start) || pb_parse_bytes(to, &end) || start >= end ||
	    end > S64_MAX)
		return NULL;
	*range = (struct range_of_pfns) { PFN_UP(start), PFN_DOWN(end) };
	return text + len;
}

/**
 * pb_mirrored_parse_ranges - declare ranges instead of those declared before
 * @text: START-END,..., perhaps with a line feed; or nothing
 *
 * Context: process.
 * Return: 0, or -EINVAL after a line in the log.
 */
int pb_mirrored_parse_ranges(const char *text)
{
	struct range_of_pfns new[MAX_RANGES];
	const char *next = text;
	unsigned int nr = 0;

	while (next && *next && *next != '\n') {
		next = nr < MAX_RANGES ? parse_range(next, &new[nr++]) : NULL;
		if (next && *next == ',')
			next++;
	}
	if (!next) {
		pr_err("mirrored_ranges: bad ranges \"%.*s\": at most %u of START-END are expected\n",
		       (int)strcspn(text, "\n"), text, MAX_RANGES);
		return -EINVAL;
	}
	memcpy(ranges, new, nr * sizeof(*new));
	nr_ranges = nr;
	update_declared();
	return 0;
}
EXPORT_SYMBOL_PB_TEST(pb_mirrored_parse_ranges);

/**
 * pb_mirrored_show_nodes - write the list of declared nodes
 * @buf: a page
 *
 * Context: process.
 * Return: length of the text.
 */
int pb_mirrored_show_nodes(char *buf)
{
	return sysfs_emit(buf, "%*pbl\n", nodemask_pr_args(&nodes));
}

/**
 * pb_mirrored_show_ranges - write the declared ranges
 * @buf: a page
 *
 * Context: process.
 * Return: length of the text.
 */
int pb_mirrored_show_ranges(char *buf)
{
	unsigned int i;
	int len = 0;

	for (i = 0; i < nr_ranges; i++)
		len += sysfs_emit_at(buf, len, "%s%#llx-%#llx", i ? "," : "",
				     (unsigned long long)PFN_PHYS(ranges[i].start),
				     (unsigned long long)PFN_PHYS(ranges[i].end));
	return len + sysfs_emit_at(buf, len, "\n");
}

/* Pageblocks that the pool is about to grow by. */
static const struct pb_zone *growing;
static struct range_of_pfns growth;

/**
 * pb_mirrored_adding - count pageblocks as those of a zone before it has them
 * @zone: the zone, or NULL: none any more
 * @start_pfn: the first PFN
 * @nr_pages: number of pages
 *
 * Context: process.
 */
void pb_mirrored_adding(const struct pb_zone *zone, unsigned long start_pfn, unsigned long nr_pages)
{
	growing = zone;
	growth = (struct range_of_pfns) { start_pfn, start_pfn + nr_pages };
}

static bool declared(unsigned long pfn)
{
	unsigned int i;

	for (i = 0; i < nr_ranges; i++)
		if (pfn >= ranges[i].start && pfn + PB_PAGEBLOCK_NR <= ranges[i].end)
			return true;
	return false;
}

/* Whether the pool has a pageblock, in a zone or on its way. It keeps the zone that it left. */
static bool owned(const struct pb_dir_entry *entry, unsigned long pfn)
{
	unsigned long value = READ_ONCE(entry->value);
	bool found;

	if (pb_entry_migratetype(value) != PB_ENTRY_HOLE)
		return true;
	if (!pb_entry_pageblock(value))
		return false;
	rcu_read_lock();
	found = pb_instance_find_extent(pfn);
	rcu_read_unlock();
	return found;
}

/* Whether a zone or a group has a pageblock of a zone, or is about to. */
static bool present(const struct pb_zone *zone, unsigned long pfn)
{
	const struct pb_dir_entry *entry = pb_dir_entry(zone->pool, pfn);
	const struct pb_zone *owner = READ_ONCE(entry->zone);

	if (zone == growing && pfn >= growth.start && pfn < growth.end)
		return true;
	return owner && (owner == zone || owner->home == zone) && owned(entry, pfn);
}

/**
 * pb_mirrored_zone - whether a zone counts as mirrored
 * @zone: the zone
 * @warn: log that only a part of it is declared
 *
 * Context: process.
 * Return: whether all of its memory is declared.
 */
bool pb_mirrored_zone(struct pb_zone *zone, bool warn)
{
	unsigned long index, all = 0, nr = 0, pfn;

	if (node_isset(zone->nid, nodes))
		return true;
	for (index = 0; nr_ranges && index < zone->nr_pageblocks; index++) {
		pfn = pb_pageblock_pfn(zone, index);
		if (pfn < zone->start_pfn || (!READ_ONCE(zone->growable) && !present(zone, pfn)))
			continue;
		all++;
		nr += declared(pfn);
	}
	if (warn && nr && nr < all)
		pr_warn("mirrored_ranges: zone %s of node %d is not mirrored: only %lu of its %lu pageblocks are\n",
			zone->name, zone->nid, nr, all);
	return nr && nr == all;
}
