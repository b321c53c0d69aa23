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
#include "fiber.h"

#define ARENA_SIZE	(4UL << 20)
#define WORD		8
#define ACTORS		(BIT(MC_NR_FIBERS) - 1)	/* a bit per actor */
#define WRITES_SHIFT	MC_NR_FIBERS

static char arena[ARENA_SIZE] __aligned(4096);
static char saved[ARENA_SIZE] __aligned(4096);
/* Low half: a bit for each actor that reads; high half: that writes. */
static u8 users[ARENA_SIZE / WORD];
/* The same for actors whose read or write is a switch point. */
static u8 point[ARENA_SIZE / WORD];
static bool ignored[ARENA_SIZE / WORD];
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
	memset(ignored, 0, sizeof(ignored));
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

	memset(ignored + word, true, bytes / WORD);
}

bool mc_arena_access(const void *p, int actor, bool write)
{
	size_t word = ((const char *)p - arena) / WORD;
	u8 bit = 1 << (write ? actor + WRITES_SHIFT : actor);

	users[word] |= bit;
	return point[word] & bit;
}

/* A read matters to other actors that write, a write to those that read or write. */
static u8 shared_accesses(u8 use)
{
	u8 writers = use >> WRITES_SHIFT, readers = use & ACTORS, all = readers | writers;
	u8 result = 0;
	int actor;

	for (actor = 0; actor < WRITES_SHIFT; actor++) {
		u8 bit = 1 << actor;

		if (readers & bit && writers & ~bit)
			result |= bit;
		if (writers & bit && all & ~bit)
			result |= bit << WRITES_SHIFT;
	}
	return result;
}

bool mc_arena_freeze(void)
{
	size_t word;
	bool grown = false;

	for (word = 0; word < used / WORD; word++) {
		u8 now;

		if (!users[word] || ignored[word])
			continue;
		now = shared_accesses(users[word]);
		grown |= now != point[word];
		point[word] = now;
	}
	return grown;
}
