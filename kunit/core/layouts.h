/* SPDX-License-Identifier: GPL-2.0-only */
/* Which memory the pools under test are made of; see layouts.c. */
#ifndef PT_LAYOUTS_H
#define PT_LAYOUTS_H

/* Tells the host how many nodes its CPUs are dealt out to; the kernel knows its own. */
static inline void pt_layout_use_nodes(int nr_nodes)
{
#ifndef __KERNEL__
	pb_host_nr_nodes = nr_nodes;
#else
	(void)nr_nodes;
#endif
}

#endif /* PT_LAYOUTS_H */
