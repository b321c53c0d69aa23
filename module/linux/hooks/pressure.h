/* SPDX-License-Identifier: GPL-2.0-only */
/* Triggers that report memory pressure of nodes to user space. See pressure.c. */
#ifndef PB_PRESSURE_H
#define PB_PRESSURE_H

#include <linux/eventfd.h>
#include <linux/jump_label_ratelimit.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <uapi/linux/pbuddy.h>

#include "core/base/request.h"
#include "core/base/zone_types.h"

/**
 * struct pb_trigger - a trigger
 * @user: who made it, in the initial namespace
 * @node: its node, or %PBUDDY_NODE_ANY for all
 * @kinds: PBUDDY_PRESSURE_ bits
 * @free_pages: threshold of %PBUDDY_PRESSURE_FREE
 * @stall_us: threshold of %PBUDDY_PRESSURE_STALL
 * @window_us: time in which requests must stall so long; at most one event in it
 * @eventfd: also signalled; or NULL
 * @event: an event has not been read yet
 * @wait: pollers
 * @list: in the list of all
 * @work: looks at the free pages ten times in a window
 * @last_event: when it was, in us, or 0
 * @window_start: when the present window began, in us
 * @window_stall: time stalled before the window, in us
 * @last_stall: time stalled in the window before it, in us
 */
struct pb_trigger {
	kuid_t			user;
	int			node;
	u32			kinds;
	unsigned long		free_pages;
	u64			stall_us;
	u64			window_us;
	struct eventfd_ctx	*eventfd;
	bool			event;
	wait_queue_head_t	wait;
	struct list_head	list;
	struct delayed_work	work;
	u64			last_event;
	u64			window_start;
	u64			window_stall;
	u64			last_stall;
};

/* On while there is a trigger, and for a second after the last one. */
extern struct static_key_false_deferred pb_pressure_key;

int pb_trigger_add(struct pb_trigger *t);
void pb_trigger_remove(struct pb_trigger *t);
bool pb_trigger_take_event(struct pb_trigger *t);
void pb_pressure_exit(void);
bool pb_pressure_is_on(void);

void __pb_pressure_low(struct pb_zone *zone, unsigned int order);
void __pb_pressure_stalled(const struct pb_request *rq, u64 since);
void __pb_pressure_allocated(void);

/**
 * pb_pressure_low - report that a request has found a zone low
 * @zone: a zone that could serve it
 * @order: of the request
 *
 * Context: any, NMI included.
 */
static inline void pb_pressure_low(struct pb_zone *zone, unsigned int order)
{
	if (static_branch_unlikely(&pb_pressure_key.key))
		__pb_pressure_low(zone, order);
}

/**
 * pb_pressure_stall_begin - begin to measure the time that a request waits
 *
 * Context: any.
 * Return: for pb_pressure_stalled().
 */
static inline u64 pb_pressure_stall_begin(void)
{
	return static_branch_unlikely(&pb_pressure_key.key) ? ktime_get_ns() : 0;
}

/**
 * pb_pressure_stalled - report that a request has waited for memory to be freed
 * @rq: the request
 * @since: of pb_pressure_stall_begin()
 *
 * Context: process. As psi_memstall_leave(), after the fact.
 */
static inline void pb_pressure_stalled(const struct pb_request *rq, u64 since)
{
	if (since)
		__pb_pressure_stalled(rq, since);
}

/**
 * pb_pressure_allocated - report that a program has allocated memory
 *
 * Context: process.
 */
static inline void pb_pressure_allocated(void)
{
	if (static_branch_unlikely(&pb_pressure_key.key))
		__pb_pressure_allocated();
}

#endif /* PB_PRESSURE_H */
