// SPDX-License-Identifier: GPL-2.0-only
/*
 * The directories nodeN in /sys/class/misc/pbuddy: a value in each file, which all users may read.
 *
 * Each node that has zones of the pool has a directory. They are attribute groups of the device, so
 * they appear before its uevent and go with it. A zone exists as long as the module, whatever size
 * its node has, so a resize changes values and no directories.
 */
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include <uapi/linux/pbuddy.h>

#include "api/deferred_grow.h"
#include "api/quarantine.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"
#include "instance.h"
#include "user/node_info.h"
#include "user/node_sysfs.h"

#define PAGES_TO_KIB(pages)	((pages) << (PAGE_SHIFT - 10))

/* A file: its name and how its value is found. */
struct value {
	const char	*name;
	long long	(*get)(int nid);
};

static struct pbuddy_node_info info_of(int nid, bool largest)
{
	struct pbuddy_node_info info;

	pb_node_info(nid, &info, largest);
	return info;
}

static long long size_kbytes(int nid)
{
	return info_of(nid, false).total_bytes >> 10;
}

static long long max_kbytes(int nid)
{
	/* Groups keep memory that a resize could not get. */
	return max_t(long long, PAGES_TO_KIB(pb_deferred_grow_get_max(nid)), size_kbytes(nid));
}

/* As FREE of pbuddyctl info. */
static long long free_kbytes(int nid)
{
	struct pbuddy_node_info info = info_of(nid, false);

	return (info.free_bytes + info.pcp_bytes) >> 10;
}

static long long cached_kbytes(int nid)
{
	return info_of(nid, false).pcp_bytes >> 10;
}

static long long largest_order(int nid)
{
	return info_of(nid, true).largest_free_order;
}

static long long quarantine_kbytes(int nid)
{
	return PAGES_TO_KIB(pb_quarantine_pages_of_node(nid));
}

static long long watermark_kbytes(int nid, enum pb_watermark wmark)
{
	unsigned long pages = 0;
	struct pb_zone *zone;

	pb_for_each_node_zone(zone, &pb_instance, nid)
		pages += pb_wmark_pages(zone, wmark);
	return PAGES_TO_KIB(pages);
}

static long long min_watermark_kbytes(int nid)
{
	return watermark_kbytes(nid, PB_WMARK_MIN);
}

static long long low_watermark_kbytes(int nid)
{
	return watermark_kbytes(nid, PB_WMARK_LOW);
}

static long long high_watermark_kbytes(int nid)
{
	return watermark_kbytes(nid, PB_WMARK_HIGH);
}

static const struct value values[] = {
	{ "size_kbytes", size_kbytes },
	{ "max_kbytes", max_kbytes },
	{ "free_kbytes", free_kbytes },
	{ "cached_kbytes", cached_kbytes },
	{ "largest_order", largest_order },
	{ "quarantine_kbytes", quarantine_kbytes },
	{ "min_watermark_kbytes", min_watermark_kbytes },
	{ "low_watermark_kbytes", low_watermark_kbytes },
	{ "high_watermark_kbytes", high_watermark_kbytes },
};

#define NR_VALUES	ARRAY_SIZE(values)

/* A file of one node. */
struct node_attribute {
	struct device_attribute	attr;
	const struct value	*value;
	int			nid;
};

/* A directory. */
struct node_group {
	struct attribute_group	group;
	char			name[16];
	struct node_attribute	file[NR_VALUES];
	struct attribute	*attrs[NR_VALUES + 1];
};

/* Those of struct node_group, one for each node with zones, and NULL. */
static const struct attribute_group **groups;

static ssize_t node_show(struct device *device, struct device_attribute *attr, char *buf)
{
	struct node_attribute *file = container_of(attr, struct node_attribute, attr);

	return sysfs_emit(buf, "%lld\n", file->value->get(file->nid));
}

static struct node_group *make_group(int nid)
{
	struct node_group *group = kzalloc(sizeof(*group), GFP_KERNEL);
	struct node_attribute *file;
	unsigned int i;

	if (!group)
		return NULL;
	for (i = 0; i < NR_VALUES; i++) {
		file = &group->file[i];
		file->value = &values[i];
		file->nid = nid;
		sysfs_attr_init(&file->attr.attr);
		file->attr.attr.name = values[i].name;
		file->attr.attr.mode = 0444;
		file->attr.show = node_show;
		group->attrs[i] = &file->attr.attr;
	}
	snprintf(group->name, sizeof(group->name), "node%d", nid);
	group->group.name = group->name;
	group->group.attrs = group->attrs;
	return group;
}

/**
 * pb_node_sysfs_create() - make the attribute groups of the device
 *
 * Context: may sleep; the pool exists.
 * Return: the groups for struct miscdevice, or NULL when there is no memory for them.
 */
const struct attribute_group **pb_node_sysfs_create(void)
{
	struct node_group *group;
	unsigned int nr = 0;
	int nid;

	groups = kcalloc(pb_instance.nr_nodes + 1, sizeof(*groups), GFP_KERNEL);
	if (!groups)
		return NULL;
	for (nid = 0; nid < pb_instance.nr_nodes; nid++) {
		if (!pb_instance_has_memory(nid))
			continue;
		group = make_group(nid);
		if (!group) {
			pb_node_sysfs_destroy();
			return NULL;
		}
		groups[nr++] = &group->group;
	}
	return groups;
}

/* Frees the groups, after the device is unregistered or was not registered. Context: may sleep. */
void pb_node_sysfs_destroy(void)
{
	unsigned int i;

	for (i = 0; groups && groups[i]; i++)
		kfree(container_of(groups[i], struct node_group, group));
	kfree(groups);
	groups = NULL;
}
