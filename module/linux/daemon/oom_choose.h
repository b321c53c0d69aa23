/* SPDX-License-Identifier: GPL-2.0-only */
/* Selects the victim of the OOM policy. See oom_choose.c. */
#ifndef PB_OOM_CHOOSE_H
#define PB_OOM_CHOOSE_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct pb_request;
struct pid;
struct task_struct;

/**
 * struct pb_oom_choice - the process to kill
 * @process: the process, referenced
 * @uid: user whose pages it is killed for
 * @pages: pages it created, or holds of exited creators
 */
struct pb_oom_choice {
	struct task_struct	*process;
	kuid_t			uid;
	unsigned long		pages;
};

bool pb_oom_choose(const struct pb_request *rq, const struct pid *but,
		   struct pb_oom_choice *choice);

#endif /* PB_OOM_CHOOSE_H */
