/* SPDX-License-Identifier: GPL-2.0-only */
/* Kinds of misuse: why a free is refused or a page is set aside. Reported through ops->bad. */
#ifndef PB_BAD_PAGE_H
#define PB_BAD_PAGE_H

enum pb_bad {
	PB_BAD_NONE,
	PB_BAD_FOREIGN,		/* not a page pbuddy owns */
	PB_BAD_ORDER_RANGE,	/* order above PB_MAX_ORDER */
	PB_BAD_ALIGN,		/* pfn not aligned to the order */
	PB_BAD_DOUBLE,		/* the frame is free already */
	PB_BAD_ORDER,		/* allocated with another order */
	PB_BAD_TAIL,		/* inside an allocated block, not its head */
	PB_BAD_IN_USE,		/* about to be handed out while allocated: set aside */
	PB_BAD_GUARD,		/* a guard page */
	PB_BAD_COMPOUND,	/* a compound page, to be split */
	PB_NR_BAD,
};

#endif /* PB_BAD_PAGE_H */
