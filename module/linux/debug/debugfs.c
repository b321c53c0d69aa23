// SPDX-License-Identifier: GPL-2.0-only
/*
 * The directory pbuddy/ in debugfs. buddyinfo, zoneinfo, pagetypeinfo and vmstat have the
 * formats of the files in /proc, with the orders of pbuddy, so that the same parsers work.
 * All files are snapshots without synchronisation, except verify, which stops the other CPUs.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/stop_machine.h>

#include "api/account.h"
#include "api/compound.h"
#include "api/group.h"
#include "api/quarantine.h"
#include "core/alloc/alloc.h"
#include "core/cache/pcp.h"
#include "core/cache/prezero.h"
#include "core/pool/stat.h"
#include "core/pool/verify.h"
#include "core/zone/zone.h"
#include "daemon/pcp_work.h"
#include "debug/compact_debugfs.h"
#include "debug/debugfs.h"
#include "hooks/bad_frames.h"
#include "hooks/fault_inject.h"
#include "hooks/owner.h"
#include "instance.h"
#include "source/source.h"
#include "tunables.h"

static struct dentry *root;

/* ---- every zone with pages in turn, with its free blocks counted ---- */

static int show_zones(struct seq_file *m,
		      void (*show)(struct seq_file *m, struct pb_zone *zone,
				   const struct pb_free_count *count))
{
	struct pb_free_count *count = kmalloc(sizeof(*count), GFP_KERNEL);
	struct pb_zone *zone;

	if (!count)
		return -ENOMEM;
	pb_for_each_any_zone(zone, &pb_instance) {
		if (!READ_ONCE(zone->present_pages))
			continue;
		pb_zone_count_free(zone, count);
		show(m, zone, count);
	}
	kfree(count);
	return 0;
}

/* ---- buddyinfo ---- */

static void show_buddyinfo_zone(struct seq_file *m, struct pb_zone *zone,
				const struct pb_free_count *count)
{
	unsigned int order, mt;

	seq_printf(m, "Node %d, zone %8s ", zone->nid, zone->name);
	for (order = 0; order < PB_NR_ORDERS; order++) {
		unsigned long blocks = 0;

		for (mt = 0; mt < PB_NR_MIGRATETYPES; mt++)
			blocks += count->blocks[mt][order];
		seq_printf(m, "%6lu ", blocks);
	}
	seq_putc(m, '\n');
}

static int buddyinfo_show(struct seq_file *m, void *v)
{
	return show_zones(m, show_buddyinfo_zone);
}
DEFINE_SHOW_ATTRIBUTE(buddyinfo);

/* ---- unusable_index and extfrag_index, as in the kernel's extfrag/ ---- */

static void show_indices(struct seq_file *m, struct pb_zone *zone,
			 const struct pb_free_count *count,
			 int (*index_of)(const struct pb_free_count *count, unsigned int order))
{
	unsigned int order;
	int index;

	seq_printf(m, "Node %d, zone %8s ", zone->nid, zone->name);
	for (order = 0; order < PB_NR_ORDERS; order++) {
		index = index_of(count, order);
		seq_printf(m, "%s%d.%03d ", index < 0 ? "-" : "", abs(index) / 1000,
			   abs(index) % 1000);
	}
	seq_putc(m, '\n');
}

static void show_unusable(struct seq_file *m, struct pb_zone *zone,
			  const struct pb_free_count *count)
{
	show_indices(m, zone, count, pb_unusable_index);
}

static int unusable_index_show(struct seq_file *m, void *v)
{
	return show_zones(m, show_unusable);
}
DEFINE_SHOW_ATTRIBUTE(unusable_index);

static void show_extfrag(struct seq_file *m, struct pb_zone *zone,
			 const struct pb_free_count *count)
{
	show_indices(m, zone, count, pb_extfrag_index);
}

static int extfrag_index_show(struct seq_file *m, void *v)
{
	return show_zones(m, show_extfrag);
}
DEFINE_SHOW_ATTRIBUTE(extfrag_index);

/* ---- pagetypeinfo ---- */

static void show_free_by_type(struct seq_file *m, struct pb_zone *zone,
			      const struct pb_free_count *count)
{
	unsigned int order, mt;

	for (mt = 0; mt < PB_NR_MIGRATETYPES; mt++) {
		seq_printf(m, "Node %4d, zone %8s, type %12s ", zone->nid, zone->name,
			   pb_migratetype_name[mt]);
		for (order = 0; order < PB_NR_ORDERS; order++)
			seq_printf(m, "%6lu ", count->blocks[mt][order]);
		seq_putc(m, '\n');
	}
}

