// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where memory may be added to the machine, by what the firmware declares: the ranges of the ACPI
 * table SRAT that are hot-pluggable. The kernel has the highest address of them, but not for
 * modules. Hypervisors declare as much as a guest may ever get, so the default of max_address= goes
 * no further than twice the memory that there is.
 */
#include <linux/acpi.h>
#include <linux/minmax.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>

#include "source/hot_pluggable.h"

#define MIN_END		PHYS_PFN(1ULL << 32)	/* below it lie the addresses of devices */
#define MIN_MORE	PHYS_PFN(1ULL << 32)

#ifdef CONFIG_ACPI
static u64 range_end(const struct acpi_subtable_header *entry)
{
	const struct acpi_srat_mem_affinity *range = (const void *)entry;
	const u32 flags = ACPI_SRAT_MEM_ENABLED | ACPI_SRAT_MEM_HOT_PLUGGABLE;

	if (entry->type != ACPI_SRAT_TYPE_MEMORY_AFFINITY || entry->length < sizeof(*range) ||
	    (range->flags & flags) != flags)
		return 0;
	return range->base_address + range->length;
}

/* The highest end of a hot-pluggable range, or 0. */
static u64 declared_end(void)
{
	const struct acpi_subtable_header *entry;
	struct acpi_table_header *table;
	unsigned long at, end;
	u64 highest = 0;

	if (acpi_disabled || ACPI_FAILURE(acpi_get_table(ACPI_SIG_SRAT, 0, &table)))
		return 0;
	end = (unsigned long)table + table->length;
	at = (unsigned long)table + sizeof(struct acpi_table_srat);
	while (at + sizeof(*entry) <= end) {
		entry = (const void *)at;
		if (entry->length < sizeof(*entry) || at + entry->length > end)
			break;
		highest = max(highest, range_end(entry));
		at += entry->length;
	}
	acpi_put_table(table);
	return highest;
}
#else
static u64 declared_end(void)
{
	return 0;
}
#endif

/**
 * pb_hot_pluggable_end - the end of the memory that may be added to the machine
 *
 * Context: process, may sleep.
 * Return: a PFN, exclusive, at most twice that of the memory at present or 4 GiB above it; 0 when
 * the firmware declares none beyond.
 */
unsigned long pb_hot_pluggable_end(void)
{
	unsigned long present = MIN_END, end;
	int nid;

	for_each_online_node(nid)
		present = max(present, pgdat_end_pfn(NODE_DATA(nid)));
	end = min_t(u64, PHYS_PFN(declared_end()), max(2 * present, present + MIN_MORE));
	return end > present ? end : 0;
}
