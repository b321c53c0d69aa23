// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers as memory regions of RDMA (ibv_reg_mr), whose pages the kernel pins for as long as they
 * are registered (FOLL_LONGTERM). The device is the first that there is; the guest test sets up
 * rdma_rxe. A connection joins two queue pairs of it, which carry the data of a region to another.
 */
#include <infiniband/verbs.h>
#include <sys/wait.h>

#include "../tests/common.h"

#define BYTES	MIB
#define ACCESS	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE | IBV_ACCESS_REMOTE_READ)
#define PORT	1

/* The device, and a queue pair that is connected to another one of it. */
struct rdma {
	struct ibv_context	*context;
	struct ibv_pd		*pd;
	struct ibv_cq		*cq;
	struct ibv_qp		*qp, *peer;
};

/* ---- The connection ---- */

static void open_device(struct rdma *rdma)
{
	struct ibv_device **list = ibv_get_device_list(NULL);

	CHECK(list && list[0]);
	rdma->context = ibv_open_device(list[0]);
	CHECK(rdma->context);
	ibv_free_device_list(list);
	rdma->pd = ibv_alloc_pd(rdma->context);
	rdma->cq = ibv_create_cq(rdma->context, 16, NULL, NULL, 0);
	CHECK(rdma->pd && rdma->cq);
}

static struct ibv_qp *create_qp(const struct rdma *rdma)
{
	struct ibv_qp_init_attr init = {
		.send_cq = rdma->cq,
		.recv_cq = rdma->cq,
		.cap = { .max_send_wr = 4, .max_recv_wr = 4, .max_send_sge = 1, .max_recv_sge = 1 },
		.qp_type = IBV_QPT_RC,
	};
	struct ibv_qp_attr attr = {
		.qp_state = IBV_QPS_INIT,
		.port_num = PORT,
		.qp_access_flags = ACCESS,
	};
	struct ibv_qp *qp = ibv_create_qp(rdma->pd, &init);

	CHECK(qp);
	CHECK_EQ(ibv_modify_qp(qp, &attr, IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT |
			       IBV_QP_ACCESS_FLAGS), 0);
	return qp;
}

/* The kernel adds addresses a moment later; one of IPv6 is not ready at once then. */
static struct ibv_gid_entry gid_of_ipv4(const struct rdma *rdma)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };
	struct patience wait = { 0 };
	struct ibv_gid_entry gid[16];
	ssize_t nr, i;

	while (more_patience(&wait)) {
		nr = ibv_query_gid_table(rdma->context, gid, 16, 0);
		for (i = 0; i < nr; i++)
			if (!memcmp(gid[i].gid.raw, prefix, sizeof(prefix)))
				return gid[i];
	}
	test_fail(__FILE__, __LINE__, "the device has no address of IPv4");
}

static void connect_qp(const struct rdma *rdma, struct ibv_qp *qp, uint32_t dest)
{
	struct ibv_qp_attr receive = {
		.qp_state = IBV_QPS_RTR,
		.path_mtu = IBV_MTU_1024,
		.dest_qp_num = dest,
		.max_dest_rd_atomic = 1,
		.min_rnr_timer = 12,
		.ah_attr = { .is_global = 1, .port_num = PORT, .grh.hop_limit = 1 },
	};
	struct ibv_qp_attr send = {
		.qp_state = IBV_QPS_RTS,
		.timeout = 20,		/* 4 s for each of the tries, also on a busy machine */
		.retry_cnt = 7,
		.rnr_retry = 7,
		.max_rd_atomic = 1,
	};
	struct ibv_gid_entry gid = gid_of_ipv4(rdma);

	receive.ah_attr.grh.dgid = gid.gid;
	receive.ah_attr.grh.sgid_index = (uint8_t)gid.gid_index;
	CHECK_EQ(ibv_modify_qp(qp, &receive, IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU |
			       IBV_QP_DEST_QPN | IBV_QP_RQ_PSN | IBV_QP_MAX_DEST_RD_ATOMIC |
			       IBV_QP_MIN_RNR_TIMER), 0);
	CHECK_EQ(ibv_modify_qp(qp, &send, IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT |
			       IBV_QP_RNR_RETRY | IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC), 0);
}

static void connect_to_itself(struct rdma *rdma)
{
	open_device(rdma);
	rdma->qp = create_qp(rdma);
	rdma->peer = create_qp(rdma);
	connect_qp(rdma, rdma->qp, rdma->peer->qp_num);
	connect_qp(rdma, rdma->peer, rdma->qp->qp_num);
}

static void destroy_queues(const struct rdma *rdma)
{
	CHECK_EQ(ibv_destroy_qp(rdma->qp), 0);
	CHECK_EQ(ibv_destroy_qp(rdma->peer), 0);
	CHECK_EQ(ibv_destroy_cq(rdma->cq), 0);
}

