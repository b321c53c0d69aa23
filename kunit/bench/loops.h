/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timed loops, compiled once for each subject. A subject's file defines
 *
 *	static inline void *subject_alloc(gfp_t gfp, unsigned int order);
 *	static inline void subject_free(void *block, unsigned int order);
 *
 * and includes this file. So every call is direct, and the loop around it is the same few
 * instructions for all subjects. With SUBJECT_BULK there are also
 *
 *	static inline unsigned long subject_alloc_bulk(gfp_t gfp, unsigned long nr, void **slots);
 *	static inline void subject_free_bulk(unsigned long nr, void **slots);
 *
 * With SUBJECT_NODE and SUBJECT_NODEMASK
 *
 *	static inline void *subject_alloc_node(int nid, gfp_t gfp, unsigned int order);
 *	static inline void *subject_alloc_nodemask(int nid, const nodemask_t *nodes, gfp_t gfp,
 *						   unsigned int order);
 *
 * SUBJECT_RING adds the loops of two threads that pass blocks; SUBJECT_LOOPS, where defined,
 * declares the table in place of the static subject_loops.
 */
#include "thread.h"

static int loop_pairs(struct bench_thread *t)
{
	unsigned int order = t->order;
	gfp_t gfp = t->gfp;
	unsigned long i;
	void *p;

	for (i = t->n; i; i--) {
		p = subject_alloc(gfp, order);
		if (unlikely(!p))
			return -ENOMEM;
		subject_free(p, order);
	}
	return 0;
}

#ifdef SUBJECT_NODE
static int loop_pairs_node(struct bench_thread *t)
{
	unsigned int order = t->order;
	gfp_t gfp = t->gfp;
	unsigned long i;
	int nid = t->nid;
	void *p;

	for (i = t->n; i; i--) {
		p = subject_alloc_node(nid, gfp, order);
		if (unlikely(!p))
			return -ENOMEM;
		subject_free(p, order);
	}
	return 0;
}
#endif

#ifdef SUBJECT_NODEMASK
static int loop_pairs_nodemask(struct bench_thread *t)
{
	const void *nodes = t->nodes;
	unsigned int order = t->order;
	gfp_t gfp = t->gfp;
	unsigned long i;
	int nid = t->nid;
	void *p;

	for (i = t->n; i; i--) {
		p = subject_alloc_nodemask(nid, nodes, gfp, order);
		if (unlikely(!p))
			return -ENOMEM;
		subject_free(p, order);
	}
	return 0;
}
#endif

static int loop_alloc(struct bench_thread *t)
{
	void **slot = t->slots, **end = slot + t->n;
	unsigned int order = t->order;
	gfp_t gfp = t->gfp;

	for (; slot < end; slot++) {
		*slot = subject_alloc(gfp, order);
		if (unlikely(!*slot))
			return -ENOMEM;
	}
	return 0;
}

static int loop_alloc_each(struct bench_thread *t)
{
	unsigned long i;

	for (i = 0; i < t->nr_slots; i++) {
		t->slots[i] = subject_alloc(t->gfp, t->orders ? t->orders[i] : t->order);
		if (!t->slots[i])
			return -ENOMEM;
	}
	return 0;
}

static int loop_free(struct bench_thread *t)
{
	void **slot = t->slots, **end = slot + t->n;
	unsigned int order = t->order;

	for (; slot < end; slot++)
		subject_free(*slot, order);
	return 0;
}

static int loop_replace_orders(struct bench_thread *t)
{
	const u8 *orders = t->orders;
	void **slots = t->slots;
	gfp_t gfp = t->gfp;
	unsigned long i;
	u32 at;

	for (i = 0; i < t->n; i++) {
		at = t->index[i];
		subject_free(slots[at], orders[at]);
		slots[at] = subject_alloc(gfp, orders[at]);
		if (unlikely(!slots[at]))
			return -ENOMEM;
	}
	return 0;
}

static int loop_replace(struct bench_thread *t)
{
	const u32 *index = t->index, *end = index + t->n;
	unsigned int order = t->order;
	gfp_t gfp = t->gfp;
	void **slots = t->slots, **slot;

	if (t->orders)
		return loop_replace_orders(t);
	for (; index < end; index++) {
		slot = slots + *index;
		subject_free(*slot, order);
		*slot = subject_alloc(gfp, order);
		if (unlikely(!*slot))
			return -ENOMEM;
	}
	return 0;
}

