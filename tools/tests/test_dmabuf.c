// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-bufs: exports of buffers, and the devices under /dev/dma_heap/. An export has the buffer's
 * pages, keeps them when the buffer's descriptor is closed, and has no more access than that.
 */
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <sys/uio.h>

#include "common.h"

#define LENGTH	(4 * MIB + 3 * PAGE)
#define HEAPS	"/dev/dma_heap"

static struct pbuddy_export_dmabuf export_request(void)
{
	return (struct pbuddy_export_dmabuf) {
		.size = sizeof(struct pbuddy_export_dmabuf), .fd_flags = O_RDWR,
	};
}

/* Skips the test in a kernel without dma-bufs. */
static int export_as(int fd, struct pbuddy_export_dmabuf *e)
{
	struct pbuddy_info info = { .size = sizeof(info) };

	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_GET_INFO, &info), 0);
	if (!(info.features & PBUDDY_FEATURE_DMABUF)) {
		CHECK_FAILS(ioctl(fd, PBUDDY_IOCTL_EXPORT_DMABUF, e), EOPNOTSUPP);
		test_skip("no dma-bufs in this kernel");
	}
	CHECK_EQ(ioctl(fd, PBUDDY_IOCTL_EXPORT_DMABUF, e), 0);
	return e->fd;
}

static int export(int fd)
{
	struct pbuddy_export_dmabuf e = export_request();

	return export_as(fd, &e);
}

TEST(dmabuf, has_the_pages_of_the_buffer)
{
	int fd = alloc_buffer(LENGTH), dmabuf = export(fd);
	uint64_t *p = map_buffer(fd, LENGTH), *q = map_buffer(dmabuf, LENGTH);
	struct dma_buf_sync sync = { DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };

	CHECK_EQ(first_nonzero(q, LENGTH), -1);
	CHECK_EQ(lseek(dmabuf, 0, SEEK_END), LENGTH);
	CHECK_EQ(ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync), 0);
	stamp(q, LENGTH, 1);
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
	CHECK_EQ(ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync), 0);
	CHECK_EQ(stamp_broken(p, LENGTH, 1), -1);
	CHECK_EQ(fcntl(dmabuf, F_GETFD), FD_CLOEXEC);
}

TEST(dmabuf, outlives_the_descriptor)
{
	int fd = alloc_buffer(LENGTH), first = export(fd), second = export(fd);
	struct usage before;
	uint64_t *p;

	read_settled_usage(&before);
	p = map_buffer(fd, LENGTH);
	stamp(p, LENGTH, 2);
	CHECK_EQ(munmap(p, LENGTH) | close(fd) | close(first), 0);
	p = map_buffer(second, LENGTH);
	CHECK_EQ(close(second), 0);
	CHECK_EQ(stamp_broken(p, LENGTH, 2), -1);
	CHECK_ALLOCATED(before.allocated);
	CHECK_EQ(munmap(p, LENGTH), 0);
}

/* A pinned page of a mapping that is gone. */
TEST(dmabuf, pinned_page_is_in_quarantine)
{
	int fd = alloc_buffer(PAGE), dmabuf = export(fd), pipe_fd[2];
	uint64_t *p = map_buffer(dmabuf, PAGE);
	struct iovec iov = { p, PAGE };

	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	CHECK_EQ(vmsplice(pipe_fd[1], &iov, 1, 0), PAGE);
	CHECK_EQ(munmap(p, PAGE) | close(fd) | close(dmabuf), 0);
	wait_for_quarantine(PAGE);
	CHECK_EQ(close(pipe_fd[0]) | close(pipe_fd[1]), 0);
	wait_for_quarantine(0);
}

TEST(dmabuf, parts_of_a_mapping)
{
	int dmabuf = export(alloc_buffer(LENGTH));
	int rw = PROT_READ | PROT_WRITE;

	CHECK(mmap(NULL, 2 * PAGE, rw, MAP_SHARED, dmabuf, LENGTH - 2 * PAGE) != MAP_FAILED);
	CHECK_FAILS(mmap(NULL, 2 * PAGE, rw, MAP_SHARED, dmabuf, LENGTH - PAGE), EINVAL);
	CHECK_FAILS(mmap(NULL, PAGE, rw, MAP_PRIVATE, dmabuf, 0), EINVAL);
}

static int read_only_buffer(void)
{
	struct pbuddy_alloc rq = request(LENGTH);

	rq.fd_flags = O_RDONLY;
	return alloc_as(&rq);
}

TEST(dmabuf, read_only)
{
	struct pbuddy_export_dmabuf e = export_request();
	int fd = read_only_buffer(), dmabuf;

	e.fd_flags = O_RDONLY;
	dmabuf = export_as(fd, &e);
	CHECK(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dmabuf, 0) != MAP_FAILED);
	CHECK_FAILS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0), EACCES);
	e = export_request();
	CHECK_FAILS(ioctl(fd, PBUDDY_IOCTL_EXPORT_DMABUF, &e), EACCES);
}