static void show_blocks_by_type(struct seq_file *m, struct pb_zone *zone,
				const struct pb_free_count *count)
{
	unsigned int mt;

	seq_printf(m, "Node %d, zone %8s ", zone->nid, zone->name);
	for (mt = 0; mt < PB_NR_MIGRATETYPES; mt++)
		seq_printf(m, "%12lu ", count->pageblocks[mt]);
	seq_putc(m, '\n');
}

static int pagetypeinfo_show(struct seq_file *m, void *v)
{
	unsigned int i;
	int ret;

	seq_printf(m, "Page block order: %d\n", PB_PAGEBLOCK_ORDER);
	seq_printf(m, "Pages per block:  %lu\n\n", PB_PAGEBLOCK_NR);
	seq_printf(m, "%-43s ", "Free pages count per migrate type at order");
	for (i = 0; i < PB_NR_ORDERS; i++)
		seq_printf(m, "%6u ", i);
	seq_putc(m, '\n');
	ret = show_zones(m, show_free_by_type);
	if (ret)
		return ret;
	seq_printf(m, "\n%-23s", "Number of blocks type ");
	for (i = 0; i < PB_NR_MIGRATETYPES; i++)
		seq_printf(m, "%12s ", pb_migratetype_name[i]);
	seq_putc(m, '\n');
	return show_zones(m, show_blocks_by_type);
}
DEFINE_SHOW_ATTRIBUTE(pagetypeinfo);

/* ---- zoneinfo ---- */

static void show_pagesets(struct seq_file *m, struct pb_zone *zone)
{
	int cpu;

	seq_puts(m, "\n  pagesets");
	for_each_online_cpu(cpu) {
		struct pb_pcp *pcp = pb_per_cpu_ptr(zone->pcp, cpu);

		seq_printf(m, "\n    cpu: %d\n              count:    %lu\n",
			   cpu, pb_pcp_count(pcp));
		seq_printf(m, "              high:     %d\n              batch:    %d\n",
			   READ_ONCE(pcp->high), zone->pcp_high_step);
		seq_printf(m, "              high_min: %d\n              high_max: %d",
			   READ_ONCE(zone->pcp_high_min), READ_ONCE(zone->pcp_high_max));
	}
}

static void show_zoneinfo_zone(struct seq_file *m, struct pb_zone *zone)
{
	unsigned int i;

	seq_printf(m, "Node %d, zone %8s\n", zone->nid, zone->name);
	seq_printf(m, "  pages free     %ld\n", pb_zone_free_pages(zone));
	seq_printf(m, "        boost    %lu\n", READ_ONCE(zone->watermark_boost));
	seq_printf(m, "        min      %lu\n", READ_ONCE(zone->watermark[PB_WMARK_MIN]));
	seq_printf(m, "        low      %lu\n", READ_ONCE(zone->watermark[PB_WMARK_LOW]));
	seq_printf(m, "        high     %lu\n", READ_ONCE(zone->watermark[PB_WMARK_HIGH]));
	seq_printf(m, "        spanned  %lu\n", zone->end_pfn - zone->start_pfn);
	seq_printf(m, "        present  %lu\n", zone->present_pages);
	seq_printf(m, "        managed  %lu\n", zone->present_pages);
	seq_printf(m, "        cma      %lu\n", zone->cma_pages);
	seq_printf(m, "        reserved_highatomic %ld\n",
		   atomic_long_read(&zone->nr_reserved_highatomic));
	seq_puts(m, "        protection: (");
	for (i = 0; i < PB_NR_ZONE_TYPES; i++)
		seq_printf(m, "%s%lu", i ? ", " : "", READ_ONCE(zone->lowmem_reserve[i]));
	seq_puts(m, ")\n");
	/* As of a zone of mm/ that is not populated: one that may grow. */
	if (!READ_ONCE(zone->present_pages))
		return;
	seq_printf(m, "      %-12s %ld", "nr_free_pages", pb_zone_free_pages(zone));
	for (i = 0; i < PB_NR_EVENTS; i++)
		seq_printf(m, "\n      %-12s %lu", pb_event_name[i], pb_zone_event(zone, i));
	show_pagesets(m, zone);
	seq_printf(m, "\n  node_unreclaimable:  %u\n  start_pfn:           %lu\n", 0,
		   zone->start_pfn);
}

