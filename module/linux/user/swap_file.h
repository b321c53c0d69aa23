/* SPDX-License-Identifier: GPL-2.0-only */
/* The contents of a buffer that is swapped out, in a file of shmem. See swap_file.c. */
#ifndef PB_SWAP_FILE_H
#define PB_SWAP_FILE_H

struct mem_cgroup;
struct pb_buffer;
struct pb_swap_file;

struct pb_swap_file *pb_swap_file_create(unsigned long nr_pages, struct mem_cgroup *memcg);
int pb_swap_file_store(struct pb_swap_file *swap, struct pb_buffer *buf);
int pb_swap_file_load(const struct pb_swap_file *swap, struct pb_buffer *buf);
unsigned long pb_swap_file_pages(const struct pb_swap_file *swap);
void pb_swap_file_free(struct pb_swap_file *swap);

#endif /* PB_SWAP_FILE_H */
