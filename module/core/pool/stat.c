// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read the counters and the free memory of a pool, for output. The results are approximate while
 * CPUs allocate and free.
 */
#include "core/base/pfn.h"
#include "core/cache/pcp.h"
#include "core/index/pageblock.h"
#include "core/pool/stat.h"
#include "core/zone/free_count.h"

#define READ_TRIES	4

const char * const pb_event_name[PB_NR_EVENTS] = {
	[PB_PGALLOC]		= "pgalloc",
	[PB_PGFREE]		= "pgfree",
	[PB_PCP_REFILL]		= "pcp_refill",
	[PB_PCP_DRAIN]		= "pcp_drain",
	[PB_PCP_BUSY]		= "pcp_busy",
	[PB_FALLBACK_CLAIM]	= "fallback_claim",
	[PB_FALLBACK_STEAL]	= "fallback_steal",
	[PB_WATERMARK_BOOST]	= "watermark_boost",
	[PB_HIGHATOMIC_RESERVE]	= "highatomic_reserve",
	[PB_HIGHATOMIC_UNRESERVE] = "highatomic_unreserve",
	[PB_ZONE_RECLAIM_SUCCESS] = "zone_reclaim_success",
	[PB_ZONE_RECLAIM_FAILED] = "zone_reclaim_failed",
	[PB_PREZERO]		= "prezero",
	[PB_PREZERO_HIT]	= "prezero_hit",
	[PB_CMA_ALLOC]		= "cma_alloc",
	[PB_ALLOC_SLOW]		= "alloc_slow",
	[PB_ALLOC_FAIL]		= "alloc_fail",
	[PB_DRAIN_ALL]		= "drain_all",
	[PB_BAD_FREE]		= "bad_free",
	[PB_BAD_PAGE]		= "bad_page",
	[PB_NUMA_HIT]		= "numa_hit",
	[PB_NUMA_MISS]		= "numa_miss",
	[PB_NUMA_FOREIGN]	= "numa_foreign",
	[PB_NUMA_LOCAL]		= "numa_local",
	[PB_NUMA_OTHER]		= "numa_other",
	[PB_NUMA_INTERLEAVE_HIT] = "numa_interleave",
	[PB_ALLOCSTALL]		= "allocstall",
	[PB_PGSCAN_DIRECT]	= "pgscan_direct",
	[PB_PGSTEAL_DIRECT]	= "pgsteal_direct",
	[PB_PGSCAN_DIRECT_THROTTLE] = "pgscan_direct_throttle",
	[PB_PGSCAN_KSWAPD]	= "pgscan_kswapd",
	[PB_PGSTEAL_KSWAPD]	= "pgsteal_kswapd",
	[PB_PAGEOUTRUN]		= "pageoutrun",
	[PB_COMPACTMIGRATE_SCANNED] = "compact_migrate_scanned",
	[PB_COMPACTFREE_SCANNED] = "compact_free_scanned",
	[PB_COMPACTISOLATED]	= "compact_isolated",
	[PB_COMPACTSTALL]	= "compact_stall",
	[PB_COMPACTFAIL]	= "compact_fail",
	[PB_COMPACTSUCCESS]	= "compact_success",
	[PB_KCOMPACTD_WAKE]	= "compact_daemon_wake",
	[PB_PGMIGRATE_SUCCESS]	= "pgmigrate_success",
	[PB_PGMIGRATE_FAIL]	= "pgmigrate_fail",
	[PB_OOM_KILL]		= "oom_kill",
	[PB_GROW]		= "grow",
	[PB_GROW_FAIL]		= "grow_fail",
	[PB_SHRINK]		= "shrink",
	[PB_RELIABLE_FALLBACK]	= "reliable_fallback",
	[PB_RELIABLE_STRICT]	= "reliable_strict",
	[PB_PGPURGE]		= "pgpurge",
	[PB_PSWPOUT]		= "pswpout",
	[PB_PSWPIN]		= "pswpin",
	[PB_PSWPOUT_FAIL]	= "pswpout_fail",
};
EXPORT_SYMBOL_PB_TEST(pb_event_name);

/* The names of /proc/pagetypeinfo. */
const char * const pb_migratetype_name[PB_NR_MIGRATETYPES] = {
	[PB_UNMOVABLE]		= "Unmovable",
	[PB_MOVABLE]		= "Movable",
	[PB_RECLAIMABLE]	= "Reclaimable",
	[PB_HIGHATOMIC]		= "HighAtomic",
	[PB_CMA]		= "CMA",
	[PB_ISOLATE]		= "Isolate",
};
EXPORT_SYMBOL_PB_TEST(pb_migratetype_name);

const char * const pb_zone_type_name[PB_NR_ZONE_TYPES] = {
	[PB_ZONE_DMA32]		= "DMA32",
	[PB_ZONE_NORMAL]	= "Normal",
	[PB_ZONE_MOVABLE]	= "Movable",
};
EXPORT_SYMBOL_PB_TEST(pb_zone_type_name);