static int zoneinfo_show(struct seq_file *m, void *v)
{
	struct pb_zone *zone;

	pb_for_each_any_zone(zone, &pb_instance)
		show_zoneinfo_zone(m, zone);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(zoneinfo);

/* ---- extents ---- */

/* A line for each range of memory that the pool has from a source, as /proc/iomem has it. */
static int extents_show(struct seq_file *m, void *v)
{
	const struct pb_extent *extent;

	rcu_read_lock();
	list_for_each_entry_rcu(extent, pb_instance_extents(), node)
		seq_printf(m, "%08llx-%08llx : node %d %s\n",
			   (u64)PFN_PHYS(extent->start_pfn),
			   (u64)PFN_PHYS(extent->start_pfn + extent->nr_pages) - 1, extent->nid,
			   extent->source->name);
	rcu_read_unlock();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(extents);

/* ---- vmstat ---- */

/* What the private zones of all groups have, and did since the module was loaded. */
static void show_groups(struct seq_file *m)
{
	unsigned long pages = 0, free = 0, alloc = 0, freed = 0;
	struct pb_zone_pages read;
	struct pb_zone *zone;

	pb_for_each_any_zone(zone, &pb_instance) {
		if (!zone->home)
			continue;
		read = pb_zone_read_pages(zone);
		pages += read.present;
		free += read.free + read.cached;
		alloc += pb_zone_event(zone, PB_PGALLOC);
		freed += pb_zone_event(zone, PB_PGFREE);
	}
	seq_printf(m, "nr_group_pages %lu\n", pages);
	seq_printf(m, "nr_group_free_pages %lu\n", free);
	seq_printf(m, "group_alloc %lu\n", alloc);
	seq_printf(m, "group_free %lu\n", freed);
	seq_printf(m, "group_miss %lu\n", pb_group_missed());
}

static int vmstat_show(struct seq_file *m, void *v)
{
	unsigned long sum = 0, cma = 0;
	struct pb_zone *zone;
	unsigned int event;

	pb_for_each_zone(zone, &pb_instance) {
		sum += max(pb_zone_free_pages(zone), 0L);
		cma += max(atomic_long_read(&zone->nr_free_cma), 0L);
	}
	seq_printf(m, "nr_free_pages %lu\n", sum);
	seq_printf(m, "nr_free_cma %lu\n", cma);
	show_groups(m);
	seq_printf(m, "nr_quarantine_pages %lu\n", pb_quarantine_pages());
	seq_printf(m, "nr_hwpoison_pages %lu\n", pb_bad_frames_nr());
	seq_printf(m, "nr_compound_deferred_pages %lu\n", pb_compound_deferred_pages());
	for (event = 0; event < PB_NR_EVENTS; event++)
		seq_printf(m, "%s %lu\n", pb_event_name[event],
			   pb_pool_event(&pb_instance, event));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vmstat);

/* ---- verify ---- */

static int verify_stopped(void *out)
{
	pb_verify(&pb_instance, out);
	return 0;
}

static int verify_show(struct seq_file *m, void *v)
{
	struct pb_verify *out = kzalloc(sizeof(*out), GFP_KERNEL);

	if (!out)
		return -ENOMEM;
	/* The core runs with preemption off, so no stopped CPU is inside it. */
	stop_machine(verify_stopped, out, NULL);
	if (out->errors)
		seq_printf(m, "verify: %lu errors: %s\n", out->errors, out->first);
	else
		seq_printf(m, "verify: OK free=%lu pcp=%lu allocated=%lu\n", out->free_pages,
			   out->pcp_pages, out->allocated_pages);
	kfree(out);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(verify);

/* ---- drain ---- */

static ssize_t drain_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	int err = pb_check_admin("drain");

	if (err)
		return err;
	pb_pcp_work_drain_all(&pb_instance);
	return count;
}

static const struct file_operations drain_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = drain_write,
};

/* ---- accounts ---- */

static int accounts_show(struct seq_file *m, void *v)
{
	pb_account_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(accounts);

/* ---- quarantine ---- */

static int quarantine_show(struct seq_file *m, void *v)
{
	pb_quarantine_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(quarantine);

/* ---- prezero ---- */

/* Prezeroes all zones at once, and goes on after a pause. */
static ssize_t prezero_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	return pb_prezero_all(&pb_instance) ? (ssize_t)count : -EINTR;
}

static const struct file_operations prezero_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = prezero_write,
};

/* ---- owners ---- */

/**
 * struct cursor - position in the list of allocated blocks
 * @pfn: first page of the block
 * @order: its order
 */
struct cursor {
	unsigned long	pfn;
	unsigned int	order;
};

/* @pos counts the pages of all extents; NULL past the last one. */
static bool pos_to_pfn(loff_t pos, unsigned long *pfn)
{
	struct pb_extent *extent;
	bool found = false;

	rcu_read_lock();
	list_for_each_entry_rcu(extent, pb_instance_extents(), node) {
		if (pos < extent->nr_pages) {
			*pfn = extent->start_pfn + pos;
			found = true;
			break;
		}
		pos -= extent->nr_pages;
	}
	rcu_read_unlock();
	return found;
}

/* The first allocated block whose head is at or after @pos. */
static struct cursor *find_block(struct cursor *cursor, loff_t *pos)
{
	unsigned long pfn;
	int order;

	for (; pos_to_pfn(*pos, &pfn); (*pos)++) {
		order = pb_page_order(&pb_instance, pfn);
		if (order >= 0) {
			cursor->pfn = pfn;
			cursor->order = order;
			return cursor;
		}
		if (!(*pos % PB_PAGEBLOCK_NR))
			cond_resched();
	}
	return NULL;
}

static void *owners_start(struct seq_file *m, loff_t *pos)
{
	return find_block(m->private, pos);
}

static void *owners_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct cursor *cursor = v;

	*pos += 1LL << cursor->order;
	return find_block(cursor, pos);
}

