/* SPDX-License-Identifier: GPL-2.0-only */
/* The file descriptor of a buffer. */
#ifndef PB_BUFFER_FD_H
#define PB_BUFFER_FD_H

struct file;
struct pb_buffer;

int pb_buffer_fs_pin(void);
void pb_buffer_fs_unpin(void);
struct file *pb_buffer_file(struct pb_buffer *buf, unsigned int flags);
struct pb_buffer *pb_buffer_of_file(const struct file *file);

#endif /* PB_BUFFER_FD_H */
