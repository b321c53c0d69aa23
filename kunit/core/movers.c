// SPDX-License-Identifier: GPL-2.0-only
/* The owner of movable blocks that movers.h declares: objects, their reverse map, ops->migrate. */
#include "core/compact/migrate.h"
#include "core/compact/movable.h"
#include "movers.h"
#include "params.h"
#include "task.h"

bool pt_object_trylock(struct pt_object *o)
{
	return atomic_cmpxchg(&o->lock, 0, 1) == 0;
}

void pt_object_unlock(struct pt_object *o)
{
	atomic_set_release(&o->lock, 0);
}

static void write_contents(struct pt_movers *m, struct pt_object *o)
{
	unsigned long frame = pt_layout_frame(m->f->layout, o->pfn), i;

	for (i = 0; i < 1UL << o->order; i++)
		m->contents[frame + i] = o->seed + i;
}

bool pt_object_intact(struct pt_movers *m, struct pt_object *o)
{
	unsigned long frame = pt_layout_frame(m->f->layout, o->pfn), i;

	for (i = 0; i < 1UL << o->order; i++)
		if (m->contents[frame + i] != (u32)(o->seed + i))
			return false;
	return true;
}

bool pt_object_alloc(struct pt_movers *m, struct pt_object *o, struct pb_request *rq, u32 seed)
{
	unsigned long pfn = pb_alloc(&m->f->pool, rq, NULL);

	if (pfn == PB_NO_PFN)
		return false;
	o->pfn = pfn;
	o->order = rq->order;
	o->seed = seed;
	write_contents(m, o);
	m->rmap[pt_layout_frame(m->f->layout, pfn)] = o - m->obj + 1;
	return !pb_movable_set(&m->f->pool, pfn);
}

bool pt_object_free(struct pt_movers *m, struct pt_object *o)
{
	bool intact = pt_object_intact(m, o);
	unsigned long pfn = o->pfn;

	o->pfn = PB_NO_PFN;
	return pb_free(&m->f->pool, pfn, o->order) == PB_BAD_NONE && intact;
}

/* Compaction has isolated the source, so its @rmap entry stays valid until the return. */
static int migrate_one(struct pb_pool *pool, unsigned long src, unsigned long dst,
		       unsigned int order, int mode)
{
	struct pt_movers *m = pt_fixture(pool)->movers;
	const struct pt_layout *layout = m->f->layout;
	unsigned long from = pt_layout_frame(layout, src), to = pt_layout_frame(layout, dst), i;
	struct pt_object *o = &m->obj[m->rmap[from] - 1];
	long n = atomic_long_inc_return(&m->migrations);
	int ret = 0;

	if (m->fail && n % m->fail == 0)
		return -EAGAIN;
	if (!pt_object_trylock(o))
		return -EAGAIN;
	if (o->pfn != src || o->order != order) {
		atomic_long_inc(&m->lost);
		ret = -EBUSY;
	} else {
		for (i = 0; i < 1UL << order; i++)
			m->contents[to + i] = m->contents[from + i];
		if (m->hook)
			ret = m->hook(m, o, src, dst);
	}
	if (!ret) {
		/* A reader of the old place from here on is a bug: make it visible. */
		for (i = 0; i < 1UL << order; i++)
			m->contents[from + i] = ~0U;
		m->rmap[to] = m->rmap[from];
		if (o->pfn == src)
			o->pfn = dst;
	}
	pt_object_unlock(o);
	return ret;
}

static void migrate(struct pb_pool *pool, struct pb_migration *m)
{
	pb_migrate_each(pool, m, migrate_one);
}

static void *movers_array(struct kunit *test, size_t bytes)
{
	void *mem = pb_meta_alloc(bytes, 0);

	KUNIT_ASSERT_NOT_NULL(test, mem);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, pb_meta_free, mem), 0);
	return mem;
}

struct pt_movers *pt_movers(struct kunit *test, struct pt_fixture *f, unsigned long nr)
{
	struct pt_movers *m = movers_array(test, sizeof(*m));
	unsigned long i;

