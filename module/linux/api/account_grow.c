// SPDX-License-Identifier: GPL-2.0-only
/*
 * Growth of the pool for requests that kernel_reserve would refuse.
 *
 * The part that all accounts together leave is one of the pages that the pool has, so it is left
 * also while the source refuses to provide more. A pool that may grow does so before it refuses a
 * request. Otherwise programs could not make it grow at all: they are charged before they get
 * memory, and cannot use up what there is.
 */
#include "api/account_grow.h"
#include "api/account_limit.h"
#include "api/account_types.h"
#include "api/deferred_grow.h"
#include "core/base/request.h"
#include "instance.h"

/**
 * pb_account_grow - grow the pool so that all accounts together may have more pages
 * @nid: node that grows if it can, else the nearest one that can
 * @flags: PB_ALLOC_ flags of the request; it must be one that may grow the pool for itself
 * @nr_pages: pages that were refused
 *
 * Context: that of the request.
 * Return: whether the pool has grown: charge again.
 */
bool pb_account_grow(int nid, pb_alloc_flags_t flags, unsigned long nr_pages)
{
	const struct pb_request rq = {
		.nid = nid,
		.flags = flags & (PB_ALLOC_WAIT | PB_ALLOC_IO | PB_ALLOC_FS | PB_ALLOC_RECLAIMING),
		.highest_zone = PB_ZONE_MOVABLE,
	};
	unsigned long lacking;

	if (!pb_may_reclaim(&rq))
		return false;
	lacking = pb_account_pages_lacking(atomic_long_read(&pb_account_everyone.pages) + nr_pages);
	return lacking && pb_deferred_grow(&pb_instance, &rq, lacking);
}
