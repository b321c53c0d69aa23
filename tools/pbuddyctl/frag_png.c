// SPDX-License-Identifier: GPL-2.0-only
/*
 * The picture of pbuddyctl frag as PNG, by libpng: 4 x 4 pixels for a pageblock, 128 pageblocks in
 * a row, white lines between the zones. The colour is that of the migratetype, the darker the more
 * is used; free pageblocks are almost white.
 */
#include <err.h>
#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frag.h"

#define PIXELS		4	/* edge of a pageblock */
#define COLUMNS		128
#define LINE		4	/* pixels between zones */
#define WIDTH		(COLUMNS * PIXELS)
#define LEVELS		8
#define BACKGROUND	0
#define NR_COLORS	(1 + NR_FRAG_TYPES * (LEVELS + 1))

static size_t zone_height(const struct frag_zone *zone)
{
	return (zone->nr + COLUMNS - 1) / COLUMNS * PIXELS;
}

/* Mixes the type's colour with white. */
static void fill_colors(png_byte *map)
{
	unsigned int type, level, i;

	memset(map, 0xff, 3);
	map += 3;
	for (type = 0; type < NR_FRAG_TYPES; type++)
		for (level = 0; level <= LEVELS; level++)
			for (i = 0; i < 3; i++)
				*map++ = (png_byte)(0xff - (0xff - frag_types[type].rgb[i]) *
						    (level + 1) / (LEVELS + 1));
}

static png_byte color_of(const struct frag *frag, const struct pbuddy_pageblock *block)
{
	unsigned int pages = frag->pageblock_pages, used = pages - block->free_pages;
	unsigned int type = (unsigned int)(frag_type_of(block) - frag_types);

	return (png_byte)(1 + type * (LEVELS + 1) + (used * LEVELS + pages - 1) / pages);
}

static void draw_zone(const struct frag *frag, const struct frag_zone *zone, png_byte *pixel)
{
	size_t i, row;
	png_byte *at;

	for (i = 0; i < zone->nr; i++) {
		at = pixel + i / COLUMNS * PIXELS * WIDTH + i % COLUMNS * PIXELS;
		for (row = 0; row < PIXELS; row++)
			memset(at + row * WIDTH, color_of(frag, &zone->block[i]), PIXELS);
	}
}

/*
 * Returns NULL, or the cause of a failure. A file that could not be written whole is removed, but
 * not a device or a pipe, which png_image_write_to_file() removes, too.
 */
static const char *write_image(png_image *image, const char *path, const png_byte *pixel,
			       const png_byte *map)
{
	FILE *file = fopen(path, "wbe");
	const char *cause = NULL;
	struct stat st;

	if (!file)
		return strerror(errno);
	if (!png_image_write_to_stdio(image, file, 0, pixel, WIDTH, map))
		cause = image->message;
	else if (fflush(file))
		cause = strerror(errno);
	if (cause && !fstat(fileno(file), &st) && S_ISREG(st.st_mode))
		unlink(path);
	if (fclose(file) && !cause)
		cause = strerror(errno);
	return cause;
}

int write_png(const struct frag *frag, const char *path)
{
	png_image image = { .version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB_COLORMAP };
	png_byte map[3 * NR_COLORS], *pixel;
	const struct frag_zone *zone;
	const char *cause;
	size_t height = 0, y = 0;

	for (zone = frag->zone; zone < frag->zone + frag->nr_zones; zone++)
		height += zone_height(zone) + LINE;
	if (!height)
		height = LINE;	/* all pageblocks belong to groups */
	pixel = calloc(height, WIDTH);		/* BACKGROUND */
	if (!pixel)
		err(EXIT_FAILED, "frag");
	for (zone = frag->zone; zone < frag->zone + frag->nr_zones; zone++) {
		draw_zone(frag, zone, pixel + y * WIDTH);
		y += zone_height(zone) + LINE;
	}
	fill_colors(map);
	image.width = WIDTH;
	image.height = (png_uint_32)height;
	image.colormap_entries = NR_COLORS;
	cause = write_image(&image, path, pixel, map);
	if (cause)
		fprintf(stderr, "pbuddyctl: --png %s: %s\n", path, cause);
	png_image_free(&image);
	free(pixel);
	return cause ? -1 : 0;
}
