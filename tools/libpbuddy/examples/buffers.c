// SPDX-License-Identifier: MIT
/*
 * An example of libpbuddy: allocates a contiguous buffer and a batch of small ones, writes to
 * them, and shows what a failure looks like.
 *
 *	cc buffers.c -o buffers $(pkg-config --cflags --libs libpbuddy)
 */
#include <libpbuddy.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define SMALL	4

static void fail(void)
{
	fprintf(stderr, "buffers: %s\n", pbuddy_error());
	exit(1);
}

/* 2 MiB in one piece, aligned to 2 MiB. */
static void contiguous(int device)
{
	struct pbuddy_alloc request;
	struct pbuddy_extent extent;
	size_t bytes;
	char *memory;
	int buffer;

	pbuddy_request_init(&request, 2 << 20);
	request.flags = PBUDDY_ALLOC_CONTIG;
	request.order = 9;
	strcpy(request.label, "example");
	buffer = pbuddy_alloc_buffer(device, &request);
	if (buffer < 0 || pbuddy_get_extents(buffer, 0, &extent, sizeof(extent), 1) != 1)
		fail();
	memory = pbuddy_map_buffer(buffer, PROT_READ | PROT_WRITE, &bytes);
	if (!memory)
		fail();
	close(buffer);		/* the mapping keeps the memory */
	strcpy(memory, "written and read");
	printf("%zu bytes on node %d: %s\n", bytes, extent.node, memory);
	pbuddy_unmap_buffer(memory, bytes);
}

static void batch(int device)
{
	struct pbuddy_alloc request;
	int buffer[SMALL], i;

	pbuddy_request_init(&request, 100 << 10);
	if (pbuddy_alloc_buffers(device, &request, SMALL, buffer))
		fail();
	printf("%d buffers of %llu bytes\n", SMALL, (unsigned long long)request.bytes);
	for (i = 0; i < SMALL; i++)
		close(buffer[i]);
}

int main(void)
{
	struct pbuddy_alloc request;
	int device = pbuddy_open(NULL);

	if (device < 0)
		fail();
	contiguous(device);
	batch(device);
	pbuddy_request_init(&request, 1ULL << 40);
	if (pbuddy_alloc_buffer(device, &request) < 0)
		printf("too much: %s\n", pbuddy_error());
	return 0;
}
