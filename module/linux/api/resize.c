// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resizes a node of the pool while it is in use: the ioctl RESIZE and the parameter resize=.
 *
 * Upwards the node grows from its source (deferred_grow.c), downwards it gives pageblocks back
 * (give_back.c), if need be after the reclaimers have freed pages of it. The new maximum is set
 * first, so that requests do not take again what is given back. What has been done before an error
 * stays done, and a later call goes on from there.
 *
 * The size is locked for a part of the work at a time: for a pageblock that is given back, or for a
 * GiB, or a 16th, that the node grows by. Others may change the size of the pool in between.
 *
 * One task at a time resizes. It holds resize_lock, which no request for memory takes, while the
 * owners of movable blocks move them. All users may read the parameters of the module. So no reader
 * waits for that lock, and the lock of the parameters is not held while a node is resized.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "api/deferred_grow.h"
#include "api/give_back.h"
#include "api/group.h"
#include "api/reclaimer.h"
#include "api/resize.h"
#include "api/resize_blocks.h"
#include "core/alloc/reclaim.h"
#include "core/pool/stat.h"
#include "core/zone/zone.h"
#include "instance.h"
#include "request/resized.h"
#include "source/pool_spec.h"
#include "tunables.h"

#define PAGES_TO_MIB(pages)	((pages) >> (20 - PAGE_SHIFT))
#define GROW_PARTS		16	/* of a large growth */

static DEFINE_MUTEX(resize_lock);	/* serialises resizes; protects the variables below */
static DEFINE_MUTEX(live_lock);		/* taken inside of resize_lock, for changes of @live */
static bool live;			/* the pool is in use; read with either lock held */
static unsigned long min_pages[MAX_NUMNODES];	/* what pb_resize_give_spare() leaves to a node */

/* ---- Resizing ---- */

/* With the memory of groups, which stays theirs. */
static unsigned long node_pages(int nid)
{
	return pb_node_present_pages(&pb_instance, nid) + pb_group_node_pages(nid);
}

/*
 * Grows the node by a part of what it lacks. Returns the pages that it still lacks, -ENOMEM when
 * the source has no more, or -EINTR.
 */
static long grow_once(const struct pb_resize *resize, unsigned long most)
{
	unsigned long now, got = 0, part;

	if (pb_instance_lock_size())
		return -EINTR;
	now = pb_instance_node_pages(resize->nid);
	part = now < resize->pages ? min(resize->pages - now, most) : 0;
	if (part)
		got = pb_deferred_grow_by(resize->nid, part);
	pb_instance_unlock_size();
	if (got < part)
		return fatal_signal_pending(current) ? -EINTR : -ENOMEM;
	return part ? resize->pages - now - part : 0;
}

/*
 * In parts, between which others can change the size of the pool. They are as large as a block of
 * the highest order at least, and not too many, because a source may look at the whole node for
 * each.
 */
static int grow(struct pb_resize *resize, unsigned long nr_pages)
{
	unsigned long part = round_up(nr_pages / GROW_PARTS + 1, 1UL << PB_MAX_ORDER);
	long lacking;

	if (!pb_deferred_grow_possible(resize->nid)) {
		resize->reason = PBUDDY_RESIZE_SOURCE;
		return -EOPNOTSUPP;
	}
	do {
		lacking = grow_once(resize, part);
	} while (lacking > 0);
	if (lacking)
		resize->reason = lacking == -EINTR ? PBUDDY_RESIZE_KILLED : PBUDDY_RESIZE_SOURCE;
	return lacking;
}

/* What kept the node from its new size: first what an administrator can do least about. */
static int explain(struct pb_resize *resize, const struct pb_give_back *run)
{
	if (run->killed) {
		resize->reason = PBUDDY_RESIZE_KILLED;
		return -EINTR;
	}
	if (run->no_memory) {
		resize->reason = PBUDDY_RESIZE_NO_MEMORY;
		return -ENOMEM;
	}
	if (run->watermark) {
		resize->reason = PBUDDY_RESIZE_WATERMARK;
		return -ENOMEM;
	}
	if (run->pinned || run->busy) {
		resize->reason = run->pinned ? PBUDDY_RESIZE_PINNED : PBUDDY_RESIZE_BUSY;
		return -EBUSY;
	}
	resize->reason = PBUDDY_RESIZE_KEPT;
	return -EOPNOTSUPP;
}

/* The range that pb_resize_empty() empties, in PFNs; protected by resize_lock. */
static unsigned long empty_start, empty_end;

