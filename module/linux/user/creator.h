/* SPDX-License-Identifier: GPL-2.0-only */
/* Counts the pages of buffers by the process that created them. See creator.c. */
#ifndef PB_CREATOR_H
#define PB_CREATOR_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct pb_creator;
struct pb_request;
struct pid;
struct task_struct;

struct pb_creator *pb_creator_get(void);
struct pb_creator *pb_creator_hold(struct pb_creator *creator);
void pb_creator_put(struct pb_creator *creator);
void pb_creator_charge(struct pb_creator *creator, long nr_pages);
void pb_creator_add(struct pb_creator *creator, unsigned long pfn, long nr_pages);

struct pid *pb_creator_pid(const struct pb_creator *creator);
kuid_t pb_creator_user(const struct pb_creator *creator);
bool pb_creator_gone(const struct pb_creator *creator);
bool pb_process_gone(const struct task_struct *process);

/**
 * struct pb_created - a process and the pages that its buffers have
 * @process: the process, or NULL when it has exited
 * @pages: pages that could serve the request
 * @charged: pages charged for its buffers
 */
struct pb_created {
	struct task_struct	*process;
	unsigned long		pages;
	unsigned long		charged;
};

void pb_creator_for_each(kuid_t uid, const struct pb_request *rq,
			 void (*fn)(const struct pb_created *created, void *arg), void *arg);

#endif /* PB_CREATOR_H */
