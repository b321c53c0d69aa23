// SPDX-License-Identifier: GPL-2.0-only
/*
 * The creators of buffers, for the OOM policy: for each process and user that a buffer was charged
 * to, the pages of those buffers in each zone. A record exists while it has buffers, or pages of
 * them are in quarantine, so it may outlive its process. The pages are counted when blocks are
 * stored and freed. So they are known without the address spaces and descriptors of processes,
 * which can be locked for long, or where a buffer is not when its descriptor is in a message of a
 * socket.
 *
 * A user can have as many records as buffers, by a process for each of them whose descriptor
 * another one keeps. So they are found by process and user: each ALLOC of any user looks for one,
 * with the lock held. The OOM policy looks for those of one user, which are also in a table by
 * user. It holds the lock for LOOK_BATCH records at a time, and a record in between.
 */
#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "api/account.h"
#include "core/alloc/alloc.h"
#include "core/cache/freelist.h"
#include "core/zone/watermark.h"
#include "core/zone/zone.h"
#include "instance.h"
#include "user/creator.h"

#define CREATOR_BITS	10
#define USER_BITS	8
#define LOOK_BATCH	64	/* records to look at with the lock held */

/**
 * struct pb_creator - a process that created buffers
 * @node: in creators, by process and user
 * @user_node: in users, by user
 * @pid: its thread group, referenced
 * @uid: user in the initial namespace that they were charged to
 * @nr_buffers: buffers that exist
 * @charged: pages charged for them
 * @pages: pages of them in each zone, by zone_index()
 */
struct pb_creator {
	struct hlist_node	node;
	struct hlist_node	user_node;
	struct pid		*pid;
	kuid_t			uid;
	unsigned long		nr_buffers;
	atomic_long_t		charged;
	atomic_long_t		pages[];
};

static DEFINE_HASHTABLE(creators, CREATOR_BITS);
static DEFINE_HASHTABLE(users, USER_BITS);
static DEFINE_SPINLOCK(creators_lock);		/* of the tables and @nr_buffers */

static unsigned int zone_index(int nid, unsigned int type)
{
	return nid * PB_NR_ZONE_TYPES + type;
}

static unsigned long key_of(const struct pid *pid, kuid_t uid)
{
	return (unsigned long)pid ^ __kuid_val(uid);
}

static struct pb_creator *find_locked(struct pid *pid, kuid_t uid)
{
	struct pb_creator *creator;

	lockdep_assert_held(&creators_lock);
	hash_for_each_possible(creators, creator, node, key_of(pid, uid))
		if (creator->pid == pid && uid_eq(creator->uid, uid))
			return creator;
	return NULL;
}

static struct pb_creator *alloc_creator(struct pid *pid, kuid_t uid)
{
	unsigned int nr_zones = zone_index(pb_instance.nr_nodes, 0);
	struct pb_creator *creator;

	creator = kzalloc(struct_size(creator, pages, nr_zones), GFP_KERNEL_ACCOUNT);
	if (!creator)
		return NULL;
	creator->pid = get_pid(pid);
	creator->uid = uid;
	return creator;
}

static void free_creator(struct pb_creator *creator)
{
	if (!creator)
		return;
	put_pid(creator->pid);
	kfree(creator);
}

/**
 * pb_creator_get - get the record of the calling process, for a new buffer
 *
 * Context: process, may sleep.
 * Return: the record, for pb_creator_put(), or NULL without memory.
 */
struct pb_creator *pb_creator_get(void)
{
	kuid_t uid = pb_account_user(current_cred());
	struct pid *pid = task_tgid(current);
	struct pb_creator *creator, *new = NULL;

	spin_lock(&creators_lock);
	creator = find_locked(pid, uid);
	if (!creator) {
		spin_unlock(&creators_lock);
		new = alloc_creator(pid, uid);
		if (!new)
			return NULL;
		spin_lock(&creators_lock);
		creator = find_locked(pid, uid);	/* of another thread */
	}
	if (!creator) {
		swap(creator, new);
		hash_add(creators, &creator->node, key_of(pid, uid));
		hash_add(users, &creator->user_node, __kuid_val(uid));
	}
	creator->nr_buffers++;
	spin_unlock(&creators_lock);
	free_creator(new);
	return creator;
}

/**
 * pb_creator_hold - get the record of a buffer for another one
 * @creator: of the buffer, which exists
 *
 * Context: process.
 * Return: @creator, for pb_creator_put().
 */
struct pb_creator *pb_creator_hold(struct pb_creator *creator)
{
	spin_lock(&creators_lock);
	creator->nr_buffers++;
	spin_unlock(&creators_lock);
	return creator;
}

/* Returns whether the caller frees the record, without the lock. */
static bool put_locked(struct pb_creator *creator)
{
	lockdep_assert_held(&creators_lock);
	if (--creator->nr_buffers)
		return false;
	hash_del(&creator->node);
	hash_del(&creator->user_node);
	return true;
}

/**
 * pb_creator_put - forget a buffer
 * @creator: of pb_creator_get()
 *
 * Context: process.
 */
