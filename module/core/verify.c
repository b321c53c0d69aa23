// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks everything and checks every invariant of a quiescent pool:
 *
 *   - a frame is free, or covered by exactly one allocated block, or in exactly one pcp list
 *   - blocks are aligned, and no order byte stands inside another block or on a free frame
 *   - the zone's free-page count is the number of set bits
 *   - each pageblock stands in the index where its words say; one that a CPU refills from may
 *     be promised more than it has, never less
 *   - pcp counts are the pages in their lists
 */
#include "free_area.h"
#include "pageblock.h"
#include "pcp.h"
#include "pfn.h"
#include "verify.h"
#include "zone.h"

struct walk {
	struct pb_verify	*out;
	struct pb_zone		*zone;
	unsigned long		covered;	/* frames to come of an allocated block */
	unsigned long		loose;		/* frames neither free nor allocated */
};

__printf(2, 3)
static void broken(struct pb_verify *out, const char *fmt, ...)
{
	va_list args;

	if (out->errors++)
		return;
	va_start(args, fmt);
	vsnprintf(out->first, sizeof(out->first), fmt, args);
	va_end(args);
}

static bool frame_free(struct pb_pageblock *block, unsigned int frame)
{
	return atomic64_read(&block->free[frame / PB_WORD_NR]) & BIT_ULL(frame % PB_WORD_NR);
}

static void check_frame(struct walk *w, struct pb_pageblock *block, unsigned int frame,
			unsigned long pfn)
{
	u8 byte = block->order[frame];
	bool is_free = frame_free(block, frame);

	if (is_free)
		w->out->free_pages++;
	if (w->covered) {
		w->covered--;
		if (is_free)
			broken(w->out, "pfn %#lx is free inside an allocated block", pfn);
		if (byte)
			broken(w->out, "pfn %#lx has an order byte inside a block", pfn);
		return;
	}
	if (!byte) {
		w->loose += !is_free;
		return;
	}
	if (byte > PB_NR_ORDERS) {
		broken(w->out, "pfn %#lx has order byte %u", pfn, byte);
		return;
	}
	if (is_free)
		broken(w->out, "pfn %#lx is free and allocated", pfn);
	if (pfn & ((1UL << (byte - 1)) - 1))
		broken(w->out, "pfn %#lx is misaligned for its order %u", pfn, byte - 1);
	w->out->allocated_pages += 1UL << (byte - 1);
	w->covered = (1UL << (byte - 1)) - 1;
}

/* Is a pageblock the one some CPU refills from? Then its key may be out of date. */
static bool is_worked_on(struct pb_zone *zone, unsigned long index)
{
	struct pb_pcp *pcp;
	unsigned int i, mt;
	int cpu;

	pb_for_each_cpu(cpu) {
		pcp = pb_per_cpu_ptr(zone->pcp, cpu);
		for (i = 0; i < PB_NR_PCP_ORDERS; i++)
			for (mt = 0; mt < PB_PCPTYPES; mt++)
				if (pcp->list[i][mt].cur == index + 1)
					return true;
	}
	return false;
}

static void check_index(struct walk *w, unsigned long index, unsigned long slot_word)
{
	struct pb_block_ctl *ctl = &w->zone->ctl[index];
	u16 now = pb_block_key(slot_word);
	int drift = (int)pb_key_occ(now) - (int)pb_key_occ(ctl->key);
	unsigned long pfn = pb_block_pfn(w->zone, index);

	if (atomic_read(&ctl->update))
		broken(w->out, "pageblock %#lx: update count left behind", pfn);
	if (!pb_index_test(w->zone, index, ctl->key))
		broken(w->out, "pageblock %#lx: not where its key %#x says", pfn, ctl->key);
	if (ctl->key == now)
		return;
	if (pb_key_largest(now) > pb_key_largest(ctl->key) || (now && !ctl->key))
		broken(w->out, "pageblock %#lx: key %#x hides memory, should be %#x", pfn,
		       ctl->key, now);
	else if (!is_worked_on(w->zone, index) &&
		 (pb_key_largest(now) != pb_key_largest(ctl->key) || drift > 1 || drift < -1))
		broken(w->out, "pageblock %#lx: key %#x is out of date, should be %#x", pfn,
		       ctl->key, now);
}