static int loop_hold(struct bench_thread *t)
{
	unsigned long rounds = t->n / t->held, i;
	unsigned int order = t->order;
	gfp_t gfp = t->gfp;
	void **slots = t->slots;

	for (; rounds; rounds--) {
		for (i = 0; i < t->held; i++) {
			slots[i] = subject_alloc(gfp, order);
			if (unlikely(!slots[i]))
				goto undo;
		}
		for (i = 0; i < t->held; i++)
			subject_free(slots[i], order);
	}
	return 0;
undo:
	while (i--)
		subject_free(slots[i], order);
	return -ENOMEM;
}

static int loop_free_rest(struct bench_thread *t)
{
	unsigned long i;

	for (i = t->keep; i < t->nr_slots; i++) {
		if (t->slots[i])
			subject_free(t->slots[i], t->orders ? t->orders[i] : t->order);
		t->slots[i] = NULL;
	}
	return 0;
}

static int loop_free_random(struct bench_thread *t)
{
	unsigned long freed = 0;
	void **slot;

	while (freed < t->n) {
		slot = t->slots + bench_random_below(&t->state, t->keep);
		if (!*slot)
			continue;
		subject_free(*slot, t->order);
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
			*slot = subject_alloc(t->gfp, t->order);
		if (!*slot)
			return -ENOMEM;
	}
	return 0;
}

#ifdef SUBJECT_BULK
static int loop_alloc_bulk(struct bench_thread *t)
{
	gfp_t gfp = t->gfp;
	unsigned long i;

	for (i = 0; i < t->n; i += t->held)
		if (unlikely(subject_alloc_bulk(gfp, t->held, t->slots + i) < t->held))
			return -ENOMEM;
	return 0;
}

static int loop_free_bulk(struct bench_thread *t)
{
	unsigned long i;

	for (i = 0; i < t->n; i += t->held)
		subject_free_bulk(t->held, t->slots + i);
	return 0;
}
#endif

#ifdef SUBJECT_RING
/* The other thread reads ->published and frees the slots before it. */
static int loop_alloc_bursts(struct bench_thread *t)
{
	void **slot = t->slots, **end = slot + t->n, **stop;
	unsigned int order = t->order;
	gfp_t gfp = t->gfp;

	while (slot < end) {
		for (stop = min(slot + BENCH_BURST, end); slot < stop; slot++) {
			*slot = subject_alloc(gfp, order);
			if (unlikely(!*slot))
				return -ENOMEM;
		}
		/* Pairs with the acquire in loop_free_bursts(). */
		smp_store_release(&t->published, slot);
	}
	return 0;
}

static int loop_free_bursts(struct bench_thread *t)
{
	struct bench_thread *from = t->peer;
	void **slot = from->slots, **end = slot + from->n, **stop;
	unsigned int order = t->order;

	while (slot < end) {
		/* Pairs with the release in loop_alloc_bursts(). */
		while ((stop = smp_load_acquire(&from->published)) == slot) {
			if (bench_failed(t->run))
				return 0;
			cpu_relax();
		}
		for (; slot < stop; slot++) {
			subject_free(*slot, order);
			*slot = NULL;
		}
	}
	return 0;
}

static int loop_produce(struct bench_thread *t)
{
	unsigned int order = t->order;
	gfp_t gfp = t->gfp;
	unsigned long i;
	void *p;

	for (i = t->n; i; i--) {
		p = subject_alloc(gfp, order);
		if (unlikely(!p))
			return -ENOMEM;
		if (unlikely(ptr_ring_produce(t->ring, p))) {
			subject_free(p, order);
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
		subject_free(p, order);
	}
	return 0;
}

static int loop_free_ring(struct bench_thread *t)
{
	void *p;

	while ((p = ptr_ring_consume(t->ring)))
		subject_free(p, t->order);
	return 0;
}
#endif

#ifndef SUBJECT_LOOPS
#define SUBJECT_LOOPS static const struct bench_loops subject_loops
#endif

SUBJECT_LOOPS = {
	.pairs		= loop_pairs,
#ifdef SUBJECT_NODE
	.pairs_node	= loop_pairs_node,
#endif
#ifdef SUBJECT_NODEMASK
	.pairs_nodemask	= loop_pairs_nodemask,
#endif
	.alloc		= loop_alloc,
	.alloc_each	= loop_alloc_each,
	.free		= loop_free,
	.replace	= loop_replace,
	.hold		= loop_hold,
	.free_rest	= loop_free_rest,
	.free_random	= loop_free_random,
	.refill		= loop_refill,
#ifdef SUBJECT_BULK
	.alloc_bulk	= loop_alloc_bulk,
	.free_bulk	= loop_free_bulk,
#endif
#ifdef SUBJECT_RING
	.produce	= loop_produce,
	.consume	= loop_consume,
	.alloc_bursts	= loop_alloc_bursts,
	.free_bursts	= loop_free_bursts,
	.free_ring	= loop_free_ring,
#endif
};
