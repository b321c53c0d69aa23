// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zeroes blocks in advance for the lists of each CPU that had none for a request. Only the CPU
 * itself changes its lists, so the node's thread moves there for the time. Isolated CPUs are left
 * alone.
 */
#include <linux/cpumask.h>
#include <linux/sched.h>

#include "core/base/pool_types.h"
#include "core/cache/prezero.h"
#include "core/zone/zone.h"
#include "daemon/pcp_work.h"
#include "daemon/zeroed_lists.h"
#include "instance.h"

static bool lists_wanted(int nid, int cpu)
{
	struct pb_zone *zone;

	pb_for_each_node_zone(zone, &pb_instance, nid)
		if (pb_prezero_wanted(zone, cpu))
			return true;
	return false;
}

/**
 * pb_fill_zeroed_lists - fill the lists of zeroed blocks of all CPUs
 * @nid: the node whose memory is zeroed
 * @stop: whether to stop early
 * @arg: passed to @stop
 *
 * Context: a kthread that is bound to CPUs by its affinity only, which this changes; sleeps.
 * Return: whether the affinity was changed: the caller sets it again.
 */
bool pb_fill_zeroed_lists(int nid, bool (*stop)(void *arg), void *arg)
{
	struct pb_zone *zone;
	bool moved = false;
	int cpu;

	for_each_online_cpu(cpu) {
		if (stop(arg))
			break;
		if (pb_cpu_isolated(cpu) || !lists_wanted(nid, cpu))
			continue;
		/* Fails when the CPU is going offline. */
		if (set_cpus_allowed_ptr(current, cpumask_of(cpu)))
			continue;
		moved = true;
		pb_for_each_node_zone(zone, &pb_instance, nid)
			pb_prezero_fill(zone);
	}
	return moved;
}
