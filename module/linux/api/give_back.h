/* SPDX-License-Identifier: GPL-2.0-only */
/* Give whole pageblocks of a node back to their sources while the pool is in use. */
#ifndef PB_GIVE_BACK_H
#define PB_GIVE_BACK_H

#include <linux/types.h>

#include "core/base/alloc_flags.h"

struct pb_blocked;

/**
 * struct pb_give_back - one run over a node
 * @nid: the node
 * @wmark: PB_ALLOC_WMARK_, the watermark that each zone keeps
 * @move: migrate blocks, and sleep; false: free pageblocks only, with the size locked
 * @may: whether a pageblock may be given, by its first PFN; NULL: any
 * @watermark: a zone has reached the watermark
 * @killed: a fatal signal has ended the run
 * @no_memory: the run ended without memory for extents
 * @pinned: pages of pageblocks with blocks that cannot be moved
 * @busy: pages of pageblocks that could not be emptied, or whose pages have other users
 * @kept: pages that the pool does not give back
 * @pinned_pfn: a block that cannot be moved, or PB_NO_PFN
 * @blocked: the first blocks in the way are added to it; may be NULL
 *
 * The caller sets the first four, and @blocked.
 */
struct pb_give_back {
	int			nid;
	pb_alloc_flags_t	wmark;
	bool			move;
	bool			(*may)(unsigned long pfn);
	bool			watermark;
	bool			killed;
	bool			no_memory;
	unsigned long		pinned;
	unsigned long		busy;
	unsigned long		kept;
	unsigned long		pinned_pfn;
	struct pb_blocked	*blocked;
};

unsigned long pb_give_back(struct pb_give_back *run, unsigned long nr_pages);

#endif /* PB_GIVE_BACK_H */
