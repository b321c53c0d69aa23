/* SPDX-License-Identifier: GPL-2.0-only */
/* What is still allocated when the module goes: listed, and kept from being given back. */
#ifndef PB_LEAK_H
#define PB_LEAK_H

#include <linux/types.h>

void pb_leak_report(void);
bool pb_leak_in_pageblock(unsigned long pfn);

#endif /* PB_LEAK_H */
