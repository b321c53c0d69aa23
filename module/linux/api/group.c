// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups: cgroups with memory of their own, as dynamic hugetlb in openEuler.
 *
 * A group is a cgroup (of the unified hierarchy) with the cgroups below it that are no groups. It
 * owns pageblocks, or GiBs of them, which are in private zones (core/pool/move.c): one for each
 * zone of the pool that it was given memory of. There they are split for its requests and merge
 * when they are free again, and a free returns pages to the group whatever function frees them.
 *
 * Requests of its tasks with PB_GFP_GROUP are served from there after they were prepared, and
 * before the first walk over the zonelist (group_request.c): from the zones that the request may
 * use, whose node, type, nodemask, cpuset and restrictions count as always. Compaction moves blocks
 * within these zones, for requests that may sleep (core/alloc/private.c). What the group lacks, the
 * pool serves, unless the group is strict. The caller charges, traces and records a page as any
 * other. Not served are interrupts, kernel threads, and requests that free memory (PF_MEMALLOC,
 * __GFP_MEMALLOC).
 *
 * A group exists as long as it has memory: the first block given to a cgroup makes it one, and when
 * the last block was taken back it ends. It has no reference to its cgroup, but the id, which is
 * not used again. A work item looks once in a second for groups whose cgroup was removed and takes
 * their memory back, as it becomes free, and with the pages that have a memory error.
 *
 * Requests find their group under SRCU, as they may sleep while they use it. The mutex serialises
 * changes, and is held while memory is given or taken. So readers of the parameters, who hold the
 * lock of the parameters, walk the groups under SRCU. Private zones that belong to no group stay
 * for the next one. Without groups a request pays for a static key.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cgroup.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/workqueue.h>

#include "api/group.h"
#include "api/group_move.h"
#include "api/group_types.h"
#include "core/alloc/alloc.h"
#include "core/pool/move.h"
#include "core/pool/stat.h"
#include "core/zone/free_count.h"
#include "instance.h"
#include "request/percpu_zone.h"
#include "request/resized.h"

#define GROUP_BITS	5
#define REAP_DELAY	HZ

/* A private zone, which a group may use. */
struct own_zone {
	struct list_head	list;
	struct pb_zone		*zone;
	bool			used;
};

static DEFINE_HASHTABLE(groups, GROUP_BITS);	/* changed under the mutex, read under SRCU */
DEFINE_SRCU(pb_groups_srcu);
static LIST_HEAD(own_zones);			/* under the mutex */
static unsigned int nr_groups;			/* under the mutex */
static bool live;				/* under the mutex: the pool is in use */
static DEFINE_MUTEX(groups_mutex);

static void reap(struct work_struct *work);
static DECLARE_DELAYED_WORK(reap_work, reap);

/**
 * pb_group_find - find a group
 * @cgroup: id of its cgroup
 *
 * Context: with the mutex of group.c, or under SRCU.
 * Return: the group, or NULL.
 */
struct pb_group *pb_group_find(u64 cgroup)
{
	struct pb_group *group;

	hash_for_each_possible_rcu(groups, group, node, cgroup,
				   srcu_read_lock_held(&pb_groups_srcu) ||
				   lockdep_is_held(&groups_mutex))
		if (group->cgroup == cgroup)
			return group;
	return NULL;
}

/* The private zone of a group for a zone of the pool, or NULL without memory. */
static struct pb_zone *own_zone_locked(struct pb_group *group, struct pb_zone *home)
{
	struct pb_zone **slot = &group->zones[home->nid][home->type];
	struct own_zone *own;

	lockdep_assert_held(&groups_mutex);
	if (*slot)
		return *slot;
	list_for_each_entry(own, &own_zones, list)
		if (!own->used && own->zone->home == home)
			goto found;
	own = kzalloc(sizeof(*own), GFP_KERNEL);
	if (!own)
		return NULL;
	own->zone = pb_private_zone_new(home);
	if (!own->zone) {
		kfree(own);
		return NULL;
	}
	list_add(&own->list, &own_zones);
found:
	own->used = true;
	/* A request sees the zone as it is made. */
	smp_store_release(slot, own->zone);
	return own->zone;
}

static unsigned long group_pages(const struct pb_group *group)
{
	unsigned long pages = 0;
	struct pb_zone *zone;

	pb_for_each_own_zone(zone, group)
		pages += READ_ONCE(zone->present_pages);
	return pages;
}

