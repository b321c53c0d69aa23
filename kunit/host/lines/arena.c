// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bump allocator over one mapping. Memory for all CPUs comes from its front, per-CPU memory from
 * the units at its end.
 */
#include <sys/mman.h>
#include "arena.h"

#define UNITS		(LINES_ARENA_SIZE - PB_HOST_MAX_CPUS * PB_HOST_UNIT)

char *lines_arena;
static size_t used, percpu_used;

int pb_host_fail_nth;
long pb_host_allocs;
size_t pb_host_bytes;

static void full(const char *what)
{
	fprintf(stderr, "lines: %s is full\n", what);
	exit(1);
}

void lines_arena_reset(void)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

	if (lines_arena)
		madvise(lines_arena, LINES_ARENA_SIZE, MADV_DONTNEED);
	else
		lines_arena = mmap(NULL, LINES_ARENA_SIZE, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (lines_arena == MAP_FAILED)
		full("memory");
	used = 0;
	percpu_used = 0;
}

void *pb_host_alloc(size_t bytes)
{
	void *p = lines_arena + used;

	used += ALIGN(bytes, 64UL);
	if (used > UNITS)
		full("the arena");
	return p;
}

/* Memory comes back with lines_arena_reset() only. */
void pb_host_free(void *p)
{
}

void *lines_alloc_percpu(size_t bytes, size_t align)
{
	size_t at = ALIGN(percpu_used, align);

	percpu_used = at + bytes;
	if (percpu_used > PB_HOST_UNIT)
		full("a CPU's unit");
	return lines_arena + UNITS + at;
}

int lines_percpu_cpu(const void *p, size_t *at)
{
	size_t offset = lines_offset(p);

	if (offset < UNITS)
		return -1;
	*at = (offset - UNITS) % PB_HOST_UNIT;
	return (offset - UNITS) / PB_HOST_UNIT;
}

size_t lines_percpu_place(const void *var)
{
	return lines_offset(var) - UNITS;
}
