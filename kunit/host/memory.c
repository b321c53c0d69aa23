// SPDX-License-Identifier: GPL-2.0-only
/*
 * The allocator of the core's metadata. It can fail at the nth call and counts what is allocated.
 * mc/arena.c has another one.
 */
#include <sys/mman.h>
#include <unistd.h>
#include "platform.h"

#define HEADER		64		/* a cache line, so that memory keeps its alignment */
#define MMAP_ABOVE	(1UL << 20)

int pb_host_fail_nth;
long pb_host_allocs;
size_t pb_host_bytes;

#ifdef PB_HOST_TSAN
/*
 * ThreadSanitizer does not know that address dependencies order accesses. It would report a race
 * between the zeroing of memory that one thread allocates and the access of another thread that
 * has its address. So all threads but the first allocate from memory that is never written
 * before.
 */
static char untouched[4 << 20] __aligned(64);
static size_t used;

static size_t *beside_others(size_t bytes)
{
	size_t size = ALIGN(bytes, (size_t)HEADER) + HEADER, at;

	if (gettid() == getpid())
		return NULL;
	at = __atomic_fetch_add(&used, size, __ATOMIC_RELAXED);
	return at + size <= sizeof(untouched) ? (size_t *)(untouched + at) : NULL;
}

static bool was_beside_others(const size_t *p)
{
	return (char *)p >= untouched && (char *)p < untouched + sizeof(untouched);
}
#else
static size_t *beside_others(size_t bytes)
{
	return NULL;
}

static bool was_beside_others(const size_t *p)
{
	return false;
}
#endif

void *pb_host_alloc(size_t bytes)
{
	size_t size = ALIGN(bytes + HEADER, (size_t)4096);
	size_t *p;

	if (pb_host_fail_nth && --pb_host_fail_nth == 0)
		return NULL;
	p = beside_others(bytes);
	if (p) {
		size = 0;
	} else if (size >= MMAP_ABOVE) {
		p = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (p == MAP_FAILED)
			return NULL;
	} else {
		/* The exact size, so that AddressSanitizer sees an overrun. */
		size = ALIGN(bytes, (size_t)HEADER) + HEADER;
		p = aligned_alloc(HEADER, size);
		if (!p)
			return NULL;
		memset(p, 0, size);
	}
	p[0] = size;
	p[1] = bytes;
	pb_host_allocs++;
	pb_host_bytes += bytes;
	return (char *)p + HEADER;
}

void pb_host_free(void *ptr)
{
	size_t *p = ptr ? (size_t *)((char *)ptr - HEADER) : NULL;

	if (!p)
		return;
	pb_host_allocs--;
	pb_host_bytes -= p[1];
	if (was_beside_others(p))
		return;
	if (p[0] >= MMAP_ABOVE)
		munmap(p, p[0]);
	else
		free(p);
}
