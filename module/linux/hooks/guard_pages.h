/* SPDX-License-Identifier: GPL-2.0-only */
/* Guard pages, which detect writes beyond the ends of a block. See guard_pages.c. */
#ifndef PB_GUARD_PAGES_H
#define PB_GUARD_PAGES_H

#include <linux/jump_label.h>

#include "core/alloc/alloc.h"
#include "core/alloc/guard.h"
#include "instance.h"

DECLARE_STATIC_KEY_FALSE(pb_guard_key);		/* on if guard_minorder= is not 0 */

int pb_guard_start(unsigned int minorder);
void pb_guard_stop(void);

unsigned long pb_guard_alloc(const struct pb_request *rq);
unsigned long pb_guard_alloc_bulk(const struct pb_request *rq, unsigned long nr,
				  unsigned long *pfns);
enum pb_bad pb_guard_check_free(unsigned long pfn, unsigned int order);
void pb_guard_check_drop(unsigned long pfn, unsigned int order);

/* As pb_free(), for a block that may have guards. */
static inline enum pb_bad pb_guarded_free(unsigned long pfn, unsigned int order)
{
	if (static_branch_unlikely(&pb_guard_key))
		return pb_guard_check_free(pfn, order);
	return pb_free(&pb_instance, pfn, order);
}

/* Frees the guards of a block, if any. Call it before a block is split or becomes movable. */
static inline void pb_guarded_drop(unsigned long pfn, unsigned int order)
{
	if (static_branch_unlikely(&pb_guard_key))
		pb_guard_check_drop(pfn, order);
}

#endif /* PB_GUARD_PAGES_H */
