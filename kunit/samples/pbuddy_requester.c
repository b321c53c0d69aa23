// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_requester: when loaded, sends a number of equal requests with gfp flags given by name,
 * and frees each block at once. Tests load it to see the effect of a flag and the messages that
 * it causes. The parameter "served" then has the number of requests that got a block, and "on_node"
 * how many of these were on each of the first nodes.
 *
 * With context= the requests are sent where a task may not sleep: with preemption off, with a raw
 * spinlock held, or in an interrupt. gfp= then has a flag like NOWAIT. Or they are sent by a task
 * that another thread moves between the CPUs of the first two nodes meanwhile.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/pbuddy.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/topology.h>

PBUDDY_IMPORT_API();

static char *gfp = "KERNEL";
module_param(gfp, charp, 0444);
MODULE_PARM_DESC(gfp, "gfp flags by name, separated by | (default: KERNEL)");

static uint order;
module_param(order, uint, 0444);
MODULE_PARM_DESC(order, "order of each block (default: 0)");

static ulong exact;
module_param(exact, ulong, 0444);
MODULE_PARM_DESC(exact, "bytes of each request to pbuddy_alloc_pages_exact(), which it makes then (default: 0)");

static uint times = 1;
module_param(times, uint, 0444);
MODULE_PARM_DESC(times, "number of requests (default: 1)");

static int node = NUMA_NO_NODE;
module_param(node, int, 0444);
MODULE_PARM_DESC(node, "preferred node (default: the CPU's own)");

static char *context = "task";
module_param(context, charp, 0444);
MODULE_PARM_DESC(context, "task, moved_task, preempt_off, raw_lock or interrupt (default: task)");

static uint served;
module_param(served, uint, 0444);
MODULE_PARM_DESC(served, "number of requests that got a block (read only)");

static uint moves;
module_param(moves, uint, 0444);
MODULE_PARM_DESC(moves, "times that the task was moved (read only)");

static uint on_node[4];
module_param_array(on_node, uint, NULL, 0444);
MODULE_PARM_DESC(on_node, "number of blocks on each of the first nodes (read only)");

#define NAMED(flag)	{ #flag, __GFP_##flag }

static const struct {
	const char	*name;
	gfp_t		gfp;
} names[] = {
	{ "KERNEL", GFP_KERNEL }, { "ATOMIC", GFP_ATOMIC }, { "NOWAIT", GFP_NOWAIT },
	{ "USER", GFP_USER }, { "HIGHUSER_MOVABLE", GFP_HIGHUSER_MOVABLE },
	{ "RELIABLE", PBUDDY_GFP_RELIABLE },
	NAMED(DMA), NAMED(HIGHMEM), NAMED(DMA32), NAMED(MOVABLE), NAMED(RECLAIMABLE), NAMED(HIGH),
	NAMED(IO), NAMED(FS), NAMED(ZERO), NAMED(DIRECT_RECLAIM), NAMED(KSWAPD_RECLAIM),
	NAMED(WRITE), NAMED(NOWARN), NAMED(RETRY_MAYFAIL), NAMED(NOFAIL), NAMED(NORETRY),
	NAMED(MEMALLOC), NAMED(COMP), NAMED(NOMEMALLOC), NAMED(HARDWALL), NAMED(THISNODE),
	NAMED(ACCOUNT), NAMED(ZEROTAGS), NAMED(SKIP_ZERO),
#ifdef __GFP_SKIP_KASAN		/* two flags in 6.1 */
	NAMED(SKIP_KASAN),
#endif
};

static int __init parse(gfp_t *result)
{
	char *list = gfp, *name;
	unsigned int i;

	*result = 0;
	while ((name = strsep(&list, "|"))) {
		for (i = 0; i < ARRAY_SIZE(names) && strcmp(name, names[i].name); i++)
			;
		if (i == ARRAY_SIZE(names)) {
			pr_err("pbuddy_requester: unknown gfp flag \"%s\"\n", name);
			return -EINVAL;
		}
		*result |= names[i].gfp;
	}
	return 0;
}

static gfp_t flags;

static void count(const struct page *page)
{
	served += !!page;
	if (page && page_to_nid(page) < (int)ARRAY_SIZE(on_node))
		on_node[page_to_nid(page)]++;
}

static void send_exact(void)
{
	void *memory = pbuddy_alloc_pages_exact(exact, flags);

	count(memory ? virt_to_page(memory) : NULL);
	pbuddy_free_pages_exact(memory, exact);
}

static bool moved;	/* another thread moves the task */

static void send(void)
{
	struct page *page;
	uint i;

	for (i = 0; i < times; i++) {
		/* Without preemption the task moves here only. */
		if (moved && !(i % 64))
			cond_resched();
		if (exact) {
			send_exact();
			continue;
		}
		page = pbuddy_alloc_pages_node(node, flags, order);
		count(page);
		pbuddy_free_pages(page, order);
	}
}

static int move(void *task)
{
	unsigned int nid = 0;

	while (!kthread_should_stop()) {
		moves += !set_cpus_allowed_ptr(task,
					       cpumask_of(cpumask_first(cpumask_of_node(nid))));
		nid = !nid;
		cond_resched();
	}
	return 0;
}

/* The mover has a CPU of its own, or it would run once a tick. */
static void send_moved(void)
{
	struct task_struct *mover = kthread_create(move, current, "pbuddy_mover");

	if (IS_ERR(mover))
		return;
	kthread_bind(mover, cpumask_last(cpumask_of_node(1)));
	wake_up_process(mover);
	moved = true;
	send();
	kthread_stop(mover);
}

static void send_preempt_off(void)
{
	preempt_disable();
	send();
	preempt_enable();
}

static void send_raw_lock(void)
{
	static DEFINE_RAW_SPINLOCK(lock);

	raw_spin_lock(&lock);
	send();
	raw_spin_unlock(&lock);
}

static void on_interrupt(struct irq_work *work)
{
	send();
}

static void send_interrupt(void)
{
	static struct irq_work work = IRQ_WORK_INIT_HARD(on_interrupt);

	irq_work_queue(&work);
	irq_work_sync(&work);
}

static const struct {
	const char	*name;
	void		(*send)(void);
} contexts[] = {
	{ "task", send }, { "moved_task", send_moved }, { "preempt_off", send_preempt_off },
	{ "raw_lock", send_raw_lock }, { "interrupt", send_interrupt },
};

static int __init requester_init(void)
{
	unsigned int i;

	if (parse(&flags))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(contexts); i++) {
		if (!strcmp(context, contexts[i].name)) {
			contexts[i].send();
			return 0;
		}
	}
	return -EINVAL;
}

static void __exit requester_exit(void)
{
}

module_init(requester_init);
module_exit(requester_exit);
MODULE_DESCRIPTION("Allocates from pbuddy with any gfp flags");
MODULE_LICENSE("GPL");
