// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameter vacate=: gives all memory in a range of physical addresses back, so that the kernel
 * can take the range offline, as before a DIMM is unplugged.
 *
 * It is a request of the administrator, not a notifier of memory hotplug: offline_pages() isolates
 * the range before it calls MEM_GOING_OFFLINE, and fails there because the pages of the pool are
 * allocated and not on an LRU list (has_unmovable_pages(); 6.1 to 7.3).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/string.h>

#include "api/resize.h"
#include "api/resize_blocks.h"
#include "tunables.h"

#define PAGES_TO_MIB(pages)	((pages) >> (20 - PAGE_SHIFT))

/* START-END, both in the range, as in /proc/iomem. */
static bool parse(const char *text, u64 *start, u64 *end)
{
	char copy[48], *dash;

	if (strscpy(copy, text, sizeof(copy)) < 0)
		return false;
	dash = strchr(strim(copy), '-');
	if (!dash)
		return false;
	*dash++ = '\0';
	return !kstrtou64(strim(copy), 16, start) && !kstrtou64(dash, 16, end) && *start < *end &&
	       *end < PFN_PHYS(ULONG_MAX >> PAGE_SHIFT);
}

static void log_result(const struct pb_resize *result, u64 start, u64 end)
{
	bool watermark = result->reason == PBUDDY_RESIZE_WATERMARK;

	pr_warn("vacate: %lu MiB in %#llx-%#llx stay: %lu MiB have unmovable blocks, %lu MiB are busy, %lu MiB belong to groups, %lu MiB are %snot given back\n",
		PAGES_TO_MIB(result->now), start, end, PAGES_TO_MIB(result->pinned),
		PAGES_TO_MIB(result->busy), PAGES_TO_MIB(result->grouped),
		PAGES_TO_MIB(result->kept), watermark ? "kept by the watermark, or " : "");
	pb_resize_log_blocks(&result->blocked);
}

static int set_vacate(const char *text, const struct kernel_param *param)
{
	struct pb_resize result;
	u64 start, end;
	int err = pb_check_admin(param->name);

	if (err)
		return err;
	if (!parse(text, &start, &end)) {
		pr_err("vacate: bad range \"%.*s\": START-END in hexadecimal is expected, as in /proc/iomem\n",
		       (int)strcspn(text, "\n"), text);
		return -EINVAL;
	}
	pb_param_begin_long();
	err = pb_resize_empty(PHYS_PFN(start), PHYS_PFN(end) + 1, &result);
	pb_param_end_long();
	if (result.before)
		pr_info("vacate: gave %lu MiB in %#llx-%#llx back\n", PAGES_TO_MIB(result.before),
			start, end);
	if (err == -ENODEV)
		pr_err("vacate: there is no pool yet\n");
	if (err != -EBUSY)
		return err;
	log_result(&result, start, end);
	return err;
}

static const struct kernel_param_ops vacate_ops = { .set = set_vacate };
module_param_cb(vacate, &vacate_ops, NULL, 0200);
MODULE_PARM_DESC(vacate, "START-END: write a range of physical addresses while the module runs to give all memory in it back to the kernel, as before it is taken offline");
