/* SPDX-License-Identifier: GPL-2.0-only */
/* The directories nodeN of the device in sysfs. */
#ifndef PB_NODE_SYSFS_H
#define PB_NODE_SYSFS_H

struct attribute_group;

const struct attribute_group **pb_node_sysfs_create(void);
void pb_node_sysfs_destroy(void);

#endif /* PB_NODE_SYSFS_H */
