// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reserve source: memory reserved at boot. LABEL is one of:
 *
 *   a name     a region of reserve_mem=SIZE:ALIGN:LABEL on the kernel's command line, Linux 6.12
 *              and later. It has struct pages with PG_reserved set. The source clears
 *              PG_reserved while pbuddy owns the pages, as reserved pages can be neither mapped
 *              nor pinned. A page of the region without PG_reserved, or with more than one
 *              reference, belongs to another user and is skipped with its pageblock.
 *   0xADDRESS  a physical range that memmap=SIZE$ADDRESS reserves, on any kernel. It has no struct
 *              pages; memremap_pages() makes them. It must be RAM that neither the kernel nor the
 *              firmware uses: memmap= also reserves addresses without RAM. Kernel lockdown
 *              forbids it, because the parameter names physical memory. The flags of its pages
 *              end with the struct pages, so one with a memory error is kept in /proc/iomem.
 *
 * The memory stays reserved after rmmod, so that the next insmod can use it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/efi.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/page-flags.h>
#include <linux/range.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "core/base/order.h"
#include "source/source.h"

#define PAGEBLOCK_BYTES		((u64)PB_PAGEBLOCK_NR << PAGE_SHIFT)

static bool label_is_address(const struct pb_pool_spec *spec)
{
	return isdigit(spec->label[0]);
}

/* Clears PG_reserved, so that pages can be mapped and pinned. Undone by mark_reserved(). */
static void unmark_reserved(unsigned long pfn, unsigned long nr_pages)
{
	for (; nr_pages--; pfn++) {
		ClearPageReserved(pfn_to_page(pfn));
		cond_resched();
	}
}

static void mark_reserved(unsigned long pfn, unsigned long nr_pages)
{
	for (; nr_pages--; pfn++) {
		SetPageReserved(pfn_to_page(pfn));
		cond_resched();
	}
}

/* ---- a region of reserve_mem= ---- */

/* Whether all pages of a pageblock are on the node, and are reserved with a single reference. */
static bool pageblock_usable(unsigned long pfn, int nid)
{
	unsigned long end = pfn + PB_PAGEBLOCK_NR;

	for (; pfn < end; pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page || page_to_nid(page) != nid || !PageReserved(page) ||
		    page_count(page) != 1)
			return false;
	}
	return true;
}

static long collect_run(const struct pb_pool_spec *spec, struct list_head *extents,
			unsigned long pfn, unsigned long nr_pages)
{
	int ret;

	if (!nr_pages)
		return 0;
	ret = pb_extent_add(extents, spec, pfn, nr_pages, NULL);
	if (ret)
		return ret;
	unmark_reserved(pfn, nr_pages);
	return nr_pages;
}

static long collect_region(const struct pb_pool_spec *spec, struct list_head *extents)
{
	unsigned long pfn, end, run = 0, got = 0;
	phys_addr_t start, size;
	long ret = 0;

	if (!reserve_mem_find_by_name(spec->label, &start, &size))
		return 0;
	pfn = PHYS_PFN(round_up(start, PAGEBLOCK_BYTES));
	end = PHYS_PFN(round_down(start + size, PAGEBLOCK_BYTES));
	for (; ret >= 0 && pfn < end && got + run < spec->nr_pages; pfn += PB_PAGEBLOCK_NR) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (pageblock_usable(pfn, spec->nid)) {
			run += PB_PAGEBLOCK_NR;
		} else {
			ret = collect_run(spec, extents, pfn - run, run);
			got += run;
			run = 0;
		}
		cond_resched();
	}
	if (ret >= 0)
		ret = collect_run(spec, extents, pfn - run, run);
	got += run;
	if (!got)
		pr_warn("reserve: \"%s\" has no free memory on node %d\n", spec->label,
			spec->nid);
	return ret < 0 ? ret : got;
}

static int check_region(const struct pb_pool_spec *spec)
{
	phys_addr_t start, size;

	if (!PB_HAVE_RESERVE_MEM) {
		pr_err("reserve: this kernel has no reserve_mem= (needs 6.12); boot with memmap=SIZE$ADDRESS and use reserve=0xADDRESS\n");
		return -EOPNOTSUPP;
	}
	if (!reserve_mem_find_by_name(spec->label, &start, &size)) {
		pr_err("reserve: unknown label \"%s\": the kernel has reserved no memory for reserve_mem=SIZE:ALIGN:%s\n",
		       spec->label, spec->label);
		return -EINVAL;
	}
	return 0;
}

/* ---- a range of physical addresses ---- */