const char * const pb_bad_name[PB_NR_BAD] = {
	[PB_BAD_NONE]		= "nothing",
	[PB_BAD_FOREIGN]	= "foreign page",
	[PB_BAD_ORDER_RANGE]	= "order too large",
	[PB_BAD_ALIGN]		= "misaligned",
	[PB_BAD_DOUBLE]		= "double free",
	[PB_BAD_ORDER]		= "wrong order",
	[PB_BAD_TAIL]		= "tail page",
	[PB_BAD_IN_USE]		= "page in use",
	[PB_BAD_GUARD]		= "guard page",
	[PB_BAD_COMPOUND]	= "compound page",
};
EXPORT_SYMBOL_PB_TEST(pb_bad_name);

const char * const pb_reason_name[PB_NR_REASONS] = {
	[PB_REASON_NONE]	= "none",
	[PB_REASON_LIMIT]	= "limit",
	[PB_REASON_WATERMARK]	= "watermark",
	[PB_REASON_FRAGMENTATION] = "fragmentation",
	[PB_REASON_NODE]	= "node",
	[PB_REASON_POLICY]	= "policy",
};
EXPORT_SYMBOL_PB_TEST(pb_reason_name);

/* Blocks allocated from one CPU's lists, and their pages. */
static unsigned long pcp_blocks(struct pb_pcp *pcp)
{
	unsigned long blocks = 0;
	unsigned int i, mt;

	pb_for_each_pcp_list(i, mt)
		blocks += READ_ONCE(pcp->list[i][mt].nr_alloc);
	return blocks;
}

/* Pages allocated from, or freed to, one CPU's lists. */
static unsigned long pcp_pages(struct pb_pcp *pcp, bool out)
{
	unsigned long pages = 0;
	struct pb_pcp_list *list;
	unsigned int i, mt;

	pb_for_each_pcp_list(i, mt) {
		list = &pcp->list[i][mt];
		pages += READ_ONCE(*(out ? &list->nr_alloc : &list->nr_free)) << i;
	}
	return pages;
}

static unsigned long pcp_event(struct pb_zone *zone, int cpu, enum pb_event event)
{
	struct pb_pcp *pcp = pb_per_cpu_ptr(zone->pcp, cpu);
	bool local = pb_cpu_node(cpu) == zone->nid;

	switch (event) {
	case PB_PGALLOC:
		return pcp_pages(pcp, true);
	case PB_PGFREE:
		return pcp_pages(pcp, false);
	case PB_NUMA_LOCAL:
		return local ? pcp_blocks(pcp) : 0;
	case PB_NUMA_OTHER:
		return local ? 0 : pcp_blocks(pcp);
	default:
		return READ_ONCE(pcp->event[event]);
	}
}

/**
 * pb_zone_event - read one counter of a zone
 * @zone: the zone
 * @event: the counter
 *
 * pgalloc and pgfree count pages, the others events. The caches count blocks per list. This
 * function derives the kernel's counters from them: numa_local and numa_other by the node of each
 * CPU, numa_hit as all allocations that are not numa_miss.
 *
 * Return: the count.
 */
unsigned long pb_zone_event(struct pb_zone *zone, enum pb_event event)
{
	unsigned long sum;
	int cpu;

	if (event == PB_NUMA_HIT)
		return pb_zone_event(zone, PB_NUMA_LOCAL) + pb_zone_event(zone, PB_NUMA_OTHER) -
		       pb_zone_event(zone, PB_NUMA_MISS);
	sum = atomic_long_read(&zone->event[event]);
	pb_for_each_cpu(cpu)
		sum += pcp_event(zone, cpu, event);
	return sum;
}
EXPORT_SYMBOL_PB_TEST(pb_zone_event);

unsigned long pb_pool_event(struct pb_pool *pool, enum pb_event event)
{
	unsigned long sum = 0;
	struct pb_zone *zone;

	pb_for_each_any_zone(zone, pool)
		sum += pb_zone_event(zone, event);
	return sum;
}
EXPORT_SYMBOL_PB_TEST(pb_pool_event);

/* Counts maximal free blocks within one partly free pageblock. */
static void count_partial(struct pb_pageblock *pageblock, unsigned long count[PB_NR_ORDERS])
{
	u64 word, heads, full = 0;
	unsigned int i;
	int order;

	for (i = 0; i < PB_WORDS; i++) {
		word = atomic64_read(&pageblock->free[i]);
		if (word == ~0ULL) {
			full |= 1ULL << i;
			continue;
		}
		for (order = PB_WORD_ORDER - 1; order >= 0 && word; order--) {
			heads = pb_word_heads(word, order);
			count[order] += hweight64(heads);
			word &= ~pb_word_expand(heads, order);
		}
	}
	for (order = PB_PAGEBLOCK_ORDER - PB_WORD_ORDER; order >= 0 && full; order--) {
		heads = pb_word_heads(full, order);
		count[PB_WORD_ORDER + order] += hweight64(heads);
		full &= ~pb_word_expand(heads, order);
	}
}

