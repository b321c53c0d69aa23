// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddyctl frag: shows the pageblocks, which it reads by the ioctl FRAG. frag_picture.c draws them
 * in the terminal, frag_png.c into a file.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "frag.h"

#define RECORDS		4096	/* per ioctl */
#define PER_CELL_MAX	1048576

enum { KEY_PNG = 0x100, KEY_PER_CELL };

struct frag_args {
	struct options	opt;
	const char	*png;
	long		per_cell;
	long		node;		/* -1: all */
};

static const struct argp_option frag_options[] = {
	{ "node", 'n', "NODE", 0, "Only the zones of this node", 0 },
	{ "per-cell", KEY_PER_CELL, "N", 0, "A cell stands for N pageblocks", 0 },
	{ "png", KEY_PNG, "FILE", 0, "Write a PNG with 4 x 4 pixels for a pageblock", 0 },
	OPTION_JSON,
	{ 0 }
};

static error_t parse_frag(int key, char *arg, struct argp_state *state)
{
	struct frag_args *args = state->input;

	switch (key) {
	case 'n':
		if (!parse_number(arg, 0, INT32_MAX, &args->node))
			argp_error(state, "'%s': --node takes the number of a NUMA node", arg);
		return 0;
	case KEY_PER_CELL:
		if (!parse_number(arg, 1, PER_CELL_MAX, &args->per_cell))
			argp_error(state, "'%s': --per-cell takes 1 to %d", arg, PER_CELL_MAX);
		return 0;
	case KEY_PNG:
		args->png = arg;
		return 0;
	case ARGP_KEY_INIT:
		return 0;
	case ARGP_KEY_END:
		if (args->png && args->opt.json)
			argp_error(state, "--png and --json exclude each other");
		if (args->per_cell && (args->png || args->opt.json))
			argp_error(state, "--per-cell excludes --png and --json");
		return 0;
	default:
		state->input = &args->opt;
		return parse_plain(key, arg, state);
	}
}

static const struct argp frag_argp = {
	.options	= frag_options,
	.parser		= parse_frag,
	.doc		= "Show the pageblocks of each zone: their type, and how full they are.",
};

const struct frag_type frag_types[NR_FRAG_TYPES] = {
	[PBUDDY_PAGEBLOCK_UNMOVABLE]   = { 'U', "unmovable", 31, { 0xc0, 0x30, 0x30 } },
	[PBUDDY_PAGEBLOCK_MOVABLE]     = { 'M', "movable", 32, { 0x30, 0xa0, 0x40 } },
	[PBUDDY_PAGEBLOCK_RECLAIMABLE] = { 'R', "reclaimable", 33, { 0xc0, 0xa0, 0x20 } },
	[PBUDDY_PAGEBLOCK_HIGHATOMIC]  = { 'H', "highatomic", 35, { 0xa0, 0x40, 0xb0 } },
	[PBUDDY_PAGEBLOCK_CMA]	       = { 'C', "cma", 36, { 0x20, 0x90, 0xb0 } },
	[PBUDDY_PAGEBLOCK_ISOLATE]     = { 'I', "isolated", 34, { 0x40, 0x50, 0xc0 } },
};

const struct frag_type *frag_type_of(const struct pbuddy_pageblock *block)
{
	return &frag_types[block->type < NR_FRAG_TYPES ? block->type : PBUDDY_PAGEBLOCK_ISOLATE];
}

const char *frag_zone_name(const struct frag_zone *zone)
{
	static const char *const name[] = { "DMA32", "Normal", "Movable" };
	uint32_t type = zone->block->zone;

	return type < sizeof(name) / sizeof(name[0]) ? name[type] : "?";
}

void frag_zone_sums(const struct frag *frag, const struct frag_zone *zone, size_t *free_blocks,
		    uint64_t *free_pages)
{
	size_t i;

	*free_blocks = 0;
	*free_pages = 0;
	for (i = 0; i < zone->nr; i++) {
		*free_blocks += zone->block[i].free_pages == frag->pageblock_pages;
		*free_pages += zone->block[i].free_pages;
	}
}

uint64_t frag_group_bytes(const struct frag *frag, const struct pbuddy_node_info *node)
{
	uint64_t shown = 0;
	size_t i;

	for (i = 0; i < frag->nr; i++)
		if (frag->block[i].node == node->node)
			shown += frag->pageblock_bytes;
	return node->total_bytes > shown ? node->total_bytes - shown : 0;
}

/* ---- Reading ---- */

/* Reads all records; -1 with errno set. */
static int read_blocks(int fd, struct frag *frag)
{
	struct pbuddy_frag f = { .size = sizeof(f), .record_size = sizeof(*frag->block) };

	do {
		frag->block = reallocarray(frag->block, frag->nr + RECORDS, sizeof(*frag->block));
		if (!frag->block)
			err(EXIT_FAILED, "frag");
		f.records_ptr = (uintptr_t)(frag->block + frag->nr);
		f.nr_records = RECORDS;
		if (ioctl(fd, PBUDDY_IOCTL_FRAG, &f))
			return -1;
		frag->nr += f.nr_records;
	} while (f.nr_records == RECORDS);
	return 0;
}

