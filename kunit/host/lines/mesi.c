// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each CPU has a private cache without a limit, so a line leaves it only when another CPU writes to
 * it. For each line: the CPUs that have it, and whether the only one has modified it.
 *
 *	state of the line	load by another CPU	store by another CPU
 *	I  in no cache		E, memory		M, memory
 *	E  in one, unmodified	S, clean		M, invalidate
 *	S  in several		S, clean		M, invalidate
 *	M  in one, modified	S, dirty		M, dirty
 *
 * A load by a CPU that has the line is a hit, and so is a store by the only one; a store by one of
 * several invalidates the others. A transfer is far when the copy that serves a load, or one that a
 * store invalidates, is on the other socket.
 *
 * Not modelled: evictions, prefetching, speculation. Store buffers: see predict.c.
 */
#include "mesi.h"

struct line {
	u64	cpus[PB_HOST_MAX_CPUS / 64];
	bool	modified;
};

static struct line lines[LINES_NR];
static u64 far_cpus[PB_HOST_MAX_CPUS / 64];	/* those on the second socket */

struct mesi_counts mesi_counts;
u32 mesi_line_counts[LINES_NR][MESI_NR_TRANSFERS];
u32 mesi_word_counts[LINES_NR_WORDS];
u64 mesi_line_cpus[LINES_NR][PB_HOST_MAX_CPUS / 64];

const char * const mesi_transfer_name[MESI_NR_TRANSFERS] = {
	"clean", "clean_far", "dirty", "dirty_far", "invalidate", "invalidate_far", "memory",
};

void mesi_reset(unsigned int first_far)
{
	unsigned int cpu;

	memset(lines, 0, sizeof(lines));
	memset(far_cpus, 0, sizeof(far_cpus));
	for (cpu = first_far; cpu < PB_HOST_MAX_CPUS; cpu++)
		__set_bit(cpu, far_cpus);
	mesi_start_counting();
}

void mesi_start_counting(void)
{
	memset(&mesi_counts, 0, sizeof(mesi_counts));
	memset(mesi_line_counts, 0, sizeof(mesi_line_counts));
	memset(mesi_word_counts, 0, sizeof(mesi_word_counts));
	memset(mesi_line_cpus, 0, sizeof(mesi_line_cpus));
}

static bool has(const struct line *line, unsigned int cpu)
{
	return line->cpus[cpu / 64] & BIT(cpu % 64);
}

/* Whether another CPU has the line; with @far: on the other socket, otherwise on the same. */
static bool others(const struct line *line, unsigned int cpu, bool far)
{
	bool second = far_cpus[cpu / 64] & BIT(cpu % 64);
	u64 found = 0, cpus;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(line->cpus); i++) {
		cpus = line->cpus[i];
		if (i == cpu / 64)
			cpus &= ~BIT(cpu % 64);
		found |= cpus & (second == far ? ~far_cpus[i] : far_cpus[i]);
	}
	return found;
}

static enum mesi_transfer load_from(struct line *line, unsigned int cpu)
{
	bool near = others(line, cpu, false), far = others(line, cpu, true);
	enum mesi_transfer kind = line->modified ? MESI_DIRTY : MESI_CLEAN;

	if (!near && !far)
		return MESI_MEMORY;
	line->modified = false;
	return kind + !near;
}

static enum mesi_transfer own(struct line *line, unsigned int cpu)
{
	bool near = others(line, cpu, false), far = others(line, cpu, true);
	enum mesi_transfer kind = line->modified ? MESI_DIRTY : MESI_INVALIDATE;

	memset(line->cpus, 0, sizeof(line->cpus));
	line->modified = true;
	return near || far ? kind + far : MESI_MEMORY;
}

static void count(unsigned int cpu, const void *p, enum mesi_transfer kind)
{
	size_t offset = lines_offset(p);

	mesi_counts.transfer[kind]++;
	mesi_line_counts[offset >> LINES_SHIFT][kind]++;
	mesi_word_counts[offset / 8]++;
	mesi_line_cpus[offset >> LINES_SHIFT][cpu / 64] |= BIT(cpu % 64);
}

static enum mesi_transfer access_line(unsigned int cpu, const void *p, bool write)
{
	struct line *line = &lines[lines_offset(p) >> LINES_SHIFT];
	enum mesi_transfer kind = MESI_HIT;
	bool had = has(line, cpu);

	if (had && write && !others(line, cpu, false) && !others(line, cpu, true))
		line->modified = true;
	else if (!had || write)
		kind = write ? own(line, cpu) : load_from(line, cpu);
	line->cpus[cpu / 64] |= BIT(cpu % 64);
	if (kind != MESI_HIT)
		count(cpu, p, kind);
	return kind;
}

enum mesi_transfer mesi_access(unsigned int cpu, const void *p, size_t bytes, enum mesi_access how)
{
	const char *at = p, *end = at + bytes;
	enum mesi_transfer kind = MESI_HIT, last;

	mesi_counts.access[how]++;
	for (; at < end; at = (const char *)(((unsigned long)at | 63) + 1)) {
		last = access_line(cpu, at, how != MESI_LOAD);
		if (last != MESI_HIT)
			kind = last;
	}
	return kind;
}

char mesi_state(unsigned int cpu, const void *p)
{
	const struct line *line = &lines[lines_offset(p) >> LINES_SHIFT];

	if (!has(line, cpu))
		return 'I';
	if (line->modified)
		return 'M';
	return others(line, cpu, false) || others(line, cpu, true) ? 'S' : 'E';
}
