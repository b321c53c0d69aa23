/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface between the core and the kernel: atomics, bit operations, per-CPU access,
 * preemption, assertions and memory for metadata. No other file of the core includes Linux
 * headers. On the host kunit/host/platform.h, which has the same include guard, is included
 * first and replaces this file, so that the core's code is compiled unchanged there.
 */
#ifndef PB_PLATFORM_H
#define PB_PLATFORM_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/percpu.h>
#include <linux/nodemask.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <linux/types.h>
#include <linux/vmalloc.h>

/*
 * Metadata: zeroed, virtually contiguous, at least cache-line aligned; on node @nid where
 * it matters.
 */
static inline void *pb_meta_alloc(size_t bytes, int nid)
{
	/* vmalloc always: the pageblocks rely on its alignment. */
	return vzalloc_node(bytes, nid >= 0 && node_online(nid) ? nid : NUMA_NO_NODE);
}

static inline void pb_meta_free(void *p)
{
	vfree(p);
}

/* Whether atomics of several sizes are used on the same bytes. See the host's platform.h. */
#define pb_mixed_sizes()		true

#define pb_alloc_percpu(type)		alloc_percpu(type)
#define pb_free_percpu(p)		free_percpu(p)
#define pb_per_cpu_ptr(p, cpu)		per_cpu_ptr(p, cpu)
/* Only with preemption off. */
#define pb_this_cpu_ptr(p)		this_cpu_ptr(p)
/* With preemption on the CPU may be another one when the pointer is used. */
#define pb_raw_cpu_ptr(p)		raw_cpu_ptr(p)
/* One instruction, or as if: an interrupt or NMI comes before or after it. */
#define pb_this_cpu_inc(p)		this_cpu_inc(*(p))
#define pb_this_cpu_add(p, n)		this_cpu_add(*(p), n)
/* pb_this_cpu_ptr() in two steps; the first may be a call, so do it before values are live. */
#define pb_this_cpu()			my_cpu_offset
/* Without RELOC_HIDE(), which keeps the compiler from adding @p where it is in memory. */
static __always_inline void *pb_cpu_ptr(const void __percpu *p, unsigned long this_cpu)
{
	return (void *)((__force unsigned long)p + this_cpu);
}

#define pb_for_each_cpu(cpu)		for_each_possible_cpu(cpu)
#define pb_nr_cpus()			num_possible_cpus()
#define pb_cpu_id()			raw_smp_processor_id()
#define pb_cpu_node(cpu)		cpu_to_node(cpu)
#define pb_node_has_cpu(nid)		node_state(nid, N_CPU)

/* Conditions that end long loops early. */
#define pb_need_resched()		need_resched()
#define pb_fatal_signal()		fatal_signal_pending(current)

/* Reads a byte that its owner may be writing with plain stores; the value is a hint. */
#define pb_peek(p)			data_race(READ_ONCE(*(p)))
/* The same for eight bytes. */
#define pb_peek_word(p)			data_race(READ_ONCE(*(p)))
/* The same for a variable of any type that another CPU writes with plain stores. */
#define pb_hint(x)			data_race(READ_ONCE(x))

#define pb_assert_preempt_off()		lockdep_assert_preemption_disabled()

/*
 * Lockdep takes a pcp section for a raw spinlock that is held, so that it reports locks which are
 * taken inside and sleep on PREEMPT_RT. Entering is a trylock, because it does not wait.
 */
#ifdef CONFIG_PROVE_RAW_LOCK_NESTING
extern struct lockdep_map pb_section_map;

#define pb_section_acquire()	lock_acquire(&pb_section_map, 0, 1, 0, 1, NULL, _THIS_IP_)
#define pb_section_release()	lock_release(&pb_section_map, _THIS_IP_)
#else
#define pb_section_acquire()	do { } while (0)
#define pb_section_release()	do { } while (0)
#endif

/* State of the current task; only in process context. */
static inline bool pb_task_reclaiming(void)
{
	return current->flags & PF_MEMALLOC;
}

static inline bool pb_task_is_kthread(void)
{
	return current->flags & PF_KTHREAD;
}

static inline bool pb_task_dumps_core(void)
{
	return current->flags & PF_DUMPCORE;
}

/* Keeps allocations of reclaim and compaction from reclaiming recursively. */
#define pb_noreclaim_save()		memalloc_noreclaim_save()
#define pb_noreclaim_restore(flags)	memalloc_noreclaim_restore(flags)

static inline void pb_wait_tick(void)
{
	schedule_timeout_uninterruptible(1);
}

/* Between two rounds. A worker sleeps, so that its workqueue starts another one meanwhile. */
static inline void pb_resched(void)
{
	if (current->flags & PF_WQ_WORKER)
		pb_wait_tick();
	else
		cond_resched();
}

/* Counts reads of index and bitmap words for the scale test; on the host only. */
#define pb_count_visit()		do { } while (0)

/* Exports for the KUnit suites and pbuddy_bench only. */
#if IS_ENABLED(CONFIG_KUNIT) || defined(PB_BENCH)
#define EXPORT_SYMBOL_PB_TEST(sym)		EXPORT_SYMBOL_GPL(sym)
#else
#define EXPORT_SYMBOL_PB_TEST(sym)	static_assert(!__same_type(sym, void))
#endif

#endif /* PB_PLATFORM_H */
