// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random ioctls for test_random.c, with arguments that are mostly what a program would pass. A new
 * ioctl is one row of the table.
 */
#include <linux/dma-buf.h>
#include <limits.h>

#include "common.h"
#include "random.h"

/* Arrays that the kernel fills, and any argument. */
static char scratch[64 * 1024];
static union {
	uint32_t			size;
	struct pbuddy_info		info;
	struct pbuddy_alloc		alloc;
	struct pbuddy_alloc_batch	batch;
	struct pbuddy_list		list;
	struct pbuddy_resize		resize;
	struct pbuddy_pressure		pressure;
	struct pbuddy_compact		compact;
	struct pbuddy_drain		drain;
	struct pbuddy_frag		frag;
	struct pbuddy_query		query;
	struct pbuddy_export_dmabuf	export;
	struct pbuddy_set_label		label;
	struct pbuddy_advise		advise;
	struct dma_buf_sync		sync;
	unsigned char			bytes[4096];
} arg;

static int node(void)
{
	return (int)below(4) - 1;
}

static uint32_t records(uint32_t size)
{
	return below((unsigned int)sizeof(scratch) / size + 1);
}

static void random_label(char *label)
{
	memset(label, 0, PBUDDY_LABEL_LEN);
	memset(label, 'a' + (char)below(26), below(PBUDDY_LABEL_LEN));
}

static void fill_info(void)
{
	arg.info.nodes_ptr = (uintptr_t)scratch;
	arg.info.node_size = sizeof(struct pbuddy_node_info);
	arg.info.nr_nodes = records(arg.info.node_size);
}

static void fill_request(struct pbuddy_alloc *rq)
{
	*rq = request(1 + number() % (one_in(8) ? 16 * MIB : 256 * 1024));
	rq->order = one_in(4) ? below(PBUDDY_MAX_ORDER + 1) : below(6);
	rq->mclass = below(3);
	rq->node = node();
	rq->flags = one_in(2) ? 0 : below(PBUDDY_ALLOC_FLAGS + 1);
	rq->nodemask = rq->flags & PBUDDY_ALLOC_NODEMASK ? 1 + below(3) : 0;
	rq->fd_flags = (one_in(4) ? O_RDONLY : O_RDWR) | O_CLOEXEC;
	random_label(rq->label);
}

static void fill_alloc(void)
{
	fill_request(&arg.alloc);
}

static void take_alloc(void)
{
	keep(arg.alloc.fd, BUFFER_FD);
}

static void fill_batch(void)
{
	arg.batch.count = 1 + below(8);
	arg.batch.fds_ptr = (uintptr_t)scratch;
	fill_request(&arg.batch.each);
	arg.batch.each.size = sizeof(arg.batch) - offsetof(struct pbuddy_alloc_batch, each);
}

static void take_batch(void)
{
	const int *fd = (const int *)scratch;
	uint32_t i;

	for (i = 0; i < arg.batch.count && i < PBUDDY_BATCH_MAX; i++)
		keep(fd[i], BUFFER_FD);
}

static void fill_list(void)
{
	arg.list.cursor = one_in(2) ? 0 : number() % 1000;
	arg.list.records_ptr = (uintptr_t)scratch;
	arg.list.record_size = sizeof(struct pbuddy_buffer_info);
	arg.list.nr_records = records(arg.list.record_size);
}

uint64_t full_bytes[4];

/* Between a quarter and all of what the node had. */
static void fill_resize(void)
{
	arg.resize.node = (int)below(2);
	arg.resize.max_bytes = full_bytes[arg.resize.node];
	arg.resize.bytes = arg.resize.max_bytes / 4 * (1 + below(4));
}

static void fill_pressure(void)
{
	arg.pressure.flags = 1 + below(7);
	arg.pressure.node = node();
	arg.pressure.eventfd = -1;
	if (arg.pressure.flags & PBUDDY_PRESSURE_FREE)
		arg.pressure.free_bytes = 1 + number() % (64 * MIB);
	if (arg.pressure.flags & PBUDDY_PRESSURE_STALL)
		arg.pressure.stall_us = 1000;
}

static void take_pressure(void)
{
	keep(arg.pressure.fd, OTHER_FD);
}

static void fill_compact(void)
{
	arg.compact.node = node();
	arg.compact.max_pageblocks = below(4);
}

static void fill_drain(void)
{
	arg.drain.node = node();
}

