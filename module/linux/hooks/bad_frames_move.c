// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pageblocks that move to another zone with pages that are set aside (bad_frames.c), so that such a
 * page does not keep a whole pageblock in a group:
 *
 *   1. pb_bad_frames_take_pageblock() allocates all other pages of the pageblock, which is the
 *      caller's then
 *   2. the caller moves the pageblock
 *   3. pb_bad_frames_look() sets the pages aside again, which are free for a moment
 *
 * Because of 3 requests look at flags from 1 on, until pb_bad_frames_end_move(). All of them do
 * after an RCU grace period, for which the caller waits before the pages are free.
 */
#include "hooks/bad_frames.h"

#ifdef CONFIG_MEMORY_FAILURE
#include "core/alloc/alloc.h"
#include "core/alloc/take_off.h"
#include "core/pool/move.h"
#include "instance.h"

/* Whether nothing is allocated in a pageblock but pages that are set aside, one at least. */
static bool only_set_aside(unsigned long pfn)
{
	unsigned long end = pfn + PB_PAGEBLOCK_NR;
	bool found = false;

	for (; pfn < end; pfn++) {
		if (pb_page_order(&pb_instance, pfn) < 0)
			continue;
		if (!pb_bad_frame_is_set_aside(pfn))
			return false;
		found = true;
	}
	return found;
}

/* Frees those of the first pages of a pageblock that take_others() has allocated. */
static void free_others(unsigned long first, unsigned long pfn)
{
	while (pfn-- > first)
		if (!pb_bad_frame_is_set_aside(pfn))
			pb_free(&pb_instance, pfn, 0);
}

/* Allocates the pages of a pageblock that are not set aside, if all are free. */
static bool take_others(unsigned long first)
{
	unsigned long pfn;

	for (pfn = first; pfn < first + PB_PAGEBLOCK_NR; pfn++) {
		if (pb_bad_frame_is_set_aside(pfn) || pb_take_page_off(&pb_instance, pfn))
			continue;
		free_others(first, pfn);
		return false;
	}
	return true;
}

/**
 * pb_bad_frames_take_pageblock - allocate a pageblock whose pages are set aside or free
 * @first: its first PFN
 *
 * After success call pb_bad_frames_end_move(), once the pageblock has moved.
 *
 * Context: process, may sleep.
 * Return: whether it is allocated, as one block that the caller owns; false also when no page of it
 * is set aside.
 */
bool pb_bad_frames_take_pageblock(unsigned long first)
{
	unsigned long pfn;

	if (!only_set_aside(first))
		return false;
	pb_instance.ops.drain_all(&pb_instance);
	if (!take_others(first))
		return false;
	pb_bad_frames_keys_inc();
	for (pfn = first; pfn < first + PB_PAGEBLOCK_NR; pfn++)
		if (pb_bad_frame_is_set_aside(pfn))
			pb_bad_frame_own(pfn);
	pb_move_join(&pb_instance, first);
	return true;
}

/* Call it once for each pageblock that was taken. Context: process, may sleep. */
void pb_bad_frames_end_move(void)
{
	pb_bad_frames_keys_dec();
}
#endif
