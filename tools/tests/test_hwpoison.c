// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory errors. The kernel marks a page in which the hardware, an administrator or a test reports
 * an error. Whatever the page is at that time, it must never be in a later buffer. It stays out of
 * use until the module is unloaded, so each test takes a page from the pool. While it is in a
 * buffer, a program that accesses it gets SIGBUS, and the rest of the buffer stays as it was.
 */
#include <setjmp.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "common.h"

#define OFFLINE	"/sys/devices/system/memory/%s_offline_page"
#define BAD	5	/* the page of a buffer that gets the error */

/* Reports an error as an administrator does; @how is hard or soft. Returns the error, or 0. */
static int offline(const char *how, uint64_t phys)
{
	char path[64], number[32];
	int fd, len, err;

	snprintf(path, sizeof(path), OFFLINE, how);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		test_skip("this kernel has no %s", path);
	len = snprintf(number, sizeof(number), "%#llx", (unsigned long long)phys);
	err = write(fd, number, len) == len ? 0 : errno;
	close(fd);
	return err;
}

static int alloc_contiguous(void)
{
	struct pbuddy_alloc rq = request(4 * MIB);

	rq.flags = PBUDDY_ALLOC_CONTIG;
	return alloc_as(&rq);
}

TEST_TIMEOUT(hwpoison, of_a_free_page, 900)
{
	int fd = alloc_contiguous();
	uint64_t bad = phys_of(fd) + BAD * PAGE;

	close(fd);
	/* Not a page of the kernel that it can handle: its result does not matter. */
	offline("hard", bad);
	expect_not_allocated(bad, PAGE);
}

TEST_TIMEOUT(hwpoison, of_a_mapped_page, 900)
{
	int fd = alloc_contiguous();
	uint64_t bad = phys_of(fd) + BAD * PAGE, *p = map_buffer(fd, 4 * MIB);

	stamp(p, PAGE, 1);
	offline("hard", bad);
	munmap(p, 4 * MIB);
	close(fd);
	expect_not_allocated(bad, PAGE);
}

/* The kernel's handler keeps a reference to the page. */
TEST_TIMEOUT(hwpoison, by_madvise, 900)
{
	int fd = alloc_contiguous();
	uint64_t bad = phys_of(fd) + BAD * PAGE, *p = map_buffer(fd, 4 * MIB);

	stamp(p, 4 * MIB, 2);
	if (madvise((char *)p + BAD * PAGE, PAGE, MADV_HWPOISON) && errno == EINVAL)
		test_skip("this kernel has no MADV_HWPOISON");
	munmap(p, 4 * MIB);
	close(fd);
	wait_for_quarantine(0);
	expect_not_allocated(bad, PAGE);
}

TEST_TIMEOUT(hwpoison, of_a_page_in_a_folio_in_quarantine, 900)
{
	int fd = alloc_contiguous(), pipe_fd[2];
	uint64_t bad = phys_of(fd) + BAD * PAGE, *p = map_buffer(fd, 4 * MIB);
	struct iovec iov = { .iov_base = (char *)p + BAD * PAGE, .iov_len = PAGE };

	if (access("/sys/kernel/mm/transparent_hugepage", F_OK))
		test_skip("buffers have no folios without transparent huge pages");
	stamp(p, 4 * MIB, 3);
	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	CHECK_EQ(vmsplice(pipe_fd[1], &iov, 1, 0), (long)PAGE);
	munmap(p, 4 * MIB);
	close(fd);
	wait_for_quarantine(2 * MIB);	/* the folio */
	offline("hard", bad);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	wait_for_quarantine(0);
	expect_not_allocated(bad, PAGE);
}

/* A page that is not part of a folio leaves the quarantine although it is pinned. */
TEST_TIMEOUT(hwpoison, of_a_page_in_quarantine, 900)
{
	int fd = alloc_buffer(PAGE), pipe_fd[2];
	uint64_t bad = phys_of(fd), *p = map_buffer(fd, PAGE);
	struct iovec iov = { .iov_base = p, .iov_len = PAGE };

	stamp(p, PAGE, 3);
	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	CHECK_EQ(vmsplice(pipe_fd[1], &iov, 1, 0), (long)PAGE);
	munmap(p, PAGE);
	close(fd);
	wait_for_quarantine(PAGE);
	offline("hard", bad);
	wait_for_quarantine(0);
	expect_not_allocated(bad, PAGE);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	expect_not_allocated(bad, PAGE);
}

