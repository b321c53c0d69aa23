/* SPDX-License-Identifier: GPL-2.0-only */
/* Accounts, by cgroup or user, of __GFP_ACCOUNT and of user-space buffers. See account.c. */
#ifndef PB_ACCOUNT_H
#define PB_ACCOUNT_H

#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "api/account_uncharge.h"

struct cred;
struct pb_account;
struct pb_account_excess;
struct seq_file;

#define PB_ACCOUNT_TEXT_LEN	24	/* output of pb_account_text() */

struct pb_account *pb_account_charge_block(unsigned long nr_pages, gfp_t gfp,
					   struct pb_account_excess *excess);
struct pb_account *pb_account_try_charge(const struct cred *cred, unsigned long nr_pages,
					 struct pb_account_excess *excess);
kuid_t pb_account_user(const struct cred *cred);
bool pb_account_next_user(kuid_t *uid, unsigned long *pages);

/* Whether the calling context is not charged. As memcg_kmem_bypass() of Linux 6.1. */
static inline bool pb_account_exempt(void)
{
	return !in_task() || current->flags & PF_KTHREAD;
}

/* The flags with which a charge may allocate, from those of a request. */
static inline gfp_t pb_account_gfp(gfp_t gfp)
{
	gfp &= GFP_KERNEL | __GFP_NORETRY | __GFP_NOFAIL | __GFP_NOMEMALLOC | __GFP_NOWARN;
	if (gfp & __GFP_DIRECT_RECLAIM && !irqs_disabled())
		return gfp;
	return (gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_NOFAIL)) | __GFP_NOWARN;
}

long pb_account_deferred_blocks(void);
void pb_account_show(struct seq_file *m);
const char *pb_account_text(const struct pb_account *account, char *text, size_t len);
int pb_account_init(void);
void pb_account_exit(void);

#endif /* PB_ACCOUNT_H */
