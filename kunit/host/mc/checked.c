// SPDX-License-Identifier: GPL-2.0-only
/* Inline functions of the core for scenarios: this file is compiled as the core is. */
#include "core/alloc/checked_free.h"
#include "scenario.h"

/* Frees a checked block of one page as free_checked.c does; false: it is not one, or is lost. */
bool mc_free_checked(unsigned long pfn)
{
	struct pb_checked_block block;

	if (pb_free_fast_checked(mc.pool, pfn, 0, NULL, NULL, &block) != PB_FREE_FAST_CHECKED)
		return false;
	if (!pb_checked_take(&block)) {
		preempt_enable();
		return false;
	}
	pb_checked_put_preempt_enable(&block);
	return true;
}
