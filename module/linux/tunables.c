// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parameters that may be changed while the module runs, in /sys/module/pbuddy/parameters/.
 *
 * Where the kernel has the same parameter in vm.*, names, units, bounds and defaults are the same.
 * The default of min_free_kbytes follows from the size of the pool, by the kernel's formula, until
 * a value is written.
 *
 * A write sets a variable here, under a mutex, and then copies all variables to the pool and
 * recalculates its watermarks and the bounds of its per-CPU caches. Before the pool is initialized,
 * a write only sets the variable.
 *
 * The mode of a file says which tasks may write it, as for vm.*. Files that move memory between the
 * pool, groups and the kernel, or do what an ioctl for CAP_SYS_ADMIN does, also call
 * pb_check_admin(): root in a container may have dropped the capability. kernel.numa_balancing
 * checks it in the same way.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bits.h>
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "core/cache/pcp.h"
#include "core/zone/node_reclaim.h"
#include "core/zone/watermark.h"
#include "instance.h"
#include "tunables.h"

#define MIN_FREE_KBYTES_BOUND	BIT(42)	/* 52 bits of physical address */
#define MIN_FREE_KBYTES_LEAST	128	/* of the default, as in calculate_min_free_kbytes() */
#define MIN_FREE_KBYTES_MOST	262144
#define SCALE_FACTOR_MAX	3000	/* as vm.watermark_scale_factor */
#define BOOST_FACTOR_MAX	1000000
#define NODE_RECLAIM_ALL	(PB_RECLAIM_ZONE | PB_RECLAIM_WRITE | PB_RECLAIM_UNMAP)

static DEFINE_MUTEX(lock);		/* protects the variables below and pb_instance.wmark */
static bool live;			/* the pool is initialized */

static unsigned long min_free_kbytes;
static bool min_free_given;		/* min_free_kbytes was written */
static unsigned int watermark_scale_factor = 10;
static unsigned int watermark_boost_factor = 15000;
static unsigned int node_reclaim_mode;
static unsigned int prezero;
static unsigned int dirty_ratio = 20;
static unsigned int compaction_proactiveness = 20;
static unsigned int pcp_high_fraction;
static unsigned int lowmem_reserve_ratio[PB_NR_ZONE_TYPES] = {
	[PB_ZONE_DMA32] = 256, [PB_ZONE_NORMAL] = 32,
};

/**
 * pb_check_admin - check that the task which writes a parameter or file may change the pool
 * @name: of the parameter or file, for the log
 *
 * Context: process.
 * Return: 0, or -EPERM without CAP_SYS_ADMIN.
 */
int pb_check_admin(const char *name)
{
	if (capable(CAP_SYS_ADMIN))
		return 0;
	pr_err("%s: needs CAP_SYS_ADMIN\n", name);
	return -EPERM;
}

/* Length without the line feed at the end of text that is written to a file. */
static int text_len(const char *text)
{
	return strcspn(text, "\n");
}

#define PAGES_TO_KIB(pages)	((pages) << (PAGE_SHIFT - 10))

/* As calculate_min_free_kbytes() in mm/page_alloc.c. */
static unsigned long default_min_free_kbytes(unsigned long lowmem_pages)
{
	return clamp(int_sqrt(PAGES_TO_KIB(lowmem_pages) * 16),
		     (unsigned long)MIN_FREE_KBYTES_LEAST, (unsigned long)MIN_FREE_KBYTES_MOST);
}

static unsigned long lowmem_pages(void)
{
	unsigned long pages = 0;
	struct pb_zone *zone;

	pb_for_each_zone(zone, &pb_instance)
		if (zone->type != PB_ZONE_MOVABLE)
			pages += READ_ONCE(zone->present_pages);
	return pages;
}

static void apply(void)
{
	struct pb_watermark_tunables *wmark = &pb_instance.wmark;
	unsigned int i;

	lockdep_assert_held(&lock);
	if (!live)
		return;
	if (!min_free_given)
		WRITE_ONCE(min_free_kbytes, default_min_free_kbytes(lowmem_pages()));
	wmark->min_free_pages = min_free_kbytes >> (PAGE_SHIFT - 10);
	wmark->watermark_scale_factor = watermark_scale_factor;
	WRITE_ONCE(wmark->watermark_boost_factor, watermark_boost_factor);
	WRITE_ONCE(pb_instance.node_reclaim_mode, node_reclaim_mode);
	WRITE_ONCE(pb_instance.prezero_percent, prezero);
	WRITE_ONCE(pb_instance.dirty_ratio, dirty_ratio);
	WRITE_ONCE(pb_instance.compaction_proactiveness, compaction_proactiveness);
	pb_instance.pcp_high_fraction = pcp_high_fraction;
	for (i = 0; i < PB_NR_ZONE_TYPES; i++)
		wmark->lowmem_reserve_ratio[i] = lowmem_reserve_ratio[i];
	pb_setup_per_zone_wmarks(&pb_instance);
	pb_pcp_set_high(&pb_instance);		/* follows the low watermark */
}

