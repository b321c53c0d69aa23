// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parameters that restrict which requests may use a zone; core/zone/restrict.c applies them.
 *
 * isolated_nodes= are nodes that only requests which name them may use: those with __GFP_THISNODE,
 * and those with a nodemask that contains them, from the caller or from a bind policy. As the nodes
 * of coherent device memory in openEuler.
 *
 * user_movable_only= keeps ordinary requests of user tasks (GFP_HIGHUSER_MOVABLE) in ZONE_MOVABLE,
 * so that the kernel has the other zones for itself. As reliable memory in openEuler. Buffers of
 * /dev/pbuddy are no such requests.
 *
 * mirrored_nodes= and mirrored_ranges= declare memory that the hardware mirrors (mirrored.c): the
 * memory of requests with PBUDDY_GFP_RELIABLE, and of others. When it cannot serve such a request
 * at once, the slow path decides by reliable_strict= whether all memory may.
 *
 * A write sets a variable here, under a mutex, and then the restrictions of all zones. Requests
 * that begin after the write obey it. Pages that were allocated before stay where they are. Before
 * the pool is initialized, a write only sets the variable.
 *
 * Which zones are mirrored may change with their sizes. A zone that grows by memory that is not
 * declared is restricted before it has it. After each other change of a size the restrictions are
 * set again.
 *
 * While a zone is restricted, the tables of the fast path have no entry for it, and requests for
 * another node or with a nodemask or policy take the full path (api/cached.c). Without a
 * restriction a request pays nothing.
 *
 * The cpuset of a task applies as to other nodes: naming a node does not leave the cpuset.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "core/zone/restrict.h"
#include "instance.h"
#include "request/mirrored.h"
#include "request/percpu_zone.h"
#include "request/restricted.h"
#include "source/pool_spec.h"

DEFINE_STATIC_KEY_FALSE(pb_restricted_key);

static DEFINE_MUTEX(lock);		/* protects the variables below and ->restricted */
static bool live;			/* the pool is initialized */
static nodemask_t isolated_nodes;
static bool user_movable_only;
static bool reliable_strict;

/* Logs why a zone is not mirrored after each write, but only once while zones are resized. */
static unsigned int restrictions(struct pb_zone *zone, bool written)
{
	bool warn = written || !(READ_ONCE(zone->restricted) & PB_RESTRICT_RELIABLE);
	unsigned int restricted = 0;

	if (node_isset(zone->nid, isolated_nodes))
		restricted |= PB_RESTRICT_ISOLATED;
	if (user_movable_only && zone->type != PB_ZONE_MOVABLE)
		restricted |= PB_RESTRICT_USER;
	if (pb_mirrored_declared && !pb_mirrored_zone(zone, warn))
		restricted |= PB_RESTRICT_RELIABLE;
	return restricted;
}

static bool any_set(void)
{
	return !nodes_empty(isolated_nodes) || user_movable_only || pb_mirrored_declared;
}

/* Sets the restrictions of all zones, or none. */
static void apply(bool on)
{
	bool any = on && pb_mirrored_declared;
	unsigned int restricted;
	struct pb_zone *zone;

	lockdep_assert_held(&lock);
	WRITE_ONCE(pb_instance.reliable_strict, reliable_strict);
	pb_for_each_zone(zone, &pb_instance) {
		restricted = on ? restrictions(zone, true) : 0;
		pb_zone_restrict(zone, restricted);
		any |= restricted;
	}
	/* With mirrored zones alone, too: a request may begin before one of them grows. */
	if (any)
		static_branch_enable(&pb_restricted_key);
	else
		static_branch_disable(&pb_restricted_key);
	pb_percpu_zone_refresh();
}

/* Sets the restrictions that follow from the sizes of zones again. */
static void apply_sizes_locked(void)
{
	bool changed = false;
	unsigned int restricted;
	struct pb_zone *zone;

	lockdep_assert_held(&lock);
	if (!live || !pb_mirrored_declared)
		return;
	pb_for_each_zone(zone, &pb_instance) {
		restricted = restrictions(zone, false);
		changed |= restricted != zone->restricted;
		pb_zone_restrict(zone, restricted);
	}
	/* The tables of the fast path, which serves no reliable request, do not follow from it. */
	if (changed)
		synchronize_rcu();
}

/**
 * pb_restricted_resized - adapt the restrictions to zones that have grown or shrunk
 *
 * Context: process, may sleep.
 */
void pb_restricted_resized(void)
{
	if (!READ_ONCE(pb_mirrored_declared))
		return;
	mutex_lock(&lock);
	apply_sizes_locked();
	mutex_unlock(&lock);
}

/**
 * pb_restricted_adding - adapt the restrictions of a zone before it grows
 * @zone: the zone, or NULL: it has grown, or failed to
 * @start_pfn: the first PFN of what is added
 * @nr_pages: number of pages
 *
 * When this returns, no request that begins gets memory of the zone that it may not have.
 *
 * Context: process, may sleep; the size is locked.
 */
