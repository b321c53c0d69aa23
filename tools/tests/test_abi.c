// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments at and beyond the limits of the ioctl ABI (<linux/pbuddy.h>): structs shorter and
 * longer than the kernel knows, unknown flags, reserved fields, bad values, bad pointers.
 */
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>

#include "common.h"

/* A struct of the ABI at the start of a larger area, as if a newer header had more fields. */
struct bigger {
	union {
		uint32_t			size;
		struct pbuddy_info		info;
		struct pbuddy_alloc		alloc;
		struct pbuddy_alloc_batch	batch;
		struct pbuddy_query		query;
		struct pbuddy_pressure		pressure;
		struct pbuddy_set_label		set_label;
		struct pbuddy_list		list;
		struct pbuddy_resize		resize;
		struct pbuddy_compact		compact;
		struct pbuddy_drain		drain;
		struct pbuddy_frag		frag;
		struct pbuddy_advise		advise;
		unsigned char			bytes[8192];
	};
};

struct call {
	const char	*name;
	unsigned int	cmd;
	size_t		size;		/* of the struct */
	size_t		flags;		/* offset of the field */
	size_t		reserved;	/* offset of the field */
	size_t		nr_reserved;	/* its length in words of 8 bytes */
};

static const struct call calls[] = {
	{ "GET_INFO", PBUDDY_IOCTL_GET_INFO, sizeof(struct pbuddy_info),
	  offsetof(struct pbuddy_info, flags), offsetof(struct pbuddy_info, reserved), 2 },
	{ "ALLOC", PBUDDY_IOCTL_ALLOC, sizeof(struct pbuddy_alloc),
	  offsetof(struct pbuddy_alloc, flags), offsetof(struct pbuddy_alloc, reserved), 4 },
	{ "ALLOC_BATCH", PBUDDY_IOCTL_ALLOC_BATCH, sizeof(struct pbuddy_alloc_batch),
	  offsetof(struct pbuddy_alloc_batch, flags),
	  offsetof(struct pbuddy_alloc_batch, each.reserved), 4 },
	{ "LIST", PBUDDY_IOCTL_LIST, sizeof(struct pbuddy_list),
	  offsetof(struct pbuddy_list, flags), offsetof(struct pbuddy_list, reserved), 2 },
	{ "RESIZE", PBUDDY_IOCTL_RESIZE, sizeof(struct pbuddy_resize),
	  offsetof(struct pbuddy_resize, flags), offsetof(struct pbuddy_resize, reserved), 2 },
	{ "COMPACT", PBUDDY_IOCTL_COMPACT, sizeof(struct pbuddy_compact),
	  offsetof(struct pbuddy_compact, flags), offsetof(struct pbuddy_compact, reserved), 3 },
	{ "DRAIN", PBUDDY_IOCTL_DRAIN, sizeof(struct pbuddy_drain),
	  offsetof(struct pbuddy_drain, flags), offsetof(struct pbuddy_drain, reserved), 2 },
	{ "FRAG", PBUDDY_IOCTL_FRAG, sizeof(struct pbuddy_frag),
	  offsetof(struct pbuddy_frag, flags), offsetof(struct pbuddy_frag, reserved), 2 },
	{ "QUERY", PBUDDY_IOCTL_QUERY, sizeof(struct pbuddy_query),
	  offsetof(struct pbuddy_query, flags), offsetof(struct pbuddy_query, reserved), 4 },
	{ "EXPORT_DMABUF", PBUDDY_IOCTL_EXPORT_DMABUF, sizeof(struct pbuddy_export_dmabuf),
	  offsetof(struct pbuddy_export_dmabuf, flags),
	  offsetof(struct pbuddy_export_dmabuf, reserved), 2 },
	{ "PRESSURE", PBUDDY_IOCTL_PRESSURE, sizeof(struct pbuddy_pressure),
	  offsetof(struct pbuddy_pressure, flags), offsetof(struct pbuddy_pressure, reserved), 2 },
	{ "SET_LABEL", PBUDDY_IOCTL_SET_LABEL, sizeof(struct pbuddy_set_label),
	  offsetof(struct pbuddy_set_label, flags),
	  offsetof(struct pbuddy_set_label, reserved), 2 },
	{ "ADVISE", PBUDDY_IOCTL_ADVISE, sizeof(struct pbuddy_advise),
	  offsetof(struct pbuddy_advise, flags), offsetof(struct pbuddy_advise, reserved), 2 },
};

