// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records the task and the call stack of every allocation (owner=1). As mm/page_owner.c.
 *
 * Every page of the pool has a struct record. Records are allocated at insmod and before the pool
 * grows, so that a request in any context can write one. A request writes the record of the first
 * page of its block while it owns the block, so that no lock is needed. A free does not change the
 * record, as a report of a bad free prints it. The stack depot stores each distinct stack once. A
 * record has no stack if the depot has no memory left, or where the depot cannot be called: in NMI,
 * and on PREEMPT_RT with preemption off.
 *
 * Addresses of a module can be translated to symbols only while its code is present: init code
 * until the module is live or has failed to load, other code until it is unloaded. Therefore a
 * module notifier translates them in time and stores the text (struct where), which the list of
 * leaked pages shows when pbuddy itself is unloaded:
 *
 *   MODULE_STATE_LIVE   of every block that init code of the module allocated
 *   MODULE_STATE_GOING  of every block that the module leaves allocated; these are also logged
 *
 * A text stays with its block: a module that is loaded later may get the same addresses or name. Of
 * several modules that a stack leads through, the first that goes is told.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/stackdepot.h>
#include <linux/stacktrace.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/xarray.h>

#include "compat.h"
#include "core/alloc/alloc.h"
#include "hooks/owner.h"
#include "instance.h"
#include "request/percpu_zone.h"
#include "source/source.h"

#define STACK_DEPTH	16
#define LISTED_MAX	8	/* blocks to log one by one when a module is unloaded */

/**
 * struct where - name of a function of a module, stored until pbuddy is unloaded
 * @node: link in the list of all of them
 * @stack: stack that contains the function
 * @mod: the module, or NULL after it was unloaded, as another one may get its addresses
 * @text: symbol, offset and module
 */
struct where {
	struct list_head	node;
	depot_stack_handle_t	stack;
	const struct module	*mod;
	char			text[PB_OWNER_TEXT_LEN];
};

/**
 * struct record - the last allocation whose first page is this page
 * @where: function of a module that may be unloaded, or NULL; takes precedence over @stack
 * @stack: handle of the stack depot, or 0
 * @pid: PID of the task, in the initial namespace
 * @comm: name of the task; empty: there was no allocation
 */
struct record {
	const struct where	*where;
	depot_stack_handle_t	stack;
	pid_t			pid;
	char			comm[TASK_COMM_LEN];
};

DEFINE_STATIC_KEY_FALSE(pb_owner_key);
EXPORT_SYMBOL_PB_TEST(pb_owner_key);

/*
 * For each pageblock, by its number, an array of PB_PAGEBLOCK_NR records. pb_owner_init() and
 * pb_owner_add_range() add entries.
 */
static DEFINE_XARRAY(records);
static LIST_HEAD(wheres);

static struct record *record_of(unsigned long pfn)
{
	struct record *block = xa_load(&records, pfn >> PB_PAGEBLOCK_ORDER);

	return block ? &block[pfn & (PB_PAGEBLOCK_NR - 1)] : NULL;
}

#ifdef CONFIG_STACKDEPOT
static depot_stack_handle_t save_stack(void)
{
	unsigned long entries[STACK_DEPTH];
	unsigned int nr;

	if (in_nmi() || !pb_may_lock())
		return 0;
	nr = stack_trace_save(entries, STACK_DEPTH, 3);
	/* Do not reclaim, even if the caller may sleep: recording must not change its behaviour. */
	return stack_depot_save(entries, nr, GFP_NOWAIT | __GFP_NOWARN);
}

static unsigned int fetch_stack(depot_stack_handle_t handle, unsigned long **entries)
{
	return handle ? stack_depot_fetch(handle, entries) : 0;
}

static int init_depot(void)
{
	return stack_depot_init();
}
#else
static depot_stack_handle_t save_stack(void)
{
	return 0;
}

static unsigned int fetch_stack(depot_stack_handle_t handle, unsigned long **entries)
{
	return 0;
}

static int init_depot(void)
{
	return 0;
}
#endif

/* Records the current task as owner of the blocks at @pfn, @pfn + 1, ... Context: any. */
void __pb_owner_set(unsigned long pfn, unsigned long nr_heads)
{
	depot_stack_handle_t stack = save_stack();
	struct record *record;

	for (; nr_heads--; pfn++) {
		record = record_of(pfn);
		if (!record)
			continue;
		record->where = NULL;
		record->stack = stack;
		record->pid = task_pid_nr(current);
		strscpy(record->comm, current->comm, sizeof(record->comm));
	}
}

/* Copies the record of a block's head to the other pages of the block. Context: any. */
void __pb_owner_copy(unsigned long pfn, unsigned int order)
{
	const struct record *head = record_of(pfn);
	struct record *record;
	unsigned long i;

	for (i = 1; head && i < 1UL << order; i++) {
		record = record_of(pfn + i);
		if (record)
			*record = *head;
	}
}
EXPORT_SYMBOL_PB_TEST(__pb_owner_copy);

