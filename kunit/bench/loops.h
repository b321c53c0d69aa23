/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timed loops, compiled once for each subject: a subject's file defines
 *
 *	static inline void *subject_get(unsigned int order);
 *	static inline void subject_put(void *block, unsigned int order);
 *
 * and includes this. So every call is a direct one and the loop around it is the same few
 * instructions for all. With SUBJECT_BULK there are also
 *
 *	static inline unsigned long subject_get_bulk(unsigned long nr, void **slots);
 *	static inline void subject_put_bulk(unsigned long nr, void **slots);
 *
 * with SUBJECT_RING the loops over a ring, and SUBJECT_LOOPS declares the table in place of
 * the static subject_loops.
 */
#include "thread.h"

static int loop_pairs(struct bench_thread *t)
{
	unsigned int order = t->order;
	unsigned long i;
	void *p;

	for (i = t->n; i; i--) {
		p = subject_get(order);
		if (unlikely(!p))
			return -ENOMEM;
		subject_put(p, order);
	}
	return 0;
}

static int loop_get(struct bench_thread *t)
{
	void **slot = t->slots, **end = slot + t->n;
	unsigned int order = t->order;

	for (; slot < end; slot++) {
		*slot = subject_get(order);
		if (unlikely(!*slot))
			return -ENOMEM;
	}
	return 0;
}

static int loop_fill(struct bench_thread *t)
{
	unsigned long i;

	for (i = 0; i < t->nr_slots; i++) {
		t->slots[i] = subject_get(t->orders ? t->orders[i] : t->order);
		if (!t->slots[i])
			return -ENOMEM;
	}
	return 0;
}

static int loop_put(struct bench_thread *t)
{
	void **slot = t->slots, **end = slot + t->n;
	unsigned int order = t->order;

	for (; slot < end; slot++)
		subject_put(*slot, order);
	return 0;
}

static int loop_swap_orders(struct bench_thread *t)
{
	const u8 *orders = t->orders;
	void **slots = t->slots;
	unsigned long i;
	u32 at;

	for (i = 0; i < t->n; i++) {
		at = t->index[i];
		subject_put(slots[at], orders[at]);
		slots[at] = subject_get(orders[at]);
		if (unlikely(!slots[at]))
			return -ENOMEM;
	}
	return 0;
}

static int loop_swap(struct bench_thread *t)
{
	const u32 *index = t->index, *end = index + t->n;
	unsigned int order = t->order;
	void **slots = t->slots, **slot;

	if (t->orders)
		return loop_swap_orders(t);
	for (; index < end; index++) {
		slot = slots + *index;
		subject_put(*slot, order);
		*slot = subject_get(order);
		if (unlikely(!*slot))
			return -ENOMEM;
	}
	return 0;
}

static int loop_hold(struct bench_thread *t)
{
	unsigned long rounds = t->n / t->held, i;
	unsigned int order = t->order;
	void **slots = t->slots;

	for (; rounds; rounds--) {
		for (i = 0; i < t->held; i++) {
			slots[i] = subject_get(order);
			if (unlikely(!slots[i]))
				goto undo;
		}
		for (i = 0; i < t->held; i++)
			subject_put(slots[i], order);
	}
	return 0;
undo:
	while (i--)
		subject_put(slots[i], order);
	return -ENOMEM;
}

static int loop_drop(struct bench_thread *t)
{
	unsigned long i;

	for (i = t->keep; i < t->nr_slots; i++) {
		if (t->slots[i])
			subject_put(t->slots[i], t->orders ? t->orders[i] : t->order);
		t->slots[i] = NULL;
	}
	return 0;
}

static int loop_thin(struct bench_thread *t)
{
	unsigned long freed = 0;
	void **slot;

	while (freed < t->n) {
		slot = t->slots + bench_below(&t->state, t->keep);
		if (!*slot)
			continue;
		subject_put(*slot, t->order);
		*slot = NULL;
		freed++;
	}
	return 0;
}

static int loop_refill(struct bench_thread *t)
{
	void **slot = t->slots, **end = slot + t->keep;

	for (; slot < end; slot++) {
		if (!*slot)
			*slot = subject_get(t->order);
		if (!*slot)
			return -ENOMEM;
	}
	return 0;
}

#ifdef SUBJECT_BULK
static int loop_get_bulk(struct bench_thread *t)
{
	unsigned long i;

	for (i = 0; i < t->n; i += t->held)
		if (unlikely(subject_get_bulk(t->held, t->slots + i) < t->held))
			return -ENOMEM;
	return 0;
}

static int loop_put_bulk(struct bench_thread *t)
{
	unsigned long i;

	for (i = 0; i < t->n; i += t->held)
		subject_put_bulk(t->held, t->slots + i);
	return 0;
}
#endif

#ifdef SUBJECT_RING
static int loop_produce(struct bench_thread *t)
{
	unsigned int order = t->order;
	unsigned long i;
	void *p;

	for (i = t->n; i; i--) {
		p = subject_get(order);
		if (unlikely(!p))
			return -ENOMEM;
		if (unlikely(ptr_ring_produce(t->ring, p))) {
			subject_put(p, order);
			return -ENOSPC;
		}
	}
	return 0;
}

static int loop_consume(struct bench_thread *t)
{
	unsigned int order = t->order;
	unsigned long i;
	void *p;

	for (i = t->n; i; i--) {
		while (unlikely(!(p = ptr_ring_consume(t->ring)))) {
			if (bench_failed(t->run))
				return 0;
			cpu_relax();
		}
		subject_put(p, order);
	}
	return 0;
}

static int loop_empty(struct bench_thread *t)
{
	void *p;

	while ((p = ptr_ring_consume(t->ring)))
		subject_put(p, t->order);
	return 0;
}
#endif

#ifndef SUBJECT_LOOPS
#define SUBJECT_LOOPS static const struct bench_loops subject_loops
#endif

SUBJECT_LOOPS = {
	.pairs		= loop_pairs,
	.get		= loop_get,
	.fill		= loop_fill,
	.put		= loop_put,
	.swap		= loop_swap,
	.hold		= loop_hold,
	.drop		= loop_drop,
	.thin		= loop_thin,
	.refill		= loop_refill,
#ifdef SUBJECT_BULK
	.get_bulk	= loop_get_bulk,
	.put_bulk	= loop_put_bulk,
#endif
#ifdef SUBJECT_RING
	.produce	= loop_produce,
	.consume	= loop_consume,
	.empty		= loop_empty,
#endif
};
