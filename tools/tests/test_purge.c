// SPDX-License-Identifier: GPL-2.0-only
/*
 * ADVISE: a buffer that is purgeable loses its memory to requests that need it, the one that was
 * advised the longest ago first, and gets zeroed memory again by WILLNEED or by an access. A node
 * is filled to make the module purge.
 */
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "advise.h"

#define BYTES	(4 * MIB)

/* Takes the memory of all buffers of the first node that can be purged. */
static void purge_all(void)
{
	struct buffer_set set;

	fill_node(&set);
	close_buffers(&set);
}

static bool is_purged(int fd)
{
	return info_of(fd).flags & PBUDDY_BUFFER_PURGED;
}

static void expect_state(int fd, uint32_t flags, uint64_t resident, uint64_t purgeable)
{
	struct pbuddy_buffer_info info = info_of(fd);

	CHECK_EQ(info.flags & (PBUDDY_BUFFER_PURGEABLE | PBUDDY_BUFFER_PURGED), flags);
	CHECK_EQ(info.bytes, BYTES);
	CHECK_EQ(info.resident_bytes, resident);
	CHECK_EQ(info.charged_bytes, resident);
	CHECK_EQ(info.purgeable_bytes, purgeable);
	expect_fdinfo(fd, "purgeable", purgeable);
	expect_fdinfo(fd, "resident", resident);
}

/* ---- Advice and contents ---- */

TEST(purge, keeps_contents_without_pressure)
{
	int fd = alloc_on_node(BYTES);
	uint64_t *p = map_buffer(fd, BYTES);

	stamp(p, BYTES, 1);
	expect_state(fd, 0, BYTES, 0);
	dontneed(fd);
	CHECK_EQ(last_advice.retained, 1);
	expect_state(fd, PBUDDY_BUFFER_PURGEABLE, BYTES, BYTES);
	CHECK_EQ(stamp_broken(p, BYTES, 1), -1);
	dontneed(fd);
	CHECK(willneed(fd));
	CHECK(willneed(fd));
	expect_state(fd, 0, BYTES, 0);
	CHECK_EQ(stamp_broken(p, BYTES, 1), -1);
	/* Needed again: no request takes it. */
	purge_all();
	CHECK_EQ(stamp_broken(p, BYTES, 1), -1);
	CHECK(willneed(fd));
}

TEST(purge, gives_zeroed_memory_again)
{
	unsigned long before = vmstat_event("pgpurge");
	int fd = alloc_on_node(BYTES);
	uint64_t *p = map_buffer(fd, BYTES);
	struct pbuddy_query q;

	stamp(p, BYTES, 1);
	dontneed(fd);
	purge_all();
	CHECK_EQ(vmstat_event("pgpurge") - before, BYTES / PAGE);
	expect_state(fd, PBUDDY_BUFFER_PURGEABLE | PBUDDY_BUFFER_PURGED, 0, 0);
	CHECK_EQ(query_extents(fd, &q, NULL, 0), 0);
	CHECK_EQ(q.bytes, BYTES);
	dontneed(fd);
	CHECK_EQ(last_advice.retained, 0);
	CHECK(!willneed(fd));
	expect_state(fd, 0, BYTES, 0);
	CHECK_EQ(first_nonzero(p, BYTES), -1);
	stamp(p, BYTES, 2);
	CHECK(willneed(fd));
	dontneed(fd);
	CHECK(willneed(fd));
	CHECK_EQ(stamp_broken(p, BYTES, 2), -1);
}

TEST(purge, access_gives_memory_again)
{
	int fd = alloc_on_node(BYTES);
	uint64_t *p = map_buffer(fd, BYTES);

	stamp(p, BYTES, 1);
	dontneed(fd);
	purge_all();
	CHECK_EQ(first_nonzero(p, BYTES), -1);
	expect_state(fd, PBUDDY_BUFFER_PURGEABLE | PBUDDY_BUFFER_PURGED, BYTES, BYTES);
	stamp(p, BYTES, 2);
	CHECK(!willneed(fd));
	CHECK_EQ(stamp_broken(p, BYTES, 2), -1);
	/* Not only the first time, and by system calls too. */
	dontneed(fd);
	purge_all();
	CHECK_EQ(read(open("/dev/zero", O_RDONLY | O_CLOEXEC), p + 512, PAGE), PAGE);
	purge_all();
	CHECK_EQ(p[1], 0);
	CHECK(!willneed(fd));
}