#define NR_CALLS (sizeof(calls) / sizeof(calls[0]))

static int batch_fd[1];

/* Makes an argument that is valid for the call but for its size field, which is @size. */
static void fill(const struct call *call, struct bigger *arg, size_t size)
{
	struct usage usage;

	memset(arg, 0, sizeof(*arg));
	arg->size = (uint32_t)size;
	if (call->cmd == PBUDDY_IOCTL_ALLOC) {
		arg->alloc = request(PAGE);
		arg->alloc.size = (uint32_t)size;
	} else if (call->cmd == PBUDDY_IOCTL_ALLOC_BATCH) {
		arg->batch.count = 1;
		arg->batch.fds_ptr = (uintptr_t)batch_fd;
		arg->batch.each = request(PAGE);
		arg->batch.each.size = (uint32_t)(size - offsetof(struct pbuddy_alloc_batch, each));
	} else if (call->cmd == PBUDDY_IOCTL_PRESSURE) {
		arg->pressure.flags = PBUDDY_PRESSURE_LOW;
		arg->pressure.eventfd = -1;
	} else if (call->cmd == PBUDDY_IOCTL_RESIZE) {
		/* The size that the node has. */
		read_usage(&usage);
		arg->resize.node = usage.node[0].node;
		arg->resize.bytes = usage.node[0].total_bytes;
	}
}

static bool of_buffer(const struct call *call)
{
	return _IOC_NR(call->cmd) >= _IOC_NR(PBUDDY_IOCTL_QUERY);
}

static int do_call(const struct call *call, struct bigger *arg, unsigned int cmd)
{
	static int buffer = -1;

	if (buffer < 0)
		buffer = alloc_buffer(PAGE);
	return ioctl(of_buffer(call) ? buffer : dev, cmd, arg);
}

TEST(abi, info_reports_nodes)
{
	struct pbuddy_info info = { .size = sizeof(info) };
	struct usage usage;
	uint32_t i;

	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_GET_INFO, &info), 0);
	CHECK_EQ(info.version, PBUDDY_ABI_VERSION);
	CHECK_EQ(info.max_order, PBUDDY_MAX_ORDER);
	CHECK_EQ(info.page_size, sysconf(_SC_PAGESIZE));
	CHECK_EQ(info.block_order, 9);
	CHECK(info.features & PBUDDY_FEATURE_ALLOC);
	CHECK(info.nr_nodes >= 1);
	read_usage(&usage);
	CHECK_EQ(usage.nr_nodes, info.nr_nodes);
	for (i = 0; i < usage.nr_nodes; i++) {
		const struct pbuddy_node_info *node = &usage.node[i];

		CHECK(node->total_bytes > 0 && node->total_bytes % (2 * MIB) == 0);
		CHECK(node->free_bytes + node->pcp_bytes <= node->total_bytes);
		CHECK(node->largest_free_order >= 0);
		CHECK(node->largest_free_order <= PBUDDY_MAX_ORDER);
		CHECK(!i || node->node > usage.node[i - 1].node);
	}
}

TEST(abi, info_fills_no_more_than_asked)
{
	struct pbuddy_node_info node[2];
	struct pbuddy_info info = {
		.size = sizeof(info), .nodes_ptr = (uintptr_t)node, .nr_nodes = 1,
		.node_size = sizeof(node[0]),
	};

	memset(node, 0x5a, sizeof(node));
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_GET_INFO, &info), 0);
	CHECK(node[0].total_bytes != 0x5a5a5a5a5a5a5a5aULL);
	CHECK_EQ(node[1].total_bytes, 0x5a5a5a5a5a5a5a5aULL);
}

TEST(abi, size_too_short_is_einval)
{
	struct bigger arg;
	size_t i, size;

	for (i = 0; i < NR_CALLS; i++) {
		for (size = 0; size < calls[i].size; size += 4) {
			fill(&calls[i], &arg, size);
			CHECK_FAILS(do_call(&calls[i], &arg, calls[i].cmd), EINVAL);
		}
	}
}

