/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables with an element for each frame of the pool. See frame_table.c. */
#ifndef PB_FRAME_TABLE_H
#define PB_FRAME_TABLE_H

#include <linux/gfp.h>
#include <linux/types.h>

#include "core/base/pfn.h"

/* The arrays of the pageblocks of a section. */
struct pb_frame_section {
	void	*array[PB_SECTION_PAGEBLOCKS];
};

/**
 * struct pb_frame_table - by pageblock, an array of PB_PAGEBLOCK_NR elements
 * @sections: as many as the directory has, or NULL
 * @size: size of an element in bytes
 */
struct pb_frame_table {
	struct pb_frame_section	**sections;
	size_t			size;
};

int pb_frame_table_init(struct pb_frame_table *table);
void pb_frame_table_exit(struct pb_frame_table *table);
void *pb_frame_table_make(struct pb_frame_table *table, unsigned long pfn, gfp_t gfp);
void *pb_frame_table_next(const struct pb_frame_table *table, unsigned long *pfn);

/* The array of the pageblock of a PFN below the end of the directory, or NULL. */
static __always_inline void *pb_frame_table_array(const struct pb_frame_table *table,
						  unsigned long pfn)
{
	struct pb_frame_section *section = READ_ONCE(table->sections[pfn >> PB_SECTION_ORDER]);

	/* The zeroes of both are seen through the address dependency. */
	return likely(section) ? READ_ONCE(section->array[pfn >> PB_PAGEBLOCK_ORDER &
							  (PB_SECTION_PAGEBLOCKS - 1)]) : NULL;
}

#endif /* PB_FRAME_TABLE_H */
