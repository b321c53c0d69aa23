/* SPDX-License-Identifier: GPL-2.0-only */
/* Compaction in debugfs. */
#ifndef PB_COMPACT_DEBUGFS_H
#define PB_COMPACT_DEBUGFS_H

struct dentry;

void pb_compact_debugfs_init(struct dentry *root);

#endif /* PB_COMPACT_DEBUGFS_H */
