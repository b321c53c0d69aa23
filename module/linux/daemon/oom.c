// SPDX-License-Identifier: GPL-2.0-only
/*
 * OOM policy: fail the request (the default), or kill a process of the user that has most of the
 * pool. Before either, buffers are purged (user/purge.c). oom_choose.c selects the process. None is
 * selected while the previous victim is still exiting, nor after that before the request has looked
 * for what the victim has freed. The victim may use the reserve, so that it can exit; and until it
 * has exited, so may any dying task that makes a request. Without a victim that task becomes it.
 *
 * The slow path lets one task at a time call pb_oom() (pb_pool.oom_busy).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "core/alloc/alloc.h"
#include "core/alloc/slow.h"
#include "core/zone/watermark.h"
#include "daemon/oom.h"
#include "daemon/oom_choose.h"
#include "instance.h"
#include "user/creator.h"
#include "user/purge.h"

/* Ticks after which another victim may be selected; only tests change it. */
unsigned long pb_oom_victim_ticks = 10 * HZ;
EXPORT_SYMBOL_PB_TEST(pb_oom_victim_ticks);

/* ---- the policy ---- */

static const char * const policy_name[] = { "fail", "kill" };
static unsigned int policy;	/* index in the table of policies */

/**
 * pb_oom_set_policy - set the policy, as a write of the parameter does
 * @name: fail or kill
 *
 * Context: any.
 * Return: 0, or -EINVAL for another name.
 */
int pb_oom_set_policy(const char *name)
{
	int i = __sysfs_match_string(policy_name, ARRAY_SIZE(policy_name), name);

	if (i < 0) {
		pr_err("oom: bad policy \"%s\": fail or kill is expected\n", name);
		return -EINVAL;
	}
	WRITE_ONCE(policy, i);
	return 0;
}
EXPORT_SYMBOL_PB_TEST(pb_oom_set_policy);

static int set_policy(const char *val, const struct kernel_param *kp)
{
	return pb_oom_set_policy(val);
}

static int get_policy(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", policy_name[READ_ONCE(policy)]);
}

static const struct kernel_param_ops policy_ops = { .set = set_policy, .get = get_policy };
module_param_cb(oom, &policy_ops, NULL, 0644);
MODULE_PARM_DESC(oom, "when nothing can be reclaimed for a request of at most 8 pages: fail it (default), or kill a process of the user that has most of the pool");

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

enum victim_state {
	VICTIM_NONE,
	VICTIM_EXITING,
	VICTIM_STUCK,	/* for so long that another may be selected */
	VICTIM_GONE,
};

static enum victim_state victim_state(void)
{
	struct task_struct *p;
	bool gone = true;

	if (!victim)
		return VICTIM_NONE;
	p = get_pid_task(victim, PIDTYPE_TGID);
	if (p) {
		/* Its mappings and descriptors are closed before its last thread has exited. */
		gone = pb_process_gone(p);
		put_task_struct(p);
	}
	if (gone)
		return VICTIM_GONE;
	return time_after(jiffies, victim_since + READ_ONCE(pb_oom_victim_ticks)) ? VICTIM_STUCK :
										    VICTIM_EXITING;
}

static void end_process(const struct pb_oom_choice *choice, const struct pb_request *rq)
{
	struct task_struct *p = choice->process;

	pr_err("Out of memory: Killed process %d (%s) pool-pages:%lukB, UID:%u, oom_score_adj:%d, for %s[%d] order:%u\n",
	       task_tgid_nr(p), p->comm, choice->pages << (PAGE_SHIFT - 10),
	       from_kuid_munged(&init_user_ns, choice->uid), p->signal->oom_score_adj,
	       current->comm, task_pid_nr(current), rq->order);
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
	struct pb_oom_choice choice;
	enum victim_state state;

	if (pb_purge_for(rq))
		return true;
	if (READ_ONCE(policy) == 0)
		return false;
	state = victim_state();
	/* A dying task needs no other one to exit, and keeps the victim that does. */
	if (fatal_signal_pending(current) && state != VICTIM_GONE) {
		if (state != VICTIM_EXITING)
			set_victim(task_tgid(current));
		return true;
	}
	switch (state) {
	case VICTIM_GONE:
		/* It may have freed memory after the last walk of this and of other requests. */
		set_victim(NULL);
		pb_slow_drain_all(pool);
		/* Pairs with the acquire in the RETRY state of core/alloc/slowpath.c. */
		smp_store_release(&pool->oom_gone, pool->oom_gone + 1);
		return true;
	case VICTIM_EXITING:
		break;
	case VICTIM_STUCK:
	case VICTIM_NONE:
		if (!pb_oom_choose(rq, victim, &choice))
			return false;
		end_process(&choice, rq);
		put_task_struct(choice.process);
	}
	schedule_timeout_killable(1);
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_oom);

/**
 * pb_oom_victim - whether the calling task may use the reserve; the core's ops->oom_victim
 * @pool: the instance
 *
 * Context: any.
 * Return: whether it is the OOM victim, or is dying while there is one.
 */
bool pb_oom_victim(struct pb_pool *pool)
{
	struct pid *pid = READ_ONCE(victim);

	return unlikely(pid) && (pid == task_tgid(current) || fatal_signal_pending(current));
}
EXPORT_SYMBOL_PB_TEST(pb_oom_victim);

/**
 * pb_oom_exit - drop the reference of the victim, after the last request
 */
void pb_oom_exit(void)
{
	put_pid(victim);
	victim = NULL;
}
