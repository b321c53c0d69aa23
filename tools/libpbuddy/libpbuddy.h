/* SPDX-License-Identifier: MIT */
/*
 * libpbuddy: memory of the pbuddy kernel module for programs. libpbuddy(3) describes each function.
 *
 * A device and a buffer are file descriptors, so they are closed, passed to other processes and
 * polled like others; the memory is freed with the last descriptor or mapping. The structs are
 * those of <linux/pbuddy.h>. The caller sets @size of a struct to its sizeof(), by which programs,
 * library and module of different versions work together.
 *
 * A function that fails returns -1 (NULL where it returns a pointer), with errno set;
 * pbuddy_error() says what failed and why. All functions may be called by several threads at once.
 */
#ifndef LIBPBUDDY_H
#define LIBPBUDDY_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <linux/pbuddy.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Initialises a request for a buffer that is readable, writable and closed by exec(). The module
 * does the last without O_CLOEXEC, which C without extensions does not have in <fcntl.h>.
 */
static inline void pbuddy_request_init(struct pbuddy_alloc *request, uint64_t bytes)
{
	memset(request, 0, sizeof(*request));
	request->size = sizeof(*request);
	request->bytes = bytes;
	request->node = PBUDDY_NODE_ANY;
	request->fd_flags = O_RDWR;
}

/* The device; NULL for /dev/pbuddy. */
int pbuddy_open(const char *path);

/* Memory of the module. */
int pbuddy_get_info(int device, struct pbuddy_info *info);
int pbuddy_get_nodes(int device, struct pbuddy_node_info *nodes, size_t node_size,
		     unsigned int max);
int pbuddy_watch_pressure(int device, struct pbuddy_pressure *trigger);

/* Buffers. */
int pbuddy_alloc_buffer(int device, struct pbuddy_alloc *request);
int pbuddy_alloc_buffers(int device, struct pbuddy_alloc *request, unsigned int count,
			 int *buffers);
void *pbuddy_map_buffer(int buffer, int prot, size_t *bytes);
int pbuddy_unmap_buffer(void *address, size_t bytes);
int pbuddy_query_buffer(int buffer, struct pbuddy_query *query);
int pbuddy_get_extents(int buffer, unsigned int first, struct pbuddy_extent *extents,
		       size_t extent_size, unsigned int max);
int pbuddy_export_dmabuf(int buffer, int fd_flags);
int pbuddy_advise_buffer(int buffer, unsigned int advice);

/* The last failure in the calling thread. */
const char *pbuddy_error(void);
unsigned int pbuddy_error_reason(void);
const char *pbuddy_reason_text(unsigned int reason);
/* Of enum pbuddy_swap_reason. */
const char *pbuddy_swap_reason_text(unsigned int reason);

#ifdef __cplusplus
}
#endif

#endif /* LIBPBUDDY_H */
