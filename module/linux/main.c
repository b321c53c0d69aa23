// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module: parameters that are read at insmod, the operations that the core calls, and the order
 * in which insmod initializes the parts of the module. The table steps[] has that order; rmmod, and
 * an insmod that fails, call the exit functions in reverse.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/build_bug.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "api/account.h"
#include "api/account_block.h"
#include "api/deferred_grow.h"
#include "api/group.h"
#include "api/movable_migrate.h"
#include "api/movable_ops.h"
#include "api/quarantine.h"
#include "api/reclaimer.h"
#include "api/resize.h"
#include "api/zero.h"
#include "compat.h"
#include "core/compact/compact.h"
#include "daemon/idle_memory.h"
#include "daemon/node_thread.h"
#include "daemon/oom.h"
#include "daemon/pcp_work.h"
#include "daemon/pool_shrinker.h"
#include "daemon/shrink_zones.h"
#include "daemon/stall.h"
#include "debug/bad_page_report.h"
#include "debug/debugfs.h"
#include "debug/leak.h"
#include "hooks/bad_frames.h"
#include "hooks/debug_pages.h"
#include "hooks/guard_pages.h"
#include "hooks/owner.h"
#include "hooks/pressure.h"
#include "instance.h"
#include "request/cpuset.h"
#include "request/percpu_zone.h"
#include "request/policy.h"
#include "request/resized.h"
#include "request/restricted.h"
#include "request/suspend.h"
#include "source/pool_spec.h"
#include "tunables.h"
#include "user/admin_ioctl.h"
#include "user/buffer.h"
#include "user/buffer_blocks.h"
#include "user/device.h"
#include "user/failed_page.h"
#include "user/heap.h"
#include "user/purge.h"
#include "user/swap.h"

static char *pool;
module_param(pool, charp, 0400);	/* may have addresses */
MODULE_PARM_DESC(pool, "memory to own: NODE:SIZE[-MAX][@SOURCE[=LABEL]],... with SOURCE contig (default), cma or reserve; the node begins with SIZE, which may be 0 then, and may grow to MAX, in bytes or with K, M, G, T, rounded up to 2 MiB; default: on each node an eighth of the free memory, at least 16M, at most a quarter");

static bool strict;
module_param(strict, bool, 0444);
MODULE_PARM_DESC(strict, "fail when less memory is available than pool= specifies (default: N, own what is available)");

static unsigned int movable;
module_param(movable, uint, 0444);
MODULE_PARM_DESC(movable, "percent of each node's memory that only movable allocations of kernel modules may use, 0 to 100 (default: 0)");

static bool owner;
module_param(owner, bool, 0444);
MODULE_PARM_DESC(owner, "record task and call stack of each allocation, for the debugfs file owners and the list of leaked pages (default: N)");

static unsigned int cma;
module_param(cma, uint, 0444);
MODULE_PARM_DESC(cma, "percent of each node's memory, less the part for movable=, that is a contiguous area: for movable allocations of kernel modules, for ranges and for contiguous buffers, 0 to 100 (default: 0)");

/* ---- operations that the core calls ---- */

static void zero(struct pb_pool *pool, unsigned long pfn, unsigned long nr_pages)
{
	pb_pages_zero(pfn, nr_pages, true);
}

/*
 * hooks/trace.c and hooks/trace_compact.c set the others while a tracepoint is enabled.
 * hooks/debug_pages.c sets .zero to NULL while it fills free pages itself.
 */
static const struct pb_ops ops = {
	.bad		= pb_report_bad,
	.drain_all	= pb_pcp_work_drain_all,
	.wake_node	= pb_node_thread_wake,
	.want_zeroed	= pb_node_thread_want_zeroed,
	.reclaim	= pb_stall_reclaim,
	.reclaim_end	= pb_shrink_zones_end,
	.reclaim_wait	= pb_stall_wait,
	.reclaimable	= pb_shrinkable_pages,
	.grow		= pb_stall_grow,
	.migrate	= pb_movable_ops_migrate,
	.compact	= pb_stall_compact,
	.release	= pb_quarantine_release,
	.zero		= zero,
	.mems_changed	= pb_cpuset_changed,
	.oom		= pb_oom,
	.oom_victim	= pb_oom_victim,
};