/* The first address of a stack outside of pbuddy, or 0. */
static unsigned long first_caller(depot_stack_handle_t stack)
{
	unsigned long *entries;
	unsigned int nr = fetch_stack(stack, &entries), i;

	for (i = 0; i < nr; i++)
		if (!within_module(entries[i], THIS_MODULE))
			return entries[i];
	return 0;
}

static bool stack_leads_into(depot_stack_handle_t stack, const struct module *mod,
			     bool (*within)(unsigned long addr, const struct module *mod))
{
	unsigned long *entries;
	unsigned int nr = fetch_stack(stack, &entries), i;

	for (i = 0; i < nr; i++)
		if (within(entries[i], mod))
			return true;
	return false;
}

/**
 * pb_owner_text - format the task and the function that last allocated a block
 * @pfn: first page of the block
 * @buf: buffer to fill; empty string if nothing is recorded
 * @size: bytes in @buf
 *
 * Context: any.
 *
 * Return: true if there is a record.
 */
bool pb_owner_text(unsigned long pfn, char *buf, size_t size)
{
	const struct record *record = record_of(pfn);
	unsigned long ip;
	int n;

	buf[0] = '\0';
	if (!record || !record->comm[0])
		return false;
	n = scnprintf(buf, size, "%s[%d]", record->comm, record->pid);
	ip = first_caller(record->stack);
	if (record->where)
		scnprintf(buf + n, size - n, " at %s", record->where->text);
	else if (ip)
		scnprintf(buf + n, size - n, " at %pS", (void *)ip);
	return true;
}

/**
 * pb_owner_print - log the task and the function that last allocated a block
 * @pfn: first page of the block
 *
 * Logs nothing if nothing is recorded. Context: any.
 */
void pb_owner_print(unsigned long pfn)
{
	char text[PB_OWNER_TEXT_LEN];

	if (pb_owner_text(pfn, text, sizeof(text)))
		pr_err("pfn 0x%lx was last allocated by %s\n", pfn, text);
}

/**
 * pb_owner_show - print the record of an allocated block with its stack, as page_owner
 * @m: file to print to; the current line is ended even if nothing is recorded
 * @pfn: first page of the block
 *
 * Context: as seq_printf().
 */
void pb_owner_show(struct seq_file *m, unsigned long pfn)
{
	const struct record *record = record_of(pfn);
	unsigned long *entries;
	unsigned int nr, i;

	if (!record || !record->comm[0]) {
		seq_putc(m, '\n');
		return;
	}
	seq_printf(m, ", pid %d (%s)", record->pid, record->comm);
	if (record->where)
		seq_printf(m, ", %s", record->where->text);
	seq_putc(m, '\n');
	nr = fetch_stack(record->stack, &entries);
	for (i = 0; i < nr; i++)
		seq_printf(m, " %pS\n", (void *)entries[i]);
}

/* ---- loading and unloading of other modules ---- */

/**
 * struct visit - a walk over the allocated blocks to find those of one module
 * @mod: the module
 * @blocks: number of blocks that the module allocated
 * @pages: number of pages in them
 */
struct visit {
	struct module	*mod;
	unsigned long	blocks;
	unsigned long	pages;
};

/*
 * Returns the text for a stack. Consecutive blocks with the same stack share one. Needs no lock, as
 * module notifiers are called one at a time.
 */
static const struct where *where_of(depot_stack_handle_t stack, const struct module *mod)
{
	struct where *where = list_first_entry_or_null(&wheres, struct where, node);

	if (where && where->stack == stack && where->mod == mod)
		return where;
	where = kmalloc(sizeof(*where), GFP_KERNEL);
	if (!where)
		return NULL;
	where->stack = stack;
	where->mod = mod;
	snprintf(where->text, sizeof(where->text), "%pS", (void *)first_caller(stack));
	list_add(&where->node, &wheres);
	return where;
}

/* A module is unloaded: the texts of its blocks stay. */
static void forget_module(const struct module *mod)
{
	struct where *where;

	list_for_each_entry(where, &wheres, node)
		if (where->mod == mod)
			where->mod = NULL;
}

/* Not for a block with a text: its addresses may be those of a module that was unloaded. */
static bool leads_into(const struct record *record, const struct module *mod,
		       bool (*within)(unsigned long addr, const struct module *mod))
{
	return !record->where && stack_leads_into(record->stack, mod, within);
}

static bool note_init_code(void *arg, unsigned long pfn, unsigned int order)
{
	struct record *record = record_of(pfn);
	struct visit *visit = arg;

	if (record && leads_into(record, visit->mod, within_module_init))
		record->where = where_of(record->stack, visit->mod);
	return true;
}

