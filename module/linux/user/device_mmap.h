/* SPDX-License-Identifier: GPL-2.0-only */
/* mmap() of the device. See device_mmap.c. */
#ifndef PB_DEVICE_MMAP_H
#define PB_DEVICE_MMAP_H

struct vm_area_struct;

int pb_mmap_new(struct vm_area_struct *vma);

#endif /* PB_DEVICE_MMAP_H */
