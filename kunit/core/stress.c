// SPDX-License-Identifier: GPL-2.0-only
/* The threads' operations of the concurrent tests; see stress.h. */
#include "core/cache/drain.h"
#include "params.h"
#include "stress.h"
#include "threads.h"

int pt_stress_init(struct kunit *test, struct pt_stress *s, struct pt_fixture *f)
{
	memset(s, 0, sizeof(*s));
	s->f = f;
	s->ops = pt_rounds * 1000;
	s->max_order = 9;
	s->stamps = pb_meta_alloc(f->pages * sizeof(*s->stamps), 0);
	if (!s->stamps)
		return -ENOMEM;
	return kunit_add_action_or_reset(test, pb_meta_free, s->stamps);
}

/*
 * Changes a stamp and returns the old one. Under ThreadSanitizer the accesses are plain: only
 * the allocator then orders one owner's access before the next one's, and ThreadSanitizer
 * reports it if that ordering is missing.
 */
static u32 swap_stamp(u32 *stamp, u32 new)
{
#ifdef PB_HOST_TSAN
	u32 old = *stamp;

	*stamp = new;
	return old;
#else
	return xchg(stamp, new);
#endif
}

static void stamp_block(struct pt_stress *s, unsigned long pfn, unsigned int order, u32 from,
			u32 to)
{
	unsigned long frame = pt_layout_frame(s->f->layout, pfn), i;

	for (i = 0; i < 1UL << order; i++) {
		/*
		 * A large block may span several ranges. Frame numbers are contiguous within a
		 * range only.
		 */
		if (i && i % PB_PAGEBLOCK_NR == 0)
			frame = pt_layout_frame(s->f->layout, pfn + i) - i;
		if (frame == PB_NO_PFN || swap_stamp(&s->stamps[frame + i], to) != from)
			atomic_long_inc(&s->errors);
	}
}

static unsigned int random_order(struct pt_rand *r, unsigned int max)
{
	unsigned int dice = pt_below(r, 64), order;

	if (dice < 40)
		order = 0;
	else if (dice < 54)
		order = 1 + pt_below(r, 3);
	else if (dice < 62)
		order = 4 + pt_below(r, 5);
	else
		order = 9 + pt_below(r, 4);
	return min(order, max);
}

#define SLOT_ORDER_BITS	5

/* Replaces the contents of a random slot and returns the old ones. */
static u64 swap_slot(struct pt_stress *s, struct pt_rand *r, u64 new)
{
	return atomic64_xchg(&s->slots[pt_below(r, PT_STRESS_SLOTS)], new);
}

static u64 pack(unsigned long pfn, unsigned int order)
{
	return (u64)pfn << SLOT_ORDER_BITS | order;
}

/* Stamp of the frames of a block that lies in a slot. */
#define STAMP_IN_SLOT	0xffffffffU

static void free_packed(struct pt_stress *s, u64 packed, u32 owner)
{
	unsigned int order = packed & (BIT(SLOT_ORDER_BITS) - 1);
	unsigned long pfn = packed >> SLOT_ORDER_BITS;

	stamp_block(s, pfn, order, STAMP_IN_SLOT, owner);
	stamp_block(s, pfn, order, owner, 0);
	if (pb_free(&s->f->pool, pfn, order) != PB_BAD_NONE)
		atomic_long_inc(&s->errors);
}

static void free_from_slot(struct pt_stress *s, struct pt_rand *r, u32 owner)
{
	u64 packed = swap_slot(s, r, 0);

	if (packed)
		free_packed(s, packed, owner);
}

static void stamp_and_slot(struct pt_stress *s, struct pt_rand *r, unsigned long pfn,
			   unsigned int order, u32 owner)
{
	u64 packed;

	atomic_long_inc(&s->allocated);
	stamp_block(s, pfn, order, 0, owner);
	stamp_block(s, pfn, order, owner, STAMP_IN_SLOT);
	packed = swap_slot(s, r, pack(pfn, order));
	if (packed)
		free_packed(s, packed, owner);
}

/* Allocates a contiguous range and passes its frames on as blocks of order 0. */
static void do_contig(struct pt_stress *s, struct pt_rand *r, const struct pb_request *rq,
		      u32 owner)
{
	unsigned long nr = 2 + pt_below(r, 90), pfn, i;

	pfn = pb_alloc_contig(&s->f->pool, rq, nr, NULL);
	if (pfn == PB_NO_PFN)
		return;
	for (i = 0; i < nr; i++)
		stamp_and_slot(s, r, pfn + i, 0, owner);
}

static void do_bulk(struct pt_stress *s, struct pt_rand *r, const struct pb_request *rq, u32 owner)
{
	unsigned long pfns[16], nr, i;

	nr = pb_alloc_bulk(&s->f->pool, rq, 1 + pt_below(r, 16), pfns, NULL);
	for (i = 0; i < nr; i++)
		stamp_and_slot(s, r, pfns[i], rq->order, owner);
}

void pt_stress_op(struct pt_stress *s, struct pt_rand *r, u32 owner, bool wait)
{
	struct pb_request rq = pt_rq(random_order(r, s->max_order), pt_below(r, PB_PCPTYPES),
				     pt_below(r, s->f->layout->nr_nodes));
	unsigned int dice = pt_below(r, 256);
	unsigned long pfn;

	/* Rare, because such a request may drain every CPU. */
	if (wait && pt_below(r, 128) == 0)
		rq.flags |= PB_ALLOC_WAIT;
	if (pt_below(r, 8) == 0)
		rq.flags |= PB_ALLOC_NOFRAGMENT;
	if (dice < 2) {
		pb_pcp_drain_local(&s->f->pool);
	} else if (dice < 3 && wait) {
		pb_pcp_decay_local(&s->f->pool);
	} else if (dice < 8) {
		do_contig(s, r, &rq, owner);
	} else if (dice < 20) {
		rq.order = min(rq.order, 3U);
		do_bulk(s, r, &rq, owner);
	} else if (dice < 100) {
		free_from_slot(s, r, owner);
	} else {
		pfn = pb_alloc(&s->f->pool, &rq, NULL);
		if (pfn != PB_NO_PFN)
			stamp_and_slot(s, r, pfn, rq.order, owner);
	}
}

void pt_stress_thread(void *stress, unsigned int n)
{
	struct pt_stress *s = stress;
	struct pt_rand r = { .state = pt_seed * 31 + n };
	unsigned long i;

	for (i = 0; i < s->ops; i++) {
		pt_stress_op(s, &r, n + 1, true);
		if (i % 64 == 0)
			pt_resched(&s->f->pool);
	}
}

void pt_stress_finish(struct kunit *test, struct pt_stress *s)
{
	unsigned int i;
	u64 packed;

	for (i = 0; i < PT_STRESS_SLOTS; i++) {
		packed = atomic64_xchg(&s->slots[i], 0);
		if (packed)
			free_packed(s, packed, 1);
	}
	KUNIT_EXPECT_EQ_MSG(test, atomic_long_read(&s->errors), 0L,
			    "wrong stamps or refused frees (seed %lu)", pt_seed);
	KUNIT_EXPECT_GT(test, atomic_long_read(&s->allocated), 0L);
	pt_expect_all_free(test, s->f);
}