/*
 * Reads the pageblocks, and the nodes again: what a resize has added or given back meanwhile is not
 * taken for memory of groups.
 */
static int read_all(int fd, struct frag *frag)
{
	struct node_table after;
	size_t i;

	if (read_blocks(fd, frag) || read_nodes(fd, &after))
		return -1;
	for (i = 0; i < frag->nr_nodes && i < after.info.nr_nodes; i++)
		if (after.node[i].total_bytes < frag->node[i].total_bytes)
			frag->node[i].total_bytes = after.node[i].total_bytes;
	free(after.node);
	return 0;
}

static void keep_node(struct frag *frag, long node)
{
	size_t i, nr = 0;

	for (i = 0; i < frag->nr; i++)
		if (node < 0 || frag->block[i].node == node)
			frag->block[nr++] = frag->block[i];
	frag->nr = nr;
	nr = 0;
	for (i = 0; i < frag->nr_nodes; i++)
		if (node < 0 || frag->node[i].node == node)
			frag->node[nr++] = frag->node[i];
	frag->nr_nodes = nr;
}

static void find_zones(struct frag *frag)
{
	const struct pbuddy_pageblock *block = frag->block;
	struct frag_zone *zone;
	size_t i;

	for (i = 0; i < frag->nr; i++) {
		if (i && block[i].node == block[i - 1].node && block[i].zone == block[i - 1].zone) {
			frag->zone[frag->nr_zones - 1].nr++;
			continue;
		}
		zone = reallocarray(frag->zone, frag->nr_zones + 1, sizeof(*zone));
		if (!zone)
			err(EXIT_FAILED, "frag");
		frag->zone = zone;
		zone[frag->nr_zones++] = (struct frag_zone) { .block = &block[i], .nr = 1 };
	}
}

/* ---- JSON ---- */

static void json_block(const struct pbuddy_pageblock *block)
{
	json_open(NULL, '{');
	json_string("type", frag_type_of(block)->name);
	json_number("free_pages", block->free_pages);
	json_number("largest_order", block->largest_order);
	if (block->phys)
		json_number("phys", (long long)block->phys);
	json_close('}');
}

static void print_json(const struct frag *frag)
{
	const struct frag_zone *zone;
	size_t i;

	json_open(NULL, '{');
	json_number("pageblock_bytes", (long long)frag->pageblock_bytes);
	json_open("zones", '[');
	for (zone = frag->zone; zone < frag->zone + frag->nr_zones; zone++) {
		json_open(NULL, '{');
		json_number("node", zone->block->node);
		json_string("zone", frag_zone_name(zone));
		json_open("pageblocks", '[');
		for (i = 0; i < zone->nr; i++)
			json_block(&zone->block[i]);
		json_close(']');
		json_close('}');
	}
	json_close(']');
	json_open("nodes", '[');
	for (i = 0; i < frag->nr_nodes; i++) {
		json_open(NULL, '{');
		json_number("node", frag->node[i].node);
		json_number("group_bytes", (long long)frag_group_bytes(frag, &frag->node[i]));
		json_close('}');
	}
	json_close(']');
	json_close('}');
}

/* ---- The verb ---- */

static int show(const struct frag *frag, const struct frag_args *args)
{
	if (args->node >= 0 && !frag->nr_nodes) {
		fprintf(stderr, "pbuddyctl: node %ld owns no pbuddy memory\n", args->node);
		return EXIT_FAILED;
	}
	if (args->png)
		return write_png(frag, args->png) ? EXIT_FAILED : EXIT_OK;
	if (args->opt.json)
		print_json(frag);
	else
		print_picture(frag, args->per_cell);
	return EXIT_OK;
}

int cmd_frag(const struct options *global, int argc, char **argv)
{
	struct frag_args args = { .opt = *global, .node = -1 };
	struct node_table table;
	struct frag frag = { 0 };
	int fd, status;

	argp_parse(&frag_argp, argc, argv, 0, NULL, &args);
	status = open_nodes(&args.opt, args.node, &fd, &table);
	if (status)
		return status;
	frag.pageblock_pages = 1U << table.info.block_order;
	frag.pageblock_bytes = pageblock_bytes(&table);
	frag.node = table.node;
	frag.nr_nodes = table.info.nr_nodes;
	if (read_all(fd, &frag)) {
		status = ioctl_failed(&args.opt, "FRAG", args.node);
	} else {
		keep_node(&frag, args.node);
		find_zones(&frag);
		status = show(&frag, &args);
	}
	free(frag.block);
	free(frag.zone);
	free(frag.node);
	close(fd);
	return status;
}
