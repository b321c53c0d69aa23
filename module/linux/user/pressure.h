/* SPDX-License-Identifier: GPL-2.0-only */
/* The ioctl PRESSURE of the device. See pressure.c. */
#ifndef PB_USER_PRESSURE_H
#define PB_USER_PRESSURE_H

#include <linux/compiler_types.h>

long pb_pressure_ioctl(void __user *arg);

#endif /* PB_USER_PRESSURE_H */
