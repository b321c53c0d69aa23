// SPDX-License-Identifier: GPL-2.0-only
/*
 * Huge page table entries: aligned parts of 2 MiB of a buffer are folios, which one entry maps.
 * They are pages like others for a program: to protect, unmap, move or pin a part of one has its
 * usual effect, and nothing is lost when the kernel splits the entry.
 */
#include <sys/uio.h>
#include <sys/wait.h>

#include "common.h"

#define HUGE	(2 * MIB)
#define LENGTH	(4 * HUGE)

/* A field of /proc/self/smaps of the mapping at @p, in bytes. */
static size_t smaps(const void *p, const char *field)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	size_t start, end, kib, len = strlen(field);
	bool here = false;
	char line[512];

	if (!f)
		test_skip("no /proc/self/smaps");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%zx-%zx ", &start, &end) == 2)
			here = start <= (size_t)p && (size_t)p < end;
		else if (here && !strncmp(line, field, len) && line[len] == ':' &&
			 sscanf(line + len + 1, "%zu", &kib) == 1)
			break;
	}
	here = !feof(f);
	fclose(f);
	CHECK(here);
	return kib << 10;
}

static size_t huge_bytes(const void *p)
{
	return smaps(p, "FilePmdMapped");
}

/* A buffer of aligned blocks of 2 MiB. */
static int alloc_huge(uint64_t bytes)
{
	struct pbuddy_alloc rq = request(bytes);

	rq.order = 9;
	return alloc_as(&rq);
}

/*
 * Whether a fault also inserts the huge entries of the pieces around it, which are prepared, in the
 * same aligned range of addresses.
 */
#define AROUND	(64 * MIB)

static bool inserts_around(void)
{
	return kernel_has_reached(7, 3);
}

