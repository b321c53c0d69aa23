// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of a buffer's descriptor, and of /dev/pbuddy itself, where mmap() allocates a buffer
 * that exists as long as the mapping. mmap() allocates the pages; a later access never gets SIGBUS.
 * test_touch.c has the tests of the first access.
 */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "common.h"

/* CVE-2013-2596, CVE-2018-8781: offset + length overflowed, and mapped memory past the buffer. */
TEST(map, mmap_overflow_sweep_cve_2013_2596)
{
	static const uint64_t pages[] = {
		0, 1, 2, 3, 4, 5, 7, 8, 9, 1ULL << 20, 1ULL << 31, 1ULL << 32, (1ULL << 32) + 1,
		1ULL << 51, (1ULL << 51) - 1, (1ULL << 52) - 1, (1ULL << 52) - 8, 1ULL << 40,
	};
	const size_t nr = sizeof(pages) / sizeof(pages[0]);
	int fd = alloc_buffer(8 * PAGE);
	size_t i, k, mapped = 0;

	for (i = 0; i < nr; i++) {
		for (k = 0; k < nr; k++) {
			uint64_t length = pages[k] * PAGE, offset = pages[i] * PAGE;
			void *p = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, (off_t)offset);
			bool inside = pages[k] && pages[i] < 8 && pages[k] <= 8 - pages[i];
			bool success = p != MAP_FAILED;

			if (success != inside)
				test_fail(__FILE__, __LINE__, "offset %#llx length %#llx: %s",
					  (unsigned long long)offset, (unsigned long long)length,
					  success ? "mapped" : strerror(errno));
			if (success) {
				CHECK_EQ(munmap(p, length), 0);
				mapped++;
			}
		}
	}
	CHECK(mapped > 10);
}

TEST(map, offset_shows_the_right_page)
{
	int fd = alloc_buffer(64 * PAGE);
	uint64_t *all = map_buffer(fd, 64 * PAGE), *one;
	int i;

	for (i = 0; i < 64; i++)
		all[i * 512] = (uint64_t)i + 1;
	for (i = 0; i < 64; i++) {
		one = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, i * (off_t)PAGE);
		CHECK(one != MAP_FAILED);
		CHECK_EQ(one[0], i + 1);
		one[1] = 7;
		CHECK_EQ(all[i * 512 + 1], 7);
		CHECK_EQ(munmap(one, PAGE), 0);
	}
	CHECK_FAILS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 100), EINVAL);
}

/* CVE-2024-39497 (drm shmem): MAP_PRIVATE reached a BUG_ON. */
TEST(map, private_is_refused_cve_2024_39497)
{
	int fd = alloc_buffer(PAGE), prot;

	for (prot = 0; prot <= (PROT_READ | PROT_WRITE); prot++) {
		CHECK_FAILS(mmap(NULL, PAGE, prot, MAP_PRIVATE, fd, 0), EINVAL);
		CHECK_FAILS(mmap(NULL, PAGE, prot, MAP_PRIVATE, dev, 0), EINVAL);
	}
	/* Newer kernels refuse this one earlier, with EPERM: the file is on a noexec mount. */
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED);
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, dev, 0) == MAP_FAILED);
}

