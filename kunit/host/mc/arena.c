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

char mc_arena[ARENA_SIZE] __aligned(4096);
static char saved[ARENA_SIZE] __aligned(4096);
/* Low half: a bit for each actor that reads; high half: that writes. */
static u8 users[ARENA_SIZE / WORD];
/* The same for actors whose read or write is a switch point. */
static u8 point[ARENA_SIZE / WORD];
static bool ignored[ARENA_SIZE / WORD];
static size_t ignored_from, ignored_to;	/* words */
size_t mc_arena_used;

int pb_host_fail_nth;
long pb_host_allocs;
size_t pb_host_bytes;

void *pb_host_alloc(size_t bytes)
{
	size_t size = ALIGN(bytes, 64UL);
	void *p = mc_arena + mc_arena_used;

	if (mc_arena_used + size > ARENA_SIZE) {
		fprintf(stderr, "mc: the arena is full\n");
		abort();
	}
	mc_arena_used += size;
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
	ignored_from = 0;
	ignored_to = 0;
	mc_arena_used = 0;
}

static size_t saved_used;

void mc_arena_save(void)
{
	memcpy(saved, mc_arena, mc_arena_used);
	saved_used = mc_arena_used;
}

void mc_arena_restore(void)
{
	memcpy(mc_arena, saved, saved_used);
	mc_arena_used = saved_used;
}

void mc_arena_ignore(const void *p, size_t bytes)
{
	size_t word = ((const char *)p - mc_arena) / WORD;

	memset(ignored + word, true, bytes / WORD);
	ignored_from = word;
	ignored_to = word + bytes / WORD;
}

/* Four sums at a time, because a multiplication takes longer than the rest. */
static u64 hash_words(u64 hash, size_t from, size_t to)
{
	const u64 *word = (const u64 *)mc_arena, k = 0x9e3779b97f4a7c15ULL;
	u64 a = hash, b = hash + 1, c = hash + 2, d = hash + 3;
	size_t i;

	for (i = from; i + 4 <= to; i += 4) {
		a = (a ^ word[i]) * k ^ a >> 29;
		b = (b ^ word[i + 1]) * k ^ b >> 31;
		c = (c ^ word[i + 2]) * k ^ c >> 30;
		d = (d ^ word[i + 3]) * k ^ d >> 28;
	}
	for (; i < to; i++)
		a = (a ^ word[i]) * k ^ a >> 29;
	a = (a ^ b) * k ^ a >> 32;
	c = (c ^ d) * k ^ c >> 32;
	return (a ^ c) * k ^ c >> 27;
}

u64 mc_arena_hash(void)
{
	u64 hash = hash_words(1, 0, ignored_from);

	return hash_words(hash, ignored_to, mc_arena_used / WORD);
}

bool mc_arena_access(const void *p, int actor, bool write)
{
	size_t word = ((const char *)p - mc_arena) / WORD;
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

	for (word = 0; word < mc_arena_used / WORD; word++) {
		u8 now;

		if (!users[word] || ignored[word])
			continue;
		now = shared_accesses(users[word]);
		grown |= now != point[word];
		point[word] = now;
	}
	return grown;
}