/* So the kernel's selftest drivers/dma-buf/udmabuf.c, which makes a memfd, tests no buffers. */
TEST(dmabuf, udmabuf_takes_memfds_only)
{
	struct udmabuf_create create = { .memfd = (uint32_t)alloc_buffer(MIB), .size = MIB };
	int udmabuf = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);

	if (udmabuf < 0)
		test_skip("no /dev/udmabuf in this kernel");
	CHECK_FAILS(ioctl(udmabuf, UDMABUF_CREATE, &create), EBADFD);
	create.memfd = (uint32_t)dev;
	CHECK_FAILS(ioctl(udmabuf, UDMABUF_CREATE, &create), EBADFD);
}

TEST(dmabuf, bad_arguments)
{
	int fd = alloc_buffer(PAGE), good = export(fd);
	struct pbuddy_export_dmabuf e;
	struct {
		struct pbuddy_export_dmabuf	e;
		uint64_t			tail;
	} longer = { export_request(), 0 };

	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_EXPORT_DMABUF, &longer), ENOTTY);
	CHECK_FAILS(ioctl(good, PBUDDY_IOCTL_EXPORT_DMABUF, &longer), ENOTTY);
	CHECK_FAILS(ioctl(fd, PBUDDY_IOCTL_EXPORT_DMABUF, NULL), EFAULT);
#define BAD(field, value, err)								\
	do {										\
		e = export_request();							\
		e.field = value;							\
		CHECK_FAILS(ioctl(fd, PBUDDY_IOCTL_EXPORT_DMABUF, &e), err);		\
	} while (0)
	BAD(size, 0, EINVAL);
	BAD(size, PBUDDY_EXPORT_DMABUF_SIZE_VER0 - 1, EINVAL);
	BAD(size, 1U << 30, E2BIG);
	BAD(flags, 1, EINVAL);
	BAD(fd_flags, O_WRONLY, EINVAL);
	BAD(fd_flags, O_RDWR | O_NONBLOCK, EINVAL);
	BAD(fd_flags, O_RDWR | O_CLOEXEC | PBUDDY_FD_INHERIT, EINVAL);
	BAD(reserved[1], 1, EINVAL);
	longer.e.size = sizeof(longer);
	longer.tail = 1;
	CHECK_FAILS(ioctl(fd, PBUDDY_IOCTL_EXPORT_DMABUF, &longer), E2BIG);
	longer.tail = 0;
	longer.e.fd_flags = O_RDWR | PBUDDY_FD_INHERIT;
	CHECK_EQ(ioctl(fd, PBUDDY_IOCTL_EXPORT_DMABUF, &longer), 0);
	CHECK_EQ(fcntl(longer.e.fd, F_GETFD), 0);
}

/* ---- Import by a driver ---- */

/* As in <drm/drm.h>, which programs get from libdrm. */
struct drm_version {
	int	version_major, version_minor, version_patchlevel;
	size_t	name_len;
	char	*name;
	size_t	date_len;
	char	*date;
	size_t	desc_len;
	char	*desc;
};

struct drm_gem_close {
	uint32_t	handle;
	uint32_t	pad;
};

struct drm_prime_handle {
	uint32_t	handle;
	uint32_t	flags;
	int32_t		fd;
};

#define DRM_IOCTL_VERSION		_IOWR('d', 0x00, struct drm_version)
#define DRM_IOCTL_GEM_CLOSE		_IOW('d', 0x09, struct drm_gem_close)
#define DRM_IOCTL_PRIME_HANDLE_TO_FD	_IOWR('d', 0x2d, struct drm_prime_handle)
#define DRM_IOCTL_PRIME_FD_TO_HANDLE	_IOWR('d', 0x2e, struct drm_prime_handle)

/* The device of vgem, or skips the test. Importing attaches and maps the dma-buf. */
static int open_vgem(void)
{
	int fd = open("/dev/dri/card0", O_RDWR | O_CLOEXEC);
	char name[5] = "";
	struct drm_version version = { .name = name, .name_len = 4 };

	if (fd < 0)
		test_skip("no /dev/dri/card0");
	CHECK_EQ(ioctl(fd, DRM_IOCTL_VERSION, &version), 0);
	if (strcmp(name, "vgem"))
		test_skip("card0 is not vgem but %s", name);
	return fd;
}

TEST(vgem, keeps_what_it_imports)
{
	int vgem = open_vgem(), fd = alloc_buffer(LENGTH), dmabuf = export(fd);
	struct drm_prime_handle prime = { .fd = dmabuf };
	uint64_t *p = map_buffer(fd, LENGTH);
	struct dma_buf_sync sync = { DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	struct drm_gem_close gem = { 0 };
	struct usage before;

	read_settled_usage(&before);
	CHECK_EQ(ioctl(vgem, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), 0);
	CHECK_EQ(ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync), 0);
	stamp(p, LENGTH, 1);
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
	CHECK_EQ(ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync), 0);
	CHECK_EQ(stamp_broken(p, LENGTH, 1), -1);
	CHECK_EQ(munmap(p, LENGTH) | close(fd) | close(dmabuf), 0);
	CHECK_ALLOCATED(before.allocated);

	/* The driver returns the dma-buf that it imported. */
	prime.fd = -1;
	prime.flags = O_CLOEXEC | O_RDWR;
	CHECK_EQ(ioctl(vgem, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime), 0);
	p = map_buffer(prime.fd, LENGTH);
	CHECK_EQ(stamp_broken(p, LENGTH, 1), -1);
	CHECK_EQ(munmap(p, LENGTH) | close(prime.fd), 0);
	gem.handle = prime.handle;
	CHECK_EQ(ioctl(vgem, DRM_IOCTL_GEM_CLOSE, &gem), 0);
}

