/* SPDX-License-Identifier: GPL-2.0-only */
/* Where memory may be added to the machine. See hot_pluggable.c. */
#ifndef PB_HOT_PLUGGABLE_H
#define PB_HOT_PLUGGABLE_H

unsigned long pb_hot_pluggable_end(void);

#endif /* PB_HOT_PLUGGABLE_H */
