/* SPDX-License-Identifier: GPL-2.0-only */
/* Adapts the host to the layout of a pool under test. */
#ifndef PT_LAYOUTS_H
#define PT_LAYOUTS_H

/*
 * Sets the number of nodes that the host's CPUs are distributed to. The kernel has its own
 * nodes.
 */
static inline void pt_layout_use_nodes(int nr_nodes)
{
#ifndef __KERNEL__
	pb_host_nr_nodes = nr_nodes;
#else
	(void)nr_nodes;
#endif
}

#endif /* PT_LAYOUTS_H */
