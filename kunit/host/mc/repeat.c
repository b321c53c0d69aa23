// SPDX-License-Identifier: GPL-2.0-only
/*
 * A request that finds a stale entry of the index tries again, up to 32 times. A switch in a later
 * try has the same effect as in the first one, but for the tries that are left: no memory has
 * changed in between. So the search makes switches in the first MAX_VISITS tries only. This is
 * the one place where it leaves schedules out.
 *
 * Two accesses are the same when actor, instruction, stack frame and address are. The table is a
 * hash table without chains; a collision makes the search try more.
 */
#include "fiber.h"
#include "repeat.h"

#define TABLE_SIZE	4096
#define MAX_VISITS	3

static struct {
	u64		key;
	u32		version;
	u32		visits;
} table[TABLE_SIZE];
static u32 version;
static u64 place;

void mc_repeat_reset(void)
{
	/* The counter never goes back, so that old entries do not match. */
	version++;
}

void mc_repeat_changed(void)
{
	version++;
}

void mc_repeat_at(const void *pc, const void *frame)
{
	place = (unsigned long)pc * 31 + (unsigned long)frame;
}

bool mc_repeat_seen(int actor, const void *p)
{
	u64 key = (place * 31 + (unsigned long)p) * MC_NR_FIBERS + actor;
	u64 slot = key * 0x9e3779b97f4a7c15ULL >> 52;

	if (table[slot].key != key || table[slot].version != version) {
		table[slot].key = key;
		table[slot].version = version;
		table[slot].visits = 0;
	}
	return ++table[slot].visits > MAX_VISITS;
}
