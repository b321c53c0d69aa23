/* SPDX-License-Identifier: GPL-2.0-only */
/* The ioctls of /dev/pbuddy. */
#ifndef PB_DEVICE_IOCTL_H
#define PB_DEVICE_IOCTL_H

struct file;

long pb_device_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* PB_DEVICE_IOCTL_H */
