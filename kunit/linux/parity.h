/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers of the suites that send the same request to pbuddy and to the kernel's allocator
 * (test_parity*.c): skip where the two are not comparable, and reduce a page to the node it came
 * from.
 */
#ifndef PT_PARITY_H
#define PT_PARITY_H

#include <kunit/test.h>
#include <linux/gfp.h>

struct pb_zone;

/*
 * Skips the case if pbuddy has no memory. Unreserves the highatomic pageblocks that earlier
 * cases reserved: their number depends on the zone's size, and most requests may not use them.
 */
int pt_parity_init(struct kunit *test);

/* The last node with memory: not the first one if there are two. */
int pt_far_node(void);

/*
 * True if both allocators have memory for these flags on the same nodes: pbuddy need not own
 * memory of every zone that the kernel has.
 */
bool pt_same_nodes(gfp_t gfp);

/* The node of @page, which is freed; or NUMA_NO_NODE for no page. */
int pt_kernel_node(struct page *page, unsigned int order);
int pt_pbuddy_node(struct page *page, unsigned int order);

/* The zone that pbuddy has on a node, or NULL if it has none or several there. */
struct pb_zone *pt_only_zone(int nid);

#endif /* PT_PARITY_H */
