// SPDX-License-Identifier: GPL-2.0-only
/*
 * ADVISE: a buffer that may be swapped out loses its memory at PAGEOUT, or when it was idle and
 * requests need it, and gets it again, with its contents, by an access or by WILLNEED. The script
 * gives the guest swap space, a memory cgroup and swap=0:1,1:1.
 */
#include <sys/swap.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "advise.h"

#define BYTES		(4 * MIB)
#define DISK		"/dev/pbuddy_ramdisk"
#define PARAM		"/sys/module/pbuddy/parameters/"
#define FLAGS		(PBUDDY_BUFFER_SWAPPABLE | PBUDDY_BUFFER_SWAPPED)

static unsigned long number_in(const char *path, const char *key)
{
	char text[8192], *at;

	CHECK(read_file(path, text, sizeof(text)));
	at = strstr(text, key);
	CHECK(at);
	return strtoul(at + strlen(key), NULL, 10);
}

/* The kernel charges some pages in advance. */
static unsigned long charged_to_cgroup(void)
{
	return number_in(SWAP_CGROUP "memory.current", "") +
	       number_in(SWAP_CGROUP "memory.swap.current", "");
}

/* The kernel frees contents a moment after the last reference: of the test before, perhaps. */
static void wait_for_charge_below(unsigned long bytes)
{
	struct patience wait = { 0 };

	while (charged_to_cgroup() > bytes && more_patience(&wait))
		;
	if (charged_to_cgroup() > bytes)
		test_fail(__FILE__, __LINE__, "%lu bytes are charged to the cgroup, not %lu",
			  charged_to_cgroup(), bytes);
}

/* KiB of swap space in use. */
static unsigned long swap_used(void)
{
	return number_in("/proc/meminfo", "SwapTotal:") - number_in("/proc/meminfo", "SwapFree:");
}

/* Has the kernel write at least half of a buffer that is swapped out to swap space. */
static void reclaim_half(unsigned long used_before)
{
	struct patience wait = { 0 };

	while (swap_used() < used_before + BYTES / 2 / 1024 && more_patience(&wait))
		write_file(SWAP_CGROUP "memory.reclaim", "1M");
	test_note("%lu KiB of swap space, %lu before", swap_used(), used_before);
	CHECK(swap_used() >= used_before + BYTES / 2 / 1024);
}

static void expect_state(int fd, uint32_t flags, uint64_t resident, uint64_t swapped)
{
	struct pbuddy_buffer_info info = info_of(fd);

	CHECK_EQ(info.flags & FLAGS, flags);
	CHECK_EQ(info.bytes, BYTES);
	CHECK_EQ(info.resident_bytes, resident);
	CHECK_EQ(info.charged_bytes, resident);
	CHECK_EQ(info.swapped_bytes, swapped);
	expect_fdinfo(fd, "swapped", swapped);
}

static void expect_refused(int fd, int err, uint32_t reason)
{
	CHECK_FAILS(pageout_patiently(fd), err);
	CHECK_EQ(last_advice.reason, reason);
	CHECK(!(info_of(fd).flags & PBUDDY_BUFFER_SWAPPED));
}

/* ---- Out and in ---- */

