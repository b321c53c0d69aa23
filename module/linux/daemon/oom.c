// SPDX-License-Identifier: GPL-2.0-only
/*
 * Out of memory: fail (the default), or end the process that holds most of the pool.
 *
 * A process holds the buffers it has descriptors of, those it has mapped, and those that are
 * being made for it; each counts once. Pages on nodes that do not help the request do not count.
 * Who holds nothing is never chosen, nor who is exempt from the kernel's own OOM killer, and nobody
 * is as long as the last one is still going. The victim may use the reserve, so that it can get out
 * of the way.
 *
 * The slow path calls all this by one task at a time (pb_pool.oom_busy).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fdtable.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/oom.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "core/alloc/alloc.h"
#include "core/cache/freelist.h"
#include "core/zone/watermark.h"
#include "daemon/oom.h"
#include "instance.h"
#include "user/buffer.h"
#include "user/buffer_fd.h"
#include "user/mmap.h"

#define VICTIM_TIMEOUT	(10 * HZ)	/* a victim that has not gone by then is passed over */

/* ---- the policy ---- */

static const char * const policy_name[] = { "fail", "kill" };
static unsigned int policy;	/* index of it */

static int set_policy(const char *val, const struct kernel_param *kp)
{
	int i = __sysfs_match_string(policy_name, ARRAY_SIZE(policy_name), val);

	if (i < 0) {
		pr_err("oom: bad policy \"%s\": fail or kill is expected\n", val);
		return -EINVAL;
	}
	WRITE_ONCE(policy, i);
	return 0;
}

static int get_policy(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", policy_name[READ_ONCE(policy)]);
}

static const struct kernel_param_ops policy_ops = { .set = set_policy, .get = get_policy };
module_param_cb(oom, &policy_ops, NULL, 0644);
MODULE_PARM_DESC(oom, "when nothing can be reclaimed for a request of at most 8 pages: fail it (default), or kill the process that holds most of the pool");

/* ---- buffers that are being made ---- */

static LIST_HEAD(building);
static DEFINE_SPINLOCK(building_lock);

/**
 * pb_oom_building - a buffer is being made for the caller
 * @buf: it
 *
 * What it has got so far is held by the caller. Context: process.
 */
void pb_oom_building(struct pb_buffer *buf)
{
	buf->builder = task_tgid(current);
	spin_lock(&building_lock);
	list_add(&buf->building, &building);
	spin_unlock(&building_lock);
}

/**
 * pb_oom_built - it is made, or given up
 * @buf: it
 */
void pb_oom_built(struct pb_buffer *buf)
{
	spin_lock(&building_lock);
	list_del(&buf->building);
	spin_unlock(&building_lock);
	buf->builder = NULL;
}

static unsigned long pages_building(struct pid *tgid)
{
	unsigned long pages = 0;
	struct pb_buffer *buf;

	spin_lock(&building_lock);
	list_for_each_entry(buf, &building, building)
		if (buf->builder == tgid)
			pages += READ_ONCE(buf->nr_pages);
	spin_unlock(&building_lock);
	return pages;
}

/* ---- what a process holds ---- */

/**
 * struct holder - counting what a process holds
 * @rq: pages that could serve it count
 * @stamp: marks buffers that have been counted
 * @pages: pages so far
 */
struct holder {
	const struct pb_request	*rq;
	unsigned int		stamp;
	unsigned long		pages;
};

static bool pfn_helps(unsigned long pfn, const struct pb_request *rq)
{
	struct pb_zone *zone = pb_pfn_zone(&pb_instance, pfn);

	return zone && pb_zone_allowed(zone, rq);
}

static void count_buffer(struct holder *h, struct pb_buffer *buf)
{
	unsigned int i;

	if (buf->oom_stamp == h->stamp)
		return;
	buf->oom_stamp = h->stamp;
	for (i = 0; i < buf->nr_blocks; i++)
		if (pfn_helps(buf->block[i].pfn, h->rq))
			h->pages += buf->block[i].nr_pages;
}

static int count_file(const void *arg, struct file *file, unsigned int fd)
{
	struct pb_buffer *buf = pb_buffer_of_file(file);

	if (buf)
		count_buffer(*(struct holder * const *)arg, buf);
	return 0;
}

static void count_files(struct holder *h, struct task_struct *process)
{
	struct task_struct *t;

	/* Its first thread may have gone and left the descriptors to the others. */
	rcu_read_lock();
	for_each_thread(process, t) {
		bool found;

		task_lock(t);
		found = t->files;
		if (found)
			iterate_fd(t->files, 0, count_file, &h);
		task_unlock(t);
		if (found)
			break;
	}
	rcu_read_unlock();
}

/* A mapping outlives the descriptor. An address space that is being changed is left out. */
static void count_mappings(struct holder *h, struct task_struct *process)
{
	struct mm_struct *mm = get_task_mm(process);
	struct vm_area_struct *vma;

	if (!mm)
		return;
	if (mmap_read_trylock(mm)) {
		VMA_ITERATOR(vmi, mm, 0);

		for_each_vma(vmi, vma) {
			struct pb_buffer *buf = pb_buffer_of_vma(vma);

			if (buf)
				count_buffer(h, buf);
		}
		mmap_read_unlock(mm);
	}
	mmput(mm);
}

