/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory of a node, as GET_INFO and sysfs show it. */
#ifndef PB_NODE_INFO_H
#define PB_NODE_INFO_H

#include <linux/types.h>

struct pbuddy_node_info;

bool pb_node_info(int nid, struct pbuddy_node_info *info, bool largest);

#endif /* PB_NODE_INFO_H */
