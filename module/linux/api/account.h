/* SPDX-License-Identifier: GPL-2.0-only */
/* Accounting of __GFP_ACCOUNT and of user-space buffers, by cgroup or user. See account.c. */
#ifndef PB_ACCOUNT_H
#define PB_ACCOUNT_H

#include <linux/gfp.h>
#include <linux/types.h>

#include "core/alloc/failure_reason.h"

struct pb_account;
struct seq_file;

extern unsigned long pb_account_limit_kbytes;

struct pb_account *pb_account_charge(unsigned long nr_pages, bool may_sleep);
void pb_account_uncharge(struct pb_account *account, unsigned long nr_pages);

unsigned long pb_account_block(const struct pb_request *rq, unsigned long pfn,
			       enum pb_reason *reason);
unsigned long pb_account_bulk(const struct pb_request *rq, unsigned long nr, unsigned long *pfns,
			      enum pb_reason *reason);
unsigned long pb_account_contig(const struct pb_request *rq, unsigned long pfn,
				unsigned long nr_pages, enum pb_reason *reason);
bool pb_account_charged(unsigned long pfn);
void pb_account_free(struct pb_pool *pool, unsigned long pfn, unsigned int order);
int pb_account_move(unsigned long src_pfn, unsigned long dst_pfn, gfp_t gfp);

long pb_account_deferred_blocks(void);
void pb_account_show(struct seq_file *m);
int pb_account_init(void);
void pb_account_exit(void);

#endif /* PB_ACCOUNT_H */