/* ---- the instance ---- */

static int read_specs(struct pb_pool_spec *specs)
{
	int ret = pb_pool_spec_parse_max_address();

	if (ret)
		return ret;
	if (pool && *pool)
		return pb_pool_spec_parse(pool, specs, PB_POOL_SPECS_MAX);
	return pb_pool_spec_default(specs, PB_POOL_SPECS_MAX);
}

static int make_instance(struct pb_pool_spec *specs, struct pb_range *spans)
{
	struct pb_instance_config config = {
		.specs = specs,
		.strict = strict,
		.movable_percent = movable,
		.cma_percent = cma,
		.spans = spans,
		.ops = &ops,
	};
	int nr = read_specs(specs), ret;
	unsigned long lowmem;

	if (nr < 0)
		return nr;
	lowmem = mult_frac(pb_pool_spec_pages(specs, nr), 100 - movable, 100UL);
	ret = pb_pool_spec_add_min_free(specs, nr, pb_tunables_min_free_pages(lowmem)) ?:
	      pb_deferred_grow_prepare(specs, nr, movable);
	if (ret)
		return ret;
	config.nr_specs = nr;
	config.nr_spans = pb_deferred_grow_spans(spans);
	return pb_instance_init(&config);
}

static int init_instance(void)
{
	struct pb_pool_spec *specs;
	struct pb_range *spans;
	int ret = -ENOMEM;

	if (movable > 100) {
		pr_err("movable: bad percentage \"%u\": 0 to 100 is expected\n", movable);
		return -EINVAL;
	}
	if (cma > 100) {
		pr_err("cma: bad percentage \"%u\": 0 to 100 is expected\n", cma);
		return -EINVAL;
	}
	specs = kcalloc(PB_POOL_SPECS_MAX, sizeof(*specs), GFP_KERNEL);
	spans = kcalloc(PB_DEFERRED_GROW_SPANS_MAX, sizeof(*spans), GFP_KERNEL);
	if (specs && spans)
		ret = make_instance(specs, spans);
	if (ret)
		pb_deferred_grow_exit();
	kfree(spans);
	kfree(specs);
	return ret;
}

static void exit_instance(void)
{
	pb_leak_report();
	pb_instance_exit(pb_leak_in_pageblock);
}

/* ---- the other parts, and the order of initialization ---- */

static bool page_poison;
module_param(page_poison, bool, 0444);
MODULE_PARM_DESC(page_poison, "fill free pages with a pattern and check it when they are allocated; slow (default: N)");

static bool zero_on_alloc;
module_param_named(init_on_alloc, zero_on_alloc, bool, 0444);
MODULE_PARM_DESC(init_on_alloc, "zero all pages when they are allocated, as the kernel's parameter of this name, which also has this effect (default: N)");

static bool zero_on_free;
module_param_named(init_on_free, zero_on_free, bool, 0444);
MODULE_PARM_DESC(init_on_free, "zero all pages when they are freed, as the kernel's parameter of this name, which also has this effect (default: N; page_poison takes precedence)");

static int init_debug(void)
{
	const struct pb_debug_config config = {
		.page_poison = page_poison,
		.init_on_alloc = zero_on_alloc,
		.init_on_free = zero_on_free || want_init_on_free(),
	};

	pb_debug_start(&config);
	return 0;
}

static unsigned int guard_minorder;
module_param(guard_minorder, uint, 0444);
MODULE_PARM_DESC(guard_minorder, "put guard pages around blocks of orders below this one, 1 to 9, and check them when a block is freed; each such allocation uses a block of this order (default: 0, none)");

static int init_guard(void)
{
	return pb_guard_start(guard_minorder);
}

static int init_owner(void)
{
	return pb_owner_init(owner);
}