/* A device could write to it. */
TEST(vgem, refuses_read_only)
{
	struct pbuddy_export_dmabuf e = export_request();
	struct drm_prime_handle prime = { 0 };
	int vgem = open_vgem();

	e.fd_flags = O_RDONLY;
	prime.fd = export_as(read_only_buffer(), &e);
	CHECK_FAILS(ioctl(vgem, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime), EACCES);
}

/* ---- /dev/dma_heap ---- */

static int open_heap(const char *name, int flags)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), HEAPS "/%s", name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		test_skip("no %s", path);
	CHECK(fd >= 0);
	return fd;
}

static int heap_alloc(int heap, size_t bytes, unsigned int flags)
{
	struct dma_heap_allocation_data data = { .len = bytes, .fd_flags = flags };

	return ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) ? -errno : (int)data.fd;
}

/* Whether a change of usage is of one node. */
static void expect_on_node(const struct usage *before, uint32_t i, size_t bytes)
{
	struct usage now;

	CHECK_ALLOCATED(before->allocated + bytes);
	read_settled_usage(&now);
	CHECK_EQ(before->node[i].free_bytes + before->node[i].pcp_bytes -
		 now.node[i].free_bytes - now.node[i].pcp_bytes, bytes);
}

static void allocates(const char *suffix)
{
	struct usage before;
	uint32_t i;

	read_settled_usage(&before);
	for (i = 0; i < before.nr_nodes; i++) {
		char name[32];
		uint64_t *p;
		int fd;

		snprintf(name, sizeof(name), "pbuddy-node%d%s", before.node[i].node, suffix);
		fd = heap_alloc(open_heap(name, O_RDWR), LENGTH - 5, O_RDWR | O_CLOEXEC);
		CHECK(fd >= 0);
		expect_on_node(&before, i, LENGTH);
		p = map_buffer(fd, LENGTH);
		CHECK_EQ(first_nonzero(p, LENGTH), -1);
		stamp(p, LENGTH, 1);
		CHECK_EQ(stamp_broken(p, LENGTH, 1), -1);
		CHECK_EQ(munmap(p, LENGTH) | close(fd), 0);
	}
}

TEST(heap, allocates_on_its_node)
{
	allocates("");
	allocates("-contig");
}

/* More contiguous memory than the node has. */
TEST(heap, too_much)
{
	struct usage usage;

	read_usage(&usage);
	CHECK_EQ(heap_alloc(open_heap("pbuddy-node0", O_RDWR), usage.total + PAGE, O_RDWR),
		 -ENOMEM);
	CHECK_EQ(heap_alloc(open_heap("pbuddy-node0-contig", O_RDWR), usage.total + PAGE, O_RDWR),
		 -ENOMEM);
}

TEST(heap, access)
{
	int fd = heap_alloc(open_heap("pbuddy-node0", O_RDONLY), PAGE, O_RDWR);

	CHECK(fd >= 0);
	CHECK_FAILS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	CHECK_EQ(heap_alloc(open_heap("pbuddy-node0", O_WRONLY), PAGE, O_RDWR), -EACCES);
	fd = heap_alloc(open_heap("pbuddy-node0", O_RDWR), PAGE, O_RDONLY);
	CHECK(fd >= 0);
	CHECK_FAILS(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
}

TEST(heap, bad_arguments)
{
	int heap = open_heap("pbuddy-node0", O_RDWR);
	struct dma_heap_allocation_data data = { .len = PAGE, .fd_flags = O_RDWR };

#define BAD_HEAP(field, value)								\
	do {										\
		struct dma_heap_allocation_data bad = data;				\
											\
		bad.field = value;							\
		CHECK_FAILS(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &bad), EINVAL);		\
	} while (0)
	BAD_HEAP(len, 0);
	BAD_HEAP(len, ~0ULL);
	BAD_HEAP(fd, 5);
	BAD_HEAP(fd_flags, O_NONBLOCK);
	BAD_HEAP(fd_flags, O_WRONLY);
	BAD_HEAP(heap_flags, 1);
	CHECK_FAILS(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, NULL), EFAULT);
	CHECK_FAILS(ioctl(heap, _IO('H', 1)), ENOTTY);
	CHECK_FAILS(ioctl(heap, PBUDDY_IOCTL_ALLOC, &data), ENOTTY);
}
