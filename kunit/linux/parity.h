/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the suites that compare pbuddy with the kernel's own allocator (test_parity*.c): when the two
 * can be compared, and what a request shows of itself.
 */
#ifndef PT_PARITY_H
#define PT_PARITY_H

#include <kunit/test.h>
#include <linux/gfp.h>

struct pb_zone;

/*
 * Skips where pbuddy has no memory. What earlier cases had kept back for atomic requests is given
 * back: how much that is depends on the size of a zone, and it is out of reach for most requests.
 */
int pt_parity_init(struct kunit *test);

/* The last node, which is another one than the first where there are two. */
int pt_far_node(void);

/*
 * Both have memory for requests of these flags on the same nodes. pbuddy need not own some of
 * every zone that the kernel has.
 */
bool pt_same_nodes(gfp_t gfp);

/* Node of a page that is given back at once, or NUMA_NO_NODE: no page. */
int pt_kernel_node(struct page *page, unsigned int order);
int pt_pbuddy_node(struct page *page, unsigned int order);

/* The only zone that pbuddy has on a node; NULL where there are none or more. */
struct pb_zone *pt_only_zone(int nid);

#endif /* PT_PARITY_H */
