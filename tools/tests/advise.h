/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions that the tests of purgeable buffers share: ADVISE, and a node that is full. */
#ifndef ADVISE_H
#define ADVISE_H

#include "common.h"

/* The struct of the last call of advise(), with its answer. */
extern struct pbuddy_advise last_advice;

/* Returns what the ioctl returns. */
int advise(int fd, uint32_t advice);
/* PAGEOUT, again when the store took longer than the second that it may, on a slow machine. */
int pageout_patiently(int fd);
void dontneed(int fd);
/* Returns whether the contents are there. */
bool willneed(int fd);
/* A buffer on the first node that may be swapped out. */
int alloc_swappable(uint64_t bytes);
/* Swaps a buffer out, or fails the test. */
void pageout(int fd);

/* Expects the line "pbuddy-KEY" of /proc/self/fdinfo to have so many bytes. */
void expect_fdinfo(int fd, const char *key, uint64_t bytes);

/* A request for a buffer on the first node. */
struct pbuddy_alloc on_node(uint64_t bytes, uint32_t mclass);
int alloc_on_node(uint64_t bytes);
/* Allocates the first node as a whole, with what can be purged. The node threads sleep then. */
void fill_node(struct buffer_set *set);
/* The same, as far as the set has space and at once, while other tasks allocate. */
void try_fill_node(struct buffer_set *set);

/* The record of a buffer in LIST. */
struct pbuddy_buffer_info info_of(int fd);
/* Reads *@p in a child, which has no descriptor of what fills the node. */
pid_t touch_in_child(const volatile uint64_t *p, struct buffer_set *set);

/* The cgroup of the tests of swapping, which user-swap.sh creates. */
#define SWAP_CGROUP	"/sys/fs/cgroup/swap/"

/* Bytes of the first node. */
uint64_t node_bytes(void);
/*
 * Changes them. Tries again while blocks are on their way to the free lists, and while the kernel
 * cannot move what it has in a range.
 */
void resize_node(uint64_t bytes);

#endif /* ADVISE_H */