/*
 * The kernel may refuse it, and does not mark the page then: 6.12 and 7.3 do (EIO, a page of
 * another kind than they can handle). The page stays as it was, in the buffer and after it.
 */
TEST_TIMEOUT(hwpoison, soft_offline, 900)
{
	int fd = alloc_contiguous();
	uint64_t first = phys_of(fd), bad = first + BAD * PAGE, *p = map_buffer(fd, 4 * MIB);
	uint64_t before = set_aside();
	int refused;

	stamp(p, 4 * MIB, 4);
	refused = offline("soft", bad);
	if (refused) {
		CHECK(refused == EIO || refused == EBUSY);
		CHECK_EQ(stamp_broken(p, 4 * MIB, 4), -1);
	}
	munmap(p, 4 * MIB);
	close(fd);
	if (!refused) {
		expect_not_allocated(bad, PAGE);
		return;
	}
	wait_for_quarantine(0);
	expect_allocated(first, 4 * MIB);
	CHECK_EQ(set_aside(), before);
}

/* ---- Pages that are mapped ---- */

static sigjmp_buf after_access;
static siginfo_t bus;		/* of the last SIGBUS */

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	bus = *info;
	siglongjmp(after_access, 1);
}

/* Whether an access to a page is refused with SIGBUS for a memory error at that address. */
static bool is_refused(const void *page, bool write)
{
	if (!sigsetjmp(after_access, 1)) {
		if (write)
			*((volatile char *)page + 100) = 1;
		else
			(void)*((volatile const char *)page + 100);
		return false;
	}
	CHECK_EQ(bus.si_code, BUS_MCEERR_AR);
	CHECK((uintptr_t)bus.si_addr / PAGE == (uintptr_t)page / PAGE);
	CHECK_EQ(1 << bus.si_addr_lsb, PAGE);
	return true;
}

/* The module hears of the error from a tracepoint, and acts a moment later. */
static void expect_refused_soon(const void *page)
{
	struct patience wait = { 0 };

	while (!is_refused(page, false) && more_patience(&wait))
		;
	CHECK(is_refused(page, false));
	CHECK(is_refused(page, true));
}

static void catch_sigbus(void)
{
	struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };

	CHECK_EQ(sigaction(SIGBUS, &action, NULL), 0);
}

/* All pages but BAD have the stamp @id of their address, and can be written to. */
static void expect_others(uint64_t *p, size_t bytes, uint64_t id)
{
	size_t i;

	for (i = 0; i < bytes / PAGE; i++) {
		uint64_t *page = p + i * (PAGE / sizeof(*p));

		if (i == BAD)
			continue;
		CHECK_EQ(stamp_broken(page, PAGE, id + i), -1);
		stamp(page, PAGE, id + i + 1);
		stamp(page, PAGE, id + i);
	}
}

static void stamp_pages(uint64_t *p, size_t bytes, uint64_t id)
{
	size_t i;

	for (i = 0; i < bytes / PAGE; i++)
		stamp(p + i * (PAGE / sizeof(*p)), PAGE, id + i);
}

static uint64_t bytes_set_aside(void)
{
	struct usage usage;

	read_usage(&usage);
	return usage.total - usage.free - usage.allocated;
}

/* The module may hold the buffer a moment longer, while it acts on the error. */
static void wait_for_set_aside(uint64_t bytes)
{
	struct patience wait = { 0 };

	while (bytes_set_aside() != bytes && more_patience(&wait))
		;
	CHECK_EQ(bytes_set_aside(), bytes);
}

static void in_new_mapping(int fd, size_t bytes)
{
	uint64_t *p = map_buffer(fd, bytes);
	char *bad = (char *)p + BAD * PAGE;

	CHECK(is_refused(bad, false));
	CHECK(is_refused(bad, true));
	expect_others(p, bytes, 10);
#ifdef MADV_POPULATE_WRITE
	CHECK_EQ(madvise(bad + PAGE, PAGE, MADV_POPULATE_WRITE), 0);
	CHECK_FAILS(madvise(bad, PAGE, MADV_POPULATE_WRITE), EHWPOISON);
#endif
	CHECK_EQ(munmap(p, bytes), 0);
}