static struct pb_group *new_group_locked(u64 cgroup)
{
	struct pb_group *group;

	lockdep_assert_held(&groups_mutex);
	if (nr_groups == PB_GROUPS_MAX)
		return ERR_PTR(-ENOSPC);
	group = kzalloc(sizeof(*group), GFP_KERNEL);
	if (group)
		group->zones = kcalloc(pb_instance.nr_nodes, sizeof(*group->zones), GFP_KERNEL);
	if (!group || !group->zones) {
		kfree(group);
		return ERR_PTR(-ENOMEM);
	}
	group->cgroup = cgroup;
	hash_add_rcu(groups, &group->node, cgroup);
	if (!nr_groups++)
		queue_delayed_work(system_unbound_wq, &reap_work, REAP_DELAY);
	static_branch_inc(&pb_group_key);
	pb_alloc_checked_inc();
	return group;
}

/* Ends a group, whose zones may still have memory when the module is unloaded. */
static void end_group_locked(struct pb_group *group)
{
	struct own_zone *own;
	struct pb_zone *zone;

	lockdep_assert_held(&groups_mutex);
	pb_alloc_checked_dec();
	static_branch_dec(&pb_group_key);
	nr_groups--;
	hash_del_rcu(&group->node);
	synchronize_srcu(&pb_groups_srcu);
	pb_for_each_own_zone(zone, group)
		list_for_each_entry(own, &own_zones, list)
			if (own->zone == zone)
				own->used = false;
	kfree(group->zones);
	kfree(group);
}

/* After blocks were given or taken: a group without memory ends. */
static void settle_locked(struct pb_group *group, unsigned long done)
{
	lockdep_assert_held(&groups_mutex);
	/* Not for nothing: it ends the boost of watermarks, and reap() comes each second. */
	if (done)
		pb_resized();
	if (!group_pages(group))
		end_group_locked(group);
}

/* Where pageblocks of a zone go that are given to the group @arg. */
static struct pb_zone *give_to(struct pb_zone *zone, void *arg)
{
	lockdep_assert_held(&groups_mutex);
	return own_zone_locked(arg, zone);
}

static struct pb_zone *take_to(struct pb_zone *zone, void *arg)
{
	return zone->home;
}

static int give_locked(u64 cgroup, int nid, unsigned int order, unsigned long nr,
		       unsigned long *done)
{
	struct pb_group *group = pb_group_find(cgroup) ?: new_group_locked(cgroup);
	int err;

	lockdep_assert_held(&groups_mutex);
	if (IS_ERR(group))
		return PTR_ERR(group);
	err = pb_group_move(nid, order, nr, NULL, give_to, group, done);
	settle_locked(group, *done);
	return err;
}

/**
 * pb_group_give - give blocks of a node to the group of a cgroup
 * @cgroup: id of the cgroup, which exists
 * @nid: any node number
 * @order: PB_PAGEBLOCK_ORDER or PB_MAX_ORDER
 * @nr: number of blocks
 * @done: set to the number of blocks that were given
 *
 * The blocks are allocated as others: memory is reclaimed, compacted, or added to the pool for
 * them. They keep the low watermark of the node's zones.
 *
 * Context: process, sleeps, killable.
 * Return: 0; -ENOMEM when fewer were given, -EINTR after a fatal signal; -ENXIO for a node without
 * memory of the pool, -ENODEV without a pool (at load and unload), -EINVAL for too many blocks,
 * -ENOSPC for too many groups. As alloc_hugepage_from_hugetlb() of openEuler.
 */
int pb_group_give(u64 cgroup, int nid, unsigned int order, unsigned long nr, unsigned long *done)
{
	int err;

	*done = 0;
	if (mutex_lock_killable(&groups_mutex))
		return -EINTR;
	if (!live)
		err = -ENODEV;
	else if (nid < 0 || !pb_instance_has_memory(nid))
		err = -ENXIO;
	else if (!nr || nr > pb_instance_pages() >> order)
		err = -EINVAL;
	else
		err = give_locked(cgroup, nid, order, nr, done);
	mutex_unlock(&groups_mutex);
	return err;
}
EXPORT_SYMBOL_PB_TEST(pb_group_give);

