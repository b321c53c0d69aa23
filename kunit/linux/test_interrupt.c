// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts, irq_works and NMIs that allocate and free while threads do, also inside the pcp
 * section that they interrupt; and CPUs that go offline with pages in their pcp lists. The load
 * and its checks are those of stress.h.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/percpu.h>

#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
#include <linux/nmi.h>
#endif

#include "compat.h"
#include "core/cache/drain.h"
#include "params.h"
#include "stress.h"
#include "threads.h"

/* The interrupts of one CPU: a hard timer, whose function also queues an irq_work. */
struct irq_load {
	struct hrtimer		timer;
	struct irq_work		work;
	struct pt_stress	*s;
	struct pt_rand		rand;
	u32			owner;
	unsigned long		timers;
	unsigned long		works;
};

static DEFINE_PER_CPU(struct irq_load, irq_load);

/* A kernel with KASAN is slow: leave threads time between interrupts. */
#define TIMER_NS	(IS_ENABLED(CONFIG_KASAN) ? 200000 : 20000)
#define OPS_PER_IRQ	4

static void irq_ops(struct irq_load *load)
{
	unsigned int i;

	for (i = 0; i < OPS_PER_IRQ; i++)
		pt_stress_op(load->s, &load->rand, load->owner, false);
}

static void on_irq_work(struct irq_work *work)
{
	struct irq_load *load = container_of(work, struct irq_load, work);

	load->works++;
	irq_ops(load);
}

static enum hrtimer_restart on_timer(struct hrtimer *timer)
{
	struct irq_load *load = container_of(timer, struct irq_load, timer);

	load->timers++;
	irq_ops(load);
	irq_work_queue(&load->work);
	if (READ_ONCE(load->s->stop))
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, ns_to_ktime(TIMER_NS + load->rand.state % TIMER_NS));
	return HRTIMER_RESTART;
}