static int parse_range(const struct pb_pool_spec *spec, u64 *start, u64 *bytes)
{
	*bytes = (u64)spec->nr_pages << PAGE_SHIFT;
	if (kstrtou64(spec->label, 0, start) || !*start || !IS_ALIGNED(*start, PAGEBLOCK_BYTES) ||
	    *start + *bytes < *start) {
		pr_err("reserve: bad address \"%s\": a multiple of 2 MiB is expected\n",
		       spec->label);
		return -EINVAL;
	}
	return 0;
}

/* The node of the range according to the firmware's tables, or @nid if they do not have it. */
static int node_of(u64 start, int nid)
{
	int found = NUMA_NO_NODE;

	if (IS_ENABLED(CONFIG_NUMA_KEEP_MEMINFO))
		found = phys_to_target_node(start);
	return found == NUMA_NO_NODE ? nid : found;
}

/* Whether the firmware says that each page is RAM. True where its map cannot be read. */
static bool is_ram(u64 start, u64 bytes)
{
	u64 addr;

	for (addr = start; PB_HAVE_FIRMWARE_MAP && addr < start + bytes; addr += PAGE_SIZE) {
		if (!pb_firmware_has_ram(addr, addr + 1) ||
		    !pb_firmware_has_ram(addr + PAGE_SIZE - 1, addr + PAGE_SIZE))
			return false;
		cond_resched();
	}
	return true;
}

/* EFI uses its runtime regions whenever the kernel calls it. */
static bool has_efi_runtime(u64 start, u64 bytes)
{
	efi_memory_desc_t *md;

	if (!efi_enabled(EFI_MEMMAP))
		return false;
	for_each_efi_memory_desc(md)
		if (md->attribute & EFI_MEMORY_RUNTIME && md->phys_addr < start + bytes &&
		    md->phys_addr + (md->num_pages << EFI_PAGE_SHIFT) > start)
			return true;
	return false;
}

