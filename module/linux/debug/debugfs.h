/* SPDX-License-Identifier: GPL-2.0-only */
/* The directory pbuddy/ in debugfs; nothing where the kernel has none. */
#ifndef PB_DEBUGFS_H
#define PB_DEBUGFS_H

#include <linux/kconfig.h>

#if IS_ENABLED(CONFIG_DEBUG_FS)
int pb_debugfs_init(void);
void pb_debugfs_exit(void);
#else
static inline int pb_debugfs_init(void)
{
	return 0;
}

static inline void pb_debugfs_exit(void)
{
}
#endif

#endif /* PB_DEBUGFS_H */