static void start_irqs(void *p)
{
	struct irq_load *load = this_cpu_ptr(&irq_load);
	unsigned int cpu = smp_processor_id();

	memset(load, 0, sizeof(*load));
	load->s = p;
	load->rand.state = pt_seed * 77 + cpu;
	load->owner = 1000 + cpu;
	init_irq_work(&load->work, on_irq_work);
	pb_hrtimer_setup(&load->timer, on_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_start(&load->timer, ns_to_ktime(TIMER_NS), HRTIMER_MODE_REL_PINNED_HARD);
}

static void stop_irqs(struct pt_stress *s)
{
	int cpu;

	WRITE_ONCE(s->stop, true);
	for_each_online_cpu(cpu) {
		hrtimer_cancel(&per_cpu(irq_load, cpu).timer);
		irq_work_sync(&per_cpu(irq_load, cpu).work);
	}
}

static unsigned long timers_so_far(void)
{
	unsigned long timers = 0;
	int cpu;

	for_each_online_cpu(cpu)
		timers += READ_ONCE(per_cpu(irq_load, cpu).timers);
	return timers;
}

static void describe_layout(const struct pt_layout *const *layout, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", (*layout)->name);
}

KUNIT_ARRAY_PARAM(layouts, pt_layouts, describe_layout);

static void test_interrupts_inside(struct kunit *test)
{
	const struct pt_layout *layout = *(const struct pt_layout *const *)test->param_value;
	struct pt_stress *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	unsigned long timers, works = 0, end = jiffies + 120 * HZ;
	int cpu;

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_ASSERT_EQ(test, pt_stress_init(test, s, pt_pool(test, layout)), 0);
	on_each_cpu(start_irqs, s, 1);
	/* The timers of a virtual machine may be late. */
	do {
		KUNIT_EXPECT_EQ(test, pt_run_threads(pt_nr_cpus(), pt_stress_thread, s), 0);
	} while (!timers_so_far() && time_before(jiffies, end));
	stop_irqs(s);
	timers = timers_so_far();
	for_each_online_cpu(cpu)
		works += per_cpu(irq_load, cpu).works;
	kunit_info(test, "%lu timer interrupts, %lu irq_works, %lu times inside a pcp section\n",
		   timers, works, pb_pool_event(&s->f->pool, PB_PCP_BUSY));
	KUNIT_EXPECT_GT(test, timers, 0UL);
	KUNIT_EXPECT_GT(test, works, 0UL);
	pt_stress_finish(test, s);
}

/*
 * An interrupt inside the pcp section, not left to chance: ops->refill is called there with
 * preemption disabled, and queues an irq_work that allocates and frees.
 */
static struct {
	struct irq_work		work;
	struct pt_fixture	*f;
	unsigned long		pfn;
	bool			freed;
} inside;

static void alloc_and_free_inside(struct irq_work *work)
{
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	inside.pfn = pb_alloc(&inside.f->pool, &rq, NULL);
	if (inside.pfn != PB_NO_PFN)
		inside.freed = pb_free(&inside.f->pool, inside.pfn, 0) == PB_BAD_NONE;
}

static void interrupt_refill(struct pb_zone *zone, unsigned int order, unsigned int mt,
			     unsigned int nr)
{
	irq_work_queue(&inside.work);
	/*
	 * On x86 the irq_work interrupts at once. Elsewhere it runs with the next timer
	 * interrupt, perhaps after the pcp section.
	 */
	if (IS_ENABLED(CONFIG_X86) && !IS_ENABLED(CONFIG_UML))
		while (irq_work_is_busy(&inside.work))
			cpu_relax();
}

static void test_interrupt_in_pcp_section(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfn;

	if (!IS_ENABLED(CONFIG_X86) || IS_ENABLED(CONFIG_UML))
		kunit_skip(test, "needs an irq_work that interrupts at once");
	memset(&inside, 0, sizeof(inside));
	inside.f = f;
	inside.pfn = PB_NO_PFN;
	init_irq_work(&inside.work, alloc_and_free_inside);
	f->pool.ops.refill = interrupt_refill;
	pfn = pt_alloc(f, 0);
	f->pool.ops.refill = NULL;
	irq_work_sync(&inside.work);
	KUNIT_ASSERT_NE(test, pfn, PB_NO_PFN);
	KUNIT_EXPECT_NE(test, inside.pfn, PB_NO_PFN);
	KUNIT_EXPECT_NE(test, inside.pfn, pfn);
	KUNIT_EXPECT_TRUE(test, inside.freed);
	KUNIT_EXPECT_GE(test, pb_pool_event(&f->pool, PB_PCP_BUSY), 2UL);
	pt_verify(test, f, NULL);
	pt_free(test, f, pfn, 0);
	pt_expect_all_free(test, f);
}

#ifdef CONFIG_PROVE_RAW_LOCK_NESTING
static unsigned int refills_as_lock;

static void count_as_lock(struct pb_zone *zone, unsigned int order, unsigned int mt,
			  unsigned int nr)
{
	refills_as_lock += lock_is_held(&pb_section_map) == LOCK_STATE_HELD;
}

/* Lockdep takes the pcp section for a raw spinlock that is held. */
static void test_section_is_a_raw_lock(struct kunit *test)
{
	struct pt_fixture *f = pt_pool(test, &pt_small);
	unsigned long pfn;

	refills_as_lock = 0;
	f->pool.ops.refill = count_as_lock;
	pfn = pt_alloc(f, 0);
	f->pool.ops.refill = NULL;
	KUNIT_EXPECT_EQ(test, refills_as_lock, 1U);
	KUNIT_EXPECT_EQ(test, lock_is_held(&pb_section_map), LOCK_STATE_NOT_HELD);
	KUNIT_EXPECT_EQ(test, (unsigned int)pb_section_map.wait_type_inner,
			(unsigned int)LD_WAIT_SPIN);
	pt_free(test, f, pfn, 0);
	pt_expect_all_free(test, f);
}
#endif

/*
 * NMIs inside the pcp section: "int $2" enters the NMI handler as the hardware does, and
 * ops->refill and ops->drain are called inside the section.
 */
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
static struct pt_stress *nmi_stress;

static int on_nmi(unsigned int type, struct pt_regs *regs)
{
	struct pt_stress *s = READ_ONCE(nmi_stress);
	struct irq_load *load = this_cpu_ptr(&irq_load);
	unsigned int i;

	if (!s)
		return NMI_DONE;
	load->works++;
	for (i = 0; i < OPS_PER_IRQ; i++)
		pt_stress_op(s, &load->rand, 2000 + smp_processor_id(), false);
	return NMI_HANDLED;
}

static void raise_nmi(struct pb_zone *zone, unsigned int order, unsigned int mt, unsigned int nr)
{
	if (!in_nmi())
		asm volatile("int $2" ::: "memory");
}

static void test_nmi_in_pcp_section(struct kunit *test)
{
	struct pt_stress *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	unsigned long nmis = 0, busy;
	int cpu;

	KUNIT_ASSERT_NOT_NULL(test, s);
	KUNIT_ASSERT_EQ(test, pt_stress_init(test, s, pt_pool(test, &pt_small)), 0);
	KUNIT_ASSERT_EQ(test, register_nmi_handler(NMI_LOCAL, on_nmi, 0, "pbuddy_kunit"), 0);
	for_each_possible_cpu(cpu)
		per_cpu(irq_load, cpu) = (struct irq_load) { .rand = { .state = pt_seed + cpu } };
	WRITE_ONCE(nmi_stress, s);
	s->f->pool.ops.refill = raise_nmi;
	s->f->pool.ops.drain = raise_nmi;
	KUNIT_EXPECT_EQ(test, pt_run_threads(pt_nr_cpus(), pt_stress_thread, s), 0);
	s->f->pool.ops.refill = NULL;
	s->f->pool.ops.drain = NULL;
	unregister_nmi_handler(NMI_LOCAL, "pbuddy_kunit");
	WRITE_ONCE(nmi_stress, NULL);
	for_each_possible_cpu(cpu)
		nmis += per_cpu(irq_load, cpu).works;
	busy = pb_pool_event(&s->f->pool, PB_PCP_BUSY);
	kunit_info(test, "%lu NMIs, %lu requests inside a pcp section\n", nmis, busy);
	KUNIT_EXPECT_GT(test, nmis, 0UL);
	KUNIT_EXPECT_GT(test, busy, 0UL);
	pt_stress_finish(test, s);
}
#endif

#ifdef CONFIG_HOTPLUG_CPU
struct hotplug {
	struct pt_stress	s;
	unsigned int		victim;		/* id of the CPU that goes offline */
	unsigned long		cycles;
	int			err;
};

static void fill_cache(void *arg)
{
	struct hotplug *h = arg;
	unsigned long pfns[20], i, n;
	struct pb_request rq = pt_rq(0, PB_MOVABLE, 0);

	n = pb_alloc_bulk(&h->s.f->pool, &rq, ARRAY_SIZE(pfns), pfns, NULL);
	for (i = 0; i < n; i++)
		pb_free(&h->s.f->pool, pfns[i], 0);
}

/* The kernel gives up when the CPU has not come up in ten seconds, and can try again. */
static int bring_up(unsigned int cpu)
{
	unsigned int tries;
	int err = -EIO;

	for (tries = 0; tries < 5 && err; tries++)
		err = add_cpu(cpu);
	return err;
}

/* Thread 0 takes the last CPU offline and online again while the other threads allocate. */
static void plug_or_load(void *arg, unsigned int n)
{
	struct hotplug *h = arg;
	unsigned long i;

	if (n) {
		pt_stress_thread(&h->s, n);
		return;
	}
	for (i = 0; i < h->cycles && !h->err; i++) {
		pt_call_on(pt_nr_cpus() - 1, fill_cache, h);
		h->err = remove_cpu(h->victim);
		if (h->err)
			break;
		/* This includes the pcp lists of the CPU that is offline now. */
		pt_drain_all(&h->s.f->pool);
		h->err = bring_up(h->victim);
	}
}

static void test_cpu_hotplug(struct kunit *test)
{
	struct hotplug *h = kunit_kzalloc(test, sizeof(*h), GFP_KERNEL);
	unsigned int nr = pt_nr_cpus();

	KUNIT_ASSERT_NOT_NULL(test, h);
	if (nr < 2)
		kunit_skip(test, "needs two CPUs");
	KUNIT_ASSERT_EQ(test, pt_stress_init(test, &h->s, pt_pool(test, &pt_two_nodes)), 0);
	h->victim = pt_cpu(nr - 1);
	h->cycles = 5;
	KUNIT_EXPECT_EQ(test, pt_run_threads(nr - 1, plug_or_load, h), 0);
	KUNIT_EXPECT_EQ(test, h->err, 0);
	KUNIT_EXPECT_EQ(test, pt_nr_cpus(), nr);
	/* With a single other CPU no thread has allocated yet. */
	pt_stress_op(&h->s, &(struct pt_rand) { .state = pt_seed }, 1, false);
	pt_stress_thread(&h->s, 1);
	pt_stress_finish(test, &h->s);
}
#endif

static struct kunit_case interrupt_cases[] = {
	KUNIT_CASE_PARAM(test_interrupts_inside, layouts_gen_params),
	KUNIT_CASE(test_interrupt_in_pcp_section),
#ifdef CONFIG_PROVE_RAW_LOCK_NESTING
	KUNIT_CASE(test_section_is_a_raw_lock),
#endif
#if defined(CONFIG_X86_64) && !defined(CONFIG_UML)
	KUNIT_CASE(test_nmi_in_pcp_section),
#endif
#ifdef CONFIG_HOTPLUG_CPU
	KUNIT_CASE(test_cpu_hotplug),
#endif
	{}
};

static struct kunit_suite interrupt_suite = {
	.name = "pbuddy_interrupt",
	.init = pt_init,
	.exit = pt_exit,
	.test_cases = interrupt_cases,
};

kunit_test_suite(interrupt_suite);
