// SPDX-License-Identifier: MIT
/* libpbuddy: allocates, maps, queries and exports buffers. */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "error.h"
#include "libpbuddy.h"

/* The largest struct that the kernel takes: a page. */
#define REQUEST_MAX	4096

/* Records why @request failed. The kernel writes a reason with these two errors alone. */
static int alloc_failed(const struct pbuddy_alloc *request, unsigned int count)
{
	bool has_reason = errno == ENOMEM || errno == EDQUOT;
	uint32_t reason = has_reason ? request->reason : PBUDDY_REASON_NONE;
	const char *hint = reason ? pbuddy_reason_text(reason) : NULL;
	unsigned long long bytes = request->bytes;

	if (count == 1)
		return pbuddy_fail__(reason, hint, "cannot allocate %llu bytes", bytes);
	return pbuddy_fail__(reason, hint, "cannot allocate %u buffers of %llu bytes", count,
			     bytes);
}

int pbuddy_alloc_buffer(int device, struct pbuddy_alloc *request)
{
	if (ioctl(device, PBUDDY_IOCTL_ALLOC, request))
		return alloc_failed(request, 1);
	return request->fd;
}

/* The argument of ALLOC_BATCH. A request may be longer or shorter than this library's. */
union batch_arg {
	struct pbuddy_alloc_batch	batch;
	unsigned char			bytes[REQUEST_MAX];
};

static void fill_batch(union batch_arg *arg, const struct pbuddy_alloc *request, unsigned int nr,
		       int *buffers)
{
	memset(arg, 0, sizeof(*arg));
	arg->batch.size = (uint32_t)offsetof(struct pbuddy_alloc_batch, each) + request->size;
	arg->batch.count = nr;
	arg->batch.fds_ptr = (uintptr_t)buffers;
	memcpy(&arg->batch.each, request, request->size);
}

/*
 * Batches of up to PBUDDY_BATCH_MAX buffers. The kernel overwrites the request with its results, as
 * @node, so each batch gets a copy of the caller's.
 */
int pbuddy_alloc_buffers(int device, struct pbuddy_alloc *request, unsigned int count,
			 int *buffers)
{
	union batch_arg arg;
	unsigned int done, nr;
	int err;

	if (request->size < PBUDDY_ALLOC_SIZE_VER0 || !count) {
		errno = EINVAL;
		return alloc_failed(request, count);
	}
	if (request->size > REQUEST_MAX - offsetof(struct pbuddy_alloc_batch, each)) {
		errno = E2BIG;
		return alloc_failed(request, count);
	}
	for (done = 0; done < count; done += nr) {
		nr = count - done < PBUDDY_BATCH_MAX ? count - done : PBUDDY_BATCH_MAX;
		fill_batch(&arg, request, nr, buffers + done);
		if (!ioctl(device, PBUDDY_IOCTL_ALLOC_BATCH, &arg))
			continue;
		err = errno;
		while (done)
			close(buffers[--done]);
		request->reason = arg.batch.each.reason;
		errno = err;
		return alloc_failed(request, count);
	}
	memcpy(request, &arg.batch.each, request->size);
	return 0;
}

int pbuddy_query_buffer(int buffer, struct pbuddy_query *query)
{
	return ioctl(buffer, PBUDDY_IOCTL_QUERY, query) ? pbuddy_fail__(0, NULL, "QUERY") : 0;
}

int pbuddy_get_extents(int buffer, unsigned int first, struct pbuddy_extent *extents,
		       size_t extent_size, unsigned int max)
{
	struct pbuddy_query query = {
		.size = sizeof(query),
		.extents_ptr = (uintptr_t)extents,
		.nr_extents = max,
		.extent_size = (uint32_t)extent_size,
		.first_extent = first,
	};

	return pbuddy_query_buffer(buffer, &query) ? -1 : (int)query.nr_extents;
}

void *pbuddy_map_buffer(int buffer, int prot, size_t *bytes)
{
	struct pbuddy_query query = {
		.size = sizeof(query),
		.extent_size = sizeof(struct pbuddy_extent),
	};
	void *address;

	if (pbuddy_query_buffer(buffer, &query))
		return NULL;
	address = mmap(NULL, query.bytes, prot, MAP_SHARED, buffer, 0);
	if (address == MAP_FAILED) {
		pbuddy_fail__(0, NULL, "cannot map %llu bytes", (unsigned long long)query.bytes);
		return NULL;
	}
	*bytes = query.bytes;
	return address;
}

int pbuddy_unmap_buffer(void *address, size_t bytes)
{
	return munmap(address, bytes) ? pbuddy_fail__(0, NULL, "cannot unmap %zu bytes", bytes) : 0;
}

int pbuddy_export_dmabuf(int buffer, int fd_flags)
{
	struct pbuddy_export_dmabuf request = {
		.size = sizeof(request),
		.fd_flags = (uint32_t)fd_flags,
	};

	if (ioctl(buffer, PBUDDY_IOCTL_EXPORT_DMABUF, &request))
		return pbuddy_fail__(0, NULL, "cannot export a dma-buf");
	return request.fd;
}

static const char *advice_failure(unsigned int advice)
{
	switch (advice) {
	case PBUDDY_ADVICE_DONTNEED:
		return "cannot make the buffer purgeable";
	case PBUDDY_ADVICE_SWAP:
		return "cannot let the buffer be swapped out";
	case PBUDDY_ADVICE_PAGEOUT:
		return "cannot swap the buffer out";
	default:
		return "cannot restore the buffer";
	}
}

int pbuddy_advise_buffer(int buffer, unsigned int advice)
{
	struct pbuddy_advise request = { .size = sizeof(request), .advice = advice };
	const char *cause = NULL;
	unsigned int reason;

	if (!ioctl(buffer, PBUDDY_IOCTL_ADVISE, &request))
		return (int)request.retained;
	reason = errno == ENOMEM || errno == EDQUOT ? request.reason : PBUDDY_REASON_NONE;
	if (advice == PBUDDY_ADVICE_PAGEOUT) {
		cause = request.reason ? pbuddy_swap_reason_text(request.reason) : NULL;
		reason = PBUDDY_REASON_NONE;
	} else if (reason) {
		cause = pbuddy_reason_text(reason);
	}
	return pbuddy_fail__(reason, cause, "%s", advice_failure(advice));
}