	m->f = f;
	m->nr = nr;
	m->obj = movers_array(test, nr * sizeof(*m->obj));
	m->rmap = movers_array(test, f->pages * sizeof(*m->rmap));
	m->contents = movers_array(test, f->pages * sizeof(*m->contents));
	for (i = 0; i < nr; i++)
		m->obj[i].pfn = PB_NO_PFN;
	f->movers = m;
	f->pool.ops.migrate = migrate;
	return m;
}

void pt_movers_fill(struct kunit *test, struct pt_movers *m, unsigned int order,
		    unsigned int free_percent)
{
	struct pb_request rq = pt_rq(order, PB_MOVABLE, 0);
	struct pt_rand r = { .state = pt_seed };
	unsigned long i, freed;

	for (i = 0; i < m->nr && pt_object_alloc(m, &m->obj[i], &rq, pt_rand(&r)); i++)
		if (i % 4096 == 0)
			cond_resched();
	for (freed = 0; freed < i * free_percent / 100;) {
		struct pt_object *o = &m->obj[(u32)pt_rand(&r) % i];

		if (o->pfn == PB_NO_PFN)
			continue;
		KUNIT_ASSERT_TRUE(test, pt_object_free(m, o));
		freed++;
	}
	m->f->pool.ops.drain_all(&m->f->pool);
}

unsigned long pt_movers_check(struct kunit *test, struct pt_movers *m)
{
	unsigned long i, held = 0;

	for (i = 0; i < m->nr; i++) {
		if (m->obj[i].pfn == PB_NO_PFN)
			continue;
		held++;
		KUNIT_ASSERT_TRUE_MSG(test, pt_object_intact(m, &m->obj[i]), "object %lu", i);
		KUNIT_ASSERT_EQ(test, pb_page_order(&m->f->pool, m->obj[i].pfn),
				(int)m->obj[i].order);
	}
	return held;
}

void pt_movers_free_all(struct kunit *test, struct pt_movers *m)
{
	unsigned long i;

	for (i = 0; i < m->nr; i++)
		if (m->obj[i].pfn != PB_NO_PFN)
			KUNIT_ASSERT_TRUE(test, pt_object_free(m, &m->obj[i]));
}

struct pt_movers *pt_fragmented(struct kunit *test, const struct pt_layout *layout,
				unsigned int order, unsigned int free_percent)
{
	struct pt_fixture *f = pt_pool(test, layout);
	struct pt_movers *m = pt_movers(test, f, f->pages >> order);

	pt_movers_fill(test, m, order, free_percent);
	return m;
}

struct pt_movers *pt_partly_used(struct kunit *test, const unsigned int used[8])
{
	struct pt_movers *m = pt_fragmented(test, &pt_small, 0, 0);
	struct pt_rand r = { .state = pt_seed };
	unsigned int block, free;

	for (block = 0; block < 8; block++) {
		for (free = 0; free < PB_PAGEBLOCK_NR - used[block];) {
			struct pt_object *o = &m->obj[m->rmap[block * PB_PAGEBLOCK_NR +
							      pt_below(&r, PB_PAGEBLOCK_NR)] - 1];

			if (o->pfn == PB_NO_PFN)
				continue;
			KUNIT_ASSERT_TRUE(test, pt_object_free(m, o));
			free++;
		}
	}
	m->f->pool.ops.drain_all(&m->f->pool);
	return m;
}

enum pb_compact_result pt_compact(struct pt_movers *m, unsigned int order,
				  enum pb_compact_priority prio, unsigned long *pfn)
{
	struct pb_request rq = pt_waiting_rq(order);
	enum pb_compact_result ret;

	if (prio != PB_COMPACT_PRIO_ASYNC)
		return pb_compact_pages(&m->f->pool, &rq, prio, pfn);
	pt_task_keeps_cpu(true);
	ret = pb_compact_pages(&m->f->pool, &rq, prio, pfn);
	pt_task_keeps_cpu(false);
	return ret;
}