void pb_creator_put(struct pb_creator *creator)
{
	bool last;

	spin_lock(&creators_lock);
	last = put_locked(creator);
	spin_unlock(&creators_lock);
	if (last)
		free_creator(creator);
}

/**
 * pb_creator_charge - count what is charged for a buffer
 * @creator: of the buffer
 * @nr_pages: pages that are charged, less than 0 when they are uncharged
 *
 * Context: any.
 */
void pb_creator_charge(struct pb_creator *creator, long nr_pages)
{
	atomic_long_add(nr_pages, &creator->charged);
}

/**
 * pb_creator_add - count pages of a buffer
 * @creator: of the buffer
 * @pfn: first page, in the same zone as the others
 * @nr_pages: pages that the buffer gets, less than 0 for pages that it loses
 *
 * Context: any.
 */
void pb_creator_add(struct pb_creator *creator, unsigned long pfn, long nr_pages)
{
	const struct pb_zone *zone = pb_pfn_zone(&pb_instance, pfn);

	/* Memory of a group serves no request that could be short of it. */
	if (!zone->home)
		atomic_long_add(nr_pages, &creator->pages[zone_index(zone->nid, zone->type)]);
}

/**
 * pb_creator_pid - the process that created the buffers
 * @creator: the record
 *
 * Context: any.
 * Return: its thread group, which the record references.
 */
struct pid *pb_creator_pid(const struct pb_creator *creator)
{
	return creator->pid;
}

/**
 * pb_creator_user - the user that the buffers were charged to
 * @creator: the record
 *
 * Context: any.
 * Return: a user in the initial namespace.
 */
kuid_t pb_creator_user(const struct pb_creator *creator)
{
	return creator->uid;
}

/**
 * pb_process_gone - whether all threads of a process have exited
 * @process: its first thread
 *
 * Context: any.
 * Return: whether they have.
 */
bool pb_process_gone(const struct task_struct *process)
{
	/* The first thread may have exited before the others. */
	return READ_ONCE(process->exit_state) && thread_group_empty((struct task_struct *)process);
}

/**
 * pb_creator_gone - whether the process of a record has exited
 * @creator: the record
 *
 * Context: any.
 * Return: whether it has.
 */
bool pb_creator_gone(const struct pb_creator *creator)
{
	struct task_struct *process;
	bool gone;

	rcu_read_lock();
	process = pid_task(creator->pid, PIDTYPE_TGID);
	gone = !process || pb_process_gone(process);
	rcu_read_unlock();
	return gone;
}

/* Pages in zones that may serve the request. */
static unsigned long pages_for(const struct pb_creator *creator, const struct pb_request *rq)
{
	struct pb_zone *zone;
	long pages = 0;

	pb_for_each_zone(zone, &pb_instance)
		if (pb_zone_allowed(zone, rq))
			pages += atomic_long_read(&creator->pages[zone_index(zone->nid,
									     zone->type)]);
	return max(pages, 0L);
}

static void look_at(const struct pb_creator *creator, const struct pb_request *rq,
		    void (*fn)(const struct pb_created *created, void *arg), void *arg)
{
	struct pb_created created = {
		.pages = pages_for(creator, rq),
		.charged = max(atomic_long_read(&creator->charged), 0L),
	};

	rcu_read_lock();
	created.process = pid_task(creator->pid, PIDTYPE_TGID);
	if (created.process && pb_process_gone(created.process))
		created.process = NULL;
	fn(&created, arg);
	rcu_read_unlock();
}

/* The first record in the table's list of a user, or the one after @creator. */
static struct pb_creator *next_locked(const struct pb_creator *creator, kuid_t uid)
{
	struct hlist_head *list = &users[hash_min(__kuid_val(uid), HASH_BITS(users))];

	lockdep_assert_held(&creators_lock);
	return hlist_entry_safe(creator ? creator->user_node.next : list->first,
				struct pb_creator, user_node);
}

/**
 * pb_creator_for_each - call a function for each process that created buffers as a user
 * @uid: the user
 * @rq: only pages that could serve this request count
 * @fn: the function, which must not sleep
 * @arg: its second argument
 *
 * Records that are added meanwhile are missed; of the others each is looked at once.
 *
 * Context: process, may sleep.
 */
void pb_creator_for_each(kuid_t uid, const struct pb_request *rq,
			 void (*fn)(const struct pb_created *created, void *arg), void *arg)
{
	struct pb_creator *creator, *held = NULL, *last;
	unsigned int looked;

	do {
		spin_lock(&creators_lock);
		creator = next_locked(held, uid);
		last = held && put_locked(held) ? held : NULL;
		for (looked = 0; creator && looked < LOOK_BATCH; looked++) {
			if (uid_eq(creator->uid, uid))
				look_at(creator, rq, fn, arg);
			held = creator;
			creator = next_locked(held, uid);
		}
		if (creator)
			held->nr_buffers++;	/* stays in its list */
		spin_unlock(&creators_lock);
		free_creator(last);
		cond_resched();
	} while (creator);
}
