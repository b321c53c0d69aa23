// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_hooks: a module with hooks before and after the allocations of pbuddy. To be copied.
 *
 * Requests of tasks whose name is in the parameter deny= are refused. When a request fails, the
 * module frees a page that it keeps for such a case, and asks for another attempt. Its parameters
 * refused and rescued count both.
 */
#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pbuddy.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/string.h>

PBUDDY_IMPORT_API();

static char *deny = "";
module_param(deny, charp, 0444);
MODULE_PARM_DESC(deny, "name of tasks whose requests are refused (default: none)");

static unsigned int refused;
module_param(refused, uint, 0444);
MODULE_PARM_DESC(refused, "number of requests refused (read only; approximate)");

static unsigned int rescued;
module_param(rescued, uint, 0444);
MODULE_PARM_DESC(rescued, "number of requests for which the kept page was freed (read only)");

static struct page *kept;

/* Called in any context: an interrupt has no task of its own. */
static bool before(struct pbuddy_alloc_hooks *hooks, const struct pbuddy_alloc_info *info)
{
	if (!in_task() || !*deny || strcmp(current->comm, deny))
		return true;
	refused++;
	return false;
}

static bool after(struct pbuddy_alloc_hooks *hooks, const struct pbuddy_alloc_info *info,
		  struct page *page)
{
	struct page *spare;

	if (page || info->retried || info->nr_pages > 1)
		return false;
	/* Without a lock, as an NMI may come in between. */
	spare = xchg(&kept, NULL);
	if (!spare)
		return false;
	pbuddy_free_page(spare);
	rescued++;
	return true;
}

static struct pbuddy_alloc_hooks hooks = { .before = before, .after = after };

static int __init hooks_init(void)
{
	int err;

	kept = pbuddy_alloc_page(GFP_KERNEL);
	err = pbuddy_register_alloc_hooks(&hooks);
	if (err)
		pbuddy_free_page(kept);
	return err;
}

static void __exit hooks_exit(void)
{
	pbuddy_unregister_alloc_hooks(&hooks);
	pbuddy_free_page(kept);
}

module_init(hooks_init);
module_exit(hooks_exit);

MODULE_DESCRIPTION("Example of hooks before and after allocations of pbuddy");
MODULE_LICENSE("GPL");
