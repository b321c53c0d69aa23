// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor: a stack of block numbers per CPU, behind the same calls. No allocator that keeps
 * blocks in per-CPU lists can be faster; this one neither merges nor shares blocks.
 */
#include "bench.h"

static struct {
	unsigned long	top;
	void		**stack;
} ____cacheline_aligned cpus[PB_HOST_MAX_CPUS];

static void **memory;

static noinline void *floor_alloc(unsigned int order)
{
	unsigned int cpu = pb_host_cpu;

	if (unlikely(!cpus[cpu].top))
		return NULL;
	return cpus[cpu].stack[--cpus[cpu].top];
}

static noinline void floor_free(void *block, unsigned int order)
{
	unsigned int cpu = pb_host_cpu;

	cpus[cpu].stack[cpus[cpu].top++] = block;
}

static inline void *subject_alloc(gfp_t gfp, unsigned int order)
{
	return floor_alloc(order);
}

static inline void subject_free(void *block, unsigned int order)
{
	floor_free(block, order);
}

#define SUBJECT_LOOPS const struct bench_loops floor_loops
#include "bench/loops.h"

void floor_open(unsigned int nr_threads, unsigned long nr_blocks)
{
	unsigned long i, n = nr_threads * nr_blocks;

	memory = malloc(n * sizeof(*memory));
	if (!memory)
		die("no memory for the stacks");
	for (i = 0; i < n; i++)
		memory[i] = (void *)(i + 1);
	for (i = 0; i < nr_threads; i++) {
		cpus[i].stack = memory + i * nr_blocks;
		cpus[i].top = nr_blocks;
	}
}

void floor_close(void)
{
	free(memory);
}
