// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compaction migrates blocks of buffers while programs use them. Small buffers fill a node, every
 * other one is freed, and then a contiguous buffer is possible only if the others are moved. The
 * contents of the others stay, pinned pages do not move, and neither do buffers whose physical
 * addresses were told. test_importer.c has buffers that drivers import. PBUDDY_RACE_SECONDS is the
 * duration of the stress.
 */
#include <inttypes.h>
#include <linux/dma-heap.h>
#include <sched.h>
#include <sys/uio.h>
#include <time.h>

#include "common.h"
#include "fragment.h"

/* ---- Contents and requests ---- */

/* Contiguous buffers of several lengths; none fits before others were moved. */
TEST_TIMEOUT(move, serves_a_fragmented_node, 900)
{
	unsigned int order;

	fragment(SMALL, 0);
	for (order = 9; order <= 11; order++) {
		struct pbuddy_alloc rq = request_of_order(PAGE << order, order);

		rq.flags |= PBUDDY_ALLOC_CONTIG;
		alloc_as(&rq);
		test_note("order %u", order);
		CHECK(has_moved());
	}
	expect_intact(SMALL);
}

static size_t huge_bytes(void)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	size_t kib, sum = 0;
	char line[512];

	if (!f)
		test_skip("no /proc/self/smaps");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "FilePmdMapped: %zu", &kib) == 1)
			sum += kib << 10;
	fclose(f);
	return sum;
}

/* Folios are moved as folios, and mapped by huge entries again. */
TEST_TIMEOUT(move, folios, 900)
{
	struct pbuddy_alloc rq = request_of_order(2 * HUGE, 10);
	unsigned long before = pages_moved();
	size_t huge;

	fragment(HUGE, 9);
	huge = huge_bytes();
	rq.flags |= PBUDDY_ALLOC_CONTIG;
	alloc_as(&rq);
	CHECK(pages_moved() >= before + HUGE / PAGE);
	expect_intact(HUGE);
	CHECK_EQ(huge_bytes(), huge);
	CHECK(huge > 0);
}

/* ---- What does not move ---- */

TEST_TIMEOUT(move, pinned_pages_stay, 900)
{
	int pipe_fd[NR_KEPT][2], i;
	uint64_t pfn[NR_KEPT];
	char *copy = malloc(PAGE);

	CHECK(copy);
	fragment(SMALL, 0);
	for (i = 0; i < NR_KEPT; i++) {
		/* Not the first page of the block. */
		struct iovec iov = { (char *)map_of[8 * i] + 5 * PAGE, PAGE };

		CHECK_EQ(pipe2(pipe_fd[i], O_CLOEXEC), 0);
		CHECK_EQ(vmsplice(pipe_fd[i][1], &iov, 1, 0), PAGE);
		pfn[i] = pfn_of(map_of[8 * i]);
	}
	expect_kept(pfn);
	for (i = 0; i < NR_KEPT; i++) {
		CHECK_EQ(read(pipe_fd[i][0], copy, PAGE), PAGE);
		CHECK_EQ(memcmp(copy, map_of[8 * i] + 5 * 512, PAGE), 0);
	}
	free(copy);
}

/* A second mapping, read-only and of a part of the buffer, and another process see moved pages. */
static uint64_t *part_of[NR_KEPT];
static int nr_parts;

static int map_part(int fd)
{
	uint64_t *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 3 * PAGE);

	CHECK(p != MAP_FAILED);
	part_of[nr_parts++] = p;
	return close(fd);
}

/* The mapping of the part is one of a dma-buf, which has another file than the buffer. */
static int map_part_of_dmabuf(int fd)
{
	int dmabuf = export_buffer(fd);

	CHECK_EQ(close(fd), 0);
	return map_part(dmabuf);
}

static void store_through(void *unused)
{
	int i;

	(void)unused;
	expect_intact(SMALL);
	for (i = 0; i < NR_KEPT; i++)
		map_of[8 * i][3 * 512] = (uint64_t)i;
}