static bool is_to_be_emptied(unsigned long pfn)
{
	return pfn < empty_end && pfn + PB_PAGEBLOCK_NR > empty_start;
}

/* Frees pages of the node by the reclaimers; false: they have none left. */
static bool reclaim(int nid, int priority)
{
	unsigned int flags = memalloc_noreclaim_save();
	unsigned long scanned = 0, freed;

	freed = pb_reclaimer_scan_node(nid, GFP_KERNEL, true, priority, &scanned);
	memalloc_noreclaim_restore(flags);
	return freed;
}

/*
 * Gives back what can be, once; sets @run, and the entries of @resize->blocked from @nr_blocked on.
 */
static unsigned long give_once(struct pb_resize *resize, struct pb_give_back *run,
			       unsigned int nr_blocked, unsigned long nr_pages)
{
	resize->blocked.nr = nr_blocked;
	*run = (struct pb_give_back) {
		.nid = run->nid,
		.wmark = PB_ALLOC_WMARK_LOW,
		.move = true,
		.may = run->may,
		.blocked = &resize->blocked,
	};
	return pb_give_back(run, nr_pages);
}

/* Whether a run can go on, and has not given back all that may be, or a number of pages. */
static bool more_to_give(const struct pb_give_back *run, unsigned long nr_pages)
{
	if (run->killed || run->no_memory)
		return false;
	return run->may ? pb_instance_pages_within(run->nid, empty_start, empty_end) : nr_pages;
}

/*
 * The same in rounds, because the watermarks of a node follow its size: those of the size before
 * would keep memory that the node need not have.
 */
static unsigned long give_rounds(struct pb_resize *resize, struct pb_give_back *run,
				 unsigned int nr_blocked, unsigned long nr_pages)
{
	unsigned long given = 0, now;

	do {
		pb_resized();
		now = give_once(resize, run, nr_blocked, nr_pages - given);
		given += now;
	} while (now && run->watermark && more_to_give(run, nr_pages - given));
	return given;
}

static bool in_use(int nid)
{
	struct pb_zone_pages pages;
	struct pb_zone *zone;

	pb_for_each_node_zone(zone, &pb_instance, nid) {
		pages = pb_zone_read_pages(zone);
		if (zone->type != PB_ZONE_MOVABLE && pages.present > pages.free + pages.cached)
			return true;
	}
	return false;
}

/* Whether freed pages could help a run. They do not where the rest never leaves the pool. */
static bool worth_reclaiming(const struct pb_give_back *run)
{
	return run->pinned || run->busy || (run->watermark && in_use(run->nid));
}

/*
 * Gives back up to @nr_pages, of the pageblocks that @run->may selects if it is set. Reclaims in
 * rounds of rising priority, as in direct reclaim: that makes pages free, and space for blocks that
 * are moved. Sets @run and @resize->blocked to what was in the way in the last round.
 */
static unsigned long give(struct pb_resize *resize, struct pb_give_back *run,
			  unsigned long nr_pages)
{
	unsigned int nr_blocked = resize->blocked.nr;
	int priority = PB_DEF_PRIORITY;
	unsigned long given;

	given = give_rounds(resize, run, nr_blocked, nr_pages);
	while (more_to_give(run, nr_pages - given) && worth_reclaiming(run) && priority >= 0)
		if (reclaim(run->nid, priority--))
			given += give_rounds(resize, run, nr_blocked, nr_pages - given);
	return given;
}

static int shrink(struct pb_resize *resize, unsigned long nr_pages)
{
	struct pb_give_back run = { .nid = resize->nid };
	unsigned long given = give(resize, &run, nr_pages), grouped;

	grouped = pb_group_node_pages(resize->nid);
	resize->pinned = run.pinned;
	resize->busy = run.busy;
	resize->kept = run.kept + grouped;
	resize->pinned_pfn = run.pinned_pfn;
	if (given >= nr_pages)
		return 0;
	if (grouped)
		pr_warn("node %d: %lu MiB belong to groups and stay: groups= lists them\n",
			resize->nid, PAGES_TO_MIB(grouped));
	return explain(resize, &run);
}

/* Sets the maximum; returns the size of the node. */
static int set_max(int nid, unsigned long max_pages, unsigned long *now)
{
	int err = pb_instance_lock_size();

	if (err)
		return err;
	pb_deferred_grow_set_max(nid, max_pages);
	*now = pb_instance_node_pages(nid);
	pb_instance_unlock_size();
	return 0;
}

