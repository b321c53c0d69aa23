// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap() of the device: allocates a buffer of the length of the mapping, and maps it. Programs that
 * map a file by its path get memory of pbuddy so. The mapping has the file of the buffer in place
 * of the device's, with the size of the buffer.
 */
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/topology.h>

#include "user/buffer.h"
#include "user/buffer_fd.h"
#include "user/device_mmap.h"
#include "user/mmap.h"

/* Sets the file of a buffer in place of the device's. */
static int set_file(struct pb_buffer *buf, struct vm_area_struct *vma)
{
	struct file *file;

	file = pb_buffer_file(pb_buffer_get(buf), vma->vm_flags & VM_MAYWRITE ? O_RDWR : O_RDONLY);
	if (IS_ERR(file)) {
		pb_buffer_put(buf);
		return PTR_ERR(file);
	}
	vma_set_file(vma, file);
	fput(file);
	return 0;
}

/**
 * pb_mmap_new() - allocate a buffer of the length of a mapping, and map it
 * @vma: the new mapping, which must be shared and at offset 0
 *
 * The buffer is movable, on the nodes of the task's memory policy, or without one on the nearest
 * node. Only mappings reference it.
 *
 * Context: mmap of a file, mmap_lock held for writing.
 * Return: 0, -EINVAL for a private mapping or another offset, -ENOMEM, -ENFILE, -EINTR.
 */
int pb_mmap_new(struct vm_area_struct *vma)
{
	struct pb_buffer_spec spec = {
		.nr_pages = vma_pages(vma),
		.policy = true,
		.nid = numa_node_id(),
		.migratetype = PB_MOVABLE,
		.prepare_later = true,
		.label = "mmap",
	};
	enum pb_reason reason;
	struct pb_buffer *buf;
	int err;

	if (pb_vma_is_private(vma) || vma->vm_pgoff)
		return -EINVAL;
	buf = pb_buffer_create(&spec, &reason);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	err = set_file(buf, vma) ?: pb_mmap_buffer(buf, vma);
	pb_buffer_put(buf);
	return err;
}
