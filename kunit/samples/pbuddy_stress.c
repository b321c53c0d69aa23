// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_stress: while it is loaded, a thread on each CPU allocates and frees blocks, at random,
 * and counts the requests that fail. There are few blocks at a time, so that memory is free for
 * each request.
 *
 * The threads share an array of slots. A thread frees the block in a random slot, or if it is
 * empty, puts a new block there. So most blocks are freed by another CPU than the one that
 * allocated them. A thread has at most one block beside those in the slots.
 */
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pbuddy.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "cpu_threads.h"

PBUDDY_IMPORT_API();

#define RESCHED_EACH	64

static ulong requests = 100000;
module_param(requests, ulong, 0444);
MODULE_PARM_DESC(requests, "number of requests of all threads together (default: 100000)");

static uint order = 9;
module_param(order, uint, 0444);
MODULE_PARM_DESC(order, "order of each block (default: 9)");

static uint held = 40;
module_param(held, uint, 0444);
MODULE_PARM_DESC(held, "largest number of blocks at a time (default: 40)");

static uint seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of the random numbers (default: 1)");

static atomic_long_t sent, failed;
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
module_param_cb(running, &count_ops, &threads.running, 0444);
MODULE_PARM_DESC(running, "threads that have not made all their requests (read only)");

static struct page **slots;
static uint nr_slots;

/* Returns whether it made a request. */
static bool use_slot(uint slot)
{
	struct page *page = xchg(&slots[slot], NULL);

	if (page) {
		pbuddy_free_pages(page, order);
		return false;
	}
	page = pbuddy_alloc_pages(GFP_NOWAIT | __GFP_NOWARN, order);
	if (!page)
		atomic_long_inc(&failed);
	else
		pbuddy_free_pages(xchg(&slots[slot], page), order);
	return true;
}

static int stress(void *number)
{
	ulong left = requests / threads.nr, made = 0;
	struct rnd_state state;

	prandom_seed_state(&state, ((u64)seed << 32) + (ulong)number);
	while (left && !kthread_should_stop()) {
		if (!use_slot(prandom_u32_state(&state) % nr_slots))
			continue;
		left--;
		if (++made % RESCHED_EACH && left)
			continue;
		atomic_long_add(made, &sent);
		made = 0;
		cond_resched();
	}
	return cpu_thread_done(&threads);
}

static void free_slots(void)
{
	uint i;

	for (i = 0; i < nr_slots; i++)
		pbuddy_free_pages(slots[i], order);
	kfree(slots);
}

static int __init stress_init(void)
{
	int err;

	if (held <= num_online_cpus())
		return -EINVAL;
	nr_slots = held - num_online_cpus();
	slots = kcalloc(nr_slots, sizeof(*slots), GFP_KERNEL);
	if (!slots)
		return -ENOMEM;
	err = cpu_threads_start(&threads, stress, "pbuddy_stress/%u");
	if (err)
		free_slots();
	return err;
}

static void __exit stress_exit(void)
{
	cpu_threads_stop(&threads);
	free_slots();
}

module_init(stress_init);
module_exit(stress_exit);
MODULE_DESCRIPTION("Allocates and frees blocks of pbuddy on all CPUs at once");
MODULE_LICENSE("GPL");