TEST(purge, willneed_fails_on_a_full_node)
{
	int fd = alloc_on_node(BYTES);
	struct buffer_set set;

	dontneed(fd);
	fill_node(&set);
	CHECK_FAILS(advise(fd, PBUDDY_ADVICE_WILLNEED), ENOMEM);
	CHECK(last_advice.reason != PBUDDY_REASON_NONE);
	expect_state(fd, PBUDDY_BUFFER_PURGEABLE | PBUDDY_BUFFER_PURGED, 0, 0);
	close_buffers(&set);
	CHECK(!willneed(fd));
	expect_state(fd, 0, BYTES, 0);
}

/* An access waits for memory: it does not end in SIGBUS, and a signal ends it. */
TEST(purge, access_waits_for_memory)
{
	int fd = alloc_on_node(BYTES), status;
	uint64_t *p = map_buffer(fd, BYTES);
	struct buffer_set set;
	pid_t killed, pid;

	p[0] = 1;
	dontneed(fd);
	fill_node(&set);
	pid = touch_in_child(p, &set);
	killed = touch_in_child(p, &set);
	usleep(300000);
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	CHECK_EQ(kill(killed, SIGKILL), 0);
	CHECK_EQ(waitpid(killed, &status, 0), killed);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	expect_state(fd, PBUDDY_BUFFER_PURGEABLE | PBUDDY_BUFFER_PURGED, 0, 0);
	close_buffers(&set);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(p[0], 0);
}

/* ---- Which buffers, and how many ---- */

#define NR	8

/*
 * Makes buffers purgeable on a full node, in this order, and then a request, which purges. It waits
 * for a short time only while the node thread has one of them, so there is more than one try.
 */
static int alloc_by_purging(struct pbuddy_alloc *rq, struct buffer_set *set, const int *fd, int nr)
{
	int tries, i;

	for (tries = 0; tries < 5; tries++) {
		fill_node(set);
		for (i = 0; i < nr; i++)
			dontneed(fd[i]);
		if (!ioctl(dev, PBUDDY_IOCTL_ALLOC, rq)) {
			wait_for_node_threads();
			return rq->fd;
		}
		CHECK_EQ(errno, ENOMEM);
		wait_for_node_threads();
		close_buffers(set);
		for (i = 0; i < nr; i++)
			willneed(fd[i]);
	}
	CHECK(tries < 5);
	return -1;
}

/* Those that were purged are the first that were advised, and one more than needed is not. */
TEST(purge, longest_ago_first)
{
	static const int order[NR] = { 3, 0, 7, 1, 2, 6, 5, 4 };
	struct pbuddy_alloc rq = on_node(MIB, PBUDDY_CLASS_UNMOVABLE);
	struct buffer_set set;
	int fd[NR], in_order[NR], i, nr = 0;
	bool there = false;

	for (i = 0; i < NR; i++)
		fd[i] = alloc_on_node(MIB);
	dontneed(fd[order[NR - 1]]);	/* again below, which makes it the last one */
	for (i = 0; i < NR; i++)
		dontneed(fd[order[i]]);
	CHECK(willneed(fd[order[NR - 1]]));
	fill_node(&set);
	for (i = 0; i < NR; i++)
		CHECK_EQ(is_purged(fd[order[i]]), i < NR - 1);
	close_buffers(&set);

	/* The same with one request for the memory of one of them, or as the node thread purges. */
	for (i = 0; i < NR; i++) {
		CHECK_EQ(willneed(fd[order[i]]), i == NR - 1);
		in_order[i] = fd[order[i]];
	}
	alloc_by_purging(&rq, &set, in_order, NR);
	for (i = 0; i < NR; i++) {
		bool purged = is_purged(fd[order[i]]);

		CHECK(!(purged && there));
		there |= !purged;
		nr += purged;
	}
	test_note("%d of %d purged", nr, NR);
	CHECK(nr > 0 && nr < NR);
}

