// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual CPUs take turns, in the order of their numbers. A turn lasts 1 to 2 * lines_quantum - 1
 * accesses, at random, so that all CPUs advance alike and meet anywhere in the core's code. The
 * seed alone decides the schedule.
 */
#include "mc/fiber.h"
#include "random.h"
#include "sched.h"

unsigned int lines_quantum = 8;
u64 lines_seed = 1;
unsigned int lines_left;

static unsigned int nr_cpus, nr_ended;
static bool ended[PB_HOST_MAX_CPUS];
static void (*cpu_fn)(unsigned int cpu);
static u64 state;

static u64 next_random(void)
{
	return host_random(&state) >> 16;
}

static void go_to(int to)
{
	int from = pb_host_cpu;

	lines_left = 1 + next_random() % (2 * lines_quantum - 1);
	if (to == from)
		return;
	pb_host_cpu = to;
	mc_fiber_switch(from, to);
}

void lines_switch(void)
{
	unsigned int to = pb_host_cpu;

	do {
		to = (to + 1) % nr_cpus;
	} while (ended[to]);
	go_to(to);
}

/* The CPU waits for others. */
void lines_yield(void)
{
	if (lines_running())
		lines_switch();
}

static void cpu_main(void)
{
	unsigned int cpu = pb_host_cpu;

	cpu_fn(cpu);
	ended[cpu] = true;
	if (++nr_ended < nr_cpus)
		lines_switch();
	mc_fiber_switch(cpu, -1);
}

void lines_run(unsigned int nr, void (*fn)(unsigned int cpu))
{
	unsigned int cpu;

	nr_cpus = nr;
	nr_ended = 0;
	cpu_fn = fn;
	/* The state of the generator must not be 0. */
	state = lines_seed * 0x9e3779b97f4a7c15ULL | 1;
	memset(ended, 0, sizeof(ended));
	for (cpu = 0; cpu < nr; cpu++)
		mc_fiber_reset(cpu, cpu_main);
	pb_host_cpu = -1;
	go_to(0);
	lines_left = 0;
	pb_host_cpu = 0;
}