static void in_moved_mapping(uint64_t *p, size_t bytes)
{
	char *to = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(to != MAP_FAILED);
	CHECK(mremap(p, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
	CHECK(is_refused(to + BAD * PAGE, true));
	expect_others((uint64_t *)to, bytes, 10);
	CHECK_EQ(munmap(to + (BAD + 1) * PAGE, PAGE), 0);
	CHECK(is_refused(to + BAD * PAGE, false));
	CHECK_EQ(munmap(to, bytes), 0);
}

static void access_in_child(void *page)
{
	exit(is_refused(page, false) && is_refused(page, true) ? 0 : 1);
}

/*
 * Error in a page of a mapped buffer, by @how. It is refused in all mappings, and costs 4 KiB when
 * the buffer has ended.
 */
static void fails_while_mapped(int fd, size_t bytes, uint64_t phys, bool by_madvise)
{
	uint64_t *p = map_buffer(fd, bytes), *other = map_buffer(fd, bytes), before;
	char *bad = (char *)p + BAD * PAGE;

	catch_sigbus();
	before = bytes_set_aside();
	stamp_pages(p, bytes, 10);
	expect_others(other, bytes, 10);
	if (!by_madvise)
		offline("hard", phys + BAD * PAGE);
	else if (madvise(bad, PAGE, MADV_HWPOISON) && errno == EINVAL)
		test_skip("this kernel has no MADV_HWPOISON");
	/* The module removes the entries of one mapping after the other. */
	expect_refused_soon(bad);
	expect_refused_soon((char *)other + BAD * PAGE);
	expect_others(p, bytes, 10);
	expect_others(other, bytes, 10);
	CHECK_EQ(in_child(access_in_child, bad), 0);
	CHECK_EQ(munmap(other, bytes), 0);
	in_new_mapping(fd, bytes);
	in_moved_mapping(p, bytes);
	CHECK_EQ(bytes_set_aside(), before);
	close(fd);
	wait_for_quarantine(0);
	wait_for_set_aside(before + PAGE);
	expect_not_allocated(phys + BAD * PAGE, PAGE);
}

/* The buffer is a folio, which the kernel maps by one page table entry. */
TEST_TIMEOUT(hwpoison, in_a_mapped_folio, 900)
{
	int fd = alloc_contiguous();

	fails_while_mapped(fd, 4 * MIB, phys_of(fd), false);
}

TEST_TIMEOUT(hwpoison, in_mapped_pages, 900)
{
	int fd = alloc_buffer(16 * PAGE);

	fails_while_mapped(fd, 16 * PAGE, phys_of(fd), false);
}

/* A mapping of another file than the buffer's. */
TEST_TIMEOUT(hwpoison, in_a_mapping_of_a_dmabuf, 900)
{
	int fd = alloc_buffer(16 * PAGE);
	uint64_t phys = phys_of(fd);
	int dmabuf = export_buffer(fd);

	close(fd);
	fails_while_mapped(dmabuf, 16 * PAGE, phys, false);
}

TEST_TIMEOUT(hwpoison, in_a_mapped_folio_by_madvise, 900)
{
	int fd = alloc_contiguous();

	fails_while_mapped(fd, 4 * MIB, phys_of(fd), true);
}

TEST_TIMEOUT(hwpoison, in_mapped_pages_by_madvise, 900)
{
	int fd = alloc_buffer(16 * PAGE);

	fails_while_mapped(fd, 16 * PAGE, phys_of(fd), true);
}

/* A pin of a page beside it keeps the folio. */
TEST_TIMEOUT(hwpoison, in_a_pinned_folio, 900)
{
	int fd = alloc_contiguous(), pipe_fd[2];
	uint64_t bad = phys_of(fd) + BAD * PAGE, *p = map_buffer(fd, 4 * MIB);
	struct iovec iov = { .iov_base = (char *)p + (BAD + 1) * PAGE, .iov_len = PAGE };

	catch_sigbus();
	stamp_pages(p, 4 * MIB, 10);
	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	CHECK_EQ(vmsplice(pipe_fd[1], &iov, 1, 0), (long)PAGE);
	offline("hard", bad);
	expect_refused_soon((char *)p + BAD * PAGE);
	expect_others(p, 4 * MIB, 10);
	iov.iov_base = (char *)p + BAD * PAGE;
	CHECK_EQ(vmsplice(pipe_fd[1], &iov, 1, SPLICE_F_NONBLOCK), -1);
	CHECK(errno == EFAULT || errno == EHWPOISON);
	in_new_mapping(fd, 4 * MIB);
	munmap(p, 4 * MIB);
	close(fd);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	wait_for_quarantine(0);
	expect_not_allocated(bad, PAGE);
}