static int set_min_free(const char *text, const struct kernel_param *param)
{
	unsigned long value;
	int ret = kstrtoul(text, 0, &value);

	if (ret) {
		pr_err("%s: bad number \"%.*s\"\n", param->name, text_len(text), text);
		return ret;
	}
	if (value > MIN_FREE_KBYTES_BOUND) {
		pr_err("%s: bad number \"%.*s\": no machine has so much memory\n", param->name,
		       text_len(text), text);
		return -EINVAL;
	}
	mutex_lock(&lock);
	min_free_kbytes = value;
	min_free_given = true;
	apply();
	mutex_unlock(&lock);
	return 0;
}

static int get_min_free(char *buf, const struct kernel_param *param)
{
	return sysfs_emit(buf, "%lu\n", READ_ONCE(min_free_kbytes));
}

static const struct kernel_param_ops min_free_ops = { .set = set_min_free, .get = get_min_free };
module_param_cb(min_free_kbytes, &min_free_ops, NULL, 0644);
MODULE_PARM_DESC(min_free_kbytes, "KiB, over all zones, that requests which may sleep leave for those which may not, as vm.min_free_kbytes (default: computed from the size of the pool, as the kernel does; 0: no watermarks and no reserves); what pool= takes from contig is larger by as much");

/* A parameter that is one number, with its bounds. */
struct bounded {
	unsigned int	*value;
	unsigned int	least;
	unsigned int	most;
	bool		or_zero;	/* 0 is allowed, too */
};

static int set_bounded(const char *text, const struct kernel_param *param)
{
	const struct bounded *bounded = param->arg;
	unsigned int value;
	int ret = kstrtouint(text, 0, &value);

	if (!ret && (value || !bounded->or_zero) &&
	    (value < bounded->least || value > bounded->most))
		ret = -EINVAL;
	if (ret) {
		pr_err("%s: bad number \"%.*s\": %s%u to %u is expected\n", param->name,
		       text_len(text), text, bounded->or_zero ? "0, or " : "", bounded->least,
		       bounded->most);
		return ret;
	}
	mutex_lock(&lock);
	*bounded->value = value;
	apply();
	mutex_unlock(&lock);
	return 0;
}

static int get_bounded(char *buf, const struct kernel_param *param)
{
	const struct bounded *bounded = param->arg;

	return sysfs_emit(buf, "%u\n", READ_ONCE(*bounded->value));
}

static const struct kernel_param_ops bounded_ops = { .set = set_bounded, .get = get_bounded };

static const struct bounded scale = { &watermark_scale_factor, 1, SCALE_FACTOR_MAX };
module_param_cb(watermark_scale_factor, &bounded_ops, (void *)&scale, 0644);
MODULE_PARM_DESC(watermark_scale_factor, "distance between the watermarks of a zone, in 1/10000 of the zone, as vm.watermark_scale_factor (default: 10)");

static const struct bounded boost = { &watermark_boost_factor, 0, BOOST_FACTOR_MAX };
module_param_cb(watermark_boost_factor, &bounded_ops, (void *)&boost, 0644);
MODULE_PARM_DESC(watermark_boost_factor, "how far the watermarks are raised while migratetypes share pageblocks, in 1/10000 of the high watermark, as vm.watermark_boost_factor (default: 15000; 0: never)");

static const struct bounded node_reclaim = { &node_reclaim_mode, 0, NODE_RECLAIM_ALL };
module_param_cb(node_reclaim_mode, &bounded_ops, (void *)&node_reclaim, 0644);
MODULE_PARM_DESC(node_reclaim_mode, "reclaim a node with too little free memory before a request uses another node, as vm.zone_reclaim_mode: 1 on, 2 reclaimers may do I/O, 4 they may unmap pages (default: 0)");

static const struct bounded prezero_bound = { &prezero, 0, 100 };
module_param_cb(prezero, &bounded_ops, (void *)&prezero_bound, 0644);
MODULE_PARM_DESC(prezero, "percent of each zone that the node's thread may zero in advance when it is idle (default: 0, none)");

static const struct bounded dirty = { &dirty_ratio, 0, 100 };
module_param_cb(dirty_ratio, &bounded_ops, (void *)&dirty, 0644);
MODULE_PARM_DESC(dirty_ratio, "percent of a node that may be dirty before requests with __GFP_WRITE prefer other nodes, as vm.dirty_ratio (default: 20)");