TEST(swap, pageout_and_access)
{
	unsigned long out = vmstat_event("pswpout"), in = vmstat_event("pswpin");
	struct usage before;
	struct pbuddy_query q;
	uint64_t *p;
	int fd, i;

	read_settled_usage(&before);
	fd = alloc_on_node(BYTES);
	p = map_buffer(fd, BYTES);
	stamp(p, BYTES, 1);
	expect_state(fd, 0, BYTES, 0);
	CHECK_EQ(advise(fd, PBUDDY_ADVICE_SWAP), 0);
	expect_state(fd, PBUDDY_BUFFER_SWAPPABLE, BYTES, 0);
	for (i = 1; i <= 3; i++) {
		pageout(fd);
		pageout(fd);
		expect_state(fd, FLAGS, 0, BYTES);
		CHECK_ALLOCATED(before.allocated);
		CHECK_EQ(query_extents(fd, &q, NULL, 0), 0);
		CHECK_EQ(vmstat_event("pswpout") - out, (unsigned int)i * BYTES / PAGE);
		stamp_everything(7);
		CHECK_EQ(stamp_broken(p, BYTES, (uint64_t)i), -1);
		CHECK_EQ(vmstat_event("pswpin") - in, (unsigned int)i * BYTES / PAGE);
		expect_state(fd, PBUDDY_BUFFER_SWAPPABLE, BYTES, 0);
		stamp(p, BYTES, (uint64_t)i + 1);
	}
	/* By a system call, and by advice. */
	pageout(fd);
	CHECK_EQ(write(memfd_create("copy", MFD_CLOEXEC), p, BYTES), BYTES);
	expect_state(fd, PBUDDY_BUFFER_SWAPPABLE, BYTES, 0);
	pageout(fd);
	CHECK(willneed(fd));
	expect_state(fd, PBUDDY_BUFFER_SWAPPABLE, BYTES, 0);
	pageout(fd);
	CHECK_EQ(advise(fd, PBUDDY_ADVICE_NOSWAP), 0);
	expect_state(fd, 0, BYTES, 0);
	CHECK_EQ(stamp_broken(p, BYTES, 4), -1);
	expect_refused(fd, EPERM, PBUDDY_SWAP_ADVICE);
}

/* The kernel writes the contents to swap space, and reads them from there. */
TEST(swap, uses_swap_space)
{
	int fd = alloc_swappable(BYTES);
	uint64_t *p = map_buffer(fd, BYTES);
	unsigned long charged, used;

	stamp(p, BYTES, 1);
	wait_for_charge_below(BYTES / 2);
	charged = charged_to_cgroup();
	used = swap_used();
	pageout(fd);
	CHECK(charged_to_cgroup() > charged + BYTES / 2);
	reclaim_half(used);
	CHECK_EQ(stamp_broken(p, BYTES, 1), -1);
}

TEST(swap, zero_pages_take_no_memory)
{
	int fd = alloc_swappable(BYTES);
	uint64_t *p = map_buffer(fd, BYTES);

	pageout(fd);
	expect_state(fd, FLAGS, 0, 0);
	CHECK_EQ(first_nonzero(p, BYTES), -1);
	p[5 * 512 + 511] = 1;
	p[BYTES / 8 - 1] = 2;
	pageout(fd);
	expect_state(fd, FLAGS, 0, 2 * PAGE);
	stamp_everything(7);
	CHECK_EQ(p[5 * 512 + 511], 1);
	CHECK_EQ(p[BYTES / 8 - 1], 2);
	p[5 * 512 + 511] = 0;
	p[BYTES / 8 - 1] = 0;
	CHECK_EQ(first_nonzero(p, BYTES), -1);
}

static bool ctl_says(const char *command, const char *words)
{
	FILE *output = popen(command, "re");
	char line[512];
	bool said = false;

	CHECK(output);
	while (fgets(line, sizeof(line), output))
		said |= !!strstr(line, words);
	CHECK_EQ(pclose(output), 0);
	return said;
}

TEST(swap, pbuddyctl_shows_it)
{
	int fd = alloc_swappable(BYTES);
	uint64_t *p = map_buffer(fd, BYTES);

	stamp(p, BYTES, 1);
	pageout(fd);
	CHECK(ctl_says("pbuddyctl list", " mapped,swapped\n"));
	CHECK(ctl_says("pbuddyctl list --json", "\"swapped_bytes\": 4194304"));
	CHECK(ctl_says("pbuddyctl doctor", "swap=0:1,1:1, "));
	CHECK(!ctl_says("pbuddyctl doctor", "=> add swap space"));
	CHECK_EQ(swapoff(DISK), 0);
	CHECK(ctl_says("pbuddyctl doctor", "=> add swap space"));
	CHECK_EQ(swapon(DISK, 0), 0);
}

/* ---- Why not ---- */

