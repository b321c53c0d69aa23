/* SPDX-License-Identifier: GPL-2.0-only */
/* What the user-space tests share: allocating, mapping, stamping, looking at usage. */
#ifndef COMMON_H
#define COMMON_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <linux/pbuddy.h>

#include "harness.h"

#define DEVICE	"/dev/pbuddy"
#define DEBUGFS	"/sys/kernel/debug/pbuddy"
#define PAGE	4096UL
#define MIB	(1UL << 20)

/* The device, open in every test. */
extern int dev;

struct usage {
	uint64_t	total;		/* bytes, of all nodes */
	uint64_t	free;		/* with those cached per CPU */
	uint64_t	allocated;	/* the rest */
	uint64_t	quarantine;
	uint32_t	nr_nodes;
	struct pbuddy_node_info node[64];
};

void read_usage(struct usage *usage);
/* Some call that leaves the caller's memory alone returned: wait for quarantine to be so large. */
void wait_for_quarantine(uint64_t bytes);

/* A valid request for a read-write buffer. */
struct pbuddy_alloc request(uint64_t bytes);
/* Allocates as asked, or fails the test. */
int alloc_as(struct pbuddy_alloc *rq);
int alloc_buffer(uint64_t bytes);
/* Maps read-write, or fails the test. */
uint64_t *map_buffer(int fd, size_t bytes);
uint64_t *map_device(size_t bytes);
/* QUERY with as many extents as fit; returns how many there are. */
uint32_t query_extents(int fd, struct pbuddy_query *q, struct pbuddy_extent *ext, uint32_t nr);

/* Nearly all that is free, as one or several buffers of order-0 pages; their number. */
#define BUFFER_SET_MAX 64
struct buffer_set {
	int	nr;
	int	fd[BUFFER_SET_MAX];
	size_t	bytes[BUFFER_SET_MAX];
};

void alloc_all_free(struct buffer_set *set);
void close_buffers(struct buffer_set *set);

void stamp(uint64_t *p, size_t bytes, uint64_t id);
/* Index of the first word that is not as stamped, or -1. */
ssize_t stamp_broken(const uint64_t *p, size_t bytes, uint64_t id);
ssize_t first_nonzero(const uint64_t *p, size_t bytes);

/* Runs fn in a child: its exit status, or minus the signal that ended it. */
int in_child(void (*fn)(void *arg), void *arg);
/* Gives up root for good; CAP_SYS_ADMIN goes with it. */
void drop_privileges(void);

/* Opens a pair of unix sockets, or skips the test in a kernel without them. */
void make_sockets(int sock[2]);
/* Sends a descriptor over a unix socket (SCM_RIGHTS). */
void send_fd(int sock, int fd);

/* First bytes of a file as a string; false when it cannot be read. */
bool read_file(const char *path, char *buf, size_t len);

/* What the program does after exec: 0 when the descriptor is a buffer, 1 when it is closed. */
#define CHECK_FD_OPTION "--check-fd"
int check_fd(int fd);

/* 0 when standard input is one JSON value. */
int check_json(void);

#endif /* COMMON_H */