static const struct bounded proactiveness = { &compaction_proactiveness, 0, 100 };
module_param_cb(compaction_proactiveness, &bounded_ops, (void *)&proactiveness, 0644);
MODULE_PARM_DESC(compaction_proactiveness, "how much the node threads compact before a request needs it, 0 (not at all) to 100, as vm.compaction_proactiveness (default: 20)");

static const struct bounded high_fraction = {
	&pcp_high_fraction, PB_PCP_HIGH_FRACTION_MIN, INT_MAX, true
};
module_param_cb(percpu_pagelist_high_fraction, &bounded_ops, (void *)&high_fraction, 0644);
MODULE_PARM_DESC(percpu_pagelist_high_fraction, "the per-CPU caches of all CPUs hold at most one page in N of a zone, as vm.percpu_pagelist_high_fraction: 8 or more (default: 0: one in 8 at most, tuned between this and the low watermark)");

/* One number for each zone type, separated by white space or commas; false for anything else. */
static bool parse_ratio(const char *text, unsigned int *value)
{
	char copy[48], *rest = copy, *token;
	unsigned int nr = 0;

	if (strscpy(copy, text, sizeof(copy)) < 0)
		return false;
	while ((token = strsep(&rest, ", \t\n"))) {
		if (!*token)
			continue;
		/* kstrtouint() accepts a sign. */
		if (nr == PB_NR_ZONE_TYPES || !isdigit(*token) ||
		    kstrtouint(token, 10, &value[nr++]))
			return false;
	}
	return nr == PB_NR_ZONE_TYPES;
}

static int set_ratio(const char *text, const struct kernel_param *param)
{
	unsigned int value[PB_NR_ZONE_TYPES];

	if (!parse_ratio(text, value)) {
		pr_err("%s: bad value \"%.*s\": three numbers are expected, for DMA32, Normal and Movable\n",
		       param->name, text_len(text), text);
		return -EINVAL;
	}
	mutex_lock(&lock);
	memcpy(lowmem_reserve_ratio, value, sizeof(value));
	apply();
	mutex_unlock(&lock);
	return 0;
}

static int get_ratio(char *buf, const struct kernel_param *param)
{
	return sysfs_emit(buf, "%u\t%u\t%u\n", READ_ONCE(lowmem_reserve_ratio[0]),
			  READ_ONCE(lowmem_reserve_ratio[1]), READ_ONCE(lowmem_reserve_ratio[2]));
}

static const struct kernel_param_ops ratio_ops = { .set = set_ratio, .get = get_ratio };
module_param_cb(lowmem_reserve_ratio, &ratio_ops, NULL, 0644);
MODULE_PARM_DESC(lowmem_reserve_ratio, "N,N,N: a zone reserves one page in N of the zones above it, unavailable to requests that can use those; for DMA32, Normal and Movable, as vm.lowmem_reserve_ratio (default: 256,32,0; no effect while min_free_kbytes is 0)");

/**
 * pb_tunables_min_free_pages - the pages that a pool keeps free by min_free_kbytes
 * @lowmem_pages: size of the pool without its ZONE_MOVABLE, in pages
 *
 * Context: process, may sleep.
 *
 * Return: the parameter in pages, or its default for a pool of this size.
 */
unsigned long pb_tunables_min_free_pages(unsigned long lowmem_pages)
{
	unsigned long kbytes;

	mutex_lock(&lock);
	kbytes = min_free_given ? min_free_kbytes : default_min_free_kbytes(lowmem_pages);
	mutex_unlock(&lock);
	return kbytes >> (PAGE_SHIFT - 10);
}

/**
 * pb_tunables_init - apply the parameters to the new pool
 *
 * Context: process, may sleep.
 *
 * Return: 0.
 */
int pb_tunables_init(void)
{
	BUILD_BUG_ON(PB_NR_ZONE_TYPES != 3);
	mutex_lock(&lock);
	live = true;
	apply();
	mutex_unlock(&lock);
	return 0;
}

/**
 * pb_tunables_exit - stop applying the parameters, before the pool is destroyed
 *
 * Context: process, may sleep.
 */
void pb_tunables_exit(void)
{
	mutex_lock(&lock);
	live = false;
	mutex_unlock(&lock);
}

/**
 * pb_tunables_resized - recalculate watermarks and bounds of caches after a zone has grown
 *
 * Context: process, may sleep.
 */
void pb_tunables_resized(void)
{
	mutex_lock(&lock);
	apply();
	mutex_unlock(&lock);
}

/* The same, or nothing while another task has the lock. Context: process, in reclaim, too. */
void pb_tunables_try_resized(void)
{
	if (!mutex_trylock(&lock))
		return;
	apply();
	mutex_unlock(&lock);
}
