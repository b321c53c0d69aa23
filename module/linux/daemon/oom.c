// SPDX-License-Identifier: GPL-2.0-only
/*
 * OOM policy: fail the request (the default), or kill the process that holds most of the pool.
 *
 * user/process_pages.c counts the pages of a process. A process without pages is not selected, nor
 * one that is exempt from the kernel's OOM killer. No process is selected while the previous victim
 * is still exiting. The victim may use the reserve, so that it can exit.
 *
 * The slow path lets one task at a time call pb_oom() (pb_pool.oom_busy).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
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
#include <linux/string.h>

#include "core/alloc/alloc.h"
#include "core/zone/watermark.h"
#include "daemon/oom.h"
#include "instance.h"
#include "user/process_pages.h"

#define VICTIM_TIMEOUT	(10 * HZ)	/* then another victim may be selected */

/* ---- the policy ---- */

static const char * const policy_name[] = { "fail", "kill" };
static unsigned int policy;	/* index in the table of policies */

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

/* ---- selection ---- */

static bool exempt(struct task_struct *process)
{
	return process->flags & PF_KTHREAD || is_global_init(process) ||
	       process->signal->oom_score_adj == OOM_SCORE_ADJ_MIN;
}

/* As oom_badness(): pages held, adjusted by oom_score_adj. 0: must not be selected. */
static long badness(struct task_struct *process, const struct pb_request *rq)
{
	long pages = pb_process_pages(process, rq);

	if (!pages)
		return 0;
	return max(pages + process->signal->oom_score_adj * (long)pb_instance_pages() / 1000, 1L);
}

/* References all processes, because counting their pages sleeps. */
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

/* The process with the highest score, referenced, or NULL. */
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

/* Whether the previous victim is still going to free memory. */
static bool victim_going(const struct pb_request *rq)
{
	struct task_struct *p;
	bool going = false;

	if (!victim || time_after(jiffies, victim_since + VICTIM_TIMEOUT))
		return false;
	p = get_pid_task(victim, PIDTYPE_TGID);
	if (!p)
		return false;
	/* Its buffers are freed with its last thread, shortly after the descriptors. */
	going = !p->exit_state || !thread_group_empty(p) || pb_process_pages(p, rq);
	put_task_struct(p);
	return going;
}

static void end_process(struct task_struct *p, const struct pb_request *rq)
{
	long kib = pb_process_pages(p, rq) << (PAGE_SHIFT - 10);

	pr_err("Out of memory: Killed process %d (%s) pool-pages:%ldkB, oom_score_adj:%d, for %s[%d] order:%u\n",
	       task_tgid_nr(p), p->comm, kib, p->signal->oom_score_adj, current->comm,
	       task_pid_nr(current), rq->order);
	set_victim(task_tgid(p));
	pb_zone_event_add(pb_instance.all_zones->zone[0], PB_OOM_KILL, 1);
	kill_pid(task_tgid(p), SIGKILL, 1);
}

/**
 * pb_oom - apply the OOM policy to a request; the core's ops->oom
 * @pool: the instance
 * @rq: the request
 *
 * Context: process, may sleep; one caller at a time.
 * Return: true when memory is going to be freed. As out_of_memory().
 */
bool pb_oom(struct pb_pool *pool, const struct pb_request *rq)
{
	struct task_struct *p;

	if (READ_ONCE(policy) == 0)
		return false;
	/* A dying task needs no OOM victim. */
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
 * pb_oom_victim - whether the calling task is the OOM victim; the core's ops->oom_victim
 * @pool: the instance
 *
 * Context: any.
 * Return: whether it is.
 */
bool pb_oom_victim(struct pb_pool *pool)
{
	return unlikely(READ_ONCE(victim)) && READ_ONCE(victim) == task_tgid(current);
}

/**
 * pb_oom_exit - drop the reference of the victim, after the last request
 */
void pb_oom_exit(void)
{
	put_pid(victim);
	victim = NULL;
}
