// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_stamper: while it is loaded, a thread on each CPU allocates and frees blocks with random
 * orders, flags and nodes. Each page is stamped before it is freed. Each page of a block that has
 * to be zero is looked at; those that are not are counted.
 */
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/pbuddy.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cpu_threads.h"

PBUDDY_IMPORT_API();

#define NR_SLOTS	64
#define NR_LARGE	2	/* slots with blocks of orders up to max_order; others up to 3 */
#define STAMP		0x5a

static ulong requests = 20000;
module_param(requests, ulong, 0444);
MODULE_PARM_DESC(requests, "number of requests of all threads together (default: 20000)");

static uint max_order = 10;
module_param(max_order, uint, 0444);
MODULE_PARM_DESC(max_order, "largest order (default: 10)");

static bool all_zero;
module_param(all_zero, bool, 0444);
MODULE_PARM_DESC(all_zero, "every block has to be zero, not only those with __GFP_ZERO (default: N)");

static atomic_long_t sent, failed, looked_at, not_zero;
static struct cpu_threads threads;

static int get_count(char *text, const struct kernel_param *kp)
{
	return sprintf(text, "%ld\n", atomic_long_read(kp->arg));
}

static const struct kernel_param_ops count_ops = { .get = get_count };

module_param_cb(sent, &count_ops, &sent, 0444);
MODULE_PARM_DESC(sent, "requests so far (read only)");
module_param_cb(failed, &count_ops, &failed, 0444);
MODULE_PARM_DESC(failed, "requests that failed (read only)");
module_param_cb(looked_at, &count_ops, &looked_at, 0444);
MODULE_PARM_DESC(looked_at, "pages that had to be zero (read only)");
module_param_cb(not_zero, &count_ops, &not_zero, 0444);
MODULE_PARM_DESC(not_zero, "those of them that were not (read only)");
module_param_cb(running, &count_ops, &threads.running, 0444);
MODULE_PARM_DESC(running, "threads that have not made all their requests (read only)");

struct slot {
	struct page	*page;
	uint		order;
};

static gfp_t random_gfp(struct rnd_state *state)
{
	static const gfp_t flags[] = {
		GFP_KERNEL, GFP_USER, GFP_HIGHUSER_MOVABLE, GFP_KERNEL | __GFP_RECLAIMABLE,
		GFP_NOWAIT, GFP_KERNEL | __GFP_COMP, GFP_KERNEL_ACCOUNT, GFP_USER | __GFP_WRITE,
	};
	u32 random = prandom_u32_state(state);

	return flags[random % ARRAY_SIZE(flags)] | __GFP_NOWARN | (random & 0x100 ? __GFP_ZERO : 0);
}

static struct page *random_alloc(struct rnd_state *state, gfp_t gfp, uint order)
{
	int nid = prandom_u32_state(state) % nr_node_ids;

	switch (prandom_u32_state(state) % 4) {
	case 0:
		return pbuddy_alloc_pages_node(nid, gfp, order);
	case 1:
		return pbuddy_alloc_pages_nodemask(gfp, order, nid, &node_states[N_MEMORY]);
	default:
		return pbuddy_alloc_pages(gfp, order);
	}
}

static void look_at(struct page *page, uint order)
{
	ulong i;

	for (i = 0; i < 1UL << order; i++)
		if (memchr_inv(page_address(page + i), 0, PAGE_SIZE))
			atomic_long_inc(&not_zero);
	atomic_long_add(1L << order, &looked_at);
}

static void put(struct slot *slot)
{
	if (!slot->page)
		return;
	memset(page_address(slot->page), STAMP, PAGE_SIZE << slot->order);
	pbuddy_free_pages(slot->page, slot->order);
	slot->page = NULL;
}

static void use_slot(struct slot *slot, struct rnd_state *state, uint largest)
{
	gfp_t gfp = random_gfp(state);

	put(slot);
	slot->order = prandom_u32_state(state) % (min(largest, max_order) + 1);
	slot->page = random_alloc(state, gfp, slot->order);
	atomic_long_inc(&sent);
	if (!slot->page)
		atomic_long_inc(&failed);
	else if (all_zero || gfp & __GFP_ZERO)
		look_at(slot->page, slot->order);
}

static int stamp(void *number)
{
	struct slot *slots = kcalloc(NR_SLOTS, sizeof(*slots), GFP_KERNEL);
	ulong left = slots ? requests / threads.nr : 0;
	struct rnd_state state;
	uint i;

	prandom_seed_state(&state, (ulong)number + 1);
	for (; left && !kthread_should_stop(); left--) {
		i = prandom_u32_state(&state) % NR_SLOTS;
		use_slot(&slots[i], &state, i < NR_LARGE ? max_order : 3);
		cond_resched();
	}
	for (i = 0; slots && i < NR_SLOTS; i++)
		put(&slots[i]);
	kfree(slots);
	return cpu_thread_done(&threads);
}

static int __init stamper_init(void)
{
	return cpu_threads_start(&threads, stamp, "pbuddy_stamper/%u");
}

static void __exit stamper_exit(void)
{
	cpu_threads_stop(&threads);
}

module_init(stamper_init);
module_exit(stamper_exit);
MODULE_DESCRIPTION("Allocates and frees blocks of pbuddy, and checks those that have to be zero");
MODULE_LICENSE("GPL");
