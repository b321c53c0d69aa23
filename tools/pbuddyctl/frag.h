/* SPDX-License-Identifier: GPL-2.0-only */
/* The pageblocks of pbuddyctl frag, and their pictures. */
#ifndef FRAG_H
#define FRAG_H

#include "pbuddyctl.h"

/* The pageblocks of one zone of a node, in the order of their addresses. */
struct frag_zone {
	const struct pbuddy_pageblock	*block;
	size_t				nr;
};

struct frag {
	struct pbuddy_pageblock	*block;
	size_t			nr;
	struct frag_zone	*zone;
	size_t			nr_zones;
	struct pbuddy_node_info	*node;		/* those that are shown */
	size_t			nr_nodes;
	unsigned int		pageblock_pages;
	uint64_t		pageblock_bytes;
};

#define NR_FRAG_TYPES	6

/* A migratetype: its letter and name, and its colour in the terminal (SGR) and in the PNG. */
struct frag_type {
	char		letter;
	const char	*name;
	unsigned int	sgr;
	unsigned char	rgb[3];
};

extern const struct frag_type frag_types[NR_FRAG_TYPES];

const struct frag_type *frag_type_of(const struct pbuddy_pageblock *block);
const char *frag_zone_name(const struct frag_zone *zone);
/* Pageblocks of a zone that are wholly free, and free pages of all its pageblocks. */
void frag_zone_sums(const struct frag *frag, const struct frag_zone *zone, size_t *free_blocks,
		    uint64_t *free_pages);

/* Bytes of a node that belong to groups, whose pageblocks FRAG leaves out. */
uint64_t frag_group_bytes(const struct frag *frag, const struct pbuddy_node_info *node);

/* frag_picture.c: prints all zones; @per_cell pageblocks are a cell, or 0 for as many as needed. */
void print_picture(const struct frag *frag, long per_cell);
/* frag_png.c: writes a file; -1 after a message. */
int write_png(const struct frag *frag, const char *path);

#endif /* FRAG_H */
