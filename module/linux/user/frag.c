// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctl FRAG of /dev/pbuddy: a record for each pageblock.
 *
 * The cursor is the number of the zone in its upper half. For a privileged caller its lower half is
 * the pageblock, from the start of the zone, at which the next call continues. That tells physical
 * addresses, because it counts holes. So for other callers it is the number of records of the zone
 * that are done, and the next call passes so many: it may repeat or miss a record when the pool or
 * a group grows or shrinks in between.
 */
#include <linux/build_bug.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/nospec.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include <uapi/linux/pbuddy.h>

#include "core/base/pfn.h"
#include "core/index/pageblock.h"
#include "core/zone/zone.h"
#include "instance.h"
#include "user/frag.h"
#include "user/user_copy.h"

#define ZONE_SHIFT	32

static void check_abi(void)
{
	BUILD_BUG_ON(sizeof(struct pbuddy_pageblock) != PBUDDY_PAGEBLOCK_SIZE_VER0);
	BUILD_BUG_ON(sizeof(struct pbuddy_frag) != PBUDDY_FRAG_SIZE_VER0);
	BUILD_BUG_ON((int)PBUDDY_ZONE_DMA32 != (int)PB_ZONE_DMA32);
	BUILD_BUG_ON((int)PBUDDY_ZONE_NORMAL != (int)PB_ZONE_NORMAL);
	BUILD_BUG_ON((int)PBUDDY_ZONE_MOVABLE != (int)PB_ZONE_MOVABLE);
	BUILD_BUG_ON((int)PBUDDY_PAGEBLOCK_UNMOVABLE != (int)PB_UNMOVABLE);
	BUILD_BUG_ON((int)PBUDDY_PAGEBLOCK_MOVABLE != (int)PB_MOVABLE);
	BUILD_BUG_ON((int)PBUDDY_PAGEBLOCK_RECLAIMABLE != (int)PB_RECLAIMABLE);
	BUILD_BUG_ON((int)PBUDDY_PAGEBLOCK_HIGHATOMIC != (int)PB_HIGHATOMIC);
	BUILD_BUG_ON((int)PBUDDY_PAGEBLOCK_CMA != (int)PB_CMA);
	BUILD_BUG_ON((int)PBUDDY_PAGEBLOCK_ISOLATE != (int)PB_ISOLATE);
}

/* The directory entry's value of a pageblock of a zone, PB_ENTRY_HOLE for a hole. */
static unsigned long value_of(struct pb_zone *zone, unsigned long index)
{
	struct pb_dir_entry *entry = pb_zone_dir_entry(zone, index);

	/* It may be given back meanwhile. */
	return entry ? READ_ONCE(entry->value) : PB_ENTRY_HOLE;
}

static struct pbuddy_pageblock record_of(struct pb_zone *zone, unsigned long index,
					 unsigned long value, bool privileged)
{
	unsigned int nr_free;
	int largest = pb_pageblock_scan(pb_entry_pageblock(value), &nr_free);

	return (struct pbuddy_pageblock) {
		.phys = privileged ? PFN_PHYS(pb_pageblock_pfn(zone, index)) : 0,
		.node = zone->nid,
		.free_pages = nr_free,
		.largest_order = largest,
		.zone = zone->type,
		.type = pb_entry_migratetype(value),
	};
}

/* The pageblock at a distance from the start of a zone, which the caller chose. */
static unsigned long index_at(const struct pb_zone *zone, unsigned long first, unsigned long from)
{
	unsigned long index = first + from;

	if (index >= zone->nr_pageblocks)
		return zone->nr_pageblocks;
	return array_index_nospec(index, zone->nr_pageblocks);
}

/*
 * Copies the records of a zone from @from on, until the array of @f is full, and sets the cursor
 * behind the last one.
 */
static int copy_zone(struct pb_zone *zone, u64 nr_zone, unsigned long from, bool privileged,
		     struct pbuddy_frag *f, u32 *nr)
{
	unsigned long first = pb_pageblock_index(zone, zone->start_pfn);
	unsigned long index = privileged ? index_at(zone, first, from) : first;
	unsigned long pass = privileged ? 0 : from;
	u32 before = *nr;
	int err;

	for (; index < zone->nr_pageblocks && *nr < f->nr_records; index++) {
		unsigned long value = value_of(zone, index);
		struct pbuddy_pageblock record;

		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		if (pb_entry_migratetype(value) == PB_ENTRY_HOLE)
			continue;
		if (pass) {
			pass--;
			continue;
		}
		record = record_of(zone, index, value, privileged);
		err = pb_copy_out_element(u64_to_user_ptr(f->records_ptr), (*nr)++, f->record_size,
					  &record, sizeof(record));
		if (err)
			return err;
	}
	f->cursor = nr_zone << ZONE_SHIFT | (privileged ? index - first : from + (*nr - before));
	return 0;
}

static int copy_records(struct pbuddy_frag *f)
{
	u64 start_zone = f->cursor >> ZONE_SHIFT, nr_zone = 0;
	unsigned long from = (u32)f->cursor;
	bool privileged = capable(CAP_SYS_ADMIN);
	struct pb_zone *zone;
	u32 nr = 0;
	int err;

	pb_for_each_zone(zone, &pb_instance) {
		if (nr_zone++ < start_zone)
			continue;
		if (nr == f->nr_records)
			break;
		err = copy_zone(zone, nr_zone - 1, from, privileged, f, &nr);
		if (err)
			return err;
		from = 0;
	}
	f->nr_records = nr;
	return 0;
}

/**
 * pb_frag_ioctl() - handle PBUDDY_IOCTL_FRAG
 * @arg: user pointer to its struct
 *
 * Context: may sleep; takes no lock.
 * Return: as <uapi/linux/pbuddy.h> says.
 */
long pb_frag_ioctl(void __user *arg)
{
	struct pbuddy_frag f;
	size_t usize;
	int err;

	check_abi();
	err = pb_copy_in(&f, sizeof(f), PBUDDY_FRAG_SIZE_VER0, arg, &usize);
	if (err)
		return err;
	if (f.flags || memchr_inv(f.reserved, 0, sizeof(f.reserved)) ||
	    (f.nr_records && !f.records_ptr))
		return -EINVAL;
	if (f.nr_records) {
		err = pb_check_element_size(f.record_size, PBUDDY_PAGEBLOCK_SIZE_VER0);
		if (err)
			return err;
	}
	return copy_records(&f) ?: pb_copy_out(arg, usize, &f, sizeof(f));
}
