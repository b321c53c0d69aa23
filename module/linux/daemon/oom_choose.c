// SPDX-License-Identifier: GPL-2.0-only
/*
 * Selects the victim of the OOM policy: the user in the initial namespace with most pages, and of
 * that user a process, in this order:
 *
 * 1. the process that created most pages;
 * 2. where creators have exited, the process of the user that holds most of their buffers, by
 *    descriptor or mapping;
 * 3. a process of the user that may hold them where that cannot be seen: it has a socket, in which
 *    descriptors can be in flight, a pipe or an io_uring, or its address space is locked. Of those
 *    the one that was started last;
 * 4. a process of another user that holds buffers of exited creators.
 *
 * A user without such a process is skipped. Pages that are charged and in no buffer count for the
 * user: allocations of the kernel, and pages in quarantine. Step 3 is not done for root, because
 * most daemons of the system would be candidates.
 *
 * Processes that are exempt from the kernel's OOM killer are exempt here, and their pages do not
 * count. A negative oom_score_adj makes the pages of a process count less for its user, as in
 * oom_badness(); a positive one moves only the choice among the processes of the user, so that it
 * does not make a user die for another one that has more.
 */
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "api/account.h"
#include "daemon/oom_choose.h"
#include "instance.h"
#include "user/creator.h"
#include "user/process_pages.h"

#define MAX_USERS_TRIED	16

static bool exempt(const struct task_struct *process)
{
	return process->flags & PF_KTHREAD || is_global_init((struct task_struct *)process) ||
	       process->signal->oom_score_adj == OOM_SCORE_ADJ_MIN;
}

static long adjustment(const struct task_struct *process)
{
	return process->signal->oom_score_adj * (long)pb_instance_pages() / 1000;
}

/* ---- The creators of a user ---- */

/**
 * struct created_by_user - buffers of a user
 * @but: process that is not selected
 * @process: creator with the highest score, not referenced
 * @points: its score
 * @pages: its pages
 * @score: of the user: pages, less for processes with a negative oom_score_adj
 * @orphans: pages whose creators have exited
 * @charged: pages charged for all its buffers
 */
struct created_by_user {
	const struct pid	*but;
	struct task_struct	*process;
	long			points;
	unsigned long		pages;
	long			score;
	unsigned long		orphans;
	unsigned long		charged;
};

/* Of processes with equal scores the oldest is selected, as by the kernel. */
static bool worse(const struct task_struct *process, long points,
		  const struct created_by_user *user)
{
	if (!user->process || points != user->points)
		return points > user->points;
	return process->start_time < user->process->start_time;
}

static void add_creator(const struct pb_created *created, void *arg)
{
	struct task_struct *process = created->process;
	struct created_by_user *user = arg;
	long points;

	user->charged += created->charged;
	if (!process) {
		user->orphans += created->pages;
		user->score += created->pages;
		return;
	}
	if (!created->pages || exempt(process))
		return;
	user->score += max((long)created->pages + min(adjustment(process), 0L), 0L);
	/* As oom_badness(), but with pages a process can always be selected. */
	points = max((long)created->pages + adjustment(process), 1L);
	if (task_tgid(process) == user->but || !worse(process, points, user))
		return;
	if (user->process)
		put_task_struct(user->process);
	user->process = get_task_struct(process);
	user->points = points;
	user->pages = created->pages;
}

/* Sums up a user, whose account has @charged pages. The caller puts the process. */
static struct created_by_user sum_up(kuid_t uid, unsigned long charged,
				     const struct pb_request *rq, const struct pid *but)
{
	struct created_by_user user = { .but = but };

	pb_creator_for_each(uid, rq, add_creator, &user);
	if (charged > user.charged) {
		user.orphans += charged - user.charged;
		user.score += charged - user.charged;
	}
	return user;
}

/* ---- Other processes that hold the buffers of a user ---- */

/* References all processes, because looking into them sleeps. */
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
		if (!exempt(p) && !pb_process_gone(p))
			list[(*nr)++] = get_task_struct(p);
	}
	rcu_read_unlock();
	return list;
}

