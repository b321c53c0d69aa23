/* SPDX-License-Identifier: GPL-2.0-only */
/* The limits of accounts. See account_limit.c. */
#ifndef PB_ACCOUNT_LIMIT_H
#define PB_ACCOUNT_LIMIT_H

#include <linux/types.h>
#include <linux/uidgid.h>

/**
 * struct pb_account_excess - a limit that a charge would exceed
 * @cgroup: the limit of the task's cgroup; the other fields are not set
 * @uid: user whose limit it is; invalid for the limit of all programs
 * @charged: pages that are charged
 * @limit: pages that are allowed
 */
struct pb_account_excess {
	bool		cgroup;
	kuid_t		uid;
	unsigned long	charged;
	unsigned long	limit;
};

/* Whether it is the limit of all programs together, which grows with the pool. */
static inline bool pb_account_excess_of_all(const struct pb_account_excess *excess)
{
	return !excess->cgroup && !uid_valid(excess->uid);
}

extern unsigned long pb_account_limit_kbytes;

void pb_account_set_limit(unsigned long kbytes);
unsigned long pb_account_limit_of(kuid_t uid, bool privileged);
unsigned long pb_account_limit_of_all(bool privileged);
unsigned long pb_account_pages_lacking(unsigned long charged);
void pb_account_report(unsigned long nr_pages, const struct pb_account_excess *excess);

#endif /* PB_ACCOUNT_LIMIT_H */
