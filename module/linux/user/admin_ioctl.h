/* SPDX-License-Identifier: GPL-2.0-only */
/* The ioctls COMPACT and DRAIN of /dev/pbuddy. */
#ifndef PB_ADMIN_IOCTL_H
#define PB_ADMIN_IOCTL_H

void pb_admin_ioctl_init(void (*drain_node)(int nid));
long pb_compact_ioctl(void __user *arg);
long pb_drain_ioctl(void __user *arg);

#endif /* PB_ADMIN_IOCTL_H */
