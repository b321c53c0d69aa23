/* SPDX-License-Identifier: GPL-2.0-only */
/* The device node /dev/pbuddy. */
#ifndef PB_DEVICE_H
#define PB_DEVICE_H

int pb_device_init(void);
void pb_device_exit(void);

#endif /* PB_DEVICE_H */
