/* SPDX-License-Identifier: GPL-2.0-only */
/* The ioctls of a buffer's descriptor. */
#ifndef PB_BUFFER_IOCTL_H
#define PB_BUFFER_IOCTL_H

struct file;

long pb_buffer_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* PB_BUFFER_IOCTL_H */