TEST(abi, size_longer_with_zero_tail_is_accepted)
{
	struct bigger arg;
	size_t i, size;

	for (i = 0; i < NR_CALLS; i++) {
		for (size = calls[i].size + 8; size <= PAGE; size += 1000) {
			/* The ioctl number that a longer struct has. */
			unsigned int cmd = (calls[i].cmd & ~IOCSIZE_MASK) |
					   (unsigned int)size << IOCSIZE_SHIFT;

			fill(&calls[i], &arg, size);
			arg.bytes[size] = 0x77;		/* past the end: ignored */
			CHECK_EQ(do_call(&calls[i], &arg, cmd), 0);
			CHECK_EQ(arg.bytes[size], 0x77);
		}
	}
}

TEST(abi, size_longer_with_garbage_tail_is_e2big)
{
	struct bigger arg;
	size_t i, where;

	for (i = 0; i < NR_CALLS; i++) {
		for (where = calls[i].size; where < calls[i].size + 64; where += 9) {
			fill(&calls[i], &arg, calls[i].size + 64);
			arg.bytes[where] = 1;
			CHECK_FAILS(do_call(&calls[i], &arg, calls[i].cmd), E2BIG);
		}
	}
}

TEST(abi, size_absurd_is_e2big)
{
	struct bigger arg;
	size_t i;

	for (i = 0; i < NR_CALLS; i++) {
		fill(&calls[i], &arg, PAGE + 1);
		CHECK_FAILS(do_call(&calls[i], &arg, calls[i].cmd), E2BIG);
		fill(&calls[i], &arg, UINT32_MAX);
		CHECK_FAILS(do_call(&calls[i], &arg, calls[i].cmd), E2BIG);
	}
}

TEST(abi, batch_sizes_must_agree)
{
	struct bigger arg;

	fill(&calls[2], &arg, sizeof(arg.batch));
	arg.batch.each.size += 8;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC_BATCH, &arg), EINVAL);
	arg.batch.each.size = 0;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC_BATCH, &arg), EINVAL);
}

TEST(abi, element_sizes)
{
	struct { struct pbuddy_node_info known; uint64_t newer[2]; } node[64];
	struct pbuddy_info info = {
		.size = sizeof(info), .nodes_ptr = (uintptr_t)node, .nr_nodes = 64,
	};
	uint32_t i;

	for (info.node_size = 0; info.node_size < PBUDDY_NODE_INFO_SIZE_VER0; info.node_size += 4)
		CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_GET_INFO, &info), EINVAL);
	info.node_size = PAGE + 1;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_GET_INFO, &info), E2BIG);
	memset(node, 0x5a, sizeof(node));
	info.node_size = sizeof(node[0]);
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_GET_INFO, &info), 0);
	for (i = 0; i < info.nr_nodes; i++) {
		CHECK(node[i].known.total_bytes % (2 * MIB) == 0);
		CHECK_EQ(node[i].newer[0] | node[i].newer[1], 0);
	}
}

static uint32_t known_flags(const struct call *call)
{
	switch (call->cmd) {
	case PBUDDY_IOCTL_ALLOC:
		return PBUDDY_ALLOC_FLAGS;
	case PBUDDY_IOCTL_PRESSURE:
		return PBUDDY_PRESSURE_LOW | PBUDDY_PRESSURE_FREE | PBUDDY_PRESSURE_STALL;
	default:
		return 0;
	}
}

TEST(abi, unknown_flags_are_einval)
{
	struct bigger arg;
	unsigned int bit;
	size_t i;

	for (i = 0; i < NR_CALLS; i++) {
		uint32_t known = known_flags(&calls[i]);

		for (bit = 0; bit < 32; bit++) {
			uint32_t flag = 1U << bit;

			if (flag & known)
				continue;
			fill(&calls[i], &arg, calls[i].size);
			memcpy(&arg.bytes[calls[i].flags], &flag, sizeof(flag));
			CHECK_FAILS(do_call(&calls[i], &arg, calls[i].cmd), EINVAL);
		}
	}
}

TEST(abi, reserved_fields_are_einval)
{
	struct bigger arg;
	size_t i, k;

	for (i = 0; i < NR_CALLS; i++) {
		for (k = 0; k < calls[i].nr_reserved * 8; k++) {
			fill(&calls[i], &arg, calls[i].size);
			arg.bytes[calls[i].reserved + k] = 0x80;
			CHECK_FAILS(do_call(&calls[i], &arg, calls[i].cmd), EINVAL);
		}
	}
	fill(&calls[2], &arg, calls[2].size);
	arg.batch.reserved = 1;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC_BATCH, &arg), EINVAL);
}