static bool note_leak(void *arg, unsigned long pfn, unsigned int order)
{
	struct record *record = record_of(pfn);
	char text[PB_OWNER_TEXT_LEN];
	struct visit *visit = arg;

	if (!record)
		return true;
	/* The init code is present if it failed. */
	if (leads_into(record, visit->mod, within_module))
		record->where = where_of(record->stack, visit->mod);
	if (!record->where || record->where->mod != visit->mod)
		return true;
	if (visit->blocks++ < LISTED_MAX && pb_owner_text(pfn, text, sizeof(text)))
		pr_warn("module %s leaves pfn 0x%lx order %u allocated by %s\n",
			visit->mod->name, pfn, order, text);
	visit->pages += 1UL << order;
	return true;
}

static int module_notify(struct notifier_block *nb, unsigned long state, void *data)
{
	static DEFINE_MUTEX(wheres_lock);	/* modules may come and go at the same time */
	struct visit visit = { .mod = data };

	if (visit.mod == THIS_MODULE)
		return NOTIFY_DONE;
	mutex_lock(&wheres_lock);
	if (state == MODULE_STATE_LIVE)
		pb_walk_allocated(&pb_instance, note_init_code, &visit);
	if (state == MODULE_STATE_GOING) {
		pb_walk_allocated(&pb_instance, note_leak, &visit);
		forget_module(visit.mod);
	}
	mutex_unlock(&wheres_lock);
	if (visit.blocks)
		pr_warn("module %s leaves %lu pages allocated in %lu blocks\n",
			visit.mod->name, visit.pages, visit.blocks);
	return NOTIFY_DONE;
}

static struct notifier_block module_nb = { .notifier_call = module_notify };

/* ---- begin and end ---- */

static int add_records(unsigned long block)
{
	struct record *array = vcalloc(PB_PAGEBLOCK_NR, sizeof(*array));
	int ret;

	if (!array)
		return -ENOMEM;
	ret = xa_insert(&records, block, array, GFP_KERNEL);
	if (ret)
		vfree(array);
	return ret;
}

static void free_records(void)
{
	struct where *where, *next;
	struct record *array;
	unsigned long block;

	xa_for_each(&records, block, array)
		vfree(array);
	xa_destroy(&records);
	list_for_each_entry_safe(where, next, &wheres, node)
		kfree(where);
	INIT_LIST_HEAD(&wheres);
}

static int add_record_range(unsigned long pfn, unsigned long nr_pages)
{
	unsigned long end = pfn + nr_pages;
	int ret;

	for (; pfn < end; pfn += PB_PAGEBLOCK_NR) {
		ret = record_of(pfn) ? 0 : add_records(pfn >> PB_PAGEBLOCK_ORDER);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

static int make_records(void)
{
	struct pb_extent *extent;
	int ret;

	list_for_each_entry(extent, pb_instance_extents(), node) {
		ret = add_record_range(extent->start_pfn, extent->nr_pages);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * pb_owner_add_range - allocate records for memory before the pool grows by it
 * @pfn: first page
 * @nr_pages: number of pages, a multiple of PB_PAGEBLOCK_NR
 *
 * Does nothing without owner=1. Context: process, may sleep; one caller at a time.
 *
 * Return: 0 or -ENOMEM.
 */
int pb_owner_add_range(unsigned long pfn, unsigned long nr_pages)
{
	return static_branch_unlikely(&pb_owner_key) ? add_record_range(pfn, nr_pages) : 0;
}

/**
 * pb_owner_init - allocate the records and start to record
 * @enable: value of the parameter owner=; if false, does nothing
 *
 * Call it before the first allocation from the pool. Context: process, may sleep.
 *
 * Return: 0 or a negative errno.
 */
int pb_owner_init(bool enable)
{
	int ret;

	if (!enable)
		return 0;
	ret = init_depot();
	if (!ret)
		ret = make_records();
	if (!ret)
		ret = register_module_notifier(&module_nb);
	if (ret) {
		pr_err("owner: no memory for the records\n");
		free_records();
		return ret;
	}
	static_branch_enable(&pb_owner_key);
	pb_slowpath_inc();
	return 0;
}

/**
 * pb_owner_stop - stop to record; the records stay readable until pb_owner_exit()
 *
 * Context: process, may sleep.
 */
void pb_owner_stop(void)
{
	if (!static_key_enabled(&pb_owner_key))
		return;
	pb_slowpath_dec();
	static_branch_disable(&pb_owner_key);
	unregister_module_notifier(&module_nb);
}

/**
 * pb_owner_exit - free the records, after leaked pages were reported
 *
 * Context: process, may sleep.
 */
void pb_owner_exit(void)
{
	pb_owner_stop();
	free_records();
}
