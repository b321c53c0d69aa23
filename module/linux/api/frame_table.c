// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables with an element for each frame of the pool, which few frames use: the accounts of charged
 * blocks, and the owners of movable ones.
 *
 * As the directory, a table has a section for each GiB of addresses, and a section a pointer for
 * each pageblock, to an array of elements. Sections and arrays are allocated when the first element
 * in them is needed, zeroed, and kept until the module is unloaded. So a look-up takes three loads
 * and no lock, and a free allocates and frees nothing.
 */
#include <linux/slab.h>

#include "api/frame_table.h"
#include "instance.h"

/**
 * pb_frame_table_init - allocate a table without arrays
 * @table: with its size set
 *
 * Context: process, may sleep; the directory of the pool exists.
 * Return: 0 or -ENOMEM.
 */
int pb_frame_table_init(struct pb_frame_table *table)
{
	table->sections = kvcalloc(pb_instance.nr_dir, sizeof(*table->sections), GFP_KERNEL);
	return table->sections ? 0 : -ENOMEM;
}

/**
 * pb_frame_table_exit - free a table with its arrays
 * @table: the table, which may not have been allocated
 *
 * Context: process, may sleep; after the last look-up.
 */
void pb_frame_table_exit(struct pb_frame_table *table)
{
	unsigned long i, k;

	for (i = 0; table->sections && i < pb_instance.nr_dir; i++) {
		for (k = 0; table->sections[i] && k < PB_SECTION_PAGEBLOCKS; k++)
			kfree(table->sections[i]->array[k]);
		kfree(table->sections[i]);
	}
	kvfree(table->sections);
	table->sections = NULL;
}

/* Sets a pointer that is NULL to zeroed memory; false: no memory. May sleep as @gfp says. */
static bool make(void **place, size_t bytes, gfp_t gfp)
{
	void *new;

	if (READ_ONCE(*place))
		return true;
	new = kzalloc(bytes, gfp);
	if (!new)
		return false;
	/* Orders the zeroes before the address. */
	if (cmpxchg(place, NULL, new))
		kfree(new);
	return true;
}

/**
 * pb_frame_table_make - the array of a pageblock, allocated when there is none
 * @table: the table
 * @pfn: a PFN of the pool
 * @gfp: flags of the allocation
 *
 * Context: any in which @gfp may be used; may sleep as it says.
 * Return: the array, or NULL without memory.
 */
void *pb_frame_table_make(struct pb_frame_table *table, unsigned long pfn, gfp_t gfp)
{
	struct pb_frame_section **section = &table->sections[pfn >> PB_SECTION_ORDER];
	unsigned long index = pfn >> PB_PAGEBLOCK_ORDER & (PB_SECTION_PAGEBLOCKS - 1);

	if (!make((void **)section, sizeof(**section), gfp) ||
	    !make(&(*section)->array[index], PB_PAGEBLOCK_NR * table->size, gfp))
		return NULL;
	return (*section)->array[index];
}

/**
 * pb_frame_table_next - the next array of a table
 * @table: the table, which may not have been allocated
 * @pfn: where to begin; set to the first PFN of its pageblock
 *
 * Context: any.
 * Return: the array, or NULL when there is none.
 */
void *pb_frame_table_next(const struct pb_frame_table *table, unsigned long *pfn)
{
	unsigned long nr = table->sections ? pb_instance.nr_dir : 0;
	void *array;

	while (*pfn >> PB_SECTION_ORDER < nr) {
		array = pb_frame_table_array(table, *pfn);
		if (array)
			return array;
		*pfn += READ_ONCE(table->sections[*pfn >> PB_SECTION_ORDER]) ?
			PB_PAGEBLOCK_NR : PB_SECTION_PAGEBLOCKS << PB_PAGEBLOCK_ORDER;
	}
	return NULL;
}