static int resize_locked(struct pb_resize *resize)
{
	unsigned long most = resize->max_pages ?: resize->pages;
	int err;

	lockdep_assert_held(&resize_lock);
	err = set_max(resize->nid, most, &resize->before);
	resize->now = resize->before;
	if (err) {
		resize->reason = PBUDDY_RESIZE_KILLED;
		return err;
	}
	WRITE_ONCE(min_pages[resize->nid], resize->pages);
	if (resize->pages > resize->before)
		err = grow(resize, resize->pages - resize->before);
	else if (resize->pages < resize->before)
		err = shrink(resize, resize->before - resize->pages);
	/* With the memory that was given back. */
	if (!set_max(resize->nid, most, &resize->now))
		return err;
	/* Killed while another task changes a size: as it is at this moment. */
	resize->now = node_pages(resize->nid);
	resize->reason = PBUDDY_RESIZE_KILLED;
	return -EINTR;
}

static bool valid(struct pb_resize *resize)
{
	unsigned long most = node_present_pages(resize->nid) + node_pages(resize->nid);

	/* Memory may be added to the node. */
	most = max(most, pb_pool_spec_max_pfn());
	if (!resize->pages || resize->pages > most || resize->max_pages > most)
		return false;
	resize->pages = round_up(resize->pages, PB_PAGEBLOCK_NR);
	resize->max_pages = round_up(resize->max_pages, PB_PAGEBLOCK_NR);
	return !resize->max_pages || resize->max_pages >= resize->pages;
}

/**
 * pb_resize_node - resize a node of the pool
 * @resize: the new size; set to the result
 *
 * Sizes are rounded up to whole pageblocks. Logs one line when the size has changed.
 *
 * Context: process, sleeps, killable; may do I/O.
 * Return: 0 when the node has the new size; -ENXIO for a node without memory of the pool, -ENODEV
 * without a pool (at load and unload), -EINVAL for a size of 0, above the memory of the node, or a
 * maximum below it; -EINTR, with @resize unchanged if nothing was begun; else an error of
 * PBUDDY_IOCTL_RESIZE, and @resize says what was in the way. As hugetlb's nr_hugepages, which may
 * reach a part of what is written.
 */
int pb_resize_node(struct pb_resize *resize)
{
	int err;

	resize->reason = PBUDDY_RESIZE_DONE;
	resize->pinned_pfn = PB_NO_PFN;
	resize->blocked.nr = 0;
	if (mutex_lock_killable(&resize_lock))
		return -EINTR;
	if (!live)
		err = -ENODEV;
	else if (resize->nid < 0 || resize->nid >= nr_node_ids ||
		 !pb_instance_has_memory(resize->nid))
		err = -ENXIO;
	else
		err = valid(resize) ? resize_locked(resize) : -EINVAL;
	mutex_unlock(&resize_lock);
	if (err == -EINVAL || err == -ENXIO || err == -ENODEV)
		return err;
	/* Also when it may only grow further, or less far, than before. */
	pb_resized();
	if (resize->now == resize->before)
		return err;
	pr_info("node %d: resized from %lu to %lu MiB\n", resize->nid,
		PAGES_TO_MIB(resize->before), PAGES_TO_MIB(resize->now));
	return err;
}
EXPORT_SYMBOL_PB_TEST(pb_resize_node);

/* ---- Emptying a range ---- */

static int empty_node_locked(int nid, struct pb_resize *resize)
{
	struct pb_give_back run = { .nid = nid, .may = is_to_be_emptied };
	unsigned long now, given;
	int err;

	lockdep_assert_held(&resize_lock);
	/* So that no request takes again what is given back. */
	err = set_max(nid, 0, &now);
	if (err)
		return err;
	given = give(resize, &run, round_down(ULONG_MAX, PB_PAGEBLOCK_NR));
	resize->before += given;
	resize->pinned += run.pinned;
	resize->busy += run.busy;
	if (run.watermark)
		resize->reason = PBUDDY_RESIZE_WATERMARK;
	now -= given;
	WRITE_ONCE(min_pages[nid], min(min_pages[nid], now));
	err = set_max(nid, now, &now);
	return run.killed ? -EINTR : err;
}

