// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_stamper: while it is loaded, a thread on each CPU allocates and frees pages by all calls
 * of the API, with random orders, flags and nodes. Each page is stamped before it is freed. Each
 * page that has to be zero is looked at; those that are not are counted.
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
#define NR_BULK		24	/* most pages of a bulk call */
#define STAMP		0x5a

static uint max_order = 10;
module_param(max_order, uint, 0444);
MODULE_PARM_DESC(max_order, "largest order (default: 10)");

static bool all_zero;
module_param(all_zero, bool, 0444);
MODULE_PARM_DESC(all_zero, "every page has to be zero, not only those with __GFP_ZERO (default: N)");

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

/**
 * struct slot - the pages that a call has allocated
 * @free: frees them
 * @nr: number of pages; 0 if the slot is empty
 * @order: order of the block, for free_block()
 * @page: the first page; with free_bulk() all of them
 */
struct slot {
	void		(*free)(struct slot *slot);
	ulong		nr;
	uint		order;
	struct page	*page[NR_BULK];
};

static void free_block(struct slot *slot)
{
	pbuddy_free_pages(slot->page[0], slot->order);
}

static void free_bulk(struct slot *slot)
{
	pbuddy_free_pages_bulk(slot->page, slot->nr);
}

static void free_exact(struct slot *slot)
{
	pbuddy_free_pages_exact(page_address(slot->page[0]), slot->nr * PAGE_SIZE);
}

static void free_contig(struct slot *slot)
{
	pbuddy_free_contig(slot->page[0], slot->nr);
}

static void *address(const struct slot *slot, ulong i)
{
	return page_address(slot->free == free_bulk ? slot->page[i] : slot->page[0] + i);
}

static uint below(struct rnd_state *state, uint limit)
{
	return prandom_u32_state(state) % limit;
}

static gfp_t random_gfp(struct rnd_state *state)
{
	static const gfp_t flags[] = {
		GFP_KERNEL, GFP_USER, GFP_HIGHUSER_MOVABLE, GFP_KERNEL | __GFP_RECLAIMABLE,
		GFP_NOWAIT, GFP_KERNEL | __GFP_COMP, GFP_KERNEL_ACCOUNT, GFP_USER | __GFP_WRITE,
		GFP_ATOMIC, GFP_KERNEL | __GFP_THISNODE, GFP_KERNEL | GFP_DMA32,
	};
	gfp_t gfp = flags[below(state, ARRAY_SIZE(flags))];

	return gfp | __GFP_NOWARN | (below(state, 2) ? __GFP_ZERO : 0);
}

static void alloc_bulk(struct slot *slot, struct rnd_state *state, gfp_t gfp, int nid)
{
	memset(slot->page, 0, sizeof(slot->page));
	slot->free = free_bulk;
	slot->nr = pbuddy_alloc_pages_bulk(gfp, nid, 1 + below(state, NR_BULK), slot->page);
}

static void alloc_exact(struct slot *slot, ulong nr, gfp_t gfp)
{
	void *virt = pbuddy_alloc_pages_exact(nr * PAGE_SIZE, gfp & ~(__GFP_HIGHMEM | __GFP_COMP));

	slot->free = free_exact;
	slot->page[0] = virt ? virt_to_page(virt) : NULL;
	slot->nr = virt ? nr : 0;
}

static void alloc_contig(struct slot *slot, ulong nr, gfp_t gfp, int nid)
{
	slot->free = free_contig;
	slot->page[0] = pbuddy_alloc_contig(nr, gfp & ~__GFP_COMP, nid, NULL);
	slot->nr = slot->page[0] ? nr : 0;
}

static void alloc_block(struct slot *slot, struct rnd_state *state, gfp_t gfp, int nid)
{
	slot->free = free_block;
	switch (below(state, 4)) {
	case 0:
		slot->page[0] = pbuddy_alloc_pages_node(nid, gfp, slot->order);
		break;
	case 1:
		slot->page[0] = pbuddy_alloc_pages_nodemask(gfp, slot->order, nid,
							    &node_states[N_MEMORY]);
		break;
	default:
		slot->page[0] = pbuddy_alloc_pages(gfp, slot->order);
	}
	slot->nr = slot->page[0] ? 1UL << slot->order : 0;
}

static void random_alloc(struct slot *slot, struct rnd_state *state, gfp_t gfp)
{
	ulong nr = 1 + below(state, 1U << slot->order);
	int nid = below(state, nr_node_ids);

	switch (below(state, 8)) {
	case 0:
		return alloc_bulk(slot, state, gfp, nid);
	case 1:
		return alloc_exact(slot, nr, gfp);
	case 2:
		return alloc_contig(slot, nr, gfp, nid);
	default:
		return alloc_block(slot, state, gfp, nid);
	}
}

static void look_at(const struct slot *slot)
{
	ulong i;

	for (i = 0; i < slot->nr; i++)
		if (memchr_inv(address(slot, i), 0, PAGE_SIZE))
			atomic_long_inc(&not_zero);
	atomic_long_add(slot->nr, &looked_at);
}

static void put(struct slot *slot)
{
	ulong i;

	if (!slot->nr)
		return;
	for (i = 0; i < slot->nr; i++)
		memset(address(slot, i), STAMP, PAGE_SIZE);
	slot->free(slot);
	slot->nr = 0;
}

static void use_slot(struct slot *slot, struct rnd_state *state, uint largest)
{
	gfp_t gfp = random_gfp(state);

	put(slot);
	slot->order = below(state, min(largest, max_order) + 1);
	random_alloc(slot, state, gfp);
	atomic_long_inc(&sent);
	if (!slot->nr)
		atomic_long_inc(&failed);
	else if (all_zero || gfp & __GFP_ZERO)
		look_at(slot);
}

static int stamp(void *number)
{
	struct slot *slots = kvcalloc(NR_SLOTS, sizeof(*slots), GFP_KERNEL);
	struct rnd_state state;
	uint i;

	prandom_seed_state(&state, (ulong)number + 1);
	while (slots && !kthread_should_stop()) {
		i = below(&state, NR_SLOTS);
		use_slot(&slots[i], &state, i < NR_LARGE ? max_order : 3);
		cond_resched();
	}
	for (i = 0; slots && i < NR_SLOTS; i++)
		put(&slots[i]);
	kvfree(slots);
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
MODULE_DESCRIPTION("Allocates and frees pages of pbuddy, and checks those that have to be zero");
MODULE_LICENSE("GPL");
