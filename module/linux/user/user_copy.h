/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies the extensible structs of the ABI from and to user space. Each struct begins with its size
 * in the caller's version of the header, which may differ from the kernel's (see the top of
 * <uapi/linux/pbuddy.h>).
 */
#ifndef PB_USER_COPY_H
#define PB_USER_COPY_H

#include <linux/errno.h>
#include <linux/ioctl.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

/*
 * An ioctl number without the size that _IOWR() encodes, because the size changes when a struct
 * grows.
 */
#define PB_IOCTL_ID(cmd)	((cmd) & ~IOCSIZE_MASK)

/**
 * pb_copy_in() - copy a struct of the caller's size from user space
 * @dst: destination
 * @ksize: bytes at @dst; bytes beyond the caller's size are zeroed
 * @min: bytes of the first version of the struct
 * @src: source; begins with the caller's size as a __u32
 * @usize: that size, for pb_copy_out()
 *
 * Context: may sleep.
 * Return: 0, -EFAULT, -EINVAL when shorter than the first version, -E2BIG when an unknown tail is
 * not zero.
 */
static inline int pb_copy_in(void *dst, size_t ksize, size_t min, const void __user *src,
			     size_t *usize)
{
	u32 size;

	if (get_user(size, (const u32 __user *)src))
		return -EFAULT;
	if (size < min)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	*usize = size;
	return copy_struct_from_user(dst, ksize, src, size);
}

/**
 * pb_copy_out() - copy the part of a struct that the caller knows to user space
 * @dst: destination
 * @usize: bytes the caller knows
 * @src: source
 * @ksize: bytes at @src
 *
 * Context: may sleep.
 * Return: 0 or -EFAULT.
 */
static inline int pb_copy_out(void __user *dst, size_t usize, const void *src, size_t ksize)
{
	return copy_to_user(dst, src, min(usize, ksize)) ? -EFAULT : 0;
}

/**
 * pb_check_element_size() - check the element size of a caller's array
 * @usize: element size given by the caller, in bytes
 * @min: bytes of the first version
 *
 * Return: 0, -EINVAL or -E2BIG.
 */
static inline int pb_check_element_size(u32 usize, size_t min)
{
	if (usize < min)
		return -EINVAL;
	return usize > PAGE_SIZE ? -E2BIG : 0;
}

/**
 * pb_copy_out_element() - copy one element to a caller's array
 * @array: the array
 * @index: index of the element, checked against the length of the array
 * @usize: bytes per element, checked; bytes unknown to the kernel are zeroed
 * @src: source
 * @ksize: bytes at @src
 *
 * Context: may sleep.
 * Return: 0 or -EFAULT.
 */
static inline int pb_copy_out_element(void __user *array, u32 index, u32 usize, const void *src,
				      size_t ksize)
{
	void __user *dst = array + (size_t)index * usize;
	size_t common = min_t(size_t, usize, ksize);

	if (copy_to_user(dst, src, common))
		return -EFAULT;
	return clear_user(dst + common, usize - common) ? -EFAULT : 0;
}

#endif /* PB_USER_COPY_H */
