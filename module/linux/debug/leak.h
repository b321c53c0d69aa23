/* SPDX-License-Identifier: GPL-2.0-only */
/* Leaked blocks at unload: list them, and find pageblocks that cannot be returned. */
#ifndef PB_LEAK_H
#define PB_LEAK_H

#include <linux/types.h>

void pb_leak_report(void);
bool pb_leak_in_pageblock(unsigned long pfn);

#endif /* PB_LEAK_H */