void pb_restricted_adding(const struct pb_zone *zone, unsigned long start_pfn,
			  unsigned long nr_pages)
{
	mutex_lock(&lock);
	pb_mirrored_adding(zone, start_pfn, nr_pages);
	apply_sizes_locked();
	mutex_unlock(&lock);
}

static int set_isolated(const char *text, const struct kernel_param *param)
{
	nodemask_t nodes;
	int ret = pb_parse_nodes(param->name, text, &nodes);

	if (ret)
		return ret;
	mutex_lock(&lock);
	isolated_nodes = nodes;
	if (live)
		apply(true);
	mutex_unlock(&lock);
	return 0;
}

static int get_isolated(char *buf, const struct kernel_param *param)
{
	int len;

	mutex_lock(&lock);
	len = sysfs_emit(buf, "%*pbl\n", nodemask_pr_args(&isolated_nodes));
	mutex_unlock(&lock);
	return len;
}

static const struct kernel_param_ops isolated_ops = { .set = set_isolated, .get = get_isolated };
module_param_cb(isolated_nodes, &isolated_ops, NULL, 0644);
MODULE_PARM_DESC(isolated_nodes, "nodes that only requests which name them may use, by __GFP_THISNODE, a nodemask or a bind policy; a list as 1,3-4 (default: none)");

static int set_bool(const char *text, const struct kernel_param *param)
{
	bool value;
	int ret = kstrtobool(text, &value);

	if (ret) {
		pr_err("%s: bad value \"%.*s\": Y or N is expected\n", param->name,
		       (int)strcspn(text, "\n"), text);
		return ret;
	}
	mutex_lock(&lock);
	*(bool *)param->arg = value;
	if (live)
		apply(true);
	mutex_unlock(&lock);
	return 0;
}

static int get_bool(char *buf, const struct kernel_param *param)
{
	return sysfs_emit(buf, "%c\n", READ_ONCE(*(bool *)param->arg) ? 'Y' : 'N');
}

static const struct kernel_param_ops bool_ops = { .set = set_bool, .get = get_bool };

module_param_cb(user_movable_only, &bool_ops, &user_movable_only, 0644);
MODULE_PARM_DESC(user_movable_only, "keep ordinary requests of user tasks (GFP_HIGHUSER_MOVABLE) to the zones of movable= (default: N)");

module_param_cb(reliable_strict, &bool_ops, &reliable_strict, 0644);
MODULE_PARM_DESC(reliable_strict, "requests with PBUDDY_GFP_RELIABLE fail instead of using memory that is not mirrored (default: N)");

static int set_mirrored(const char *text, const struct kernel_param *param)
{
	int (*parse)(const char *text) = param->arg;
	int ret;

	mutex_lock(&lock);
	ret = parse(text);
	if (!ret && live)
		apply(true);
	mutex_unlock(&lock);
	return ret;
}

static int get_mirrored_nodes(char *buf, const struct kernel_param *param)
{
	int len;

	mutex_lock(&lock);
	len = pb_mirrored_show_nodes(buf);
	mutex_unlock(&lock);
	return len;
}

static const struct kernel_param_ops mirrored_nodes_ops = {
	.set = set_mirrored, .get = get_mirrored_nodes,
};
module_param_cb(mirrored_nodes, &mirrored_nodes_ops, pb_mirrored_parse_nodes, 0644);
MODULE_PARM_DESC(mirrored_nodes, "nodes whose memory the hardware mirrors, for requests with PBUDDY_GFP_RELIABLE; a list as 1,3-4 (default: none)");

static int get_mirrored_ranges(char *buf, const struct kernel_param *param)
{
	int len;

	mutex_lock(&lock);
	len = pb_mirrored_show_ranges(buf);
	mutex_unlock(&lock);
	return len;
}

static const struct kernel_param_ops mirrored_ranges_ops = {
	.set = set_mirrored, .get = get_mirrored_ranges,
};
module_param_cb(mirrored_ranges, &mirrored_ranges_ops, pb_mirrored_parse_ranges, 0600);
MODULE_PARM_DESC(mirrored_ranges, "START-END,...: the same by physical addresses, with K, M, G or T; zones that lie wholly in one count as mirrored (default: none)");

/**
 * pb_restricted_init - apply the parameters to the new pool
 *
 * Context: process, may sleep.
 *
 * Return: 0.
 */
int pb_restricted_init(void)
{
	mutex_lock(&lock);
	live = true;
	pb_instance.reliable_strict = reliable_strict;
	if (any_set())
		apply(true);
	mutex_unlock(&lock);
	return 0;
}

/**
 * pb_restricted_exit - stop applying the parameters, before the pool is destroyed
 *
 * Context: process, may sleep.
 */
void pb_restricted_exit(void)
{
	mutex_lock(&lock);
	live = false;
	if (static_branch_unlikely(&pb_restricted_key))
		apply(false);
	mutex_unlock(&lock);
}