static void fill_frag(void)
{
	arg.frag.cursor = one_in(2) ? 0 : number() % 40;
	arg.frag.records_ptr = (uintptr_t)scratch;
	arg.frag.record_size = sizeof(struct pbuddy_pageblock);
	arg.frag.nr_records = records(arg.frag.record_size);
}

static void fill_query(void)
{
	arg.query.extents_ptr = (uintptr_t)scratch;
	arg.query.extent_size = sizeof(struct pbuddy_extent);
	arg.query.nr_extents = records(arg.query.extent_size);
	arg.query.first_extent = one_in(2) ? 0 : below(20);
}

static void fill_export(void)
{
	arg.export.fd_flags = (one_in(4) ? O_RDONLY : O_RDWR) | O_CLOEXEC;
}

static void take_export(void)
{
	keep(arg.export.fd, DMABUF_FD);
}

static void fill_label(void)
{
	random_label(arg.label.label);
}

static void fill_advise(void)
{
	arg.advise.advice = below(2);
}

static void fill_sync(void)
{
	arg.sync.flags = below(8);
}

/*
 * @fill sets what the ioctl needs beside @size, which is set already; NULL: nothing. @take keeps
 * the descriptors that a successful call has returned.
 */
static const struct row {
	unsigned long	cmd;
	size_t		size;
	enum kind	kind;
	void		(*fill)(void);
	void		(*take)(void);
} table[] = {
	{ PBUDDY_IOCTL_GET_INFO, sizeof(arg.info), DEVICE_FD, fill_info, NULL },
	{ PBUDDY_IOCTL_ALLOC, sizeof(arg.alloc), DEVICE_FD, fill_alloc, take_alloc },
	{ PBUDDY_IOCTL_ALLOC_BATCH, sizeof(arg.batch), DEVICE_FD, fill_batch, take_batch },
	{ PBUDDY_IOCTL_LIST, sizeof(arg.list), DEVICE_FD, fill_list, NULL },
	{ PBUDDY_IOCTL_RESIZE, sizeof(arg.resize), DEVICE_FD, fill_resize, NULL },
	{ PBUDDY_IOCTL_PRESSURE, sizeof(arg.pressure), DEVICE_FD, fill_pressure, take_pressure },
	{ PBUDDY_IOCTL_COMPACT, sizeof(arg.compact), DEVICE_FD, fill_compact, NULL },
	{ PBUDDY_IOCTL_DRAIN, sizeof(arg.drain), DEVICE_FD, fill_drain, NULL },
	{ PBUDDY_IOCTL_FRAG, sizeof(arg.frag), DEVICE_FD, fill_frag, NULL },
	{ PBUDDY_IOCTL_QUERY, sizeof(arg.query), BUFFER_FD, fill_query, NULL },
	{ PBUDDY_IOCTL_EXPORT_DMABUF, sizeof(arg.export), BUFFER_FD, fill_export, take_export },
	{ PBUDDY_IOCTL_SET_LABEL, sizeof(arg.label), BUFFER_FD, fill_label, NULL },
	{ PBUDDY_IOCTL_ADVISE, sizeof(arg.advise), BUFFER_FD, fill_advise, NULL },
	{ DMA_BUF_IOCTL_SYNC, sizeof(arg.sync), DMABUF_FD, fill_sync, NULL },
};

#define NR_ROWS (sizeof(table) / sizeof(table[0]))

static uint64_t odd_value(void)
{
	static const uint64_t odd[] = {
		0, 1, 2, 7, 4095, 4096, INT32_MAX, UINT32_MAX, 1ULL << 32, INT64_MAX, UINT64_MAX,
	};

	return one_in(3) ? number() : odd[below(sizeof(odd) / sizeof(odd[0]))];
}

/* Overwrites a field with what a program should not pass. */
static void spoil(const struct row *row)
{
	uint64_t value = odd_value();
	size_t bytes = one_in(2) ? 4 : 8, at;

	if (row->size < 2 * bytes)
		return;
	at = below((unsigned int)(row->size / bytes)) * bytes;
	memcpy(&arg.bytes[at], &value, bytes);
}

void do_ioctl(void)
{
	const struct row *row = &table[below(NR_ROWS)];
	int fd = one_in(10) ? any_fd()->fd : fd_of(row->kind);

	memset(&arg, 0, sizeof(arg));
	if (row->kind != DMABUF_FD)
		arg.size = (uint32_t)row->size;
	if (row->fill)
		row->fill();
	if (one_in(5))
		spoil(row);
	if (!ioctl(fd, row->cmd, one_in(50) ? NULL : &arg) && row->take)
		row->take();
}
