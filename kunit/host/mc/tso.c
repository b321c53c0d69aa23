// SPDX-License-Identifier: GPL-2.0-only
/*
 * A store buffer per CPU. By default a store reaches memory at once. A schedule may delay one: it
 * and all later stores of its CPU stay in the buffer, in order, until the CPU executes a locked
 * instruction, a full barrier or a store that the compiler does not report as atomic. Loads of the
 * same CPU see the buffer. So every store may pass any number of later loads, which is the one
 * reordering that x86 makes.
 */
#include "arena.h"
#include "sched.h"
#include "tso.h"

#define MAX_STORES	8

struct store {
	void		*p;
	u64		value;
	unsigned int	bytes;
};

static struct {
	unsigned int	n;
	struct store	store[MAX_STORES];
} buffer[MC_NR_FIBERS];

static void write_memory(void *p, u64 value, unsigned int bytes)
{
	memcpy(p, &value, bytes);
}

void mc_tso_flush(int cpu)
{
	unsigned int i;

	for (i = 0; i < buffer[cpu].n; i++)
		write_memory(buffer[cpu].store[i].p, buffer[cpu].store[i].value,
			     buffer[cpu].store[i].bytes);
	buffer[cpu].n = 0;
}

void mc_tso_store(void *p, u64 value, unsigned int bytes)
{
	int cpu = pb_host_cpu;

	if (!mc_tso || !mc_running() || !mc_arena_contains(p)) {
		write_memory(p, value, bytes);
		return;
	}
	if (!buffer[cpu].n && !mc_delay_store()) {
		write_memory(p, value, bytes);
		return;
	}
	if (buffer[cpu].n == MAX_STORES)
		mc_tso_flush(cpu);
	buffer[cpu].store[buffer[cpu].n++] = (struct store){ p, value, bytes };
}

bool mc_tso_load(const void *p, unsigned int bytes, u64 *value)
{
	int cpu = pb_host_cpu;
	unsigned int i = buffer[cpu].n;

	while (i--) {
		const struct store *s = &buffer[cpu].store[i];

		if (s->p == p && s->bytes == bytes) {
			*value = s->value;
			return true;
		}
		if ((char *)s->p < (char *)p + bytes && (char *)p < (char *)s->p + s->bytes) {
			mc_tso_flush(cpu);
			return false;
		}
	}
	return false;
}