/* The regions are deregistered before. */
static void disconnect(const struct rdma *rdma)
{
	destroy_queues(rdma);
	CHECK_EQ(ibv_dealloc_pd(rdma->pd), 0);
	CHECK_EQ(ibv_close_device(rdma->context), 0);
}

/* ---- Transfers ---- */

static struct ibv_mr *register_region(const struct rdma *rdma, void *p, size_t bytes)
{
	struct ibv_mr *mr = ibv_reg_mr(rdma->pd, p, bytes, ACCESS);

	CHECK(mr);
	return mr;
}

static void transfer(const struct rdma *rdma, enum ibv_wr_opcode opcode, const struct ibv_mr *local,
		     const struct ibv_mr *remote)
{
	struct ibv_sge sge = {
		.addr = (uintptr_t)local->addr,
		.length = (uint32_t)local->length,
		.lkey = local->lkey,
	};
	struct ibv_send_wr wr = {
		.sg_list = &sge,
		.num_sge = 1,
		.opcode = opcode,
		.send_flags = IBV_SEND_SIGNALED,
		.wr.rdma = { .remote_addr = (uintptr_t)remote->addr, .rkey = remote->rkey },
	}, *bad;
	struct ibv_wc wc;
	int nr;

	CHECK_EQ(ibv_post_send(rdma->qp, &wr, &bad), 0);
	do
		nr = ibv_poll_cq(rdma->cq, 1, &wc);
	while (!nr);
	CHECK_EQ(nr, 1);
	if (wc.status != IBV_WC_SUCCESS)
		test_fail(__FILE__, __LINE__, "%s", ibv_wc_status_str(wc.status));
}

static void write_to(const struct rdma *rdma, const struct ibv_mr *from, const struct ibv_mr *to)
{
	transfer(rdma, IBV_WR_RDMA_WRITE, from, to);
}

static void read_from(const struct rdma *rdma, const struct ibv_mr *from, const struct ibv_mr *to)
{
	transfer(rdma, IBV_WR_RDMA_READ, to, from);
}

/* ---- Tests ---- */

/* Out of a buffer into a mapping of the device, and back. */
TEST(rdma, write_and_read)
{
	int fd = alloc_buffer(BYTES);
	uint64_t *p = map_buffer(fd, BYTES), *q = map_device(BYTES);
	struct ibv_mr *p_mr, *q_mr;
	struct rdma rdma;

	connect_to_itself(&rdma);
	p_mr = register_region(&rdma, p, BYTES);
	q_mr = register_region(&rdma, q, BYTES);
	stamp(p, BYTES, 1);
	write_to(&rdma, p_mr, q_mr);
	CHECK_EQ(stamp_broken(q, BYTES, 1), -1);
	stamp(q, BYTES, 2);
	read_from(&rdma, q_mr, p_mr);
	CHECK_EQ(stamp_broken(p, BYTES, 2), -1);
	CHECK_EQ(ibv_dereg_mr(p_mr), 0);
	CHECK_EQ(ibv_dereg_mr(q_mr), 0);
	disconnect(&rdma);
}

/* Empties the pageblock of a page. */
static bool vacate(uint64_t pfn)
{
	uint64_t phys = pfn * PAGE & ~(2 * MIB - 1);
	char range[64];

	snprintf(range, sizeof(range), "%llx-%llx", (unsigned long long)phys,
		 (unsigned long long)(phys + 2 * MIB - 1));
	return try_set_parameter("vacate", range);
}

/* The pages stay where the device knows them while they are registered, and can be moved then. */
TEST(rdma, region_is_not_moved)
{
	int fd = alloc_buffer(BYTES);
	uint64_t *p = map_buffer(fd, BYTES), *q = map_device(BYTES);
	struct patience wait = { 0 };
	struct ibv_mr *p_mr, *q_mr;
	struct rdma rdma;
	uint64_t pfn;

	connect_to_itself(&rdma);
	p_mr = register_region(&rdma, p, BYTES);
	pfn = pfn_of(p);
	q_mr = register_region(&rdma, q, BYTES);
	CHECK(!vacate(pfn));
	CHECK_EQ(pfn_of(p), pfn);
	stamp(q, BYTES, 3);
	write_to(&rdma, q_mr, p_mr);
	CHECK_EQ(stamp_broken(p, BYTES, 3), -1);
	CHECK_EQ(ibv_dereg_mr(p_mr), 0);
	CHECK_EQ(ibv_dereg_mr(q_mr), 0);
	disconnect(&rdma);
	CHECK_EQ(munmap(q, BYTES), 0);
	/* The kernel may unpin the pages a moment later. */
	while (!vacate(pfn) && more_patience(&wait))
		;
	CHECK_EQ(stamp_broken(p, BYTES, 3), -1);
	CHECK(pfn_of(p) != pfn);
}

