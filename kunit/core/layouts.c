// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory that pools under test are made of. fixture.h says for each layout what is special
 * about it; most cases use pt_small, cases with a layout as parameter run on all of pt_layouts.
 */
#include "fixture.h"

#define LAYOUT(_name, _ranges, _nr, _nodes, _distance)				\
	{ .name = _name, .ranges = _ranges, .nr_ranges = _nr,			\
	  .nr_nodes = _nodes, .distance = _distance }

static const struct pb_range one_pageblock[] = {
	PT_RANGE(1, 1, 0, NORMAL),
};

static const struct pb_range small[] = {
	PT_RANGE(2048, 8, 0, NORMAL),
};

static const struct pb_range two_nodes[] = {
	PT_RANGE(2048, 8, 1, NORMAL),
	PT_RANGE(512, 4, 0, DMA32),
	PT_RANGE(1024, 8, 0, NORMAL),
	PT_RANGE(1040, 4, 0, MOVABLE),
	PT_RANGE(2064, 4, 1, MOVABLE),
};

/*
 * Ranges on both sides of a directory section's end (pageblocks 1535 and 1536), single
 * pageblocks, one far from the others, and a MOVABLE range in a hole of the NORMAL zone.
 */
static const struct pb_range holes[] = {
	PT_RANGE(1025, 1, 0, NORMAL),
	PT_RANGE(1027, 3, 0, NORMAL),
	PT_RANGE(1032, 2, 0, MOVABLE),
	PT_RANGE(1040, 2, 0, NORMAL),
	PT_RANGE(1535, 1, 0, NORMAL),
	PT_RANGE(1536, 2, 0, NORMAL),
	PT_RANGE(4096 + 77, 1, 0, NORMAL),
};

static const struct pb_range gig[] = {
	PT_RANGE(1019, 5 + 512 + 3, 0, NORMAL),
};

static const struct pb_range four_nodes[] = {
	PT_RANGE(512, 4, 0, NORMAL),
	PT_RANGE(1024, 4, 1, NORMAL),
	PT_RANGE(1536, 4, 2, NORMAL),
	PT_RANGE(2048, 4, 3, NORMAL),
};

static const struct pb_range cma[] = {
	PT_RANGE(2048, 5, 0, NORMAL),
	{ .start_pfn = PT_PAGEBLOCK(2053), .nr_pages = PT_PAGEBLOCK(3), .type = PB_ZONE_NORMAL,
	  .cma = true },
};

static int ring_distance(int from, int to)
{
	int hops = (from - to) & 3;

	return hops == 0 ? 10 : hops == 2 ? 25 : 15;
}

const struct pt_layout pt_one_pageblock =
	LAYOUT("one pageblock", one_pageblock, ARRAY_SIZE(one_pageblock), 1, NULL);
const struct pt_layout pt_small =
	LAYOUT("small", small, ARRAY_SIZE(small), 1, NULL);
const struct pt_layout pt_two_nodes =
	LAYOUT("two nodes", two_nodes, ARRAY_SIZE(two_nodes), 2, NULL);
const struct pt_layout pt_holes =
	LAYOUT("holes", holes, ARRAY_SIZE(holes), 1, NULL);
const struct pt_layout pt_gig =
	LAYOUT("a GiB", gig, ARRAY_SIZE(gig), 1, NULL);
const struct pt_layout pt_four_nodes =
	LAYOUT("four nodes", four_nodes, ARRAY_SIZE(four_nodes), 4, ring_distance);

const struct pt_layout pt_cma =
	LAYOUT("contiguous area", cma, ARRAY_SIZE(cma), 1, NULL);

const struct pt_layout *const pt_layouts[PT_NR_LAYOUTS] = {
	&pt_one_pageblock, &pt_small, &pt_two_nodes, &pt_holes, &pt_gig, &pt_four_nodes,
};

unsigned long pt_layout_frame(const struct pt_layout *layout, unsigned long pfn)
{
	unsigned long frame = 0;
	unsigned int i;

	for (i = 0; i < layout->nr_ranges; i++) {
		if (pfn - layout->ranges[i].start_pfn < layout->ranges[i].nr_pages)
			return frame + pfn - layout->ranges[i].start_pfn;
		frame += layout->ranges[i].nr_pages;
	}
	return PB_NO_PFN;
}

unsigned long pt_layout_pfn(const struct pt_layout *layout, unsigned long frame)
{
	unsigned int i;

	for (i = 0; i < layout->nr_ranges; i++) {
		if (frame < layout->ranges[i].nr_pages)
			return layout->ranges[i].start_pfn + frame;
		frame -= layout->ranges[i].nr_pages;
	}
	return PB_NO_PFN;
}

int pt_layout_node(const struct pt_layout *layout, unsigned long pfn)
{
	unsigned int i;

	for (i = 0; i < layout->nr_ranges; i++)
		if (pfn - layout->ranges[i].start_pfn < layout->ranges[i].nr_pages)
			return layout->ranges[i].nid;
	return NUMA_NO_NODE;
}

/* True if the layout has this pageblock in the same zone as the range @like. */
static bool has_block_like(const struct pt_layout *layout, const struct pb_range *like,
			   unsigned long pfn)
{
	unsigned int i;

	for (i = 0; i < layout->nr_ranges; i++)
		if (pfn - layout->ranges[i].start_pfn < layout->ranges[i].nr_pages)
			return layout->ranges[i].nid == like->nid &&
			       layout->ranges[i].type == like->type;
	return false;
}

static unsigned long blocks_in_range(const struct pt_layout *layout, const struct pb_range *range,
				     unsigned int order)
{
	unsigned long end = range->start_pfn + range->nr_pages, n = 0, pfn, at;

	if (order <= PB_PAGEBLOCK_ORDER)
		return range->nr_pages >> order;
	for (pfn = round_up(range->start_pfn, 1UL << order); pfn < end; pfn += 1UL << order) {
		for (at = pfn; at < pfn + (1UL << order); at += PB_PAGEBLOCK_NR)
			if (!has_block_like(layout, range, at))
				break;
		n += at == pfn + (1UL << order);
	}
	return n;
}

unsigned long pt_layout_blocks(const struct pt_layout *layout, unsigned int order)
{
	unsigned long n = 0;
	unsigned int i;

	for (i = 0; i < layout->nr_ranges; i++)
		n += blocks_in_range(layout, &layout->ranges[i], order);
	return n;
}
