/* SPDX-License-Identifier: GPL-2.0-only */
/* Counts the pages that a process holds, for the OOM killer. */
#ifndef PB_PROCESS_PAGES_H
#define PB_PROCESS_PAGES_H

struct pb_request;
struct task_struct;

unsigned long pb_process_pages(struct task_struct *process, const struct pb_request *rq);

#endif /* PB_PROCESS_PAGES_H */
