// SPDX-License-Identifier: GPL-2.0-only
/*
 * The picture of pbuddyctl frag in the terminal. A cell is the letter of the migratetype that most
 * of its pageblocks have, and how much of them is used: a bar in UTF-8, else a digit. Cells of free
 * pageblocks have a dot. A row begins with a label: the address of its first pageblock or, when the
 * caller may not see addresses, how much of the zone the rows above show. The latter is no
 * distance, because FRAG leaves out holes and the pageblocks of groups.
 */
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frag.h"

#define LABEL_WIDTH	8	/* at least, with the blank after it */
#define CELL_WIDTH	2
#define WIDTH_DEFAULT	80
#define ROWS_WANTED	16	/* of a zone, at most */
#define LEVELS		8

/* U+2581 LOWER ONE EIGHTH BLOCK to U+2588 FULL BLOCK */
static const char *const bars[LEVELS + 1] = {
	".", "\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588",
};

static const char *const digits[LEVELS + 1] = { ".", "1", "2", "3", "4", "5", "6", "7", "8" };

struct style {
	const char	*const *level;
	bool		color;
	int		label;		/* width, with the blank after it */
	size_t		columns;	/* cells in a row */
};

static int label_width(const struct frag *frag)
{
	int width = LABEL_WIDTH, len;
	size_t i;

	for (i = 0; i < frag->nr; i++) {
		len = snprintf(NULL, 0, "%#llx ", (unsigned long long)frag->block[i].phys);
		if (frag->block[i].phys && len > width)
			width = len;
	}
	return width;
}

static struct style find_style(const struct frag *frag)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	size_t width = output_width();
	struct style style = { .level = digits, .label = label_width(frag) };

	setlocale(LC_CTYPE, "");
	if (!strcmp(nl_langinfo(CODESET), "UTF-8"))
		style.level = bars;
	style.color = isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
		      term && strcmp(term, "dumb");
	if (!width)
		width = WIDTH_DEFAULT;
	style.columns = width > (size_t)style.label + CELL_WIDTH ?
			(width - (size_t)style.label) / CELL_WIDTH : 1;
	return style;
}

static void print_letter(const struct style *style, const struct frag_type *type,
			 const char *level)
{
	if (style->color)
		printf("\033[%um%c%s\033[m", type->sgr, type->letter, level);
	else
		printf("%c%s", type->letter, level);
}

/* The type that most of these pageblocks have. */
static const struct frag_type *main_type(const struct pbuddy_pageblock *block, size_t nr)
{
	size_t count[NR_FRAG_TYPES] = { 0 }, best = 0, i;

	for (i = 0; i < nr; i++)
		count[frag_type_of(&block[i]) - frag_types]++;
	for (i = 1; i < NR_FRAG_TYPES; i++)
		if (count[i] > count[best])
			best = i;
	return &frag_types[best];
}

/* 0 when all is free, LEVELS when nothing is; else the eighths that are used, rounded up. */
static unsigned int level_of(const struct pbuddy_pageblock *block, size_t nr, unsigned int pages)
{
	uint64_t all = (uint64_t)nr * pages, used = all;
	size_t i;

	for (i = 0; i < nr; i++)
		used -= block[i].free_pages;
	if (used < all && used * LEVELS > all * (LEVELS - 1))
		return LEVELS - 1;
	return (unsigned int)((used * LEVELS + all - 1) / all);
}

static size_t cell_size(const struct style *style, const struct frag_zone *zone, long per_cell)
{
	size_t size = 1;

	if (per_cell)
		return (size_t)per_cell;
	while (zone->nr > size * style->columns * ROWS_WANTED)
		size *= 2;
	return size;
}

static void print_label(const struct frag *frag, const struct frag_zone *zone,
			const struct style *style, size_t first)
{
	char text[32];

	if (zone->block[first].phys)
		snprintf(text, sizeof(text), "%#llx", (unsigned long long)zone->block[first].phys);
	else
		format_size(first * frag->pageblock_bytes, text, sizeof(text));
	printf("%s%*s ", first ? "\n" : "", style->label - 1, text);
}

static void print_zone(const struct frag *frag, const struct frag_zone *zone,
		       const struct style *style, size_t per_cell)
{
	size_t first, cell = 0, nr;

	for (first = 0; first < zone->nr; first += nr, cell++) {
		nr = zone->nr - first < per_cell ? zone->nr - first : per_cell;
		if (cell % style->columns == 0)
			print_label(frag, zone, style, first);
		print_letter(style, main_type(&zone->block[first], nr),
			     style->level[level_of(&zone->block[first], nr,
						   frag->pageblock_pages)]);
	}
	putchar('\n');
}

static void print_title(const struct frag *frag, const struct frag_zone *zone, size_t per_cell)
{
	char block[32], size[32];
	uint64_t free_pages;
	size_t free_blocks;

	frag_zone_sums(frag, zone, &free_blocks, &free_pages);
	printf("node %d %s: %zu pageblocks of %s, %zu free; %s free; ", zone->block->node,
	       frag_zone_name(zone), zone->nr,
	       format_size(frag->pageblock_bytes, block, sizeof(block)), free_blocks,
	       format_size(free_pages * (frag->pageblock_bytes / frag->pageblock_pages), size,
			   sizeof(size)));
	printf("a cell: %zu\n", per_cell);
}

static void print_groups(const struct frag *frag)
{
	char size[32];
	uint64_t bytes;
	size_t i;

	for (i = 0; i < frag->nr_nodes; i++) {
		bytes = frag_group_bytes(frag, &frag->node[i]);
		if (bytes)
			printf("node %d: %s more belong to groups\n", frag->node[i].node,
			       format_size(bytes, size, sizeof(size)));
	}
}

static void print_legend(const struct style *style)
{
	size_t i;

	for (i = 0; i < NR_FRAG_TYPES; i++) {
		print_letter(style, &frag_types[i], "");
		printf(" %s%s", frag_types[i].name, i < NR_FRAG_TYPES - 1 ? ", " : "\n");
	}
	printf("%s free, %s to %s used in part, %s full\n", style->level[0], style->level[1],
	       style->level[LEVELS - 1], style->level[LEVELS]);
}

void print_picture(const struct frag *frag, long per_cell)
{
	struct style style = find_style(frag);
	const struct frag_zone *zone;
	size_t size;

	for (zone = frag->zone; zone < frag->zone + frag->nr_zones; zone++) {
		size = cell_size(&style, zone, per_cell);
		print_title(frag, zone, size);
		print_zone(frag, zone, &style, size);
	}
	print_groups(frag);
	print_legend(&style);
}
