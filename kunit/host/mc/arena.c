// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arena is a bump allocator over a static array, so that one copy restores everything.
 *
 * A switch before an access that no other actor makes has the same effect as a switch before the
 * next shared access. The arena therefore keeps, for each word, the actors that read and wrote it
 * in any run of the scenario. Only shared words are switch points. The set changes between
 * explorations only, because the search counts on the same points in the same schedule.
 */
#include "arena.h"

#define ARENA_SIZE	(4UL << 20)
#define WORD		8
#define IGNORED		0x80	/* in @point */

static char arena[ARENA_SIZE] __aligned(4096);
static char saved[ARENA_SIZE] __aligned(4096);
static u8 users[ARENA_SIZE / WORD];	/* low half: bit per reader; high half: per writer */
static u8 point[ARENA_SIZE / WORD];
static size_t used;

int pb_host_fail_nth;
long pb_host_allocs;
size_t pb_host_bytes;

void *pb_host_alloc(size_t bytes)
{
	size_t size = ALIGN(bytes, 64UL);
	void *p = arena + used;

	if (used + size > ARENA_SIZE) {
		fprintf(stderr, "mc: the arena is full\n");
		abort();
	}
	used += size;
	memset(p, 0, size);
	return p;
}

/* Memory comes back with mc_arena_restore() only. */
void pb_host_free(void *p)
{
}

void mc_arena_clear(void)
{
	memset(users, 0, sizeof(users));
	memset(point, 0, sizeof(point));
	used = 0;
}

static size_t saved_used;

void mc_arena_save(void)
{
	memcpy(saved, arena, used);
	saved_used = used;
}

void mc_arena_restore(void)
{
	memcpy(arena, saved, saved_used);
	used = saved_used;
}

bool mc_arena_contains(const void *p)
{
	return (size_t)((const char *)p - arena) < used;
}

void mc_arena_ignore(const void *p, size_t bytes)
{
	size_t word = ((const char *)p - arena) / WORD;

	memset(point + word, IGNORED, bytes / WORD);
}

bool mc_arena_access(const void *p, int actor, bool write)
{
	size_t word = ((const char *)p - arena) / WORD;

	users[word] |= write ? 0x10 << actor : 1 << actor;
	return point[word] == 1;
}

bool mc_arena_freeze(void)
{
	size_t word;
	bool grown = false;

	for (word = 0; word < used / WORD; word++) {
		u8 writers = users[word] >> 4, any = writers | (users[word] & 15);

		if (point[word] || !writers || !(any & (any - 1)))
			continue;
		point[word] = 1;
		grown = true;
	}
	return grown;
}
