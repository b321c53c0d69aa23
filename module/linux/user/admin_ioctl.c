// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls COMPACT and DRAIN of /dev/pbuddy, for administrators. Both work on the zones of one
 * node or of all, and report the difference that they have made.
 */
#include <linux/build_bug.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include <uapi/linux/pbuddy.h>

#include "core/cache/pcp.h"
#include "core/compact/compact.h"
#include "core/zone/zone.h"
#include "instance.h"
#include "user/admin_ioctl.h"
#include "user/user_copy.h"

static void (*drain_node)(int nid);

static bool zone_matches(const struct pb_zone *zone, int nid)
{
	return nid == PBUDDY_NODE_ANY || zone->nid == nid;
}

/* The sum of a number of each zone of a node, or of all zones. */
static u64 sum_zones(int nid, unsigned long (*number)(struct pb_zone *zone))
{
	struct pb_zone *zone;
	u64 sum = 0;

	pb_for_each_zone(zone, &pb_instance)
		if (zone_matches(zone, nid))
			sum += number(zone);
	return sum;
}

static int check_node(int nid)
{
	if (nid == PBUDDY_NODE_ANY)
		return 0;
	return nid >= 0 && pb_instance_has_memory(nid) ? 0 : -ENXIO;
}

/* Makes up to @most pageblocks free, and adds what was done to @c. */
static int compact(struct pbuddy_compact *c, u64 most)
{
	unsigned long moved = 0;
	struct pb_zone *zone;

	drain_node(c->node);
	pb_for_each_zone(zone, &pb_instance) {
		if (!zone_matches(zone, c->node))
			continue;
		if (fatal_signal_pending(current) || c->gained_pageblocks == most)
			break;
		c->gained_pageblocks +=
			pb_compact_zone_most(zone, most - c->gained_pageblocks, &moved);
	}
	c->moved_pages = moved;
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/**
 * pb_compact_ioctl() - handle PBUDDY_IOCTL_COMPACT
 * @arg: user pointer to its struct
 *
 * Context: may sleep, killable.
 * Return: as <uapi/linux/pbuddy.h> says.
 */
long pb_compact_ioctl(void __user *arg)
{
	struct pbuddy_compact c;
	size_t usize;
	int err;

	BUILD_BUG_ON(sizeof(struct pbuddy_compact) != PBUDDY_COMPACT_SIZE_VER0);
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = pb_copy_in(&c, sizeof(c), PBUDDY_COMPACT_SIZE_VER0, arg, &usize);
	if (err)
		return err;
	if (c.flags || c.reserved0 || memchr_inv(c.reserved, 0, sizeof(c.reserved)))
		return -EINVAL;
	err = check_node(c.node);
	if (err)
		return err;
	c.gained_pageblocks = 0;
	c.before_pageblocks = sum_zones(c.node, pb_zone_free_pageblocks);
	err = compact(&c, c.max_pageblocks ?: ULONG_MAX);
	c.after_pageblocks = sum_zones(c.node, pb_zone_free_pageblocks);
	return pb_copy_out(arg, usize, &c, sizeof(c)) ?: err;
}

/**
 * pb_drain_ioctl() - handle PBUDDY_IOCTL_DRAIN
 * @arg: user pointer to its struct
 *
 * Context: may sleep, killable.
 * Return: as <uapi/linux/pbuddy.h> says.
 */
long pb_drain_ioctl(void __user *arg)
{
	struct pbuddy_drain d;
	u64 before, after;
	size_t usize;
	int err;

	BUILD_BUG_ON(sizeof(struct pbuddy_drain) != PBUDDY_DRAIN_SIZE_VER0);
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = pb_copy_in(&d, sizeof(d), PBUDDY_DRAIN_SIZE_VER0, arg, &usize);
	if (err)
		return err;
	if (d.flags || d.reserved0 || memchr_inv(d.reserved, 0, sizeof(d.reserved)))
		return -EINVAL;
	err = check_node(d.node);
	if (err)
		return err;
	before = sum_zones(d.node, pb_pcp_pages);
	drain_node(d.node);
	after = sum_zones(d.node, pb_pcp_pages);
	d.drained_bytes = before > after ? (before - after) << PAGE_SHIFT : 0;
	d.cached_bytes = after << PAGE_SHIFT;
	err = fatal_signal_pending(current) ? -EINTR : 0;
	return pb_copy_out(arg, usize, &d, sizeof(d)) ?: err;
}

/**
 * pb_admin_ioctl_init() - set what the ioctls call in a higher layer
 * @drain: drains the per-CPU caches of a node, or with -1 of all nodes; sleeps
 *
 * Context: before the device is registered.
 */
void pb_admin_ioctl_init(void (*drain)(int nid))
{
	BUILD_BUG_ON(PBUDDY_NODE_ANY != -1);
	drain_node = drain;
}
