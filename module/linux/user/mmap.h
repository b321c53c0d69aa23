/* SPDX-License-Identifier: GPL-2.0-only */
/* Mapping buffers into user space. */
#ifndef PB_MMAP_H
#define PB_MMAP_H

struct pb_buffer;
struct vm_area_struct;

int pb_mmap_buffer(struct pb_buffer *buf, struct vm_area_struct *vma);
int pb_mmap_new(struct vm_area_struct *vma);
struct pb_buffer *pb_buffer_of_vma(struct vm_area_struct *vma);

#endif /* PB_MMAP_H */
