/* SPDX-License-Identifier: GPL-2.0-only */
/* PBUDDY_IOCTL_LIST. See list.c. */
#ifndef PB_LIST_H
#define PB_LIST_H

long pb_list_ioctl(void __user *arg);

#endif /* PB_LIST_H */
