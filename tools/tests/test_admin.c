// SPDX-License-Identifier: GPL-2.0-only
/*
 * COMPACT, DRAIN and FRAG: rights and arguments, and that what they say agrees with what was done.
 */
#include <sched.h>
#include <sys/wait.h>

#include "common.h"

#define BLOCK		(2 * MIB)
#define BLOCK_PAGES	512
#define RECORDS		4096

static struct pbuddy_pageblock record[RECORDS];

static int compact(int node, uint64_t most, struct pbuddy_compact *c)
{
	*c = (struct pbuddy_compact) {
		.size = sizeof(*c), .node = node, .max_pageblocks = most,
	};
	return ioctl(dev, PBUDDY_IOCTL_COMPACT, c);
}

static int drain(int node, struct pbuddy_drain *d)
{
	*d = (struct pbuddy_drain) { .size = sizeof(*d), .node = node };
	return ioctl(dev, PBUDDY_IOCTL_DRAIN, d);
}

/* Reads all records, @step at a time. */
static uint32_t frag(uint32_t step)
{
	struct pbuddy_frag f = { .size = sizeof(f), .record_size = sizeof(record[0]) };
	uint32_t nr = 0;

	do {
		CHECK(nr + step <= RECORDS);
		f.records_ptr = (uintptr_t)&record[nr];
		f.nr_records = step;
		CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_FRAG, &f), 0);
		CHECK(f.nr_records <= step);
		nr += f.nr_records;
	} while (f.nr_records == step);
	return nr;
}

static void without_right(void *unused)
{
	struct pbuddy_compact c;
	struct pbuddy_drain d;
	uint32_t nr, i;

	(void)unused;
	drop_privileges();
	CHECK_FAILS(compact(PBUDDY_NODE_ANY, 0, &c), EPERM);
	CHECK_FAILS(drain(PBUDDY_NODE_ANY, &d), EPERM);
	nr = frag(RECORDS);
	CHECK(nr > 0);
	for (i = 0; i < nr; i++)
		CHECK_EQ(record[i].phys, 0);
}

TEST(admin, rights)
{
	uint32_t nr = frag(RECORDS), i;

	CHECK(nr > 0);
	for (i = 0; i < nr; i++)
		CHECK(record[i].phys && record[i].phys % BLOCK == 0);
	CHECK_EQ(in_child(without_right, NULL), 0);
}

TEST(admin, bad_nodes)
{
	static const int bad[] = { -2, INT32_MIN, 63, INT32_MAX };
	struct pbuddy_compact c;
	struct pbuddy_drain d;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_FAILS(compact(bad[i], 0, &c), ENXIO);
		CHECK_FAILS(drain(bad[i], &d), ENXIO);
	}
	c = (struct pbuddy_compact) { .size = sizeof(c), .reserved0 = 1 };
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_COMPACT, &c), EINVAL);
	d = (struct pbuddy_drain) { .size = sizeof(d), .reserved0 = 1 };
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_DRAIN, &d), EINVAL);
}

TEST(admin, frag_bad_arguments)
{
	struct pbuddy_frag f = {
		.size = sizeof(f), .nr_records = 1, .records_ptr = (uintptr_t)record,
	};

	f.record_size = PBUDDY_PAGEBLOCK_SIZE_VER0 - 1;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_FRAG, &f), EINVAL);
	f.record_size = PAGE + 1;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_FRAG, &f), E2BIG);
	f.record_size = sizeof(record[0]);
	f.records_ptr = 0;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_FRAG, &f), EINVAL);
	f.records_ptr = 8;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_FRAG, &f), EFAULT);
	f.cursor = UINT64_MAX;
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_FRAG, &f), 0);
	CHECK_EQ(f.nr_records, 0);
}