TEST(swap, only_nodes_that_swap)
{
	int fd = alloc_swappable(BYTES);

	CHECK_EQ(write_file(PARAM "swap", "1:5"), 0);
	expect_refused(fd, EPERM, PBUDDY_SWAP_NODE);
	CHECK_EQ(info_of(fd).swap_reason, PBUDDY_SWAP_NODE);
	CHECK_EQ(write_file(PARAM "swap", "0:1,1:1"), 0);
	pageout(fd);
	CHECK_EQ(info_of(fd).swap_reason, PBUDDY_SWAP_NONE);
}

TEST(swap, bad_parameters)
{
	static const char * const bad[] = {
		"0", "0:", ":1", "0:1,", "0:1,0:2", "99999:1", "0:86401", "0:-1", "0:1 1:1", "x",
		"0:1x",
	};
	char text[64];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ(write_file(PARAM "swap", bad[i]), EINVAL);
	CHECK(read_file(PARAM "swap", text, sizeof(text)));
	CHECK(!strcmp(text, "0:1,1:1\n"));
	CHECK_EQ(write_file(PARAM "swap", "\n"), 0);
	CHECK(read_file(PARAM "swap", text, sizeof(text)));
	CHECK(!strcmp(text, "\n"));
	CHECK_EQ(write_file(PARAM "swap", "0:1,1:1"), 0);
}

static int export(int fd)
{
	struct pbuddy_export_dmabuf e = { .size = sizeof(e), .fd_flags = O_RDWR };

	return ioctl(fd, PBUDDY_IOCTL_EXPORT_DMABUF, &e) ? -1 : e.fd;
}

TEST(swap, not_while_in_use)
{
	unsigned long before = vmstat_event("pswpout_fail");
	int fd = alloc_swappable(BYTES), pipe_fd[2], dmabuf;
	uint64_t *p = map_buffer(fd, BYTES), copy[512];
	struct iovec iov = { p + 5 * 512, PAGE };

	stamp(p, BYTES, 1);
	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	CHECK_EQ(vmsplice(pipe_fd[1], &iov, 1, 0), PAGE);
	expect_refused(fd, EBUSY, PBUDDY_SWAP_PINNED);
	CHECK_EQ(read(pipe_fd[0], copy, PAGE), PAGE);
	CHECK_EQ(memcmp(copy, iov.iov_base, PAGE), 0);
	dontneed(fd);
	expect_refused(fd, EBUSY, PBUDDY_SWAP_PURGEABLE);
	CHECK(willneed(fd));
	CHECK_EQ(vmstat_event("pswpout_fail") - before, 2 * BYTES / PAGE);
	pageout(fd);
	dmabuf = export(fd);
	if (dmabuf < 0 && errno == EOPNOTSUPP)
		test_skip("no dma-bufs in this kernel");
	CHECK(dmabuf >= 0);
	expect_state(fd, PBUDDY_BUFFER_SWAPPABLE, BYTES, 0);
	expect_refused(fd, EBUSY, PBUDDY_SWAP_EXPORTED);
	CHECK_EQ(info_of(fd).swap_reason, PBUDDY_SWAP_EXPORTED);
	CHECK_EQ(stamp_broken(p, BYTES, 1), -1);
}

TEST(swap, not_without_swap_space)
{
	int fd = alloc_swappable(BYTES);

	CHECK_EQ(swapoff(DISK), 0);
	expect_refused(fd, ENOSPC, PBUDDY_SWAP_NO_SPACE);
	CHECK_EQ(swapon(DISK, 0), 0);
	pageout(fd);
}

static void limit_is_reached(void *arg)
{
	int fd = *(int *)arg;

	CHECK_FAILS(advise(fd, PBUDDY_ADVICE_PAGEOUT), ENOMEM);
	CHECK_EQ(last_advice.reason, PBUDDY_SWAP_NO_MEMORY);
}