/* The memory of purgeable buffers is there for a large contiguous request, and comes back so. */
TEST(purge, contiguous)
{
	struct pbuddy_alloc rq = on_node(BYTES, PBUDDY_CLASS_UNMOVABLE);
	struct pbuddy_extent ext;
	struct buffer_set set;
	struct pbuddy_query q;
	uint64_t *p;
	int fd;

	rq.flags |= PBUDDY_ALLOC_CONTIG;
	rq.order = 9;
	fd = alloc_as(&rq);
	p = map_buffer(fd, BYTES);
	stamp(p, BYTES, 1);
	CHECK_EQ(close(alloc_by_purging(&rq, &set, &fd, 1)), 0);
	CHECK_EQ(query_extents(fd, &q, NULL, 0), 0);
	CHECK(!willneed(fd));
	CHECK_EQ(query_extents(fd, &q, &ext, 1), 1);
	CHECK_EQ(ext.bytes, BYTES);
	CHECK_EQ(ext.node, rq.node);
	CHECK_EQ(ext.phys % (2 * MIB), 0);
	CHECK_EQ(first_nonzero(p, BYTES), -1);
	close_buffers(&set);
}

/* All nodes together have that many pages, and none has them in one piece. */
TEST(purge, not_for_what_no_node_can_hold)
{
	struct pbuddy_alloc rq = request(node_bytes() + 2 * MIB);
	int fd = alloc_on_node(BYTES);

	dontneed(fd);
	rq.flags = PBUDDY_ALLOC_CONTIG;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq), ENOMEM);
	CHECK_EQ(rq.reason, PBUDDY_REASON_LIMIT);
	CHECK(!is_purged(fd));
}

TEST(purge, pinned_pages_stay)
{
	int fd = alloc_on_node(BYTES), pipe_fd[2];
	uint64_t *p = map_buffer(fd, BYTES), copy[PAGE / sizeof(uint64_t)];
	struct iovec iov = { p + 5 * 512, PAGE };

	stamp(p, BYTES, 1);
	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	CHECK_EQ(vmsplice(pipe_fd[1], &iov, 1, 0), PAGE);
	dontneed(fd);
	purge_all();
	expect_state(fd, PBUDDY_BUFFER_PURGEABLE, BYTES, BYTES);
	CHECK_EQ(stamp_broken(p, BYTES, 1), -1);
	CHECK_EQ(read(pipe_fd[0], copy, PAGE), PAGE);
	CHECK_EQ(memcmp(copy, p + 5 * 512, PAGE), 0);
	/* No longer pinned. */
	purge_all();
	CHECK(!willneed(fd));
	CHECK_EQ(first_nonzero(p, BYTES), -1);
}

static int export(int fd)
{
	struct pbuddy_export_dmabuf e = { .size = sizeof(e), .fd_flags = O_RDWR };

	return ioctl(fd, PBUDDY_IOCTL_EXPORT_DMABUF, &e) ? -1 : e.fd;
}

TEST(purge, not_while_exported)
{
	int fd = alloc_on_node(BYTES), dmabuf = export(fd);

	if (dmabuf < 0 && errno == EOPNOTSUPP)
		test_skip("no dma-bufs in this kernel");
	CHECK(dmabuf >= 0);
	CHECK_FAILS(advise(fd, PBUDDY_ADVICE_DONTNEED), EBUSY);
	CHECK(willneed(fd));
	CHECK_EQ(close(dmabuf), 0);
	while (advise(fd, PBUDDY_ADVICE_DONTNEED)) {	/* the dma-buf may end later */
		CHECK_EQ(errno, EBUSY);
		usleep(1000);
	}
	CHECK_FAILS(export(fd), EBUSY);
	purge_all();
	CHECK_FAILS(export(fd), EBUSY);
	CHECK(!willneed(fd));
	CHECK(export(fd) >= 0);
}

/* ---- Resizing, limits, the end of a buffer ---- */

TEST(purge, makes_space_for_a_resize)
{
	struct pbuddy_alloc rq = on_node(16 * MIB, PBUDDY_CLASS_UNMOVABLE);
	uint64_t bytes = node_bytes();
	struct buffer_set set;
	int fd;

	rq.order = 9;
	fd = alloc_as(&rq);
	fill_node(&set);
	dontneed(fd);
	resize_node(bytes - 8 * MIB);
	CHECK(is_purged(fd));
	close_buffers(&set);
	CHECK(!willneed(fd));
	close(fd);
	resize_node(bytes);
}