/* The region is used after its buffer has ended: its pages are in quarantine. */
static void region_outlives(const struct rdma *rdma, const struct ibv_mr *mr, uint64_t phys)
{
	uint64_t *q = map_device(BYTES);
	struct ibv_mr *q_mr = register_region(rdma, q, BYTES);

	wait_for_quarantine(BYTES);
	read_from(rdma, mr, q_mr);
	CHECK_EQ(stamp_broken(q, BYTES, 4), -1);
	stamp(q, BYTES, 5);
	write_to(rdma, q_mr, mr);
	memset(q, 0, BYTES);
	read_from(rdma, mr, q_mr);
	CHECK_EQ(stamp_broken(q, BYTES, 5), -1);
	CHECK_EQ(ibv_dereg_mr(q_mr), 0);
	CHECK_EQ(munmap(q, BYTES), 0);
	if (phys)
		expect_not_allocated(phys, BYTES);
}

TEST(rdma, region_outlives_its_buffer)
{
	int fd = alloc_buffer(BYTES);
	uint64_t *p = map_buffer(fd, BYTES), phys = phys_of(fd);
	struct ibv_mr *mr;
	struct rdma rdma;

	connect_to_itself(&rdma);
	mr = register_region(&rdma, p, BYTES);
	stamp(p, BYTES, 4);
	CHECK_EQ(munmap(p, BYTES), 0);
	CHECK_EQ(close(fd), 0);
	region_outlives(&rdma, mr, phys);
	CHECK_EQ(ibv_dereg_mr(mr), 0);
	wait_for_quarantine(0);
	disconnect(&rdma);
}

/* A region that a child has registered with its parent's device. */
struct shared_region {
	const struct rdma	*rdma;
	struct ibv_mr		mr;	/* a copy */
};

static void register_and_die(void *arg)
{
	struct shared_region *shared = arg;
	uint64_t *p = map_device(BYTES);

	stamp(p, BYTES, 4);
	shared->mr = *register_region(shared->rdma, p, BYTES);
	kill(getpid(), SIGKILL);
}

TEST(rdma, region_outlives_its_process)
{
	struct shared_region *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct rdma rdma;

	CHECK(shared != MAP_FAILED);
	connect_to_itself(&rdma);
	shared->rdma = &rdma;
	CHECK_EQ(in_child(register_and_die, shared), -SIGKILL);
	region_outlives(&rdma, &shared->mr, 0);
	/*
	 * The library has no handle of the child's region; closing the device ends it. The queues
	 * are mapped, and these mappings refer to the device.
	 */
	destroy_queues(&rdma);
	CHECK_EQ(ibv_close_device(rdma.context), 0);
	wait_for_quarantine(0);
}

static void register_and_keep(void *arg)
{
	struct rdma rdma;

	(void)arg;
	open_device(&rdma);
	register_region(&rdma, map_device(BYTES), BYTES);
	kill(getpid(), SIGKILL);
}

/* The harness checks that nothing is left. */
TEST(rdma, process_dies_with_its_regions)
{
	int i;

	for (i = 0; i < 20; i++)
		CHECK_EQ(in_child(register_and_keep, NULL), -SIGKILL);
	wait_for_quarantine(0);
}

/* Not rdma_rxe, which has no dma-bufs as memory regions; then the buffer is as before. */
TEST(rdma, dmabuf_region)
{
	struct pbuddy_export_dmabuf export = { .size = sizeof(export), .fd_flags = O_RDWR };
	int fd = alloc_buffer(BYTES);
	uint64_t *p = map_buffer(fd, BYTES), *q = map_device(BYTES);
	struct ibv_mr *mr, *q_mr;
	struct rdma rdma;

	CHECK_EQ(ioctl(fd, PBUDDY_IOCTL_EXPORT_DMABUF, &export), 0);
	connect_to_itself(&rdma);
	errno = 0;
	mr = ibv_reg_dmabuf_mr(rdma.pd, 0, BYTES, (uintptr_t)p, export.fd, ACCESS);
	if (!mr) {
		CHECK_EQ(errno, EOPNOTSUPP);
		disconnect(&rdma);
		test_skip("this RDMA device takes no dma-bufs");
	}
	q_mr = register_region(&rdma, q, BYTES);
	stamp(q, BYTES, 6);
	write_to(&rdma, q_mr, mr);
	CHECK_EQ(stamp_broken(p, BYTES, 6), -1);
	CHECK_EQ(ibv_dereg_mr(mr), 0);
	CHECK_EQ(ibv_dereg_mr(q_mr), 0);
	disconnect(&rdma);
}