/* Blocks of all nodes when @nid is NUMA_NO_NODE. */
static int take_locked(struct pb_group *group, int nid, unsigned int order, unsigned long nr,
		       unsigned long *done)
{
	int n, err = -EBUSY;

	lockdep_assert_held(&groups_mutex);
	for (n = 0; n < pb_instance.nr_nodes && *done < nr && err == -EBUSY; n++)
		if (nid == n || (nid == NUMA_NO_NODE && pb_instance_has_memory(n)))
			err = pb_group_move(n, order, nr - *done, group, take_to, NULL,
					    done);
	settle_locked(group, *done);
	return err;
}

/**
 * pb_group_take - take free blocks back from the group of a cgroup
 * @cgroup: id of the cgroup, which may have been removed
 * @nid: any number of a node, or NUMA_NO_NODE for all
 * @order: PB_PAGEBLOCK_ORDER or PB_MAX_ORDER
 * @nr: number of blocks; ULONG_MAX: all
 * @done: set to the number of blocks that were taken
 *
 * Only blocks that are wholly free are taken, after movable pages were moved to other memory of the
 * group. Memory that was given as a GiB may be taken in parts.
 *
 * Context: process, sleeps, killable.
 * Return: 0; -EBUSY when fewer were taken, -EINTR after a fatal signal; -ENXIO for a node without
 * memory of the pool, -ENODEV without a pool (at load and unload), -ENOENT when the cgroup is no
 * group. As free_hugepage_to_hugetlb() of openEuler.
 */
int pb_group_take(u64 cgroup, int nid, unsigned int order, unsigned long nr, unsigned long *done)
{
	struct pb_group *group;
	unsigned long all;
	int err = -ENOENT;

	*done = 0;
	if (mutex_lock_killable(&groups_mutex))
		return -EINTR;
	group = pb_group_find(cgroup);
	if (!live) {
		err = -ENODEV;
	} else if (nid != NUMA_NO_NODE && (nid < 0 || !pb_instance_has_memory(nid))) {
		err = -ENXIO;
	} else if (group) {
		all = group_pages(group) >> order;
		err = take_locked(group, nid, order, min(nr, all), done);
		if (err == -EBUSY && nr == ULONG_MAX && *done == all)
			err = 0;
	}
	mutex_unlock(&groups_mutex);
	return err;
}
EXPORT_SYMBOL_PB_TEST(pb_group_take);

/**
 * pb_group_set_strict - whether requests of a group fail instead of using other memory
 * @cgroup: id of its cgroup
 * @strict: whether they do; requests that must not fail never do
 *
 * Context: process; does not wait while memory is given or taken.
 * Return: 0, or -ENOENT when the cgroup is no group.
 */
int pb_group_set_strict(u64 cgroup, bool strict)
{
	int idx = srcu_read_lock(&pb_groups_srcu);
	struct pb_group *group = pb_group_find(cgroup);

	if (group)
		WRITE_ONCE(group->strict, strict);
	srcu_read_unlock(&pb_groups_srcu, idx);
	return group ? 0 : -ENOENT;
}
EXPORT_SYMBOL_PB_TEST(pb_group_set_strict);

static void read_group(struct pb_group *group, struct pb_group_info *info)
{
	struct pb_zone_pages pages;
	struct pb_zone *zone;

	memset(info, 0, sizeof(*info));
	info->cgroup = group->cgroup;
	info->strict = READ_ONCE(group->strict);
	pb_for_each_own_zone(zone, group) {
		pages = pb_zone_read_pages(zone);
		info->pages[zone->nid] += pages.present;
		info->free[zone->nid] += pages.free + pages.cached;
	}
}

/* The group with number @n, under SRCU, or NULL. */
static struct pb_group *nth_group(unsigned int n)
{
	struct pb_group *group;
	unsigned int bucket;

	for (bucket = 0; bucket < HASH_SIZE(groups); bucket++)
		hlist_for_each_entry_srcu(group, &groups[bucket], node,
					  srcu_read_lock_held(&pb_groups_srcu))
			if (!n--)
				return group;
	return NULL;
}

/**
 * pb_group_nth - read what a group has
 * @n: number of the group, from 0 on, in no order
 * @info: filled
 *
 * When groups begin or end between two calls, others may be missed or read twice.
 *
 * Context: process; does not wait while memory is given or taken.
 * Return: false when there are no more groups.
 */