/* A record for each pageblock of the pool, once, whatever the length of the array. */
TEST(admin, frag_is_complete)
{
	uint64_t bytes[64] = { 0 }, phys[RECORDS], free_bytes, uncached;
	struct usage usage;
	uint32_t nr = frag(RECORDS), i;
	struct pbuddy_drain d;
	int tries;

	for (i = 0; i < nr; i++) {
		CHECK(record[i].node >= 0 && record[i].node < 64);
		CHECK(record[i].free_pages <= BLOCK_PAGES);
		CHECK_EQ(record[i].largest_order == 9, record[i].free_pages == BLOCK_PAGES);
		CHECK_EQ(record[i].largest_order == -1, !record[i].free_pages);
		CHECK(record[i].type <= PBUDDY_PAGEBLOCK_ISOLATE);
		CHECK(record[i].zone <= PBUDDY_ZONE_MOVABLE);
		CHECK(!i || record[i].node != record[i - 1].node ||
		      record[i].zone != record[i - 1].zone || record[i].phys > record[i - 1].phys);
		bytes[record[i].node] += BLOCK;
		phys[i] = record[i].phys;
	}
	read_usage(&usage);
	for (i = 0; i < usage.nr_nodes; i++)
		CHECK_EQ(bytes[usage.node[i].node], usage.node[i].total_bytes);
	CHECK_EQ(frag(1), nr);
	CHECK_EQ(frag(7), nr);
	/* A thread of the module may fill a cache between the two readings. */
	for (tries = 0; tries < 100; tries++) {
		CHECK_EQ(drain(PBUDDY_NODE_ANY, &d), 0);
		CHECK_EQ(frag(nr), nr);
		for (i = free_bytes = 0; i < nr; i++) {
			CHECK_EQ(record[i].phys, phys[i]);
			free_bytes += record[i].free_pages * PAGE;
		}
		read_settled_usage(&usage);
		uncached = usage.free - d.cached_bytes;
		if (free_bytes == uncached)
			break;
	}
	CHECK_EQ(free_bytes, uncached);
}

static void resize_by(const struct pbuddy_node_info *node, int64_t bytes)
{
	struct pbuddy_resize r = {
		.size = sizeof(r), .node = node->node, .bytes = node->total_bytes + (uint64_t)bytes,
	};

	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_RESIZE, &r), 0);
	CHECK_EQ(r.reason, PBUDDY_RESIZE_DONE);
}

/* Gives back the pageblock at @phys, which is not the first or the last one, and no other. */
static void make_hole(const struct pbuddy_node_info *node, uint64_t phys)
{
	int fd[RECORDS], nr = 0, hole = -1;

	for (;; nr++) {
		struct pbuddy_alloc rq = request_on_node(BLOCK);

		CHECK(nr < RECORDS);
		rq.order = 9;
		rq.mclass = PBUDDY_CLASS_UNMOVABLE;
		if (ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq))
			break;
		fd[nr] = rq.fd;
		if (phys_of(rq.fd) == phys)
			hole = nr;
	}
	CHECK_EQ(errno, ENOMEM);
	CHECK(hole >= 0);
	close(fd[hole]);
	resize_by(node, -(int64_t)BLOCK);
	while (nr--)
		if (nr != hole)
			close(fd[nr]);
}

/* Reads one record at a time: the lower half of the cursor counts those of a zone. */
static void cursor_counts_records(void *unused)
{
	struct pbuddy_frag f = {
		.size = sizeof(f), .record_size = sizeof(record[0]), .nr_records = 1,
		.records_ptr = (uintptr_t)record,
	};
	uint32_t zone = 0, done = 0;

	(void)unused;
	drop_privileges();
	for (;;) {
		CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_FRAG, &f), 0);
		if (!f.nr_records)
			break;
		done = f.cursor >> 32 == zone ? done + 1 : 1;
		zone = f.cursor >> 32;
		CHECK_EQ((uint32_t)f.cursor, done);
	}
}

/* Without privilege the cursor does not count holes, since that would tell physical addresses. */
TEST(admin, frag_cursor_is_no_address)
{
	uint32_t nr = frag(RECORDS), i;
	struct usage usage;
	int status;

	read_usage(&usage);
	for (i = 1; i < nr - 1; i++)
		if (record[i - 1].phys + BLOCK == record[i].phys &&
		    record[i].phys + BLOCK == record[i + 1].phys &&
		    record[i - 1].node == usage.node[0].node &&
		    record[i + 1].node == usage.node[0].node &&
		    record[i - 1].zone == record[i + 1].zone &&
		    record[i].free_pages == BLOCK_PAGES)
			break;
	CHECK(i < nr - 1);
	make_hole(&usage.node[0], record[i].phys);
	CHECK_EQ(frag(RECORDS), nr - 1);
	CHECK_EQ(record[i].phys - record[i - 1].phys, 2 * BLOCK);
	status = in_child(cursor_counts_records, NULL);
	resize_by(&usage.node[0], 0);
	CHECK_EQ(status, 0);
}