/* The watermarks of the size before are above what is free at the end. */
TEST(purge, not_for_a_resize_with_free_memory)
{
	uint64_t bytes = node_bytes();
	int fd = alloc_on_node(BYTES);
	uint64_t *p = map_buffer(fd, BYTES);

	stamp(p, BYTES, 1);
	dontneed(fd);
	set_parameter("min_free_kbytes", "1024");
	set_parameter("watermark_scale_factor", "3000");
	resize_node(bytes / 4);
	set_parameter("watermark_scale_factor", "10");
	set_parameter("min_free_kbytes", "0");
	CHECK(!is_purged(fd));
	CHECK(willneed(fd));
	CHECK_EQ(stamp_broken(p, BYTES, 1), -1);
	resize_node(bytes);
}

/* A block in the range is moved, for which there is no free memory before the purge. */
TEST(purge, makes_space_to_vacate)
{
	struct pbuddy_alloc rq = on_node(16 * MIB, PBUDDY_CLASS_UNMOVABLE);
	struct pbuddy_alloc moved = on_node(2 * MIB, PBUDDY_CLASS_MOVABLE);
	uint64_t bytes = node_bytes();
	struct buffer_set set;
	uint64_t *p;
	uint64_t phys;
	struct patience wait = { 0 };
	char range[40];
	int fd, in_range;

	rq.order = 9;
	moved.order = 9;
	fd = alloc_as(&rq);
	in_range = alloc_as(&moved);
	p = map_buffer(in_range, 2 * MIB);
	*p = 1;
	phys = pfn_of(p) * PAGE;
	fill_node(&set);
	dontneed(fd);
	snprintf(range, sizeof(range), "%llx-%llx", (unsigned long long)phys,
		 (unsigned long long)phys + 2 * MIB - 1);
	test_note("vacate=%s", range);
	/* The blocks may still be on their way to the free lists. */
	while (!try_set_parameter("vacate", range) && more_patience(&wait))
		usleep(100000);
	CHECK_EQ(node_bytes(), bytes - 2 * MIB);
	CHECK_EQ(*p, 1ULL);
	CHECK(pfn_of(p) * PAGE != phys);
	munmap(p, 2 * MIB);
	CHECK(is_purged(fd));
	close_buffers(&set);
	close(in_range);
	close(fd);
	resize_node(bytes);
}