TEST(abi, unknown_ioctl_is_enotty)
{
	int buffer = alloc_buffer(PAGE);
	struct bigger arg;
	unsigned int nr, last_of_buffers = _IOC_NR(PBUDDY_IOCTL_ADVISE);

	for (nr = 0; nr < 256; nr++) {
		fill(&calls[1], &arg, calls[1].size);
		if (nr > _IOC_NR(PBUDDY_IOCTL_FRAG))
			CHECK_FAILS(ioctl(dev, _IOWR(PBUDDY_IOCTL_MAGIC, nr, struct pbuddy_alloc),
					  &arg), ENOTTY);
		if (nr < _IOC_NR(PBUDDY_IOCTL_QUERY) || nr > last_of_buffers)
			CHECK_FAILS(ioctl(buffer,
					  _IOWR(PBUDDY_IOCTL_MAGIC, nr, struct pbuddy_query),
					  &arg), ENOTTY);
	}
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_QUERY, &arg), ENOTTY);
	CHECK_FAILS(ioctl(dev, _IO(PBUDDY_IOCTL_MAGIC, 1), &arg), ENOTTY);
	CHECK_FAILS(ioctl(dev, _IOWR(0xB8, 1, struct pbuddy_alloc), &arg), ENOTTY);
}

static void expect_einval(const struct pbuddy_alloc *rq)
{
	struct pbuddy_alloc copy = *rq;

	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC, &copy), EINVAL);
}

#define EXPECT_EINVAL(field, value)						\
	do {									\
		struct pbuddy_alloc _rq = request(PAGE);			\
		_rq.field = (value);						\
		expect_einval(&_rq);						\
	} while (0)

TEST(abi, bad_values_are_einval)
{
	struct pbuddy_alloc rq;

	EXPECT_EINVAL(bytes, 0);
	EXPECT_EINVAL(node, -2);
	EXPECT_EINVAL(node, INT32_MIN);
	EXPECT_EINVAL(node, INT32_MAX);
	EXPECT_EINVAL(node, 4096);
	EXPECT_EINVAL(order, PBUDDY_MAX_ORDER + 1);
	EXPECT_EINVAL(order, 64);
	EXPECT_EINVAL(order, UINT32_MAX);
	EXPECT_EINVAL(mclass, 3);
	EXPECT_EINVAL(mclass, UINT32_MAX);
	EXPECT_EINVAL(fd_flags, O_WRONLY);
	EXPECT_EINVAL(fd_flags, O_ACCMODE);
	EXPECT_EINVAL(fd_flags, O_RDWR | O_NONBLOCK);
	EXPECT_EINVAL(fd_flags, O_RDWR | O_APPEND);
	EXPECT_EINVAL(fd_flags, O_RDWR | O_CLOEXEC | PBUDDY_FD_INHERIT);
	rq = request(PAGE);
	memset(rq.label, 'x', sizeof(rq.label));	/* no NUL */
	expect_einval(&rq);
	strcpy(rq.label, "line\nbreak:\t1");
	expect_einval(&rq);
}

TEST(abi, bad_nodemasks_are_einval)
{
	struct pbuddy_alloc rq = request(PAGE);

	rq.nodemask = 1;		/* without the flag */
	expect_einval(&rq);
	rq.flags = PBUDDY_ALLOC_NODEMASK;
	rq.nodemask = 0;
	expect_einval(&rq);
	rq.nodemask = 1;
	rq.flags |= PBUDDY_ALLOC_STRICT_NODE;
	expect_einval(&rq);
}

TEST(abi, size_overflow_sweep)
{
	static const uint64_t sizes[] = {
		UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - PAGE, UINT64_MAX - PAGE + 1,
		UINT64_MAX - 2 * PAGE, 1ULL << 63, (1ULL << 63) - 1, (1ULL << 63) - PAGE,
		1ULL << 62, 1ULL << 52, 1ULL << 44, (1ULL << 44) + 1, 1ULL << 43, 1ULL << 40,
	};
	size_t i, contig;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (contig = 0; contig < 2; contig++) {
			struct pbuddy_alloc rq = request(sizes[i]);

			rq.flags = contig ? PBUDDY_ALLOC_CONTIG : 0;
			CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq), -1);
			CHECK(errno == EINVAL || errno == ENOMEM);
			CHECK(errno != ENOMEM || rq.reason == PBUDDY_REASON_LIMIT);
		}
	}
}

