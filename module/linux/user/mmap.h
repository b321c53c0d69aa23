/* SPDX-License-Identifier: GPL-2.0-only */
/* Mapping buffers into user space. */
#ifndef PB_MMAP_H
#define PB_MMAP_H

#include <linux/mm.h>

struct pb_buffer;

int pb_mmap_buffer(struct pb_buffer *buf, struct vm_area_struct *vma);
struct pb_buffer *pb_buffer_of_vma(struct vm_area_struct *vma);

/*
 * MAP_SHARED of a read-only descriptor arrives with VM_SHARED cleared (and without VM_MAYWRITE,
 * so that mprotect() cannot make it writable). VM_MAYSHARE distinguishes it from MAP_PRIVATE.
 */
static inline bool pb_vma_is_private(const struct vm_area_struct *vma)
{
	return !(vma->vm_flags & VM_MAYSHARE);
}

#endif /* PB_MMAP_H */
