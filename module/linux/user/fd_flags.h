/* SPDX-License-Identifier: GPL-2.0-only */
/* Flags of a descriptor that a request of user space has. */
#ifndef PB_FD_FLAGS_H
#define PB_FD_FLAGS_H

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/types.h>

#include <uapi/linux/pbuddy.h>

/**
 * pb_parse_fd_flags() - convert the descriptor flags of a request
 * @flags: fd_flags, as user space gave them
 * @file_flags: set to O_RDWR or O_RDONLY, for the file
 * @fd_flags: set to O_CLOEXEC or 0, for the descriptor
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
static inline int pb_parse_fd_flags(u32 flags, unsigned int *file_flags,
				    unsigned int *fd_flags)
{
	if (flags & ~(O_ACCMODE | O_CLOEXEC | PBUDDY_FD_INHERIT))
		return -EINVAL;
	if ((flags & O_CLOEXEC) && (flags & PBUDDY_FD_INHERIT))
		return -EINVAL;
	*file_flags = flags & O_ACCMODE;
	if (*file_flags != O_RDWR && *file_flags != O_RDONLY)
		return -EINVAL;
	*fd_flags = flags & PBUDDY_FD_INHERIT ? 0 : O_CLOEXEC;
	return 0;
}

#endif /* PB_FD_FLAGS_H */
