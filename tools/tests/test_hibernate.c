// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's image of the system has the contents of buffers. The test does what a program does
 * that hibernates the system by /dev/snapshot: it has the kernel make an image, and saves that in
 * a file. Then, in place of turning the machine off, it writes something else to its buffers, and
 * has the kernel restore the image. So a page that is not in the image shows.
 *
 * The caller has loaded a pool whose memory is of the sources that are to be tested, with swap
 * space and swap= for all nodes. The image has all memory that is in use, so the file needs some
 * hundred MiB.
 */
#include <linux/suspend_ioctls.h>

#include "advise.h"

#define SNAPSHOT	"/dev/snapshot"
#define IMAGE		"/tmp/image"
#define SWAPPED		(2 * MIB)

static struct buffer_set set;
static uint64_t *map[BUFFER_SET_MAX];

/* A buffer that is swapped out; its contents are in shmem or in the swap space. */
static int swapped;
static uint64_t *swapped_map;

static void swap_out(void)
{
	swapped = alloc_buffer(SWAPPED);
	swapped_map = map_buffer(swapped, SWAPPED);
	stamp(swapped_map, SWAPPED, 500);
	CHECK_EQ(advise(swapped, PBUDDY_ADVICE_SWAP), 0);
	CHECK_EQ(pageout_patiently(swapped), 0);
}

/* Gives the buffer memory again, and other contents. The image does not have this. */
static void swap_in_and_change(void)
{
	close_buffers(&set);
	CHECK_EQ(munmap(map[0], set.bytes[0]), 0);
	CHECK_EQ(stamp_broken(swapped_map, SWAPPED, 500), -1);
	stamp(swapped_map, SWAPPED, 501);
}

static void stamp_all(uint64_t id)
{
	int i;

	for (i = 0; i < set.nr; i++)
		stamp(map[i], set.bytes[i], id + i);
}

static int open_snapshot(int flags)
{
	struct patience wait = { 0 };
	int fd = open(SNAPSHOT, flags | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		test_skip("this kernel has no " SNAPSHOT);
	CHECK(fd >= 0);
	/* A task that does not run for 20 seconds is not frozen. */
	while (ioctl(fd, SNAPSHOT_FREEZE) && errno == EBUSY && more_patience(&wait))
		;
	CHECK_EQ(ioctl(fd, SNAPSHOT_FREEZE), 0);
	return fd;
}

static void copy(int from, int to)
{
	static char page[PAGE];
	ssize_t n;

	while ((n = read(from, page, sizeof(page))) > 0)
		CHECK_EQ(write(to, page, n), n);
	CHECK_EQ(n, 0);
}

/* Does not return: the system goes on where the image was made. */
static void restore(int from)
{
	int fd = open_snapshot(O_WRONLY);

	CHECK_EQ(lseek(from, 0, SEEK_SET), 0);
	copy(from, fd);
	CHECK_EQ(ioctl(fd, SNAPSHOT_ATOMIC_RESTORE), 0);
	CHECK(false);
}

TEST_TIMEOUT(hibernate, buffers_are_in_the_image, 600)
{
	int file, fd, in_suspend = -1, i;

	swap_out();
	alloc_all_free(&set);
	for (i = 0; i < set.nr; i++)
		map[i] = map_buffer(set.fd[i], set.bytes[i]);
	stamp_all(0);
	file = open(IMAGE, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(file >= 0);
	fd = open_snapshot(O_RDONLY);
	CHECK_EQ(ioctl(fd, SNAPSHOT_CREATE_IMAGE, &in_suspend), 0);
	if (in_suspend) {
		copy(fd, file);
		close(fd);
		stamp_all(1000);
		swap_in_and_change();
		restore(file);
	}
	CHECK_EQ(ioctl(fd, SNAPSHOT_UNFREEZE), 0);
	close(fd);
	close(file);
	unlink(IMAGE);
	for (i = 0; i < set.nr; i++)
		CHECK_EQ(stamp_broken(map[i], set.bytes[i], i), -1);
	close_buffers(&set);
	CHECK_EQ(munmap(map[0], set.bytes[0]), 0);
	CHECK_EQ(stamp_broken(swapped_map, SWAPPED, 500), -1);
}