/**
 * pb_resize_empty - give all memory in a range of addresses back
 * @start_pfn: first PFN
 * @end_pfn: the PFN behind the last
 * @resize: set: @before to the pages given back, @now to those of the pool that are left in the
 *	range, @pinned, @busy, @grouped and @blocked to what is in the way, @kept to the rest, and
 *	@reason to PBUDDY_RESIZE_WATERMARK when a zone has kept some of that by its watermark
 *
 * A node that had memory there does not grow until it is resized. Context: process, sleeps,
 * killable; may do I/O.
 * Return: 0 when the pool has nothing in the range any more, -EBUSY when it has, -ENODEV, or
 * -EINTR. As offline_pages() empties a range.
 */
int pb_resize_empty(unsigned long start_pfn, unsigned long end_pfn, struct pb_resize *resize)
{
	unsigned long known;
	int nid, err = 0;

	*resize = (struct pb_resize) { .pinned_pfn = PB_NO_PFN };
	if (mutex_lock_killable(&resize_lock))
		return -EINTR;
	empty_start = start_pfn;
	empty_end = end_pfn;
	for (nid = 0; live && nid < nr_node_ids && !err; nid++)
		if (pb_instance_pages_within(nid, start_pfn, end_pfn))
			err = empty_node_locked(nid, resize);
	for (nid = 0; live && nid < nr_node_ids; nid++)
		resize->now += pb_instance_pages_within(nid, start_pfn, end_pfn);
	if (live)
		resize->grouped = pb_group_pages_within(start_pfn, end_pfn);
	else
		err = -ENODEV;
	known = resize->pinned + resize->busy + resize->grouped;
	resize->kept = resize->now - min(resize->now, known);
	mutex_unlock(&resize_lock);
	pb_resized();
	return err ?: resize->now ? -EBUSY : 0;
}
EXPORT_SYMBOL_PB_TEST(pb_resize_empty);

/* ---- Giving spare memory back ---- */

/**
 * pb_resize_spare - the pages of a node above its minimum
 * @nid: any node number
 *
 * The minimum is the size at load or that of the last resize. Context: any.
 * Return: pages; 0 for a node that could not grow again.
 */
unsigned long pb_resize_spare(int nid)
{
	unsigned long pages, least;

	if (nid < 0 || !pb_instance_has_memory(nid) || !pb_deferred_grow_possible(nid))
		return 0;
	pages = node_pages(nid);
	least = READ_ONCE(min_pages[nid]);
	return pages > least ? pages - least : 0;
}
EXPORT_SYMBOL_PB_TEST(pb_resize_spare);

static unsigned long give_spare_locked(int nid, unsigned long nr_pages,
				       bool (*may)(unsigned long pfn))
{
	struct pb_give_back run = { .nid = nid, .wmark = PB_ALLOC_WMARK_HIGH, .may = may };
	unsigned long given;

	given = pb_give_back(&run, min(nr_pages, pb_resize_spare(nid)));
	if (given)
		pb_deferred_grow_set_max(nid, pb_deferred_grow_get_max(nid));
	return given;
}

/**
 * pb_resize_give_spare - give free pageblocks of a node above its minimum back
 * @nid: any node number
 * @nr_pages: number of pages, a multiple of PB_PAGEBLOCK_NR
 * @may: whether a pageblock may be given, by its first PFN; NULL: any
 *
 * Gives nothing while another task changes the size. Call pb_resized() afterwards.
 *
 * Context: process, in reclaim, too; may reschedule, but waits for no lock.
 * Return: number of pages given back.
 */
unsigned long pb_resize_give_spare(int nid, unsigned long nr_pages, bool (*may)(unsigned long pfn))
{
	unsigned long given = 0;

	if (!mutex_trylock(&resize_lock))
		return 0;
	if (live && pb_instance_trylock_size()) {
		given = give_spare_locked(nid, nr_pages, may);
		pb_instance_unlock_size();
	}
	mutex_unlock(&resize_lock);
	return given;
}

/* ---- The parameter resize= ---- */

/* A number with K, M, G, T, in pages; 0 when it is none, or too large. */
static unsigned long parse_pages(const char *token)
{
	u64 bytes;

	if (!token || pb_parse_bytes(token, &bytes) || bytes > S64_MAX)
		return 0;
	return DIV_ROUND_UP_ULL(bytes, PAGE_SIZE);
}