static void owners_stop(struct seq_file *m, void *v)
{
}

static int owners_show(struct seq_file *m, void *v)
{
	struct cursor *cursor = v;

	seq_printf(m, "pfn 0x%lx order %u", cursor->pfn, cursor->order);
	pb_owner_show(m, cursor->pfn);
	return 0;
}

static const struct seq_operations owners_sops = {
	.start = owners_start,
	.next = owners_next,
	.stop = owners_stop,
	.show = owners_show,
};

static int owners_open(struct inode *inode, struct file *file)
{
	return seq_open_private(file, &owners_sops, sizeof(struct cursor));
}

static const struct file_operations owners_fops = {
	.owner = THIS_MODULE,
	.open = owners_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

/**
 * pb_debugfs_init - create the directory
 *
 * Only root can read it, because its files show physical addresses. Context: process, may sleep.
 *
 * Return: 0, also when debugfs is disabled.
 */
int pb_debugfs_init(void)
{
	root = debugfs_create_dir("pbuddy", NULL);
	debugfs_create_file("buddyinfo", 0400, root, NULL, &buddyinfo_fops);
	debugfs_create_file("unusable_index", 0400, root, NULL, &unusable_index_fops);
	debugfs_create_file("extfrag_index", 0400, root, NULL, &extfrag_index_fops);
	debugfs_create_file("pagetypeinfo", 0400, root, NULL, &pagetypeinfo_fops);
	debugfs_create_file("zoneinfo", 0400, root, NULL, &zoneinfo_fops);
	debugfs_create_file("extents", 0400, root, NULL, &extents_fops);
	debugfs_create_file("vmstat", 0400, root, NULL, &vmstat_fops);
	debugfs_create_file("verify", 0400, root, NULL, &verify_fops);
	debugfs_create_file("drain", 0200, root, NULL, &drain_fops);
	debugfs_create_file("accounts", 0400, root, NULL, &accounts_fops);
	debugfs_create_file("quarantine", 0400, root, NULL, &quarantine_fops);
	debugfs_create_file("prezero", 0200, root, NULL, &prezero_fops);
	debugfs_create_file("owners", 0400, root, NULL, &owners_fops);
	pb_compact_debugfs_init(root);
	pb_fault_init(root);
	return 0;
}

/**
 * pb_debugfs_exit - remove the directory; waits for readers
 */
void pb_debugfs_exit(void)
{
	debugfs_remove_recursive(root);
	pb_fault_exit();
}