TEST(map, fixed_replaces_earlier_mapping)
{
	int fd = alloc_buffer(4 * PAGE);
	char *area = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	uint64_t *p;

	CHECK(area != MAP_FAILED);
	memset(area, 1, 8 * PAGE);
	p = mmap(area + 2 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	CHECK(p == (void *)(area + 2 * PAGE));
	CHECK_EQ(first_nonzero(p, 4 * PAGE), -1);
	stamp(p, 4 * PAGE, 1);
	CHECK_EQ(area[2 * PAGE - 1], 1);
	CHECK_EQ(area[6 * PAGE], 1);
	/* And an anonymous mapping replaces one of the buffer. */
	CHECK(mmap(p, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
	CHECK_EQ(p[0], 0);
	CHECK_EQ(munmap(area, 8 * PAGE), 0);
	p = map_buffer(fd, 4 * PAGE);
	CHECK_EQ(stamp_broken(p, 4 * PAGE, 1), -1);
}

static void store(void *arg)
{
	*(volatile uint64_t *)arg = 1;
}

static void load(void *arg)
{
	(void)*(volatile uint64_t *)arg;
}

static int read_only_buffer(size_t bytes)
{
	struct pbuddy_alloc rq = request(bytes);

	rq.fd_flags = O_RDONLY;
	return alloc_as(&rq);
}

/* CVE-2021-28664, CVE-2022-22706 (Mali): a program could make read-only pages writable. */
TEST(map, read_only_stays_so_cve_2021_28664)
{
	int fd = read_only_buffer(PAGE);
	char path[64];
	void *p;

	CHECK_FAILS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	CHECK_FAILS(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_FAILS(mprotect(p, PAGE, PROT_READ | PROT_WRITE), EACCES);
	CHECK_EQ(in_child(store, p), -SIGSEGV);
	CHECK_EQ(first_nonzero(p, PAGE), -1);
	/* Nor by opening the file again. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(open(path, O_RDWR) < 0);
	/* Nor after zapping the page table entries. */
	CHECK_EQ(madvise(p, PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(in_child(store, p), -SIGSEGV);
	CHECK_EQ(first_nonzero(p, PAGE), -1);
}

/* /proc/PID/mem uses FOLL_FORCE, as ptrace: no write to a read-only mapping, no private copy. */
TEST(map, read_only_by_proc_mem_cve_2022_22706)
{
	int fd = read_only_buffer(PAGE), mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	uint64_t value = 1;
	void *p;

	if (mem < 0)
		test_skip("no /proc/self/mem: %s", strerror(errno));
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK(pwrite(mem, &value, sizeof(value), (off_t)(uintptr_t)p) < 0);
	CHECK_EQ(first_nonzero(p, PAGE), -1);
}

TEST(map, writable_fd_mapped_read_only)
{
	int fd = alloc_buffer(PAGE);
	void *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	CHECK(p != MAP_FAILED);
	CHECK_EQ(in_child(store, p), -SIGSEGV);
	CHECK_EQ(mprotect(p, PAGE, PROT_READ | PROT_WRITE), 0);
	CHECK_EQ(in_child(store, p), 0);
	CHECK_EQ(*(uint64_t *)p, 1);
	CHECK_EQ(mprotect(p, PAGE, PROT_NONE), 0);
	CHECK_EQ(in_child(load, p), -SIGSEGV);
}

TEST(map, device_opened_read_only)
{
	int fd = open(DEVICE, O_RDONLY | O_CLOEXEC);
	void *p;

	CHECK(fd >= 0);
	CHECK_FAILS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_FAILS(mprotect(p, PAGE, PROT_READ | PROT_WRITE), EACCES);
}

/* A buffer gives no more access than the descriptor of the device that it was made with. */
TEST(map, device_opened_read_only_gives_read_only_buffers)
{
	struct pbuddy_alloc rq = request(PAGE);
	struct pbuddy_alloc_batch batch = {
		.size = sizeof(batch), .count = 2, .each = request(PAGE),
	};
	int device = open(DEVICE, O_RDONLY | O_CLOEXEC), rw = PROT_READ | PROT_WRITE, fds[3], i;
	void *p;

	CHECK(device >= 0);
	batch.fds_ptr = (uintptr_t)fds;
	CHECK_EQ(rq.fd_flags & O_ACCMODE, O_RDWR);
	CHECK_EQ(ioctl(device, PBUDDY_IOCTL_ALLOC, &rq), 0);
	CHECK_EQ(ioctl(device, PBUDDY_IOCTL_ALLOC_BATCH, &batch), 0);
	fds[2] = rq.fd;
	for (i = 0; i < 3; i++) {
		CHECK_EQ(fcntl(fds[i], F_GETFL) & O_ACCMODE, O_RDONLY);
		CHECK_FAILS(mmap(NULL, PAGE, rw, MAP_SHARED, fds[i], 0), EACCES);
		p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fds[i], 0);
		CHECK(p != MAP_FAILED);
		CHECK_FAILS(mprotect(p, PAGE, rw), EACCES);
	}
}

TEST(map, device_opened_write_only)
{
	struct pbuddy_alloc rq = request(PAGE);
	int device = open(DEVICE, O_WRONLY | O_CLOEXEC);

	CHECK(device >= 0);
	CHECK_FAILS(ioctl(device, PBUDDY_IOCTL_ALLOC, &rq), EACCES);
	CHECK_FAILS(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, device, 0), EACCES);
}

TEST(map, close_before_munmap)
{
	int fd = alloc_buffer(MIB);
	uint64_t *p = map_buffer(fd, MIB);
	struct usage before;

	read_settled_usage(&before);
	CHECK_EQ(close(fd), 0);
	CHECK_ALLOCATED(before.allocated);
	stamp(p, MIB, 3);
	CHECK_EQ(stamp_broken(p, MIB, 3), -1);
	CHECK_EQ(munmap(p, MIB), 0);
	wait_for_quarantine(0);
	CHECK_ALLOCATED(before.allocated - MIB);
}

TEST(map, partial_munmap)
{
	int fd = alloc_buffer(16 * PAGE);
	char *p = (char *)map_buffer(fd, 16 * PAGE);
	struct usage before;

	read_settled_usage(&before);
	CHECK_EQ(close(fd), 0);
	stamp((uint64_t *)p, 16 * PAGE, 4);
	CHECK_EQ(munmap(p + 4 * PAGE, 4 * PAGE), 0);	/* a hole */
	CHECK_EQ(munmap(p, PAGE), 0);			/* the head */
	CHECK_EQ(munmap(p + 15 * PAGE, PAGE), 0);	/* the tail */
	CHECK_EQ(in_child(load, p + 5 * PAGE), -SIGSEGV);
	CHECK_EQ(((uint64_t *)p)[8 * 512] - ((uint64_t *)p)[3 * 512], 5 * 512);
	/* The buffer is freed as a whole, when its last page is unmapped. */
	CHECK_ALLOCATED(before.allocated);
	CHECK_EQ(munmap(p + PAGE, 3 * PAGE), 0);
	CHECK_ALLOCATED(before.allocated);
	CHECK_EQ(munmap(p + 8 * PAGE, 7 * PAGE), 0);
	wait_for_quarantine(0);
	CHECK_ALLOCATED(before.allocated - 16 * PAGE);
}

TEST(map, mprotect_splits)
{
	char *p = (char *)map_device(8 * PAGE);

	CHECK_EQ(mprotect(p + 2 * PAGE, 2 * PAGE, PROT_READ), 0);
	CHECK_EQ(in_child(store, p + 2 * PAGE), -SIGSEGV);
	CHECK_EQ(in_child(store, p + 4 * PAGE), 0);
	CHECK_EQ(mprotect(p, 8 * PAGE, PROT_READ | PROT_WRITE), 0);
	CHECK_EQ(in_child(store, p + 2 * PAGE), 0);
	CHECK_EQ(munmap(p, 8 * PAGE), 0);
}

/* ---- mremap ---- */

TEST(map, mremap_moves)
{
	uint64_t *p = map_device(8 * PAGE), *area, *moved;

	stamp(p, 8 * PAGE, 5);
	area = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED);
	moved = mremap(p, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, area);
	CHECK(moved == area);
	CHECK_EQ(stamp_broken(moved, 8 * PAGE, 5), -1);
	CHECK_EQ(in_child(load, p), -SIGSEGV);
}

TEST(map, mremap_shrinks)
{
	uint64_t *p = map_device(8 * PAGE);

	stamp(p, 8 * PAGE, 6);
	CHECK(mremap(p, 8 * PAGE, 2 * PAGE, 0) == p);
	CHECK_EQ(stamp_broken(p, 2 * PAGE, 6), -1);
	CHECK_EQ(in_child(load, p + 2 * 512), -SIGSEGV);
}

/* CVE-2023-2008 (udmabuf): mremap grew the mapping, and faults past the end were unchecked. */
TEST(map, mremap_cannot_grow_cve_2023_2008)
{
	int fd = alloc_buffer(4 * PAGE);
	char *p = (char *)map_buffer(fd, 4 * PAGE), *tail;

	CHECK_FAILS(mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE), EFAULT);
	CHECK_FAILS(mremap(p + PAGE, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE), EFAULT);
	/* Nor back to the length that it had. */
	CHECK(mremap(p, 4 * PAGE, 2 * PAGE, 0) == p);
	CHECK_FAILS(mremap(p, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE), EFAULT);
	/* A mapping of the last page of the buffer. */
	tail = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(tail != MAP_FAILED);
	CHECK(mmap(tail, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 3 * (off_t)PAGE) == tail);
	CHECK_FAILS(mremap(tail, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
	/* Old length 0 asks mremap() for a second mapping, here larger than the buffer. */
	CHECK(mremap(tail, 0, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	CHECK(mremap(tail, 0, PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	CHECK_EQ(in_child(load, tail + PAGE), -SIGSEGV);
}

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

TEST(map, mremap_dontunmap_never_sigbus)
{
	uint64_t *p = map_device(4 * PAGE), *moved;

	stamp(p, 4 * PAGE, 7);
	moved = mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	if (moved == MAP_FAILED) {
		CHECK_EQ(errno, EINVAL);
		return;
	}
	CHECK_EQ(stamp_broken(moved, 4 * PAGE, 7), -1);
	CHECK_EQ(stamp_broken(p, 4 * PAGE, 7), -1);
}

/* ---- madvise and friends ---- */

TEST(map, madvise_keeps_contents_never_sigbus)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_WILLNEED, MADV_SEQUENTIAL, MADV_RANDOM, MADV_NORMAL, MADV_FREE,
		MADV_COLD, MADV_PAGEOUT, MADV_REMOVE, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
		MADV_MERGEABLE, MADV_DONTDUMP, MADV_DODUMP, MADV_DONTFORK, MADV_DOFORK,
		22 /* POPULATE_READ */, 23 /* POPULATE_WRITE */, 24 /* DONTNEED_LOCKED */,
		25 /* COLLAPSE */,
	};
	uint64_t *p = map_device(16 * PAGE);
	size_t i;

	stamp(p, 16 * PAGE, 8);
	for (i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		(void)!madvise(p, 16 * PAGE, advice[i]);	/* may fail */
		CHECK_EQ(stamp_broken(p, 16 * PAGE, 8), -1);
		stamp(p, 16 * PAGE, 8);
	}
	CHECK(mlock(p, 16 * PAGE) == 0 || errno == ENOMEM || errno == EPERM);
	CHECK_EQ(msync(p, 16 * PAGE, MS_SYNC), 0);
	CHECK_EQ(stamp_broken(p, 16 * PAGE, 8), -1);
	munlock(p, 16 * PAGE);
}

TEST(map, fault_after_dontneed_is_the_same_page)
{
	int fd = alloc_buffer(64 * PAGE);
	uint64_t *p = map_buffer(fd, 64 * PAGE), *second = map_buffer(fd, 64 * PAGE);
	int i;

	stamp(p, 64 * PAGE, 9);
	CHECK_EQ(madvise(p, 64 * PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(stamp_broken(p, 64 * PAGE, 9), -1);
	CHECK_EQ(madvise(p, 64 * PAGE, MADV_DONTNEED), 0);
	for (i = 0; i < 64; i++)
		p[i * 512] = 42;
	for (i = 0; i < 64; i++)
		CHECK_EQ(second[i * 512], 42);
}

/* ---- The device itself ---- */

TEST(map, device_offset_is_refused)
{
	static const uint64_t pages[] = { 1, 2, 1ULL << 20, 1ULL << 40, (1ULL << 52) - 1 };
	size_t i;

	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dev, (off_t)(pages[i] * PAGE)) ==
		      MAP_FAILED);
	CHECK_FAILS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dev, PAGE), EINVAL);
}

TEST(map, device_mapping_outlives_the_fd)
{
	struct usage before;
	uint64_t *p;
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	read_settled_usage(&before);
	p = map_buffer(fd, MIB);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(first_nonzero(p, MIB), -1);
	stamp(p, MIB, 1);
	CHECK_ALLOCATED(before.allocated + MIB);
	CHECK_EQ(stamp_broken(p, MIB, 1), -1);
	CHECK_EQ(munmap(p, MIB), 0);
	wait_for_quarantine(0);
	CHECK_ALLOCATED(before.allocated);
}

TEST(map, device_mappings_are_distinct)
{
	uint64_t *a = map_device(4 * PAGE), *b = map_device(4 * PAGE);

	stamp(a, 4 * PAGE, 1);
	stamp(b, 4 * PAGE, 2);
	CHECK_EQ(stamp_broken(a, 4 * PAGE, 1), -1);
	CHECK_EQ(stamp_broken(b, 4 * PAGE, 2), -1);
}

static void check_and_change(void *arg)
{
	uint64_t *p = arg;

	CHECK_EQ(stamp_broken(p, 8 * PAGE, 1), -1);
	stamp(p, 8 * PAGE, 2);
}

TEST(map, fork_shares)
{
	uint64_t *p = map_device(8 * PAGE);

	stamp(p, 8 * PAGE, 1);
	CHECK_EQ(in_child(check_and_change, p), 0);
	CHECK_EQ(stamp_broken(p, 8 * PAGE, 2), -1);
}

TEST(map, fork_parent_unmaps_first)
{
	struct usage before;
	int go[2], status;
	uint64_t *p;
	pid_t pid;
	char c;

	read_settled_usage(&before);
	p = map_device(8 * PAGE);
	CHECK_EQ(pipe(go), 0);
	stamp(p, 8 * PAGE, 3);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		CHECK_EQ(read(go[0], &c, 1), 1);
		CHECK_EQ(stamp_broken(p, 8 * PAGE, 3), -1);
		_exit(0);
	}
	CHECK_EQ(munmap(p, 8 * PAGE), 0);
	CHECK_ALLOCATED(before.allocated + 8 * PAGE);
	/* The child's pages are not allocated again. */
	p = map_device(2 * MIB);
	stamp(p, 2 * MIB, 4);
	CHECK_EQ(write(go[1], "x", 1), 1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

TEST(map, killed_process_frees_memory)
{
	struct usage before, now;
	uint64_t *p;
	pid_t pid;

	read_settled_usage(&before);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		p = map_device(4 * MIB);
		stamp(p, 4 * MIB, 1);
		alloc_buffer(4 * MIB);
		pause();
	}
	do {
		read_usage(&now);
		usleep(1000);
	} while (now.allocated < before.allocated + 8 * MIB);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	wait_for_quarantine(0);
	CHECK_ALLOCATED(before.allocated);
}

/* hugetlb can end in SIGBUS when memory is short. Here mmap() fails; pages once mapped stay. */
static int wait_on(const uint32_t *word, int op)
{
	static const struct timespec soon = { .tv_nsec = 1000000 };

	return (int)syscall(SYS_futex, word, op, 0, &soon, NULL, 0);
}

/* The kernel knows a shared futex by the file of its page, which pages of pbuddy do not have. */
TEST(map, futexes_are_private)
{
	static const size_t bytes[] = { PAGE, 4 * MIB };
	uint32_t *word;
	size_t i;

	for (i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		word = (uint32_t *)map_buffer(alloc_buffer(bytes[i]), bytes[i]);
		CHECK_FAILS(wait_on(word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG), ETIMEDOUT);
		CHECK_FAILS(wait_on(word, FUTEX_WAIT), EFAULT);
	}
}

TEST(map, shortage_is_enomem_not_sigbus)
{
	struct usage usage;
	struct buffer_set set;
	uint64_t *p;
	int i;

	p = map_device(8 * MIB);
	alloc_all_free(&set);
	CHECK_FAILS(mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, dev, 0), ENOMEM);
	stamp(p, 8 * MIB, 1);
	CHECK_EQ(madvise(p, 8 * MIB, MADV_DONTNEED), 0);
	CHECK_EQ(stamp_broken(p, 8 * MIB, 1), -1);
	for (i = 0; i < set.nr; i++) {
		uint64_t *q = map_buffer(set.fd[i], set.bytes[i]);

		CHECK_EQ(first_nonzero(q, set.bytes[i]), -1);
		CHECK_EQ(munmap(q, set.bytes[i]), 0);
	}
	read_usage(&usage);
	CHECK_FAILS(mmap(NULL, usage.total + PAGE, PROT_READ, MAP_SHARED, dev, 0), ENOMEM);
	CHECK_FAILS(mmap(NULL, 1UL << 45, PROT_READ, MAP_SHARED, dev, 0), ENOMEM);
}