TEST(abi, bad_pointers_are_efault)
{
	struct pbuddy_info info = { .size = sizeof(info), .nr_nodes = 1, .nodes_ptr = 8,
				    .node_size = sizeof(struct pbuddy_node_info) };
	struct pbuddy_query q = { .size = sizeof(q), .nr_extents = 1, .extents_ptr = 8,
				  .extent_size = sizeof(struct pbuddy_extent) };
	int buffer = alloc_buffer(PAGE);
	size_t i;

	for (i = 0; i < NR_CALLS; i++) {
		int fd = of_buffer(&calls[i]) ? buffer : dev;

		CHECK_FAILS(ioctl(fd, calls[i].cmd, NULL), EFAULT);
		CHECK_FAILS(ioctl(fd, calls[i].cmd, 1), EFAULT);
		CHECK_FAILS(ioctl(fd, calls[i].cmd, -4096L), EFAULT);
		CHECK_FAILS(ioctl(fd, calls[i].cmd, 1UL << 63), EFAULT);
	}
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_GET_INFO, &info), EFAULT);
	info.nodes_ptr = UINT64_MAX - 7;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_GET_INFO, &info), EFAULT);
	CHECK_FAILS(ioctl(buffer, PBUDDY_IOCTL_QUERY, &q), EFAULT);
}

/* Counts the open descriptors. */
static int count_fds(void)
{
	int fd, nr = 0;

	for (fd = 0; fd < 1024; fd++)
		nr += fcntl(fd, F_GETFD) >= 0;
	return nr;
}

/* CVE-2022-22942 (vmwgfx): the driver installed a descriptor, and then the copy to user failed. */
TEST(abi, usercopy_fault_leaves_no_fd_cve_2022_22942)
{
	struct pbuddy_alloc *rq = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int before = count_fds(), i;
	struct usage usage;

	CHECK(rq != MAP_FAILED);
	*rq = request(16 * PAGE);
	CHECK_EQ(mprotect(rq, PAGE, PROT_READ), 0);
	read_settled_usage(&usage);
	for (i = 0; i < 100; i++)
		CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC, rq), EFAULT);
	CHECK_EQ(count_fds(), before);
	CHECK_ALLOCATED(usage.allocated);
}

TEST(abi, usercopy_fault_in_a_batch_leaves_no_fd_cve_2022_22942)
{
	char *area = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	struct pbuddy_alloc_batch batch = {
		.size = sizeof(batch), .count = 64, .each = request(PAGE),
	};
	struct pbuddy_alloc_batch *readonly = (struct pbuddy_alloc_batch *)area;
	int before = count_fds();
	int32_t fds[64];

	CHECK(area != MAP_FAILED);
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC_BATCH, &batch), EINVAL);
	/* The second half of the array is unmapped. */
	CHECK_EQ(munmap(area + PAGE, PAGE), 0);
	batch.fds_ptr = (uintptr_t)(area + PAGE - 32 * sizeof(int32_t));
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC_BATCH, &batch), EFAULT);
	/* The struct is in a read-only mapping. */
	batch.fds_ptr = (uintptr_t)fds;
	*readonly = batch;
	CHECK_EQ(mprotect(area, PAGE, PROT_READ), 0);
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC_BATCH, readonly), EFAULT);
	CHECK_EQ(count_fds(), before);
}

TEST(abi, out_of_descriptors)
{
	struct pbuddy_alloc rq = request(PAGE);
	struct rlimit limit = { .rlim_cur = 16, .rlim_max = 16 };
	struct pbuddy_alloc_batch batch = {
		.size = sizeof(batch), .count = 64, .each = request(PAGE),
	};
	int32_t fds[64];
	int before = count_fds();

	batch.fds_ptr = (uintptr_t)fds;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC_BATCH, &batch), EMFILE);
	CHECK_EQ(count_fds(), before);
	while (!ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq))
		;
	CHECK_EQ(errno, EMFILE);
	CHECK_EQ(count_fds(), 16);
}