/* The contents are charged to the cgroup of the task that advised, and fail by its limits. */
TEST(swap, obeys_the_limit_of_the_cgroup)
{
	int fd = alloc_swappable(BYTES), err;
	uint64_t *p = map_buffer(fd, BYTES);

	stamp(p, BYTES, 1);
	/* The kernel would kill for the limit. */
	wait_for_charge_below(2 * MIB - PAGE);
	CHECK_EQ(write_file(SWAP_CGROUP "memory.swap.max", "0"), 0);
	CHECK_EQ(write_file(SWAP_CGROUP "memory.max", "2M"), 0);
	err = in_child(limit_is_reached, &fd);
	CHECK_EQ(write_file(SWAP_CGROUP "memory.max", "max"), 0);
	CHECK_EQ(write_file(SWAP_CGROUP "memory.swap.max", "max"), 0);
	CHECK_EQ(err, 0);
	expect_state(fd, PBUDDY_BUFFER_SWAPPABLE, BYTES, 0);
	CHECK_EQ(info_of(fd).swap_reason, PBUDDY_SWAP_NO_MEMORY);
	CHECK_EQ(stamp_broken(p, BYTES, 1), -1);
	pageout(fd);
	CHECK_EQ(stamp_broken(p, BYTES, 1), -1);
}

/* A page with a memory error cannot be stored, and the buffer stays as it was. */
TEST(swap, bad_page)
{
	int fd = alloc_swappable(BYTES);
	char *p = (char *)map_buffer(fd, BYTES);

	stamp((uint64_t *)p, BYTES, 1);
	if (madvise(p + BYTES / 2, PAGE, MADV_HWPOISON) && errno == EINVAL)
		test_skip("this kernel has no MADV_HWPOISON");
	expect_refused(fd, EIO, PBUDDY_SWAP_BAD_PAGE);
	CHECK_EQ(info_of(fd).swap_reason, PBUDDY_SWAP_BAD_PAGE);
	CHECK_EQ(stamp_broken((uint64_t *)p, BYTES / 2, 1), -1);
	expect_state(fd, PBUDDY_BUFFER_SWAPPABLE, BYTES, 0);
}

/* The kernel tries again by itself, and ends by the error, too. */
static void populate(void *arg)
{
	CHECK_FAILS(madvise(*(void **)arg, PAGE, MADV_POPULATE_READ), EFAULT);
	CHECK_FAILS(madvise(*(void **)arg, PAGE, MADV_POPULATE_READ), EFAULT);
}

static void touch(void *arg)
{
	(void)**(volatile uint64_t **)arg;
}

/* Without swap space to read from, and only then, an access ends in SIGBUS. */
TEST(swap, read_error_is_sigbus)
{
	int fd = alloc_swappable(BYTES), i, populated;
	unsigned long used;
	uint64_t *p;

	wait_for_charge_below(BYTES / 2);
	CHECK_EQ(mlockall(MCL_CURRENT), 0);	/* the memory of this process stays */
	p = map_buffer(fd, BYTES);
	stamp(p, BYTES, 1);
	used = swap_used();
	pageout(fd);
	reclaim_half(used);
	CHECK_EQ(write_file("/sys/module/pbuddy_ramdisk/parameters/fail_reads", "1"), 0);
	populated = in_child(populate, &p);
	i = in_child(touch, &p);
	CHECK_EQ(write_file("/sys/module/pbuddy_ramdisk/parameters/fail_reads", "0"), 0);
	CHECK_EQ(populated, 0);
	CHECK_EQ(i, -SIGBUS);
	CHECK_FAILS(advise(fd, PBUDDY_ADVICE_WILLNEED), EIO);
	CHECK(info_of(fd).flags & PBUDDY_BUFFER_SWAPPED);
	CHECK_EQ(info_of(fd).charged_bytes, 0);
}

/* ---- Shortage of memory, limits, the end of a buffer ---- */

