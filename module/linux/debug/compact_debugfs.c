// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compaction in debugfs, for administrators and tests:
 *
 *   compact     writing 1 compacts all nodes to make as many free pageblocks as possible, as
 *               /proc/sys/vm/compact_memory
 *   extfrag     per node the fragmentation score, 0 to 100 (fragmentation_score_node() of mm/), and
 *               per zone the state of deferral
 */
#include <linux/debugfs.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/seq_file.h>

#include "core/compact/compact.h"
#include "daemon/pcp_work.h"
#include "debug/compact_debugfs.h"
#include "instance.h"
#include "tunables.h"

static ssize_t compact_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	struct pb_zone *zone;
	int ret = pb_check_admin("compact");
	u8 value;

	if (ret)
		return ret;
	ret = kstrtou8_from_user(buf, count, 10, &value);
	if (ret)
		return ret;
	if (value != 1)
		return -EINVAL;
	pb_pcp_work_drain_all(&pb_instance);
	pb_for_each_zone(zone, &pb_instance)
		pb_compact_zone_fully(zone);
	return count;
}

static const struct file_operations compact_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = compact_write,
};

static int extfrag_show(struct seq_file *m, void *v)
{
	struct pb_zone *zone;

	pb_for_each_zone(zone, &pb_instance) {
		seq_printf(m, "Node %d, zone %8s score %u considered %u defer_shift %u order_failed %u\n",
			   zone->nid, zone->name, pb_fragmentation_score(&pb_instance, zone->nid),
			   READ_ONCE(zone->compact_considered),
			   READ_ONCE(zone->compact_defer_shift),
			   READ_ONCE(zone->compact_order_failed));
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(extfrag);

/**
 * pb_compact_debugfs_init - create the files
 * @root: pbuddy's directory; removed together with the files
 */
void pb_compact_debugfs_init(struct dentry *root)
{
	debugfs_create_file("compact", 0200, root, NULL, &compact_fops);
	debugfs_create_file("extfrag", 0400, root, NULL, &extfrag_fops);
}