static void expect_all_mappings_follow(int (*prepare)(int fd))
{
	uint64_t pfn[NR_KEPT];
	int i, moved = 0;

	fragment(SMALL, 0);
	replace_some(prepare);
	for (i = 0; i < NR_KEPT; i++)
		pfn[i] = pfn_of(part_of[i]);
	compact_all();
	CHECK_EQ(in_child(store_through, NULL), 0);
	for (i = 0; i < NR_KEPT; i++) {
		CHECK_EQ(part_of[i][0], i);
		CHECK_EQ(memcmp(part_of[i], map_of[8 * i] + 3 * 512, PAGE), 0);
		CHECK_EQ(pfn_of(part_of[i]), pfn_of(map_of[8 * i] + 3 * 512));
		moved += pfn_of(part_of[i]) != pfn[i];
	}
	test_note("%d of %d moved", moved, NR_KEPT);
	CHECK(moved > 0);
}

TEST_TIMEOUT(move, all_mappings_of_a_buffer, 900)
{
	expect_all_mappings_follow(map_part);
}

TEST_TIMEOUT(move, exported_buffers, 900)
{
	expect_all_mappings_follow(map_part_of_dmabuf);
}

static uint64_t *map_of_heap(int heap)
{
	struct dma_heap_allocation_data data = { .len = SMALL, .fd_flags = O_RDWR | O_CLOEXEC };

	CHECK_EQ(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data), 0);
	return map_and_close((int)data.fd, SMALL);
}

/* Such a buffer never has a descriptor of its own. */
TEST_TIMEOUT(move, buffers_of_a_heap, 900)
{
	int heap = open("/dev/dma_heap/pbuddy-node0", O_RDWR | O_CLOEXEC), i, moved = 0;
	uint64_t pfn[NR_KEPT];

	if (heap < 0)
		test_skip("no dma-bufs in this kernel");
	fragment(SMALL, 0);
	for (i = 0; i < NR_KEPT; i++) {
		CHECK_EQ(munmap(map_of[8 * i], SMALL), 0);
		map_of[8 * i] = map_of_heap(heap);
		stamp(map_of[8 * i], SMALL, 8 * (uint64_t)i);
		pfn[i] = pfn_of(map_of[8 * i]);
	}
	compact_all();
	expect_intact(SMALL);
	for (i = 0; i < NR_KEPT; i++)
		moved += pfn_of(map_of[8 * i]) != pfn[i];
	test_note("%d of %d moved", moved, NR_KEPT);
	CHECK(moved > 0);
}

static void expect_fixed_by(int (*prepare)(int fd))
{
	uint64_t pfn[NR_KEPT];
	int i;

	fragment(SMALL, 0);
	replace_some(prepare);
	for (i = 0; i < NR_KEPT; i++)
		pfn[i] = pfn_of(map_of[8 * i]);
	expect_kept(pfn);
}

static int tell_addresses(int fd)
{
	return phys_of(fd) ? 0 : -1;
}

TEST_TIMEOUT(move, told_addresses_stay, 900)
{
	expect_fixed_by(tell_addresses);
}

/* ---- Stress: programs write while compaction moves what they write to ---- */

#define NR_WRITERS	3
#define NR_SHARED	48

static uint64_t *shared[NR_SHARED];
static size_t shared_bytes[NR_SHARED];

/* Each writer has a word of each page, counts it up, and alone writes to it. */
static void write_and_check(unsigned int word, const volatile uint32_t *stop)
{
	uint64_t round;
	size_t page;
	int i;

	/* One round at least, also of a writer that begins late. */
	for (round = 1; round == 1 || !*stop; round++) {
		for (i = 0; i < NR_SHARED; i++) {
			for (page = 0; page < shared_bytes[i] / PAGE; page++) {
				volatile uint64_t *p = shared[i] + 512 * page + 8 * word;

				CHECK_EQ(*p, round - 1);
				*p = round;
			}
		}
	}
	for (i = 0; i < NR_SHARED; i++)
		for (page = 0; page < shared_bytes[i] / PAGE; page++)
			CHECK_EQ(shared[i][512 * page + 8 * word], round - 1);
}

