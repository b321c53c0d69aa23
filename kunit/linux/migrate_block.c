// SPDX-License-Identifier: GPL-2.0-only
/* Migrates one block by the operations of its owner. */
#include <linux/errno.h>
#include <linux/mm.h>

#include "api/movable_migrate.h"
#include "core/base/ops.h"
#include "core/compact/movable.h"
#include "instance.h"
#include "migrate_block.h"

int pt_migrate_block(struct page *src, struct page *dst, unsigned int order)
{
	unsigned long src_pfn = page_to_pfn(src), dst_pfn = page_to_pfn(dst);
	struct pb_migration m = {
		.src = src_pfn, .dst = dst_pfn, .src_heads = 1, .dst_heads = 1, .order = order,
		.mode = PB_MIGRATE_SYNC,
	};

	/* As migrate.c does. */
	if (pb_movable_set(&pb_instance, dst_pfn) ||
	    !pb_movable_isolate(&pb_instance, dst_pfn, order) ||
	    !pb_movable_isolate(&pb_instance, src_pfn, order))
		return -EINVAL;
	pb_movable_ops_migrate(&pb_instance, &m);
	pb_movable_putback(&pb_instance, dst_pfn);
	pb_movable_putback(&pb_instance, src_pfn);
	return m.err;
}