/* An access waits for memory: it does not end in SIGBUS, and a signal ends it. */
TEST(swap, access_waits_for_memory)
{
	int fd = alloc_swappable(BYTES), status;
	uint64_t *p = map_buffer(fd, BYTES);
	struct buffer_set set;
	pid_t killed, pid;

	stamp(p, BYTES, 1);
	pageout(fd);
	fill_node(&set);
	CHECK_FAILS(advise(fd, PBUDDY_ADVICE_WILLNEED), ENOMEM);
	CHECK(last_advice.reason != PBUDDY_REASON_NONE);
	pid = touch_in_child(p, &set);
	killed = touch_in_child(p, &set);
	usleep(300000);
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	CHECK_EQ(kill(killed, SIGKILL), 0);
	CHECK_EQ(waitpid(killed, &status, 0), killed);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	expect_state(fd, FLAGS, 0, BYTES);
	close_buffers(&set);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(stamp_broken(p, BYTES, 1), -1);
}

TEST(swap, is_charged_again)
{
	int fd = alloc_swappable(BYTES), err;
	uint64_t *p = map_buffer(fd, BYTES);

	stamp(p, BYTES, 1);
	pageout(fd);
	CHECK_EQ(write_file(PARAM "account_limit_kbytes", "2048"), 0);
	err = advise(fd, PBUDDY_ADVICE_NOSWAP) ? errno : 0;
	CHECK_EQ(write_file(PARAM "account_limit_kbytes", "default"), 0);
	CHECK_EQ(err, EDQUOT);
	expect_state(fd, FLAGS, 0, BYTES);
	CHECK_EQ(stamp_broken(p, BYTES, 1), -1);
}

static void hold_swapped(void *arg)
{
	int how = *(int *)arg, fd = alloc_swappable(BYTES);
	uint64_t *p = map_buffer(fd, BYTES);

	stamp(p, BYTES, 1);
	if (how != 4)
		pageout(fd);
	if (how == 1)
		CHECK_EQ(munmap(p, BYTES), 0);
	if (how == 2)
		kill(getpid(), SIGKILL);
	if (how == 3) {
		p = mremap(p, BYTES, BYTES, MREMAP_MAYMOVE | MREMAP_FIXED, p + BYTES);
		CHECK(p != MAP_FAILED);
		CHECK_EQ(stamp_broken(p, BYTES, 1), -1);
		pageout(fd);
		CHECK_EQ(munmap(p + 512, PAGE), 0);
	}
	if (how == 5)
		dontneed(fd);
}

/* What is swapped out can be purgeable, too; it is purged only when it is back. */
TEST(swap, purgeable_when_swapped_out)
{
	int fd = alloc_swappable(BYTES);
	uint64_t *p = map_buffer(fd, BYTES);
	struct buffer_set set;

	stamp(p, BYTES, 1);
	pageout(fd);
	dontneed(fd);
	CHECK_EQ(last_advice.retained, 1);
	fill_node(&set);
	close_buffers(&set);
	expect_state(fd, FLAGS, 0, BYTES);
	CHECK_EQ(stamp_broken(p, BYTES, 1), -1);
	CHECK_EQ(info_of(fd).purgeable_bytes, BYTES);
	fill_node(&set);
	close_buffers(&set);
	expect_state(fd, PBUDDY_BUFFER_SWAPPABLE, 0, 0);
	CHECK(!willneed(fd));
	CHECK_EQ(first_nonzero(p, BYTES), -1);
}

/* The harness finds memory that is lost. */
TEST(swap, ends_while_swapped_out)
{
	unsigned long before = charged_to_cgroup();
	int how;

	for (how = 0; how < 6; how++)
		CHECK_EQ(in_child(hold_swapped, &how), how == 2 ? -SIGKILL : 0);
	wait_for_charge_below(before + BYTES / 2);
}

/* ---- Idle buffers ---- */

/*
 * When a request needs memory the buffer that was idle the longest goes first, one that is used all
 * the time last, and none before. A work item swaps out, and their cgroup is charged.
 */
