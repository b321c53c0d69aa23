/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages of buffers with a memory error. See failed_page.c. */
#ifndef PB_FAILED_PAGE_H
#define PB_FAILED_PAGE_H

int pb_failed_page_init(void);
void pb_failed_page_exit(void);

#endif /* PB_FAILED_PAGE_H */