static unsigned long pages_held(struct task_struct *process, const struct pb_request *rq)
{
	static unsigned int stamp;
	struct holder h = { .rq = rq, .stamp = ++stamp };

	if (!stamp)
		h.stamp = ++stamp;
	count_files(&h, process);
	count_mappings(&h, process);
	return h.pages + pages_building(task_tgid(process));
}

/* ---- choosing ---- */

static bool exempt(struct task_struct *process)
{
	return process->flags & PF_KTHREAD || is_global_init(process) ||
	       process->signal->oom_score_adj == OOM_SCORE_ADJ_MIN;
}

/* As oom_badness(): pages held, shifted by what the administrator says. 0: not to be chosen. */
static long badness(struct task_struct *process, const struct pb_request *rq)
{
	long pages = pages_held(process, rq);

	if (!pages)
		return 0;
	return max(pages + process->signal->oom_score_adj * (long)pb_instance_pages() / 1000, 1L);
}

/* All processes at this moment, referenced, as looking into them sleeps. */
static struct task_struct **all_processes(unsigned int *nr)
{
	struct task_struct **list, *p;
	unsigned int room = 64;

	rcu_read_lock();
	for_each_process(p)
		room++;
	rcu_read_unlock();
	list = kvmalloc_array(room, sizeof(*list), GFP_KERNEL | __GFP_NOWARN);
	*nr = 0;
	if (!list)
		return NULL;
	rcu_read_lock();
	for_each_process(p) {
		if (*nr == room)
			break;
		if (!exempt(p))
			list[(*nr)++] = get_task_struct(p);
	}
	rcu_read_unlock();
	return list;
}

/* The worst one, referenced, or NULL. */
static struct task_struct *choose(const struct pb_request *rq, struct pid *but)
{
	struct task_struct **list, *worst = NULL;
	long most = 0, points;
	unsigned int nr, i;

	list = all_processes(&nr);
	for (i = 0; list && i < nr; i++) {
		points = task_tgid(list[i]) == but ? 0 : badness(list[i], rq);
		if (points > most) {
			if (worst)
				put_task_struct(worst);
			worst = get_task_struct(list[i]);
			most = points;
		}
		put_task_struct(list[i]);
		cond_resched();
	}
	kvfree(list);
	return worst;
}

/* ---- one at a time ---- */

static struct pid *victim;		/* referenced; NULL when there is none */
static unsigned long victim_since;	/* jiffies */

static void set_victim(struct pid *pid)
{
	struct pid *old = victim;

	WRITE_ONCE(victim, get_pid(pid));
	victim_since = jiffies;
	put_pid(old);
}

/* Is the last victim still about to give memory back? */
static bool victim_going(const struct pb_request *rq)
{
	struct task_struct *p;
	bool going = false;

	if (!victim || time_after(jiffies, victim_since + VICTIM_TIMEOUT))
		return false;
	p = get_pid_task(victim, PIDTYPE_TGID);
	if (!p)
		return false;
	/* Its buffers go with its last thread, a moment after the descriptors. */
	going = !p->exit_state || !thread_group_empty(p) || pages_held(p, rq);
	put_task_struct(p);
	return going;
}

static void end_process(struct task_struct *p, const struct pb_request *rq)
{
	long kib = pages_held(p, rq) << (PAGE_SHIFT - 10);

	pr_err("Out of memory: Killed process %d (%s) pool-pages:%ldkB, oom_score_adj:%d, for %s[%d] order:%u\n",
	       task_tgid_nr(p), p->comm, kib, p->signal->oom_score_adj, current->comm,
	       task_pid_nr(current), rq->order);
	set_victim(task_tgid(p));
	pb_zone_event_add(pb_instance.all_zones->zone[0], PB_OOM_KILL, 1);
	kill_pid(task_tgid(p), SIGKILL, 1);
}

/**
 * pb_oom - nothing can be reclaimed for a request; the core's ops->oom
 * @pool: the instance
 * @rq: the request
 *
 * Context: process, may sleep; one caller at a time. Return: true when memory is going to come
 * free. As out_of_memory().
 */
bool pb_oom(struct pb_pool *pool, const struct pb_request *rq)
{
	struct task_struct *p;

	if (READ_ONCE(policy) == 0)
		return false;
	/* Who is to die anyway only needs to get on with it. */
	if (fatal_signal_pending(current)) {
		if (victim != task_tgid(current))
			set_victim(task_tgid(current));
		return true;
	}
	if (!victim_going(rq)) {
		p = choose(rq, victim);
		if (!p)
			return false;
		end_process(p, rq);
		put_task_struct(p);
	}
	schedule_timeout_killable(1);
	return true;
}

/**
 * pb_oom_victim - whether the caller is the victim; the core's ops->oom_victim
 * @pool: the instance
 *
 * Context: any.
 */
bool pb_oom_victim(struct pb_pool *pool)
{
	return unlikely(READ_ONCE(victim)) && READ_ONCE(victim) == task_tgid(current);
}

/**
 * pb_oom_exit - forget the victim; nobody makes requests any more
 */
void pb_oom_exit(void)
{
	put_pid(victim);
	victim = NULL;
}