static bool pays_for(struct task_struct *process, kuid_t uid)
{
	bool same;

	rcu_read_lock();
	same = uid_eq(pb_account_user(__task_cred(process)), uid);
	rcu_read_unlock();
	return same;
}

/**
 * struct rank - how well a process fits; a later field matters where the others are equal
 * @step: 2 to 4 as above, 0: not at all
 * @points: pages it holds, adjusted
 * @start: when it was started
 * @pages: pages it holds
 */
struct rank {
	unsigned int	step;
	long		points;
	u64		start;
	unsigned long	pages;
};

static struct rank rank_of(struct task_struct *process, kuid_t uid, const struct pb_request *rq)
{
	struct pb_held held = pb_process_held(process, uid, rq);
	bool own = pays_for(process, uid);
	struct rank rank = { .start = process->start_time, .pages = held.pages };

	if (held.pages) {
		rank.step = own ? 2 : 4;
		rank.points = max((long)held.pages + adjustment(process), 1L);
	} else if (own && held.maybe && !uid_eq(uid, GLOBAL_ROOT_UID)) {
		rank.step = 3;
	}
	return rank;
}

static bool better(const struct rank *a, const struct rank *b)
{
	if (!a->step || !b->step || a->step != b->step)
		return a->step && (!b->step || a->step < b->step);
	return a->points != b->points ? a->points > b->points : a->start > b->start;
}

static bool choose_holder(kuid_t uid, const struct pb_request *rq, const struct pid *but,
			  struct pb_oom_choice *choice)
{
	struct rank best = { }, rank;
	struct task_struct **list;
	unsigned int nr, i;

	list = all_processes(&nr);
	for (i = 0; list && i < nr; i++) {
		rank = (struct rank) { };
		if (task_tgid(list[i]) != but)
			rank = rank_of(list[i], uid, rq);
		if (better(&rank, &best)) {
			best = rank;
			if (choice->process)
				put_task_struct(choice->process);
			choice->process = get_task_struct(list[i]);
			choice->pages = rank.pages;
		}
		put_task_struct(list[i]);
		cond_resched();
	}
	kvfree(list);
	return best.step;
}

/* ---- The user ---- */

/**
 * struct tried - users that have no process to kill
 * @uid: the users
 * @nr: number of @uid
 */
struct tried {
	kuid_t		uid[MAX_USERS_TRIED];
	unsigned int	nr;
};

static bool was_tried(const struct tried *tried, kuid_t uid)
{
	unsigned int i;

	for (i = 0; i < tried->nr; i++)
		if (uid_eq(tried->uid[i], uid))
			return true;
	return false;
}

/* Finds the user with most pages; the caller puts @worst->process. */
static bool worst_user(const struct tried *tried, const struct pb_request *rq,
		       const struct pid *but, kuid_t *uid, struct created_by_user *worst)
{
	struct created_by_user user;
	kuid_t next = INVALID_UID;
	unsigned long charged;

	*worst = (struct created_by_user) { };
	while (pb_account_next_user(&next, &charged)) {
		if (was_tried(tried, next))
			continue;
		user = sum_up(next, charged, rq, but);
		if (user.score > worst->score) {
			swap(user, *worst);
			*uid = next;
		}
		if (user.process)
			put_task_struct(user.process);
		cond_resched();
	}
	return worst->score > 0;
}

/**
 * pb_oom_choose - select the process to kill
 * @rq: the request; only pages that could serve it count
 * @but: the previous victim, which is not selected, or NULL
 * @choice: set to the process, referenced
 *
 * Context: process, may sleep; one caller at a time.
 * Return: false when there is none.
 */
bool pb_oom_choose(const struct pb_request *rq, const struct pid *but,
		   struct pb_oom_choice *choice)
{
	struct created_by_user user;
	struct tried tried = { };
	kuid_t uid;

	while (tried.nr < MAX_USERS_TRIED && worst_user(&tried, rq, but, &uid, &user)) {
		*choice = (struct pb_oom_choice) {
			.process = user.process, .uid = uid, .pages = user.pages,
		};
		if (user.process || (user.orphans && choose_holder(uid, rq, but, choice)))
			return true;
		tried.uid[tried.nr++] = uid;
	}
	return false;
}
