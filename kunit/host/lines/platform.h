/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * platform.h for kunit/host/lines: 128 CPUs, and per-CPU memory as the kernel has it. All variables
 * of a CPU lie together in its unit, units are PB_HOST_UNIT bytes apart, and variables are aligned
 * as their type is. So variables of different CPUs never share a cache line.
 */
#ifndef PB_LINES_PLATFORM_H
#define PB_LINES_PLATFORM_H

#include "../platform.h"

void lines_fence(void);
void lines_yield(void);
void *lines_alloc_percpu(size_t bytes, size_t align);

#undef PB_HOST_MAX_CPUS
#define PB_HOST_MAX_CPUS	128
#define PB_HOST_UNIT		(64UL << 10)

#define PB_HOST_ON_CPU(p, cpu)	((typeof(p))((char *)(p) + (size_t)(cpu) * PB_HOST_UNIT))

#undef pb_alloc_percpu
#undef pb_free_percpu
#undef pb_per_cpu_ptr
#undef pb_this_cpu_ptr
#undef pb_this_cpu_inc
#undef pb_cpu_ptr
#define pb_alloc_percpu(type)	((type *)lines_alloc_percpu(sizeof(type), __alignof__(type)))
#define pb_free_percpu(p)	((void)(p))
#define pb_per_cpu_ptr(p, cpu)	PB_HOST_ON_CPU(p, cpu)
#define pb_this_cpu_ptr(p)	PB_HOST_ON_CPU(p, pb_host_cpu)
#define pb_this_cpu_inc(p)	((*PB_HOST_ON_CPU(p, pb_host_cpu))++)
#define pb_this_cpu_add(p, n)	(*PB_HOST_ON_CPU(p, pb_host_cpu) += (n))
#define pb_cpu_ptr(p, cpu)	PB_HOST_ON_CPU(p, cpu)

/* Barriers are those of x86. */
#undef smp_mb
#undef smp_rmb
#undef smp_wmb
#undef smp_mb__before_atomic
#undef smp_mb__after_atomic
#define smp_mb()			lines_fence()
#define smp_rmb()			barrier()
#define smp_wmb()			barrier()
#define smp_mb__before_atomic()		barrier()
#define smp_mb__after_atomic()		barrier()

#undef data_race
#define data_race(x)			(x)

#undef cond_resched
#undef pb_wait_tick
#undef pb_resched
#undef cpu_relax
#define cond_resched()			lines_yield()
#define pb_wait_tick()			lines_yield()
#define pb_resched()			lines_yield()
#define cpu_relax()			lines_yield()

#endif /* PB_LINES_PLATFORM_H */