static void set_limit(const char *text)
{
	int fd = open("/sys/module/pbuddy/parameters/account_limit_kbytes", O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* A purged buffer is charged to no account, so its memory can be beyond a limit. */
TEST(purge, willneed_is_charged)
{
	int fd = alloc_on_node(BYTES), err;

	dontneed(fd);
	purge_all();
	set_limit("2048");
	err = advise(fd, PBUDDY_ADVICE_WILLNEED) ? errno : 0;
	set_limit("default");
	CHECK_EQ(err, EDQUOT);
	CHECK_EQ(last_advice.reason, PBUDDY_REASON_LIMIT);
	CHECK(!willneed(fd));
	expect_state(fd, 0, BYTES, 0);
}

static void become_creator(void *arg)
{
	int fd = *(int *)arg;

	drop_privileges();
	CHECK(!willneed(fd));
	CHECK_EQ(fd, *(int *)arg);
}

/* The task that restores the memory is charged for it. */
TEST(purge, charges_the_restoring_task)
{
	int fd = alloc_on_node(BYTES);

	dontneed(fd);
	purge_all();
	CHECK_EQ(in_child(become_creator, &fd), 0);
	CHECK_EQ(info_of(fd).account_uid, 65534);
	CHECK_EQ(info_of(fd).creator_uid, 0);
	CHECK_EQ(info_of(fd).charged_bytes, BYTES);
}

static void hold_purged(void *arg)
{
	int fd = alloc_on_node(BYTES);
	uint64_t *p = map_buffer(fd, BYTES);

	stamp(p, BYTES, 1);
	dontneed(fd);
	purge_all();
	if (*(int *)arg == 1)
		CHECK_EQ(munmap(p, BYTES), 0);
	if (*(int *)arg == 2)
		kill(getpid(), SIGKILL);
	if (*(int *)arg == 3)
		CHECK_EQ(munmap(p + 512, PAGE), 0);
}

/* The harness finds memory that is lost. */
TEST(purge, ends_while_purged)
{
	int how;

	for (how = 0; how < 4; how++)
		CHECK_EQ(in_child(hold_purged, &how), how == 2 ? -SIGKILL : 0);
}

/* ---- Arguments ---- */

TEST(purge, bad_arguments)
{
	int fd = alloc_buffer(PAGE);
	struct {
		struct pbuddy_advise	a;
		uint64_t		tail;
	} longer = { .a = { .size = sizeof(longer) } };
	struct pbuddy_alloc rq = request(PAGE);
	struct pbuddy_advise a;

#define BAD(field, value)							\
	do {									\
		a = (struct pbuddy_advise) { .size = sizeof(a) };		\
		a.field = (value);						\
		CHECK_FAILS(ioctl(fd, PBUDDY_IOCTL_ADVISE, &a), EINVAL);	\
	} while (0)
	BAD(size, sizeof(a) - 8);
	BAD(flags, 1);
	BAD(advice, PBUDDY_ADVICE_PAGEOUT + 1);
	BAD(advice, UINT32_MAX);
	BAD(reserved0, 1);
	BAD(reserved[1], 1);
#undef BAD
	CHECK_EQ(ioctl(fd, PBUDDY_IOCTL_ADVISE, &longer), 0);
	longer.tail = 1;
	CHECK_FAILS(ioctl(fd, PBUDDY_IOCTL_ADVISE, &longer), E2BIG);
	CHECK_FAILS(ioctl(fd, PBUDDY_IOCTL_ADVISE, NULL), EFAULT);
	CHECK_FAILS(advise(dev, PBUDDY_ADVICE_DONTNEED), ENOTTY);
	rq.fd_flags = O_RDONLY;
	alloc_as(&rq);
	CHECK_FAILS(advise(rq.fd, PBUDDY_ADVICE_DONTNEED), EACCES);
	CHECK_FAILS(advise(rq.fd, PBUDDY_ADVICE_WILLNEED), EACCES);
}

/* A caller that could not be told that the contents are lost is told the next time. */
TEST(purge, lost_answer_is_repeated)
{
	int fd = alloc_on_node(BYTES);
	struct pbuddy_advise *a = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(a != MAP_FAILED);
	*a = (struct pbuddy_advise) { .size = sizeof(*a) };
	dontneed(fd);
	purge_all();
	CHECK_EQ(mprotect(a, PAGE, PROT_READ), 0);
	CHECK_FAILS(ioctl(fd, PBUDDY_IOCTL_ADVISE, a), EFAULT);
	CHECK(!willneed(fd));
	CHECK(willneed(fd));
}

/* ---- The need of the system (scripts/tests/memory-shrinker.sh) ---- */

static void shrink_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "2", 1), 1);
	close(fd);
}

TEST(purge_grown, system_gets_the_memory)
{
	uint64_t least = node_bytes();
	struct pbuddy_alloc rq = on_node(4 * least, PBUDDY_CLASS_UNMOVABLE);
	int fd = alloc_as(&rq);
	struct patience wait = { 0 };

	CHECK(node_bytes() > 4 * least);
	shrink_caches();
	CHECK(node_bytes() > 4 * least);
	dontneed(fd);
	while (more_patience(&wait) && node_bytes() > 2 * least)
		shrink_caches();
	test_note("%llu MiB are left", (unsigned long long)node_bytes() / MIB);
	CHECK(node_bytes() <= 2 * least);
	CHECK(!willneed(fd));
	CHECK(node_bytes() > 4 * least);
}

/* ---- Groups (scripts/tests/policy-group.sh, inside of one that has 8 MiB) ---- */

/* Nothing else can use the memory of a group, so requests and a resize leave it. */
TEST(purge_group, memory_of_a_group_stays)
{
	struct pbuddy_alloc rq = on_node(8 * MIB, PBUDDY_CLASS_MOVABLE);
	struct pbuddy_alloc one = on_node(PAGE, PBUDDY_CLASS_UNMOVABLE);
	struct buffer_set set;
	uint64_t *p;
	int fd;

	fd = alloc_as(&rq);
	p = map_buffer(fd, 8 * MIB);
	stamp(p, 8 * MIB, 1);
	dontneed(fd);
	fill_node(&set);
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC, &one), ENOMEM);
	CHECK(!is_purged(fd));
	close_buffers(&set);
	CHECK(willneed(fd));
	CHECK_EQ(stamp_broken(p, 8 * MIB, 1), -1);
}
