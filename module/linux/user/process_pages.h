/* SPDX-License-Identifier: GPL-2.0-only */
/* Looks for the buffers of exited creators in a process, for the OOM policy. */
#ifndef PB_PROCESS_PAGES_H
#define PB_PROCESS_PAGES_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct pb_request;
struct task_struct;

/**
 * struct pb_held - what a process holds of the buffers whose creators have exited
 * @pages: pages of buffers that it has descriptors or mappings of
 * @maybe: it may hold others: it has a socket, a pipe or another descriptor that can keep files and
 *	pages, or its address space was locked
 */
struct pb_held {
	unsigned long	pages;
	bool		maybe;
};

struct pb_held pb_process_held(struct task_struct *process, kuid_t uid,
			       const struct pb_request *rq);

#endif /* PB_PROCESS_PAGES_H */