/* Maps LENGTH bytes @offset bytes after the start of such a range. */
static char *map_in_range(int fd, size_t offset)
{
	char *hole = mmap(NULL, 3 * AROUND, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *p;

	CHECK(hole != MAP_FAILED);
	p = (char *)(((uintptr_t)hole + AROUND - 1) / AROUND * AROUND) + offset;
	CHECK(mmap(p, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == p);
	return p;
}

static void maps_huge(int fd)
{
	char *p = map_in_range(fd, 0);

	*(volatile char *)(p + 5 * PAGE) = 1;
	if (!inserts_around())
		CHECK_EQ(huge_bytes(p), HUGE);
	else if (fd != dev)
		CHECK_EQ(huge_bytes(p), LENGTH);
	stamp((uint64_t *)p, LENGTH, 1);
	CHECK_EQ(huge_bytes(p), LENGTH);
	CHECK_EQ(smaps(p, "Rss"), LENGTH);
	CHECK_EQ(stamp_broken((uint64_t *)p, LENGTH, 1), -1);
	CHECK_EQ(munmap(p, LENGTH), 0);
}

TEST(huge, entries_of_2_mib)
{
	maps_huge(dev);
	maps_huge(alloc_huge(LENGTH));
}

/* A fault inserts entries up to the ends of the mapping, and none that is there. */
TEST(huge, entries_around_a_fault)
{
	char *p = map_in_range(alloc_huge(LENGTH), AROUND - LENGTH);
	size_t rest = inserts_around() ? 2 * HUGE : HUGE;

	stamp((uint64_t *)p, LENGTH, 1);
	CHECK_EQ(madvise(p, LENGTH, MADV_DONTNEED), 0);
	CHECK_EQ(huge_bytes(p), 0);
	CHECK_EQ(munmap(p + HUGE, HUGE), 0);
	CHECK(*(volatile uint64_t *)(p + 3 * HUGE));
	CHECK_EQ(huge_bytes(p), 0);
	CHECK_EQ(huge_bytes(p + 2 * HUGE), rest);
	CHECK_EQ(smaps(p + 2 * HUGE, "Rss"), rest);
	*(volatile char *)(p + HUGE - 1) = 1;
	CHECK_EQ(huge_bytes(p), HUGE);
	*(volatile char *)(p + 2 * HUGE) = 1;
	CHECK_EQ(huge_bytes(p + 2 * HUGE), 2 * HUGE);
}

/* Nor beyond the range of the address. */
TEST(huge, entries_end_with_the_range)
{
	char *p = map_in_range(alloc_huge(LENGTH), AROUND - HUGE);

	*(volatile char *)p = 1;
	CHECK_EQ(huge_bytes(p), HUGE);
	*(volatile char *)(p + 3 * HUGE) = 1;
	CHECK_EQ(huge_bytes(p), inserts_around() ? LENGTH : 2 * HUGE);
}

TEST(huge, populate)
{
	uint64_t *p = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			   alloc_huge(LENGTH), 0);

	CHECK(p != MAP_FAILED);
	CHECK_EQ(huge_bytes(p), LENGTH);
	CHECK_EQ(first_nonzero(p, LENGTH), -1);
}

/* A part of a buffer, and two mappings of the same pages at addresses of another alignment. */
TEST(huge, part_of_a_buffer)
{
	int fd = alloc_huge(LENGTH);
	char *all = (char *)map_buffer(fd, LENGTH), *part, *end, *hole;

	stamp((uint64_t *)all, LENGTH, 1);
	part = mmap(NULL, HUGE, PROT_READ, MAP_SHARED, fd, HUGE);
	CHECK(part != MAP_FAILED && *(volatile char *)part == all[HUGE]);
	CHECK_EQ(huge_bytes(part), HUGE);
	end = mmap(NULL, HUGE, PROT_READ, MAP_SHARED, fd, HUGE / 2);
	CHECK(end != MAP_FAILED);
	CHECK_EQ(memcmp(end, all + HUGE / 2, HUGE), 0);
	CHECK_EQ(huge_bytes(end), 0);

	hole = mmap(NULL, 3 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(hole != MAP_FAILED);
	hole = (char *)(((uintptr_t)hole + HUGE - 1) / HUGE * HUGE + PAGE);
	part = mmap(hole, HUGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	CHECK(part == hole);
	CHECK_EQ(memcmp(part, all, HUGE), 0);
	CHECK_EQ(huge_bytes(part), 0);
}

/* The last pages of a buffer whose length is not a multiple of 2 MiB. */
TEST(huge, odd_length)
{
	const size_t bytes = HUGE + 5 * PAGE;
	char *p = (char *)map_buffer(alloc_huge(bytes), bytes);

	stamp((uint64_t *)p, bytes, 1);
	CHECK_EQ(huge_bytes(p), HUGE);
	CHECK_EQ(smaps(p, "Rss"), bytes);
	CHECK_EQ(stamp_broken((uint64_t *)p, bytes, 1), -1);
	p = (char *)map_device(bytes);
	stamp((uint64_t *)p, bytes, 2);
	CHECK_EQ(stamp_broken((uint64_t *)p, bytes, 2), -1);
}

TEST(huge, read_only)
{
	char *p = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, alloc_huge(LENGTH), 0);
	char zero[PAGE];
	int file;

	CHECK(p != MAP_FAILED);
	CHECK_EQ(first_nonzero((uint64_t *)p, LENGTH), -1);
	CHECK_EQ(huge_bytes(p), LENGTH);
	file = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	CHECK(file >= 0);
	CHECK_FAILS(read(file, p, PAGE), EFAULT);
	CHECK_EQ(read(file, zero, PAGE), PAGE);
}

/* ---- Parts of a huge entry ---- */

static uint64_t *stamped(size_t bytes, uint64_t id)
{
	uint64_t *p = map_buffer(alloc_huge(bytes), bytes);

	stamp(p, bytes, id);
	CHECK_EQ(huge_bytes(p), bytes);
	return p;
}

TEST(huge, part_protected)
{
	char *p = (char *)stamped(LENGTH, 1);

	CHECK_EQ(mprotect(p + HUGE + 3 * PAGE, 7 * PAGE, PROT_READ), 0);
	CHECK_EQ(stamp_broken((uint64_t *)p, LENGTH, 1), -1);
	CHECK_EQ(mprotect(p + HUGE + 3 * PAGE, 7 * PAGE, PROT_READ | PROT_WRITE), 0);
	stamp((uint64_t *)p, LENGTH, 2);
	CHECK_EQ(stamp_broken((uint64_t *)p, LENGTH, 2), -1);
}

TEST(huge, part_unmapped)
{
	char *p = (char *)stamped(LENGTH, 1);
	uint64_t *copy = malloc(LENGTH);

	CHECK(copy);
	memcpy(copy, p, LENGTH);
	CHECK_EQ(munmap(p + HUGE / 2, HUGE), 0);
	CHECK_EQ(memcmp(p, copy, HUGE / 2), 0);
	CHECK_EQ(memcmp(p + 3 * HUGE / 2, (char *)copy + 3 * HUGE / 2, LENGTH - 3 * HUGE / 2), 0);
	free(copy);
}

TEST(huge, part_dropped)
{
	char *p = (char *)stamped(LENGTH, 1);

	CHECK_EQ(madvise(p + 3 * PAGE, 5 * PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(madvise(p + HUGE, HUGE, MADV_DONTNEED), 0);
	CHECK_EQ(stamp_broken((uint64_t *)p, LENGTH, 1), -1);
	CHECK(huge_bytes(p) >= LENGTH - HUGE);
}

TEST(huge, moved)
{
	char *p = (char *)stamped(LENGTH, 1), *to;

	to = mmap(NULL, LENGTH + 2 * HUGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(to != MAP_FAILED);
	to = (char *)(((uintptr_t)to + HUGE - 1) / HUGE * HUGE);
	CHECK(mremap(p, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	CHECK_EQ(stamp_broken((uint64_t *)to, LENGTH, 1), -1);
	CHECK_EQ(huge_bytes(to), LENGTH);
	CHECK(mremap(to, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_FIXED, to + LENGTH + PAGE) ==
	      to + LENGTH + PAGE);
	CHECK_EQ(stamp_broken((uint64_t *)(to + LENGTH + PAGE), LENGTH, 1), -1);
}

static void store_in_child(void *p)
{
	CHECK_EQ(stamp_broken(p, LENGTH, 1), -1);
	stamp(p, LENGTH, 2);
}

TEST(huge, forked)
{
	uint64_t *p = stamped(LENGTH, 1);

	CHECK_EQ(in_child(store_in_child, p), 0);
	CHECK_EQ(stamp_broken(p, LENGTH, 2), -1);
}

/* MADV_PAGEOUT and MADV_COLD of a part make the kernel try to split the folio. */
TEST(huge, part_cold)
{
	char *p = (char *)stamped(LENGTH, 1);

	madvise(p + 3 * PAGE, 5 * PAGE, MADV_COLD);
	madvise(p + HUGE + 3 * PAGE, 5 * PAGE, MADV_PAGEOUT);
	madvise(p + 2 * HUGE, HUGE, MADV_PAGEOUT);
	CHECK_EQ(stamp_broken((uint64_t *)p, LENGTH, 1), -1);
}

/* ---- Pins ---- */

/* A pinned page keeps its folio in quarantine; the rest of the buffer is free. */
TEST_TIMEOUT(huge, pinned_page_outlives_its_buffer, 900)
{
	struct pbuddy_alloc rq = request(LENGTH);
	uint64_t phys, *p, *copy = malloc(PAGE);
	struct usage before;
	int pipe_fd[2], fd;
	struct iovec iov;

	CHECK(copy);
	read_settled_usage(&before);
	rq.flags |= PBUDDY_ALLOC_CONTIG;
	fd = alloc_as(&rq);
	phys = phys_of(fd) + HUGE;
	p = map_buffer(fd, LENGTH);
	stamp(p, LENGTH, 3);
	iov = (struct iovec) { (char *)p + HUGE, PAGE };
	stamp(iov.iov_base, PAGE, 4);
	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	CHECK_EQ(vmsplice(pipe_fd[1], &iov, 1, 0), PAGE);
	CHECK_EQ(munmap(p, LENGTH), 0);
	CHECK_EQ(close(fd), 0);

	wait_for_quarantine(HUGE);
	CHECK_ALLOCATED(before.allocated + HUGE);
	expect_not_allocated(phys, HUGE);
	CHECK_EQ(read(pipe_fd[0], copy, PAGE), PAGE);
	CHECK_EQ(stamp_broken(copy, PAGE, 4), -1);
	wait_for_quarantine(0);
	CHECK_ALLOCATED(before.allocated);
	free(copy);
}

/* A block of several folios of which one is pinned, and of an odd length. */
TEST(huge, pinned_in_a_large_block)
{
	struct pbuddy_alloc rq = request(LENGTH - 3 * PAGE);
	int pipe_fd[2], fd;
	struct iovec iov;
	char *p;

	rq.flags |= PBUDDY_ALLOC_CONTIG;
	rq.order = 9;
	fd = alloc_as(&rq);
	p = (char *)map_buffer(fd, LENGTH - 3 * PAGE);
	stamp((uint64_t *)p, LENGTH - 3 * PAGE, 1);
	iov = (struct iovec) { p + 2 * HUGE, 3 * PAGE };
	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	CHECK_EQ(vmsplice(pipe_fd[1], &iov, 1, 0), 3 * PAGE);
	CHECK_EQ(munmap(p, LENGTH - 3 * PAGE), 0);
	CHECK_EQ(close(fd), 0);
	wait_for_quarantine(HUGE);
	CHECK_EQ(close(pipe_fd[0]) | close(pipe_fd[1]), 0);
	wait_for_quarantine(0);
}