static void pin_and_check(const volatile uint32_t *stop)
{
	struct pbuddy_alloc rq = request_on_node(SMALL);
	uint64_t *p = map_and_close(alloc_as(&rq), SMALL), *copy = malloc(SMALL);
	struct iovec iov = { p, SMALL };
	int pipe_fd[2];
	uint64_t id;

	CHECK(copy);
	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	for (id = 1; !*stop; id++) {
		size_t done = 0;

		stamp(p, SMALL, id);
		CHECK(vmsplice(pipe_fd[1], &iov, 1, 0) == SMALL);
		sched_yield();
		while (done < SMALL) {
			ssize_t n = read(pipe_fd[0], (char *)copy + done, SMALL - done);

			CHECK(n > 0);
			done += (size_t)n;
		}
		CHECK_EQ(stamp_broken(copy, SMALL, id), -1);
		CHECK_EQ(stamp_broken(p, SMALL, id), -1);
	}
}

static void check_and_exit(void *p)
{
	CHECK_EQ(stamp_broken(p, SMALL, 1), -1);
}

static void move_and_fork(const volatile uint32_t *stop)
{
	struct pbuddy_alloc rq = request_on_node(SMALL);
	int fd = alloc_as(&rq);
	uint64_t *p = map_buffer(fd, SMALL), *to, *other;
	unsigned int n;

	stamp(p, SMALL, 1);
	for (n = 0; !*stop; n++) {
		to = mmap(NULL, SMALL, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(to != MAP_FAILED);
		CHECK(mremap(p, SMALL, SMALL, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
		p = to;
		CHECK_EQ(stamp_broken(p, SMALL, 1), -1);
		other = map_buffer(fd, SMALL);
		CHECK_EQ(stamp_broken(other, SMALL, 1), -1);
		if (n % 8 == 0)
			CHECK_EQ(in_child(check_and_exit, p), 0);
		CHECK_EQ(munmap(other + 512, 5 * PAGE), 0);
		madvise(p, SMALL, MADV_DONTNEED);
		CHECK_EQ(stamp_broken(other, PAGE, 1), -1);
		munmap(other, SMALL);
	}
}

/* The shared buffers lie among those that are freed and allocated. */
static void share_buffers(void)
{
	struct pbuddy_alloc rq;
	int i, k, nr = 0;

	for (i = 0; i < NR_SHARED; i++) {
		bool huge = i % 12 == 0;

		shared_bytes[i] = huge ? HUGE : SMALL;
		rq = request_of_order(shared_bytes[i], huge ? 9 : 0);
		shared[i] = map_and_close(alloc_as(&rq), shared_bytes[i]);
		for (k = 0; k < NR_CHURN / NR_SHARED; k++)
			churned[nr++] = alloc_small();
	}
	while (nr < NR_CHURN)
		churned[nr++] = -1;
}

static void run(unsigned int nr, const volatile uint32_t *stop)
{
	if (nr < NR_WRITERS + 2)
		close_churned();
	if (nr < NR_WRITERS)
		write_and_check(nr, stop);
	else if (nr == NR_WRITERS)
		pin_and_check(stop);
	else if (nr == NR_WRITERS + 1)
		move_and_fork(stop);
	else
		churn(stop);
}

TEST_TIMEOUT(move, under_running_writers, 1200)
{
	unsigned long before = pages_moved(), rounds = 0;
	struct patience wait = { 0 };
	struct children children;
	time_t end;

	share_buffers();
	start_children(&children, NR_WRITERS + 3, run);
	close_churned();
	/* There is something to move once the child has run that frees. */
	for (end = time(NULL) + race_seconds(5); time(NULL) < end || rounds < 4 ||
	     (pages_moved() == before && more_patience(&wait)); rounds++) {
		struct pbuddy_alloc rq = request_of_order(2 * HUGE, 10);

		compact_all();
		rq.flags |= PBUDDY_ALLOC_CONTIG;
		if (!ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq))
			close(rq.fd);
	}
	stop_children(&children);
	test_note("%lu compactions, %lu pages moved", rounds, pages_moved() - before);
	CHECK(pages_moved() > before);
}