/* Whether the range is RAM that neither the kernel nor the firmware uses. */
static int check_unused(u64 start, u64 bytes)
{
	if (region_intersects(start, bytes, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT) {
		pr_err("reserve: %#llx-%#llx is memory of the kernel; boot with memmap=%lluM$%#llx\n",
		       start, start + bytes - 1, bytes >> 20, start);
		return -EINVAL;
	}
	if (region_intersects(start, bytes, IORESOURCE_MEM, IORES_DESC_RESERVED) !=
	    REGION_INTERSECTS) {
		pr_err("reserve: %#llx-%#llx is not reserved memory; boot with memmap=%lluM$%#llx\n",
		       start, start + bytes - 1, bytes >> 20, start);
		return -EINVAL;
	}
	if (!is_ram(start, bytes)) {
		pr_err("reserve: %#llx-%#llx is not all RAM, see /sys/firmware/memmap\n", start,
		       start + bytes - 1);
		return -EINVAL;
	}
	if (has_efi_runtime(start, bytes)) {
		pr_err("reserve: %#llx-%#llx has memory of EFI runtime services\n", start,
		       start + bytes - 1);
		return -EINVAL;
	}
	return 0;
}

static int check_range(const struct pb_pool_spec *spec)
{
	u64 start, bytes;
	int ret = parse_range(spec, &start, &bytes);

	if (ret)
		return ret;
	ret = security_locked_down(LOCKDOWN_MODULE_PARAMETERS);
	if (ret) {
		pr_err("reserve: lockdown forbids an address; boot with reserve_mem=SIZE:ALIGN:NAME and use reserve=NAME\n");
		return ret;
	}
	if (!IS_ENABLED(CONFIG_ZONE_DEVICE)) {
		pr_err("reserve: this kernel cannot map a physical range (CONFIG_ZONE_DEVICE)\n");
		return -EOPNOTSUPP;
	}
	ret = check_unused(start, bytes);
	if (ret)
		return ret;
	if (node_of(start, spec->nid) != spec->nid) {
		pr_err("reserve: %#llx is on node %d, not on node %d\n", start,
		       node_of(start, spec->nid), spec->nid);
		return -EINVAL;
	}
	return 0;
}

/**
 * struct mapping - kernel mapping of a physical range
 * @pgmap: describes its struct pages
 * @name: name of its resource; stored here, as with leaked pages both exist after rmmod
 */
struct mapping {
	struct dev_pagemap	pgmap;
	char			name[sizeof(KBUILD_MODNAME)];
};

static int map_range(struct mapping *map, u64 start, u64 bytes, int nid)
{
	void *virt;

	strscpy(map->name, KBUILD_MODNAME, sizeof(map->name));
	if (!request_mem_region(start, bytes, map->name)) {
		pr_err("reserve: %#llx-%#llx is in use, see /proc/iomem\n", start,
		       start + bytes - 1);
		return -EBUSY;
	}
	map->pgmap.type = MEMORY_DEVICE_GENERIC;
	map->pgmap.range.start = start;
	map->pgmap.range.end = start + bytes - 1;
	map->pgmap.nr_range = 1;
	virt = memremap_pages(&map->pgmap, nid);
	if (!IS_ERR(virt))
		return 0;
	release_mem_region(start, bytes);
	pr_err("reserve: cannot map %#llx-%#llx: %pe\n", start, start + bytes - 1, virt);
	return PTR_ERR(virt);
}

/* The pages with a memory error, ended by 0; NULL when there is none, or no memory. */
static unsigned long *bad_pages(const struct range *range)
{
	unsigned long start = PHYS_PFN(range->start), nr_pages = range_len(range) >> PAGE_SHIFT;
	unsigned long *bad, nr = 0, pfn;

	for (pfn = start; pfn < start + nr_pages; pfn++)
		nr += PageHWPoison(pfn_to_page(pfn));
	bad = nr ? kvcalloc(nr + 1, sizeof(*bad), GFP_KERNEL) : NULL;
	for (pfn = start, nr = 0; bad && pfn < start + nr_pages; pfn++)
		if (PageHWPoison(pfn_to_page(pfn)))
			bad[nr++] = pfn;
	return bad;
}

/* Has the next insmod refuse a range with such a page. The name is that of a resource for ever. */
static void keep_bad_page(unsigned long pfn)
{
	const char *name = kstrdup("pbuddy memory error", GFP_KERNEL);

	if (name && request_mem_region(PFN_PHYS(pfn), PAGE_SIZE, name))
		return;
	kfree(name);
	pr_warn("reserve: pfn 0x%lx has a memory error, which the next insmod does not know\n",
		pfn);
}

static void unmap_range(struct mapping *map)
{
	struct range range = map->pgmap.range;
	unsigned long *bad = bad_pages(&range), i;

	memunmap_pages(&map->pgmap);
	release_mem_region(range.start, range_len(&range));
	for (i = 0; bad && bad[i]; i++)
		keep_bad_page(bad[i]);
	kvfree(bad);
}

static long collect_range(const struct pb_pool_spec *spec, struct list_head *extents)
{
	struct mapping *map;
	u64 start, bytes;
	int ret = parse_range(spec, &start, &bytes);

	if (ret)
		return ret;
	map = kzalloc(sizeof(*map), GFP_KERNEL);
	if (!map)
		return -ENOMEM;
	ret = map_range(map, start, bytes, spec->nid);
	if (ret)
		goto free_map;
	ret = pb_extent_add(extents, spec, PHYS_PFN(start), spec->nr_pages, map);
	if (ret)
		goto unmap;
	unmark_reserved(PHYS_PFN(start), spec->nr_pages);
	return spec->nr_pages;

unmap:
	unmap_range(map);
free_map:
	kfree(map);
	return ret;
}

/* ---- both ---- */

static int reserve_check(const struct pb_pool_spec *spec)
{
	return label_is_address(spec) ? check_range(spec) : check_region(spec);
}

static long reserve_reserve(const struct pb_pool_spec *spec, struct list_head *extents)
{
	return label_is_address(spec) ? collect_range(spec, extents) :
					collect_region(spec, extents);
}

static void reserve_release(struct pb_extent *extent, unsigned long pfn, unsigned long nr_pages)
{
	mark_reserved(pfn, nr_pages);
}

/*
 * Unmaps a physical range. If pages are still in use the mapping stays, and the next insmod cannot
 * use the range.
 */
static void reserve_finish(struct pb_extent *extent, bool complete)
{
	if (!extent->priv || !complete)
		return;
	unmap_range(extent->priv);
	kfree(extent->priv);
}

/* The kernel's image has the memory of its zones; struct pages that are made here are in none. */
static bool reserve_unsaved(const struct pb_extent *extent)
{
	return extent->priv;
}

const struct pb_source_ops pb_source_reserve = {
	.name = "reserve",
	.label = "LABEL",
	.set_aside = true,
	.beyond_node = true,
	.unsaved = reserve_unsaved,
	.check = reserve_check,
	.reserve = reserve_reserve,
	.release = reserve_release,
	.finish = reserve_finish,
};
