/* SPDX-License-Identifier: GPL-2.0-only */
/* The ioctl FRAG of /dev/pbuddy. */
#ifndef PB_FRAG_H
#define PB_FRAG_H

long pb_frag_ioctl(void __user *arg);

#endif /* PB_FRAG_H */
