/* SPDX-License-Identifier: GPL-2.0-only */
/* Quarantine of pages of destroyed buffers that are still pinned. See quarantine.c. */
#ifndef PB_QUARANTINE_H
#define PB_QUARANTINE_H

struct page;

void pb_quarantine_add(struct page *page);
unsigned long pb_quarantine_pages(void);

int pb_quarantine_init(void);
void pb_quarantine_exit(void);

#endif /* PB_QUARANTINE_H */