/* NODE:SIZE[-MAX] */
static bool parse(const char *text, struct pb_resize *resize)
{
	char copy[64], *node, *size, *most = copy;

	if (strscpy(copy, text, sizeof(copy)) < 0)
		return false;
	copy[strcspn(copy, "\n")] = '\0';
	node = strsep(&most, ":");
	size = strsep(&most, "-");
	*resize = (struct pb_resize) {
		.pages = parse_pages(size), .max_pages = parse_pages(most),
	};
	return !kstrtoint(node, 0, &resize->nid) && resize->nid >= 0 && resize->pages &&
	       (!most || resize->max_pages);
}

static void log_result(const struct pb_resize *resize)
{
	pr_warn("resize: node %d has %lu MiB, not %lu: %lu MiB have unmovable blocks, %lu MiB are busy, %lu MiB stay%s%s\n",
		resize->nid, PAGES_TO_MIB(resize->now), PAGES_TO_MIB(resize->pages),
		PAGES_TO_MIB(resize->pinned), PAGES_TO_MIB(resize->busy),
		PAGES_TO_MIB(resize->kept),
		resize->kept ? " (source reserve, ZONE_MOVABLE, contiguous areas, groups)" : "",
		resize->reason == PBUDDY_RESIZE_SOURCE ? "; the source has no more memory" :
		resize->reason == PBUDDY_RESIZE_WATERMARK ? "; the rest is in use" : "");
	pb_resize_log_blocks(&resize->blocked);
}

static int set_resize(const char *text, const struct kernel_param *param)
{
	struct pb_resize resize;
	int len = strcspn(text, "\n"), err = pb_check_admin(param->name);

	if (err)
		return err;
	if (!parse(text, &resize)) {
		pr_err("resize: bad value \"%.*s\": NODE:SIZE[-MAX] is expected\n", len, text);
		return -EINVAL;
	}
	pb_param_begin_long();
	err = pb_resize_node(&resize);
	pb_param_end_long();
	if (err == -EINVAL)
		pr_err("resize: bad size \"%.*s\": it is too large, or the maximum is below it\n",
		       len, text);
	else if (err == -ENXIO)
		pr_err("resize: bad node \"%.*s\": it has no memory of the pool\n", len, text);
	else if (err == -ENODEV)
		pr_err("resize: there is no pool yet; pool= has the sizes at load\n");
	else if (err && (err != -EINTR || resize.now != resize.before))
		log_result(&resize);
	return err;
}

/**
 * pb_resize_show - write the sizes and maxima of all nodes
 * @buf: a page
 *
 * Context: process; does not wait for a resize.
 * Return: length of the text.
 */
int pb_resize_show(char *buf)
{
	unsigned long pages, most;
	int len = 0, nid;

	mutex_lock(&live_lock);
	for (nid = 0; live && nid < nr_node_ids; nid++) {
		if (!pb_instance_has_memory(nid))
			continue;
		pages = node_pages(nid);
		most = pb_deferred_grow_get_max(nid);
		len += sysfs_emit_at(buf, len, "%s%d:%luM", len ? "," : "", nid,
				     PAGES_TO_MIB(pages));
		if (most > pages)
			len += sysfs_emit_at(buf, len, "-%luM", PAGES_TO_MIB(most));
	}
	mutex_unlock(&live_lock);
	return len + sysfs_emit_at(buf, len, "\n");
}
EXPORT_SYMBOL_PB_TEST(pb_resize_show);

static int get_resize(char *buf, const struct kernel_param *param)
{
	return pb_resize_show(buf);
}

static const struct kernel_param_ops resize_ops = { .set = set_resize, .get = get_resize };
module_param_cb(resize, &resize_ops, NULL, 0644);
MODULE_PARM_DESC(resize, "NODE:SIZE[-MAX]: write it while the module runs to change the size of a node, and the maximum to which it may grow; reads as the sizes of all nodes");

static void set_live_locked(bool value)
{
	lockdep_assert_held(&resize_lock);
	mutex_lock(&live_lock);
	live = value;
	mutex_unlock(&live_lock);
}

/**
 * pb_resize_init - allow to resize the pool
 *
 * Context: process.
 * Return: 0.
 */
int pb_resize_init(void)
{
	int nid;

	mutex_lock(&resize_lock);
	for (nid = 0; nid < nr_node_ids; nid++)
		min_pages[nid] = pb_instance_has_memory(nid) ? node_pages(nid) : 0;
	set_live_locked(true);
	mutex_unlock(&resize_lock);
	return 0;
}

/* Context: process; waits for a resize. */
void pb_resize_exit(void)
{
	mutex_lock(&resize_lock);
	set_live_locked(false);
	mutex_unlock(&resize_lock);
}
