/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that the user-space tests share.
 *
 * A buffer is memory that /dev/pbuddy has allocated for a program; a file descriptor stands for
 * it. A stamped mapping holds, in each word of 64 bits, a value computed from an id and the index
 * of the word: a page that was freed too early, allocated twice or mapped at a wrong offset shows
 * as a word that differs. The quarantine is the list of pages whose buffer has ended while other
 * users of get_user_pages() still refer to them.
 */
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

/* A descriptor of the device, open in every test. */
extern int dev;

struct usage {
	uint64_t	total;		/* bytes, of all nodes */
	uint64_t	free;		/* includes the pages in per-CPU caches */
	uint64_t	allocated;	/* total - free, without the pages with a memory error */
	uint64_t	quarantine;
	uint32_t	nr_nodes;
	struct pbuddy_node_info node[64];
};

/*
 * Seconds in which what a thread of the module or of the kernel does has happened, also on a CPU
 * that a loaded host runs late.
 */
#define PATIENCE 120

/* A wait for a condition: begin with { 0 }, and look again while more_patience() is true. */
struct patience {
	int64_t	end_ms;
};

bool more_patience(struct patience *wait);

/*
 * RESIZE, again while the kernel cannot move what it has in a range, for a moment. Returns what the
 * ioctl returns.
 */
int resize_patiently(struct pbuddy_resize *r);

void read_usage(struct usage *usage);
/*
 * Free pages are counted in the zones first, and then in the caches of the CPUs: what a thread of
 * the module moves meanwhile is counted twice or not at all. This one reads the usage until
 * @allocated was the same three times.
 */
void read_settled_usage(struct usage *usage);
/*
 * Waits until the node threads sleep: they neither hold pages that they purge, move or drain, nor
 * have yet to look at a shortage of memory that has ended.
 */
void wait_for_node_threads(void);
/* Waits until exactly so many bytes are allocated, as above. Returns the last number read. */
uint64_t wait_for_allocated(uint64_t bytes);
#define CHECK_ALLOCATED(bytes)							\
	do {									\
		uint64_t _want = (bytes);					\
										\
		CHECK_EQ(wait_for_allocated(_want), _want);			\
	} while (0)
/* Waits until the quarantine holds exactly so many bytes, or fails the test. */
void wait_for_quarantine(uint64_t bytes);

/* A valid request for a read-write buffer. */
struct pbuddy_alloc request(uint64_t bytes);
/* Returns the descriptor of a new buffer, or fails the test. */
int alloc_as(struct pbuddy_alloc *rq);
int alloc_buffer(uint64_t bytes);
/* A valid request for a buffer on the first node alone. */
struct pbuddy_alloc request_on_node(uint64_t bytes);
/* Maps from offset 0, readable and writable, or fails the test. */
uint64_t *map_buffer(int fd, size_t bytes);
uint64_t *map_device(size_t bytes);
/* Fills @q and up to @nr extents by QUERY; returns how many extents the buffer has. */
uint32_t query_extents(int fd, struct pbuddy_query *q, struct pbuddy_extent *ext, uint32_t nr);

/* A number of buffers, whose extents may have any order. */
#define BUFFER_SET_MAX 64
struct buffer_set {
	int	nr;
	int	fd[BUFFER_SET_MAX];
	size_t	bytes[BUFFER_SET_MAX];
};

/* Allocates the free memory of all nodes, but for what the watermarks keep. */
void alloc_all_free(struct buffer_set *set);
void close_buffers(struct buffer_set *set);

/* Writes a text to a file that exists. Returns 0 or an errno. */
int write_file(const char *path, const char *text);
/* A parameter of the module. */
bool try_set_parameter(const char *name, const char *value);
void set_parameter(const char *name, const char *value);
uint64_t pfn_of(const void *p);
/* Returns a writable dma-buf of a buffer, or skips the test in a kernel without dma-bufs. */
int export_buffer(int fd);
uint64_t phys_of(int fd);
/* Allocates all free memory; fails the test if one of these pages is in it, or is not. */
void expect_not_allocated(uint64_t phys, size_t bytes);
void expect_allocated(uint64_t phys, size_t bytes);
/* Bytes of pages with a memory error. */
uint64_t set_aside(void);

void stamp(uint64_t *p, size_t bytes, uint64_t id);
/* Index of the first word that differs from the stamp, or -1. */
ssize_t stamp_broken(const uint64_t *p, size_t bytes, uint64_t id);
ssize_t first_nonzero(const uint64_t *p, size_t bytes);
/* Stamps and frees all free memory, so that a page that is not zeroed shows. */
void stamp_everything(uint64_t id);

/* Runs @fn in a child; returns its exit status, or minus the signal that ended it. */
int in_child(void (*fn)(void *arg), void *arg);
/* Changes to user and group 65534, without capabilities, until the process ends. */
void drop_privileges(void);

/* Opens a pair of unix sockets, or skips the test in a kernel without them. */
void make_sockets(int sock[2]);
/* Sends a descriptor over a unix socket (SCM_RIGHTS). */
void send_fd(int sock, int fd);

/* Compacts all nodes, as far as possible. */
void compact_all(void);

#define CHILDREN_MAX 16

/* Children that run beside a test, until *@stop. */
struct children {
	volatile uint32_t	*stop;
	unsigned int		nr;
	pid_t			pid[CHILDREN_MAX];
};

/* Calls @fn in @nr children, with the number of each; a child ends after that. */
void start_children(struct children *children, unsigned int nr,
		    void (*fn)(unsigned int nr, const volatile uint32_t *stop));
/* Stops them; fails the test when one has failed. */
void stop_children(struct children *children);

/* Counter of the module by its name in vmstat; fails the test when there is none. */
unsigned long vmstat_event(const char *name);
/* Whether the kernel is of this release or a later one. */
bool kernel_has_reached(unsigned int major, unsigned int minor);
/* Duration of a stress test: PBUDDY_RACE_SECONDS, or else @otherwise. */
unsigned int race_seconds(unsigned int otherwise);

/* Reads up to @len - 1 bytes of a file into a string; false when it cannot be opened. */
bool read_file(const char *path, char *buf, size_t len);

/* For a test that calls exec(): returns 0 when the descriptor is a buffer, 1 otherwise. */
#define CHECK_FD_OPTION "--check-fd"
int check_fd(int fd);

#endif /* COMMON_H */