TEST(swap, idle_buffers_go)
{
	enum { USED, IDLE, IDLE_TOO, REFUSED, NR };
	struct pbuddy_alloc rq = on_node(BYTES, PBUDDY_CLASS_UNMOVABLE);
	unsigned long charged, given_up;
	struct patience wait = { 0 };
	bool swapped[NR];
	struct buffer_set set;
	int fd[NR], i, tries;
	uint64_t *p[NR];

	CHECK_EQ(write_file(PARAM "swap", "0:86400,1:86400"), 0);
	for (i = 0; i < NR; i++) {
		fd[i] = alloc_swappable(BYTES);
		p[i] = map_buffer(fd[i], BYTES);
		stamp(p[i], BYTES, (uint64_t)i);
	}
	CHECK_EQ(advise(fd[REFUSED], PBUDDY_ADVICE_NOSWAP), 0);
	fill_node(&set);
	CHECK_EQ(write_file(PARAM "swap", "0:1,1:1"), 0);
	for (tries = 0; tries < 40; tries++) {
		(void)*(volatile uint64_t *)p[USED];
		/* It is idle for a shorter time than the other one. */
		if (tries < 20)
			(void)*(volatile uint64_t *)p[IDLE_TOO];
		usleep(100000);
	}
	for (i = 0; i < NR; i++)
		CHECK(!(info_of(fd[i]).flags & PBUDDY_BUFFER_SWAPPED));
	charged = charged_to_cgroup();
	given_up = vmstat_event("pswpout_fail");
	/* It waits half a second for the work item, and then fails; at once if none is idle yet. */
	for (tries = 0; ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq) && more_patience(&wait); tries++) {
		CHECK_EQ(errno, ENOMEM);
		if (!(info_of(fd[USED]).flags & PBUDDY_BUFFER_SWAPPED))
			(void)*(volatile uint64_t *)p[USED];
	}
	for (i = 0; i < NR; i++)
		swapped[i] = info_of(fd[i]).flags & PBUDDY_BUFFER_SWAPPED;
	test_note("%d tries, used %d, idle %d %d", tries, swapped[USED], swapped[IDLE],
		  swapped[IDLE_TOO]);
	/* A store that takes more than its second is given up, and another buffer goes. */
	given_up = vmstat_event("pswpout_fail") - given_up;
	CHECK(given_up || charged_to_cgroup() > charged + BYTES / 2);
	CHECK(given_up || swapped[IDLE]);
	CHECK(given_up || swapped[IDLE_TOO] || !swapped[USED]);
	CHECK(!swapped[REFUSED]);
	close_buffers(&set);
	for (i = 0; i < NR; i++)
		CHECK_EQ(stamp_broken(p[i], BYTES, (uint64_t)i), -1);
}

TEST(swap, makes_space_for_a_resize)
{
	enum { NR = 8 };
	struct pbuddy_alloc rq;
	uint64_t bytes = node_bytes(), *p[NR];
	struct buffer_set set;
	int fd[NR], i, nr_swapped = 0;

	for (i = 0; i < NR; i++) {
		rq = on_node(2 * MIB, PBUDDY_CLASS_UNMOVABLE);
		rq.order = 9;
		fd[i] = alloc_as(&rq);
		p[i] = map_buffer(fd[i], 2 * MIB);
		stamp(p[i], 2 * MIB, (uint64_t)i);
	}
	CHECK_EQ(write_file(PARAM "swap", "0:1,1:1"), 0);
	fill_node(&set);
	for (i = 0; i < NR; i++)
		CHECK_EQ(advise(fd[i], PBUDDY_ADVICE_SWAP), 0);
	sleep(3);	/* until they are idle */
	resize_node(bytes - 8 * MIB);
	for (i = 0; i < NR; i++)
		nr_swapped += !!(info_of(fd[i]).flags & PBUDDY_BUFFER_SWAPPED);
	CHECK(nr_swapped >= 4);
	close_buffers(&set);
	for (i = 0; i < NR; i++) {
		CHECK_EQ(stamp_broken(p[i], 2 * MIB, (uint64_t)i), -1);
		close(fd[i]);
		CHECK_EQ(munmap(p[i], 2 * MIB), 0);
	}
	resize_node(bytes);
}