/* Frames in one list, each of which must be neither free nor allocated. */
static unsigned long check_list(struct walk *w, struct pb_pcp_list *list, unsigned int order)
{
	unsigned long pfn, blocks = 0;
	struct pb_slot *slot;
	unsigned int i, n = list->n + hweight64(list->mask);
	u64 mask = list->mask;

	for (i = 0; i < n; i++) {
		if (i < list->n) {
			pfn = list->lifo[i];
		} else {
			pfn = list->mask_base + __ffs64(mask);
			mask &= mask - 1;
		}
		blocks++;
		slot = pb_slot_lookup(w->zone->pool, pfn);
		if (!slot || slot->zone != w->zone || pfn & ((1UL << order) - 1)) {
			broken(w->out, "pcp holds pfn %#lx, which is not this zone's", pfn);
			continue;
		}
		if (frame_free(pb_slot_block(slot->word), pb_frame_in_block(pfn)))
			broken(w->out, "pfn %#lx is free and in a pcp", pfn);
		if (pb_slot_block(slot->word)->order[pb_frame_in_block(pfn)])
			broken(w->out, "pfn %#lx is allocated and in a pcp", pfn);
	}
	return blocks << order;
}

static unsigned long check_pcps(struct walk *w)
{
	unsigned long total = 0, pages;
	struct pb_pcp *pcp;
	unsigned int i, mt;
	int cpu;

	pb_for_each_cpu(cpu) {
		pcp = pb_per_cpu_ptr(w->zone->pcp, cpu);
		pages = 0;
		for (i = 0; i < PB_NR_PCP_ORDERS; i++)
			for (mt = 0; mt < PB_PCPTYPES; mt++)
				pages += check_list(w, &pcp->list[i][mt],
						    i <= PB_PCP_MAX_SMALL ? i : PB_PAGEBLOCK_ORDER);
		if (pages != (unsigned long)pcp->count)
			broken(w->out, "cpu %d: pcp counts %d pages and holds %lu", cpu,
			       pcp->count, pages);
		if (pcp->busy)
			broken(w->out, "cpu %d: pcp busy", cpu);
		total += pages;
	}
	return total;
}

static void check_zone(struct pb_zone *zone, struct pb_verify *out)
{
	struct walk w = { .out = out, .zone = zone };
	unsigned long index, i, before = out->free_pages, pcp;
	struct pb_pageblock *block;
	struct pb_slot *slot;

	for (index = 0; index < zone->nr_blocks; index++) {
		slot = pb_zone_slot(zone, index);
		if (!slot) {
			if (w.covered)
				broken(out, "an allocated block runs into a hole at pfn %#lx",
				       pb_block_pfn(zone, index));
			w.covered = 0;
			continue;
		}
		block = pb_slot_block(slot->word);
		for (i = 0; i < PB_PAGEBLOCK_NR; i++)
			check_frame(&w, block, i, pb_block_pfn(zone, index) + i);
		check_index(&w, index, slot->word);
	}
	if (pb_zone_free_pages(zone) != (long)(out->free_pages - before))
		broken(out, "node %d %s: %ld free pages counted, %lu found", zone->nid, zone->name,
		       pb_zone_free_pages(zone), out->free_pages - before);
	pcp = check_pcps(&w);
	if (pcp != w.loose)
		broken(out, "node %d %s: %lu pages neither free nor allocated, %lu in pcps",
		       zone->nid, zone->name, w.loose, pcp);
	out->pcp_pages += pcp;
}

/**
 * pb_verify - check every invariant
 * @pool: a quiescent pool
 * @out: what was found
 *
 * Context: any, takes time in proportion to the pool's size. Return: errors.
 */
unsigned long pb_verify(struct pb_pool *pool, struct pb_verify *out)
{
	unsigned int i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < pool->all_zones->nr; i++)
		check_zone(pool->all_zones->zone[i], out);
	return out->errors;
}
EXPORT_SYMBOL_PB_TEST(pb_verify);