/* Counts a run of free pageblocks as maximal aligned blocks. */
static void count_run(unsigned long first, unsigned long nr, unsigned long count[PB_NR_ORDERS])
{
	unsigned long n;
	unsigned int order;

	for (; nr; first += n, nr -= n) {
		order = first ? __ffs(first) : PB_MAX_ORDER - PB_PAGEBLOCK_ORDER;
		order = min_t(unsigned int, order, PB_MAX_ORDER - PB_PAGEBLOCK_ORDER);
		order = min_t(unsigned int, order, ilog2(nr));
		n = 1UL << order;
		count[PB_PAGEBLOCK_ORDER + order]++;
	}
}

/**
 * pb_zone_count_free - count maximal free blocks by migratetype and order
 * @zone: the zone
 * @count: set to the counts
 *
 * A block above the pageblock's order has pageblocks of one migratetype; adjacent free pageblocks
 * of different types are counted separately. Context: may reschedule.
 */
void pb_zone_count_free(struct pb_zone *zone, struct pb_free_count *count)
{
	unsigned long index, run = 0, value;
	unsigned int mt, run_mt = 0;
	struct pb_dir_entry *entry;
	bool is_free;

	memset(count, 0, sizeof(*count));
	for (index = 0; index < zone->nr_pageblocks; index++) {
		entry = pb_zone_dir_entry(zone, index);
		value = entry ? READ_ONCE(entry->value) : 0;
		mt = pb_entry_migratetype(value);
		is_free = entry && pb_pageblock_is_free(pb_entry_pageblock(value));
		if (run && (!is_free || mt != run_mt)) {
			count_run(index - run, run, count->blocks[run_mt]);
			run = 0;
		}
		if (!entry)
			continue;
		count->pageblocks[mt]++;
		if (is_free) {
			count->free_pageblocks[mt]++;
			run_mt = mt;
			run++;
		} else {
			count_partial(pb_entry_pageblock(value), count->blocks[mt]);
		}
		if (!(index % PB_SECTION_PAGEBLOCKS))
			cond_resched();
	}
	count_run(index - run, run, count->blocks[run_mt]);
}
EXPORT_SYMBOL_PB_TEST(pb_zone_count_free);

/**
 * pb_zone_read_pages - the size and the free pages of a zone, for output
 * @zone: the zone
 *
 * Pages that move to or from a cache between the two sums would be counted twice, or not at all:
 * the sums are read again then, a few times.
 *
 * Context: any; reads cache lines of each CPU.
 * Return: the numbers, approximate while CPUs allocate and free.
 */
struct pb_zone_pages pb_zone_read_pages(struct pb_zone *zone)
{
	long present = READ_ONCE(zone->present_pages), free, cached;
	unsigned int tries = READ_TRIES;

	do {
		free = pb_zone_free_pages(zone);
		cached = pb_pcp_pages(zone);
	} while (pb_zone_free_pages(zone) != free && --tries);
	free = clamp(free, 0L, present);
	return (struct pb_zone_pages) {
		.present = present, .free = free, .cached = min(cached, present - free),
	};
}
EXPORT_SYMBOL_PB_TEST(pb_zone_read_pages);

/* As struct contig_page_info. */
struct free_info {
	unsigned long	pages, blocks, suitable;
};

/* As fill_contig_page_info(). */
static struct free_info free_info(const struct pb_free_count *count, unsigned int order)
{
	struct free_info info = { };
	unsigned int mt, o;

	for (mt = 0; mt < PB_NR_MIGRATETYPES; mt++) {
		for (o = 0; o < PB_NR_ORDERS; o++) {
			info.blocks += count->blocks[mt][o];
			info.pages += count->blocks[mt][o] << o;
			if (o >= order)
				info.suitable += count->blocks[mt][o] << (o - order);
		}
	}
	return info;
}

/**
 * pb_unusable_index - share of the free memory that is in blocks below an order
 * @count: free blocks of a zone
 * @order: 0 to PB_MAX_ORDER
 *
 * Return: 0 to 1000; 1000 without free memory. As unusable_free_index() in mm/vmstat.c.
 */
int pb_unusable_index(const struct pb_free_count *count, unsigned int order)
{
	struct free_info info = free_info(count, order);

	if (!info.pages)
		return 1000;
	return (info.pages - (info.suitable << order)) * 1000 / info.pages;
}
EXPORT_SYMBOL_PB_TEST(pb_unusable_index);

/**
 * pb_extfrag_index - whether a request of an order would fail due to fragmentation
 * @count: free blocks of a zone
 * @order: 0 to PB_MAX_ORDER
 *
 * Return: -1000 when there is a block of the order; otherwise towards 0 when memory is short and
 * towards 1000 when it is fragmented. As __fragmentation_index() in mm/vmstat.c.
 */
int pb_extfrag_index(const struct pb_free_count *count, unsigned int order)
{
	struct free_info info = free_info(count, order);

	if (!info.blocks)
		return 0;
	if (info.suitable)
		return -1000;
	return 1000 - (int)((1000 + (info.pages * 1000 >> order)) / info.blocks);
}
EXPORT_SYMBOL_PB_TEST(pb_extfrag_index);