bool pb_group_nth(unsigned int n, struct pb_group_info *info)
{
	int idx = srcu_read_lock(&pb_groups_srcu);
	struct pb_group *group = nth_group(n);

	if (group)
		read_group(group, info);
	srcu_read_unlock(&pb_groups_srcu, idx);
	return group;
}
EXPORT_SYMBOL_PB_TEST(pb_group_nth);

/**
 * pb_group_node_pages - count the pages of a node that groups own
 * @nid: the node
 *
 * Context: any.
 * Return: pages, free or not.
 */
unsigned long pb_group_node_pages(int nid)
{
	unsigned long pages = 0;
	struct pb_zone *zone;

	pb_for_each_any_zone(zone, &pb_instance)
		if (zone->home && zone->nid == nid)
			pages += READ_ONCE(zone->present_pages);
	return pages;
}

/* The pages from @start_pfn to @end_pfn that were taken from a zone. */
static unsigned long taken_within(struct pb_zone *home, unsigned long start_pfn,
				  unsigned long end_pfn)
{
	unsigned long end = min(end_pfn, home->end_pfn), pages = 0, pfn, next;
	struct pb_zone *zone;

	for (pfn = max(start_pfn, home->start_pfn); pfn < end; pfn = next) {
		next = min(round_down(pfn, PB_PAGEBLOCK_NR) + PB_PAGEBLOCK_NR, end);
		zone = pb_pfn_zone(&pb_instance, pfn);
		if (zone && zone->home == home)
			pages += next - pfn;
		cond_resched();
	}
	return pages;
}

/**
 * pb_group_pages_within - count the pages in a range that groups own
 * @start_pfn: first PFN
 * @end_pfn: the PFN behind the last
 *
 * Context: process, may sleep.
 * Return: pages, free or not.
 */
unsigned long pb_group_pages_within(unsigned long start_pfn, unsigned long end_pfn)
{
	unsigned long pages = 0;
	struct pb_zone *zone;

	if (!static_branch_unlikely(&pb_group_key))
		return 0;
	pb_for_each_zone(zone, &pb_instance)
		pages += taken_within(zone, start_pfn, end_pfn);
	return pages;
}

static bool cgroup_is_gone(u64 id)
{
#ifdef CONFIG_CGROUPS
	struct cgroup *cgroup = cgroup_get_from_id(id);

	if (IS_ERR(cgroup))
		return true;
	cgroup_put(cgroup);
#endif
	return false;
}

/* Takes the free memory of groups back whose cgroups were removed. */
static void reap(struct work_struct *work)
{
	struct hlist_node *next;
	unsigned long done;
	struct pb_group *group;
	unsigned int bucket;

	mutex_lock(&groups_mutex);
	hash_for_each_safe(groups, bucket, next, group, node) {
		done = 0;
		group->removed = cgroup_is_gone(group->cgroup);
		if (group->removed)
			take_locked(group, NUMA_NO_NODE, PB_PAGEBLOCK_ORDER,
				    group_pages(group) >> PB_PAGEBLOCK_ORDER, &done);
	}
	if (nr_groups && live)
		queue_delayed_work(system_unbound_wq, &reap_work, REAP_DELAY);
	mutex_unlock(&groups_mutex);
}

/* Context: process. Return: 0. */
int pb_group_init(void)
{
	mutex_lock(&groups_mutex);
	live = true;
	mutex_unlock(&groups_mutex);
	return 0;
}
EXPORT_SYMBOL_PB_TEST(pb_group_init);

/**
 * pb_group_exit - end all groups
 *
 * Their memory stays in the private zones and is returned with the pool. Context: process, sleeps.
 */
void pb_group_exit(void)
{
	struct own_zone *own, *next_own;
	struct hlist_node *next;
	struct pb_group *group;
	unsigned int bucket;

	mutex_lock(&groups_mutex);
	live = false;
	hash_for_each_safe(groups, bucket, next, group, node)
		end_group_locked(group);
	mutex_unlock(&groups_mutex);
	cancel_delayed_work_sync(&reap_work);
	list_for_each_entry_safe(own, next_own, &own_zones, list)
		kfree(own);
	INIT_LIST_HEAD(&own_zones);
}
EXPORT_SYMBOL_PB_TEST(pb_group_exit);