static int init_device(void)
{
	pb_admin_ioctl_init(pb_pcp_work_drain_node);
	return pb_device_init();
}

/*
 * insmod calls init from the first to the last, rmmod calls exit in reverse. exit_instance() is
 * called last: it logs leaked pages after the last allocation, while the owner records still exist.
 */
static const struct {
	const char	*name;		/* NULL: init logs its own errors, or cannot fail */
	int		(*init)(void);	/* may be NULL */
	void		(*exit)(void);	/* may be NULL */
} steps[] = {
	{ NULL,		init_instance,		exit_instance },
	{ NULL,		pb_policy_init,		NULL },
	{ NULL,		pb_deferred_grow_start,	pb_deferred_grow_exit },
	{ "per-CPU works", pb_pcp_work_init,	pb_pcp_work_exit },
	{ "fast path",	pb_percpu_zone_start,	pb_percpu_zone_stop },
	{ "movable blocks", pb_movable_ops_init, pb_movable_ops_exit },
	{ "accounts",	pb_account_init,	pb_account_exit },
	{ "accounts of blocks", pb_account_block_init, pb_account_block_exit },
	{ "debug",	init_debug,		pb_debug_stop },
	{ NULL,		init_guard,		pb_guard_stop },
	{ "tunables",	pb_tunables_init,	pb_tunables_exit },
	{ "restricted zones", pb_restricted_init, pb_restricted_exit },
	{ NULL,		pb_resized_init,	pb_resized_exit },
	{ NULL,		init_owner,		pb_owner_stop },
	{ "bad pages",	pb_bad_frames_init,	pb_bad_frames_exit },
	{ "quarantine",	pb_quarantine_init,	pb_quarantine_exit },
	{ "suspend",	pb_suspend_init,	pb_suspend_exit },
	{ NULL,		NULL,			pb_reclaimer_exit },
	{ NULL,		NULL,			pb_oom_exit },
	{ NULL,		NULL,			pb_pressure_exit },
	{ "node threads", pb_node_threads_init,	pb_node_threads_exit },
	{ NULL,		pb_resize_init,		pb_resize_exit },
	{ NULL,		pb_group_init,		pb_group_exit },
	{ "shrinker",	pb_pool_shrinker_init,	pb_pool_shrinker_exit },
	{ NULL,		pb_idle_memory_init,	pb_idle_memory_exit },
	{ "debugfs",	pb_debugfs_init,	pb_debugfs_exit },
	{ NULL,		pb_buffer_blocks_init,	pb_buffer_blocks_exit },
	{ "moves of buffers", pb_buffer_move_init, pb_buffer_move_exit },
	{ NULL,		pb_failed_page_init,	pb_failed_page_exit },
	{ "purgeable buffers", pb_purge_init,	pb_purge_exit },
	{ "swapping of buffers", pb_swap_init,	pb_swap_exit },
	{ "heaps",	pb_heap_init,		pb_heap_exit },
	{ "device",	init_device,		pb_device_exit },
};

static void undo_steps(unsigned int done)
{
	while (done--)
		if (steps[done].exit)
			steps[done].exit();
	pb_owner_exit();
}

static int __init pbuddy_init(void)
{
	unsigned int i;
	int ret;

	/* PB_MAX_ORDER is 1 GiB and PB_PAGEBLOCK_ORDER 2 MiB of 4 KiB pages. */
	BUILD_BUG_ON(PAGE_SHIFT != 12);

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		ret = steps[i].init ? steps[i].init() : 0;
		if (ret) {
			if (steps[i].name)
				pr_err("not loaded: %s: error %d\n", steps[i].name, ret);
			undo_steps(i);
			return ret;
		}
	}
	return 0;
}

static void __exit pbuddy_exit(void)
{
	undo_steps(ARRAY_SIZE(steps));
}

module_init(pbuddy_init);
module_exit(pbuddy_exit);

MODULE_DESCRIPTION("A page allocator over memory of its own: any order up to 1 GiB, for kernel and user space");
MODULE_AUTHOR("pbuddy authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
