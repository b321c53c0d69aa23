// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table of the objects in the arena, sorted by address. An address belongs to the object that
 * begins last before it, so that a member has it and not its struct.
 */
#include "arena.h"
#include "core/base/directory.h"
#include "core/base/pageblock_types.h"
#include "core/cache/pcp.h"
#include "core/index/bitmap.h"
#include "core/index/updates.h"
#include "names.h"

#define MAX_RANGES	1024

struct range {
	size_t		start, bytes;
	const char	*name;
	size_t		each;		/* bytes of one of its kind, or 0 */
};

static struct range range[MAX_RANGES];
static unsigned int nr_ranges;
static struct pb_zone *zone;
static size_t pageblocks, pageblocks_end;

static const char order_map[] = "order map", free_bitmap[] = "free bitmap", other[] = "other",
		  pcp_list[] = "pcp list", pcp_head[] = "pcp", updates[] = "update counts";

static void add(const void *p, size_t bytes, const char *name, size_t each)
{
	if (nr_ranges == MAX_RANGES)
		abort();
	range[nr_ranges++] = (struct range){ lines_offset(p), bytes, name, each };
}

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static void add_bitmap(const struct pb_bitmap *map, const char *name)
{
	unsigned int level;
	size_t bits = map->nbits;

	for (level = 0; level < map->levels; level++) {
		bits = DIV_ROUND_UP(bits, 64);
		if (level || map->stride == 1)
			add(map->level[level], bits * 8, level ? "index summaries" : name, 64);
	}
}

static void add_index(void)
{
	size_t nr = zone->nr_pageblocks, stride;
	unsigned int mt, i;

	add(zone->ctl, nr * sizeof(*zone->ctl), "index control", sizeof(*zone->ctl));
	add(zone->isolated, nr * sizeof(*zone->isolated), "isolated[]", 4);
	add(zone->free_highatomic, nr * sizeof(*zone->free_highatomic), "free_highatomic[]", 2);
	add(zone->touched, pb_nr_groups(nr) * sizeof(*zone->touched), "touched groups", 4);
	for (mt = 0; mt < PB_INDEXED_TYPES; mt++) {
		stride = zone->area[mt].fullness[0].stride * sizeof(long);
		add(zone->area[mt].fullness[0].level[0], BITS_TO_LONGS(nr) * stride,
		    "index partly free", stride);
		for (i = 0; i < PB_NR_FULLNESS; i++)
			add_bitmap(&zone->area[mt].fullness[i], NULL);
		for (i = 0; i < PB_NR_LARGEST; i++)
			add_bitmap(&zone->area[mt].largest[i], NULL);
		stride = zone->area[mt].free_pageblocks.stride * sizeof(long);
		add(zone->area[mt].free_pageblocks.level[0], BITS_TO_LONGS(nr) * stride,
		    "index free pageblocks", stride);
		add_bitmap(&zone->area[mt].free_pageblocks, NULL);
	}
}

#define ADD_MEMBER(member)							\
	add(&zone->member, sizeof(zone->member), "zone." #member, 0)

static void add_zone(void)
{
	add(zone, sizeof(*zone), "zone", 0);
	ADD_MEMBER(pcp);
	ADD_MEMBER(fast_watermark);
	ADD_MEMBER(pcp_high_min);
	ADD_MEMBER(area);
	ADD_MEMBER(ctl);
	ADD_MEMBER(touched_cleans);
	ADD_MEMBER(watermark);
	ADD_MEMBER(nr_reserved_highatomic);
	ADD_MEMBER(compact_considered);
	ADD_MEMBER(nr_free);
	ADD_MEMBER(nr_free_cma);
	ADD_MEMBER(moves_begun);
	ADD_MEMBER(nr_isolated);
	ADD_MEMBER(event);
}

void names_init(struct pb_pool *pool)
{
	unsigned long i;

	zone = pool->zone[0][PB_ZONE_NORMAL];
	nr_ranges = 0;
	add(lines_arena, LINES_ARENA_SIZE, other, 0);
	add(pool, sizeof(*pool), "pool", 0);
	add(pool->zone, sizeof(*pool->zone), "zonelists", 0);
	add(pool->zonelist[0], sizeof(**pool->zonelist) + sizeof(zone), "zonelists", 0);
	add(zone->compact_skip, zone->nr_pageblocks, "skip hints", 1);
	add_zone();
	add_index();
	add(pool->dir, pool->nr_dir * sizeof(*pool->dir), "directory", 0);
	for (i = 0; i < pool->nr_dir; i++)
		add(pool->dir[i], sizeof(**pool->dir), "directory", sizeof(pool->dir[i]->entry[0]));
	qsort(range, nr_ranges, sizeof(*range), by_start);
	pageblocks = lines_offset(pool->meta[0]);
	pageblocks_end = pageblocks + (zone->present_pages >> PB_PAGEBLOCK_ORDER) *
			 sizeof(struct pb_pageblock);
}

static const struct range *find(size_t offset)
{
	unsigned int low = 0, high = nr_ranges, middle;

	while (high - low > 1) {
		middle = (low + high) / 2;
		if (range[middle].start <= offset)
			low = middle;
		else
			high = middle;
	}
	return &range[low];
}

static const char *percpu_name(size_t at)
{
	size_t pcp = lines_percpu_place(zone->pcp), credit = lines_percpu_place(zone->credit);

	if (at >= credit && at < credit + sizeof(*zone->credit))
		return "credit";
	if (at < pcp || at >= pcp + sizeof(*zone->pcp))
		return updates;
	return at < pcp + offsetof(struct pb_pcp, list) ? pcp_head : pcp_list;
}

static size_t in_pageblock(size_t offset)
{
	return (offset - pageblocks) % sizeof(struct pb_pageblock);
}

const char *names_of(size_t offset)
{
	const struct range *r;
	size_t at;

	if (lines_percpu_cpu(lines_arena + offset, &at) >= 0)
		return percpu_name(at);
	if (offset >= pageblocks && offset < pageblocks_end)
		return in_pageblock(offset) < sizeof_field(struct pb_pageblock, free) ?
		       free_bitmap : order_map;
	r = find(offset);
	return offset < r->start + r->bytes ? r->name : other;
}

void names_print(size_t offset, char *text, size_t size)
{
	const char *name = names_of(offset);
	const struct range *r;
	size_t at;
	int cpu;

	cpu = lines_percpu_cpu(lines_arena + offset, &at);
	if (cpu >= 0) {
		scnprintf(text, size, "%s of CPU %d", name, cpu);
		return;
	}
	if (offset >= pageblocks && offset < pageblocks_end) {
		scnprintf(text, size, "%s of pageblock %zu", name,
			  (offset - pageblocks) / sizeof(struct pb_pageblock));
		return;
	}
	r = find(offset);
	if (r->each && name != other)
		scnprintf(text, size, "%s %zu", name, (offset - r->start) / r->each);
	else
		scnprintf(text, size, "%s", name);
}