/* The pageblocks of a buffer are full, and of its type. */
TEST(admin, frag_shows_a_buffer)
{
	struct pbuddy_alloc rq = request(4 * BLOCK);
	uint64_t phys;
	uint32_t nr, i, found = 0;

	rq.order = 9;
	rq.flags = PBUDDY_ALLOC_CONTIG;
	rq.mclass = PBUDDY_CLASS_UNMOVABLE;
	phys = phys_of(alloc_as(&rq));
	nr = frag(RECORDS);
	for (i = 0; i < nr; i++) {
		if (record[i].phys < phys || record[i].phys >= phys + 4 * BLOCK)
			continue;
		found++;
		CHECK_EQ(record[i].free_pages, 0);
		CHECK_EQ(record[i].type, PBUDDY_PAGEBLOCK_UNMOVABLE);
		CHECK_EQ(record[i].node, rq.node);
	}
	CHECK_EQ(found, 4);
}

static void stay_on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK_EQ(sched_setaffinity(0, sizeof(set), &set), 0);
}

/* Frees pages of a node on another CPU, which keeps some in its cache; then drains the node. */
static void free_and_drain(int node, int other, struct pbuddy_drain *d)
{
	struct pbuddy_alloc rq = request(64 * PAGE);

	stay_on_cpu(sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : 0);
	rq.node = node;
	rq.flags = PBUDDY_ALLOC_STRICT_NODE;
	CHECK_EQ(close(alloc_as(&rq)), 0);
	stay_on_cpu(0);
	if (other != node) {
		CHECK_EQ(drain(other, d), 0);
		CHECK_EQ(d->drained_bytes, 0);
	}
	CHECK_EQ(drain(node, d), 0);
	CHECK_EQ(d->cached_bytes, 0);
}

/* What a free leaves in the caches of another CPU, and of one node only, is returned. */
TEST(admin, drain_empties_caches)
{
	struct patience wait = { 0 };
	struct pbuddy_drain d;
	struct usage usage;
	int node, other;

	read_usage(&usage);
	node = usage.node[0].node;
	other = usage.node[usage.nr_nodes - 1].node;
	CHECK_EQ(drain(PBUDDY_NODE_ANY, &d), 0);
	/* Once a second the module empties idle caches, too: before the drain, perhaps. */
	do
		free_and_drain(node, other, &d);
	while (!d.drained_bytes && more_patience(&wait));
	CHECK(d.drained_bytes > 0);
	CHECK_EQ(drain(node, &d), 0);
	CHECK_EQ(d.drained_bytes, 0);
}

/*
 * Movable single pages, of which every other buffer is freed: half of each pageblock is free. The
 * buffers are of 64 pages, so that there are not too many descriptors.
 */
#define PIECE	(64 * PAGE)
#define PIECES	256

TEST(admin, compact_gains)
{
	struct pbuddy_compact c;
	struct usage usage;
	int fd[PIECES], i;
	uint64_t before;

	read_usage(&usage);
	for (i = 0; i < PIECES; i++) {
		struct pbuddy_alloc rq = request(PIECE);

		rq.node = usage.node[0].node;
		rq.flags = PBUDDY_ALLOC_STRICT_NODE;
		rq.order = 6;
		fd[i] = alloc_as(&rq);
	}
	for (i = 0; i < PIECES; i += 2)
		CHECK_EQ(close(fd[i]), 0);
	CHECK_EQ(compact(usage.node[0].node, 2, &c), 0);
	CHECK_EQ(c.gained_pageblocks, 2);
	CHECK_EQ(c.moved_pages % (PIECE / PAGE), 0);
	CHECK(c.moved_pages > 0);
	CHECK(c.after_pageblocks >= c.before_pageblocks + 2);
	before = c.before_pageblocks;
	CHECK_EQ(compact(usage.node[0].node, 0, &c), 0);
	/*
	 * Half of the memory of the pieces, less a pageblock at each end. The node thread may have
	 * made some of them in between.
	 */
	CHECK(c.gained_pageblocks > 0);
	CHECK(c.after_pageblocks >= before + PIECES / 2 * PIECE / BLOCK - 2);
	/* It may still have one that it makes. */
	wait_for_node_threads();
	CHECK_EQ(compact(PBUDDY_NODE_ANY, 0, &c), 0);
	CHECK_EQ(c.before_pageblocks + c.gained_pageblocks, c.after_pageblocks);
}

static void compact_for_ever(void *unused)
{
	struct pbuddy_compact c;

	(void)unused;
	for (;;)
		CHECK_EQ(compact(PBUDDY_NODE_ANY, 0, &c), 0);
}

TEST(admin, compact_is_killable)
{
	int status;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid) {
		compact_for_ever(NULL);
		_exit(1);
	}
	usleep(300000);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}
