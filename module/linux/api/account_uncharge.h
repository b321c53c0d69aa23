/* SPDX-License-Identifier: GPL-2.0-only */
/* Uncharging. See account_uncharge.c. */
#ifndef PB_ACCOUNT_UNCHARGE_H
#define PB_ACCOUNT_UNCHARGE_H

#include <linux/types.h>

struct irq_work;
struct pb_account;

/* Does what NMIs deferred: it looks for that in the table of account.c, which has it. */
extern struct irq_work pb_account_deferred_work;

void pb_account_uncharge(struct pb_account *account, unsigned long nr_pages);
void pb_account_uncharge_pages(struct pb_account *account, unsigned long nr_pages);
bool pb_account_uncharge_part(struct pb_account *account, unsigned long nr_pages);
void pb_account_uncharge_left(struct pb_account *account, unsigned long nr_pages,
			      unsigned long left);
void pb_account_uncharge_stocked(struct pb_account *account, unsigned long nr_pages);
void pb_account_age_stocks(void);

#endif /* PB_ACCOUNT_UNCHARGE_H */
