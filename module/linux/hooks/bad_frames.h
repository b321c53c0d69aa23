/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages with a memory error (PG_hwpoison): found, set aside, never handed out. See bad_frames.c. */
#ifndef PB_BAD_FRAMES_H
#define PB_BAD_FRAMES_H

#include <linux/jump_label.h>
#include <linux/page-flags.h>

#include "core/base/request.h"

/* On while a page of the pool has an error and is not set aside yet. */
DECLARE_STATIC_KEY_FALSE(pb_bad_frames_key);

#ifdef CONFIG_MEMORY_FAILURE
/* Off while the kernel reports errors. */
DECLARE_STATIC_KEY_TRUE(pb_bad_frames_unreported_key);

/* Whether the kernel reports errors, and pages are set aside at once. */
static __always_inline bool pb_bad_frames_reported(void)
{
	return !static_branch_unlikely(&pb_bad_frames_unreported_key);
}

bool pb_bad_frames_possible(void);
bool pb_bad_pages(unsigned long pfn, unsigned long nr_pages);
bool __pb_bad_frames_accept(unsigned long pfn, unsigned int order, bool may_sleep);
bool __pb_bad_frames_accept_pages(unsigned long pfn, unsigned long nr_pages, bool may_sleep);
bool pb_bad_frames_in(unsigned long pfn, unsigned int order);
void pb_bad_frames_split(unsigned long pfn, unsigned int order);
bool pb_bad_frame_release(struct page *page);
void pb_bad_frames_look(unsigned long pfn, unsigned long nr_pages);
unsigned long pb_bad_frames_nr(void);
bool pb_bad_frames_pending(void);
void pb_bad_frames_set_user(int (*user)(unsigned long pfn));

bool pb_bad_frame_is_set_aside(unsigned long pfn);
void pb_bad_frame_own(unsigned long pfn);
void pb_bad_frames_keys_inc(void);
void pb_bad_frames_keys_dec(void);
bool pb_bad_frames_take_pageblock(unsigned long first);
void pb_bad_frames_end_move(void);

int pb_bad_frames_init(void);
void pb_bad_frames_exit(void);
#else
static inline bool pb_bad_frames_reported(void)
{
	return true;
}

static inline bool pb_bad_frames_possible(void)
{
	return false;
}

static inline bool pb_bad_pages(unsigned long pfn, unsigned long nr_pages)
{
	return false;
}

static inline bool __pb_bad_frames_accept(unsigned long pfn, unsigned int order, bool may_sleep)
{
	return true;
}

static inline bool __pb_bad_frames_accept_pages(unsigned long pfn, unsigned long nr_pages,
						bool may_sleep)
{
	return true;
}

static inline bool pb_bad_frames_in(unsigned long pfn, unsigned int order)
{
	return false;
}

static inline void pb_bad_frames_split(unsigned long pfn, unsigned int order) { }

static inline bool pb_bad_frame_release(struct page *page)
{
	return false;
}

static inline bool pb_bad_frame_is_set_aside(unsigned long pfn)
{
	return false;
}

static inline void pb_bad_frames_look(unsigned long pfn, unsigned long nr_pages) { }

static inline unsigned long pb_bad_frames_nr(void)
{
	return 0;
}

static inline void pb_bad_frames_set_user(int (*user)(unsigned long pfn)) { }

static inline bool pb_bad_frames_take_pageblock(unsigned long first)
{
	return false;
}

static inline void pb_bad_frames_end_move(void) { }

static inline int pb_bad_frames_init(void)
{
	return 0;
}

static inline void pb_bad_frames_exit(void) { }
#endif

/*
 * Whether allocated pages are looked at: also without a report when they are zeroed, which costs
 * more, unless the caller looks at them (piece.c) and no error is known.
 */
static inline bool pb_bad_frames_wanted(const struct pb_request *rq)
{
	return IS_ENABLED(CONFIG_MEMORY_FAILURE) &&
	       ((rq->zeroed && (!rq->caller_looks || pb_bad_frames_possible())) ||
		rq->caller_zeroes ||
		static_branch_unlikely(&pb_bad_frames_key));
}

/*
 * Whether no page of an allocated block has an error. Otherwise the caller does not own the block
 * any more: the pages with an error are set aside, and the others are free.
 */
static inline bool pb_bad_frames_accept(const struct pb_request *rq, unsigned long pfn)
{
	return !pb_bad_frames_wanted(rq) ||
	       __pb_bad_frames_accept(pfn, rq->order, rq->flags & PB_ALLOC_WAIT);
}

/* The same for contiguous pages of order 0. */
static inline bool pb_bad_frames_accept_pages(const struct pb_request *rq, unsigned long pfn,
					      unsigned long nr_pages)
{
	return !pb_bad_frames_wanted(rq) ||
	       __pb_bad_frames_accept_pages(pfn, nr_pages, rq->flags & PB_ALLOC_WAIT);
}

/* The same for several blocks. Removes those that fail from the array; returns the rest. */
static inline unsigned long pb_bad_frames_accept_bulk(const struct pb_request *rq,
						      unsigned long *pfns, unsigned long nr)
{
	unsigned long i = 0;

	if (!pb_bad_frames_wanted(rq))
		return nr;
	while (i < nr) {
		if (pb_bad_frames_accept(rq, pfns[i]))
			i++;
		else
			pfns[i] = pfns[--nr];
	}
	return nr;
}

#endif /* PB_BAD_FRAMES_H */
