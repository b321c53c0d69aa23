// SPDX-License-Identifier: GPL-2.0-only
/* The reference model of test_oracle.c; see oracle.h. */
#include "oracle.h"

int pt_model_init(struct kunit *test, struct pt_model *m, struct pt_fixture *f)
{
	memset(m, 0, sizeof(*m));
	m->f = f;
	m->freed.pfn = PB_NO_PFN;
	m->live = pb_meta_alloc((f->pages + 1) * sizeof(*m->live), 0);
	if (!m->live)
		return -ENOMEM;
	return kunit_add_action_or_reset(test, pb_meta_free, m->live);
}

bool pt_model_add(struct kunit *test, struct pt_model *m, unsigned long pfn, unsigned int order)
{
	if (!pt_own(test, m->f, pfn, 1UL << order))
		return false;
	m->live[m->n++] = (struct pt_live) { pfn, order };
	m->pages += 1UL << order;
	return true;
}

struct pt_live pt_model_alloc(struct pt_model *m, unsigned long nth)
{
	struct pt_live block = m->live[nth];

	m->live[nth] = m->live[--m->n];
	m->pages -= 1UL << block.order;
	pt_disown(m->f, block.pfn, 1UL << block.order);
	m->freed = block;
	return block;
}

static const struct pt_live *find_live(struct pt_model *m, unsigned long pfn)
{
	unsigned long i;

	for (i = 0; i < m->n; i++)
		if (pfn >= m->live[i].pfn && pfn - m->live[i].pfn < 1UL << m->live[i].order)
			return &m->live[i];
	return NULL;
}

enum pb_bad pt_model_free_says(struct pt_model *m, unsigned long pfn, unsigned int order)
{
	const struct pt_live *block;

	if (pt_layout_frame(m->f->layout, pfn) == PB_NO_PFN)
		return PB_BAD_FOREIGN;
	if (order > PB_MAX_ORDER)
		return PB_BAD_ORDER_RANGE;
	if (pfn & ((1UL << order) - 1))
		return PB_BAD_ALIGN;
	block = find_live(m, pfn);
	if (!block)
		return PB_BAD_DOUBLE;
	if (block->pfn != pfn)
		return PB_BAD_TAIL;
	return block->order == order ? PB_BAD_NONE : PB_BAD_ORDER;
}

int pt_model_page_order(struct pt_model *m, unsigned long pfn)
{
	const struct pt_live *block = find_live(m, pfn);

	return block && block->pfn == pfn ? (int)block->order : -EINVAL;
}

static const struct pb_range *range_of(struct pt_model *m, unsigned long pfn)
{
	const struct pt_layout *layout = m->f->layout;
	unsigned int i;

	for (i = 0; i < layout->nr_ranges; i++)
		if (pfn - layout->ranges[i].start_pfn < layout->ranges[i].nr_pages)
			return &layout->ranges[i];
	return NULL;
}

static bool range_allowed(const struct pb_range *range, const struct pb_request *rq)
{
	if (range->type > rq->highest_zone)
		return false;
	if (rq->flags & PB_ALLOC_THISNODE && range->nid != rq->nid)
		return false;
	return !rq->nodemask || *rq->nodemask & BIT(range->nid);
}

bool pt_model_allowed(struct pt_model *m, const struct pb_request *rq, unsigned long pfn)
{
	const struct pb_range *range = range_of(m, pfn);

	return range && range_allowed(range, rq);
}

/*
 * First frame from @pfn on that is allocated, in a hole or in another zone; @pfn + @nr_pages if
 * none.
 */
static unsigned long free_run(struct pt_model *m, unsigned long pfn, unsigned long nr_pages)
{
	const struct pb_range *first = range_of(m, pfn), *range = first;
	unsigned long i, frame;

	for (i = pfn; i < pfn + nr_pages; i++) {
		if (i - range->start_pfn >= range->nr_pages) {
			range = range_of(m, i);
			if (!range || range->nid != first->nid || range->type != first->type)
				break;
		}
		frame = pt_layout_frame(m->f->layout, i);
		if (test_bit(frame, m->f->owned))
			break;
	}
	return i;
}

bool pt_model_may_fail(struct pt_model *m, const struct pb_request *rq, unsigned long nr_pages,
		       unsigned long align)
{
	const struct pb_range *range;
	unsigned long pfn, end;
	unsigned int i;

	for (i = 0; i < m->f->layout->nr_ranges; i++) {
		range = &m->f->layout->ranges[i];
		if (!range_allowed(range, rq))
			continue;
		pfn = round_up(range->start_pfn, align);
		while (pfn < range->start_pfn + range->nr_pages) {
			end = free_run(m, pfn, nr_pages);
			if (end == pfn + nr_pages)
				return false;
			pfn = round_up(end + 1, align);
		}
	}
	return true;
}
