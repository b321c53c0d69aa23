// SPDX-License-Identifier: GPL-2.0-only
/*
 * LIST: the records of buffers, however they are held; that a reader is not disturbed by buffers
 * that come and go; whose buffers it sees; and that the records of a user add up to what the user
 * is charged, which is also what limits and the OOM policy go by.
 */
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common.h"

#define RECORDS_MAX	512
#define NODES		8

static struct pbuddy_buffer_info record[RECORDS_MAX];
static uint64_t on_node[RECORDS_MAX][NODES];
static int nr_records;

/* Reads up to @max records behind @cursor; returns how many. */
static int list_from(uint64_t cursor, int max)
{
	struct pbuddy_list l = {
		.size = sizeof(l), .cursor = cursor,
		.records_ptr = (uintptr_t)record, .nr_records = (uint32_t)max,
		.record_size = sizeof(record[0]),
		.node_bytes_ptr = (uintptr_t)on_node, .nr_nodes = NODES,
	};

	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_LIST, &l), 0);
	CHECK(l.nr_records <= (uint32_t)max);
	CHECK_EQ(l.cursor, l.nr_records ? record[l.nr_records - 1].id : cursor);
	return (int)l.nr_records;
}

static void list_all(void)
{
	nr_records = list_from(0, RECORDS_MAX);
	CHECK(nr_records < RECORDS_MAX);
}

static const struct pbuddy_buffer_info *find_by_label(const char *label)
{
	const struct pbuddy_buffer_info *found = NULL;
	int i;

	list_all();
	for (i = 0; i < nr_records; i++) {
		if (strcmp(record[i].label, label))
			continue;
		CHECK(!found);
		found = &record[i];
	}
	return found;
}

static int alloc_labelled(const char *label, uint64_t bytes)
{
	struct pbuddy_alloc rq = request(bytes);

	strcpy(rq.label, label);
	return alloc_as(&rq);
}

static uint64_t id_of(int fd)
{
	struct stat st;

	CHECK_EQ(fstat(fd, &st), 0);
	return st.st_ino;
}

static int export(int fd)
{
	struct pbuddy_export_dmabuf e = {
		.size = sizeof(e), .fd_flags = O_RDWR,
	};

	if (ioctl(fd, PBUDDY_IOCTL_EXPORT_DMABUF, &e)) {
		CHECK_EQ(errno, EOPNOTSUPP);
		return -1;
	}
	return e.fd;
}

/* ---- Records ---- */

TEST(list, shows_a_buffer)
{
	const struct pbuddy_buffer_info *r;
	struct pbuddy_alloc rq = request(3 * MIB + PAGE);
	char comm[64];
	uint64_t sum = 0;
	int i;

	strcpy(rq.label, "shown");
	rq.order = 3;
	rq.node = 1;
	alloc_as(&rq);
	r = find_by_label("shown");
	CHECK(r);
	CHECK_EQ(r->id, id_of(rq.fd));
	CHECK_EQ(r->bytes, 3 * MIB + PAGE);
	CHECK_EQ(r->resident_bytes, r->bytes);
	CHECK_EQ(r->charged_bytes, 3 * MIB + 8 * PAGE);
	CHECK_EQ(r->quarantine_bytes, 0);
	CHECK_EQ(r->node, rq.node);
	CHECK_EQ(r->order, 3);
	CHECK_EQ(r->flags, 0);
	CHECK_EQ(r->nr_mappings, 0);
	CHECK_EQ(r->nr_dmabufs, 0);
	CHECK_EQ(r->creator_pid, getpid());
	CHECK_EQ(r->creator_uid, getuid());
	CHECK_EQ(r->account_uid, getuid());
	CHECK(read_file("/proc/self/comm", comm, sizeof(comm)));
	comm[strcspn(comm, "\n")] = 0;
	CHECK_EQ(strcmp(r->creator_comm, comm), 0);
	for (i = 0; i < NODES; i++)
		sum += on_node[r - record][i];
	CHECK_EQ(sum, r->bytes);
	CHECK_EQ(on_node[r - record][1], r->bytes);
	CHECK_EQ(close(rq.fd), 0);
	CHECK(!find_by_label("shown"));
}

/* Pieces of a mapping of the device are resident from the first access on. */
TEST(list, counts_mappings)
{
	char *p = (char *)map_device(6 * MIB);
	const struct pbuddy_buffer_info *r = find_by_label("mmap");

	CHECK(r);
	CHECK_EQ(r->nr_mappings, 1);
	CHECK_EQ(r->resident_bytes, 0);
	p[3 * MIB] = 1;
	r = find_by_label("mmap");
	CHECK_EQ(r->resident_bytes, 2 * MIB);
	CHECK_EQ(munmap(p + 2 * MIB, 2 * MIB), 0);
	r = find_by_label("mmap");
	CHECK_EQ(r->nr_mappings, 2);
	CHECK_EQ(munmap(p, 6 * MIB), 0);
	CHECK(!find_by_label("mmap"));
}

TEST(list, counts_dmabufs)
{
	int fd = alloc_labelled("exported", PAGE), dmabuf = export(fd);
	const struct pbuddy_buffer_info *r;
	char path[64], text[1024], line[64];

	if (dmabuf < 0)
		test_skip("no dma-bufs in this kernel");
	r = find_by_label("exported");
	CHECK(r);
	CHECK_EQ(r->flags, PBUDDY_BUFFER_EXPORTED);
	CHECK_EQ(r->nr_dmabufs, 1);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", dmabuf);
	snprintf(line, sizeof(line), "exp_name:\tpbuddy:%llu\n", (unsigned long long)r->id);
	CHECK(read_file(path, text, sizeof(text)));
	CHECK(strstr(text, line));
	CHECK_EQ(close(dmabuf), 0);
	r = find_by_label("exported");
	CHECK_EQ(r->flags, 0);
}

static void alloc_and_send(void *arg)
{
	send_fd(*(int *)arg, alloc_labelled("orphan", PAGE));
}

TEST(list, creator_has_exited)
{
	const struct pbuddy_buffer_info *r;
	int sock[2];

	make_sockets(sock);
	CHECK_EQ(in_child(alloc_and_send, &sock[0]), 0);
	r = find_by_label("orphan");
	CHECK(r);
	CHECK_EQ(r->flags, PBUDDY_BUFFER_CREATOR_EXITED);
	CHECK(r->creator_pid > 0 && r->creator_pid != getpid());
	CHECK_EQ(close(sock[0]) | close(sock[1]), 0);
	CHECK(!find_by_label("orphan"));
}

TEST(list, fdinfo_in_the_form_of_drm)
{
	struct pbuddy_alloc rq = request(MIB);
	char path[64], text[1024], line[64];

	rq.node = 1;
	alloc_as(&rq);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", rq.fd);
	CHECK(read_file(path, text, sizeof(text)));
	snprintf(line, sizeof(line), "pbuddy-id:\t%llu\n", (unsigned long long)id_of(rq.fd));
	CHECK(strstr(text, line));
	CHECK(strstr(text, "pbuddy-total:\t1024 KiB\n"));
	CHECK(strstr(text, "pbuddy-resident:\t1024 KiB\n"));
	CHECK(strstr(text, "pbuddy-shared:\t0 KiB\n"));
	CHECK(strstr(text, "pbuddy-total-node1:\t1024 KiB\n"));
	CHECK(!strstr(text, "pbuddy-total-node0:"));
	if (export(rq.fd) < 0)
		return;
	CHECK(read_file(path, text, sizeof(text)));
	CHECK(strstr(text, "pbuddy-shared:\t1024 KiB\n"));
}

/* ---- The cursor ---- */

/* Reads all in steps of @step, and calls @between after each. Returns how many of @fd were seen. */
static int count_seen(const int *fd, int nr, int step, void (*between)(void))
{
	uint64_t cursor = 0, id[64];
	int seen = 0, got, i, k;

	for (i = 0; i < nr; i++)
		id[i] = id_of(fd[i]);
	do {
		got = list_from(cursor, step);
		for (i = 0; i < got; i++) {
			CHECK(record[i].id > cursor);	/* so none is seen twice */
			cursor = record[i].id;
			for (k = 0; k < nr; k++)
				seen += id[k] == cursor;
		}
		if (between)
			between();
	} while (got == step);
	return seen;
}

static int odd_fd[32], nr_odd;

/* Closes a buffer, often the one that the cursor names, and makes a new one. */
static void change_others(void)
{
	if (!nr_odd)
		return;
	CHECK_EQ(close(odd_fd[--nr_odd]), 0);
	if (nr_odd % 4 == 0)
		alloc_buffer(PAGE);
}

TEST(list, cursor_survives_changes)
{
	int fd[32], step, i;

	for (step = 1; step < 40; step = 2 * step + 1) {
		for (i = 0; i < 32; i++) {
			fd[i] = alloc_buffer(PAGE);
			odd_fd[31 - i] = alloc_buffer(PAGE);
		}
		nr_odd = 32;
		CHECK_EQ(count_seen(fd, 32, step, NULL), 32);
		CHECK_EQ(count_seen(fd, 32, step, change_others), 32);
		for (i = 0; i < 32; i++)
			close(fd[i]);
		while (nr_odd)
			close(odd_fd[--nr_odd]);
	}
}

/* More buffers of others than are looked at with the lock held. */
static void count_none(void *arg)
{
	(void)arg;
	drop_privileges();
	CHECK_EQ(list_from(0, RECORDS_MAX), 0);
	alloc_labelled("mine", PAGE);
	CHECK_EQ(list_from(0, RECORDS_MAX), 1);
	CHECK_EQ(strcmp(record[0].label, "mine"), 0);
	CHECK_EQ(record[0].creator_uid, getuid());
}

TEST(list, user_sees_its_own)
{
	int i;

	for (i = 0; i < 300; i++)
		alloc_buffer(PAGE);
	CHECK_EQ(in_child(count_none, NULL), 0);
	list_all();
	CHECK_EQ(nr_records, 300);
}

#define NO_NAMESPACES	77	/* exit status */

/* Root of a namespace that maps one user sees what this user has outside of it, and no other. */
static void list_in_namespace(void *arg)
{
	char map[32];
	int fd;

	(void)arg;
	drop_privileges();
	/* Else the files of the process in /proc belong to root. */
	CHECK_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
	snprintf(map, sizeof(map), "0 %u 1\n", getuid());
	alloc_labelled("outside", PAGE);
	if (unshare(CLONE_NEWUSER)) {
		fflush(stdout);
		_exit(NO_NAMESPACES);
	}
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, map, strlen(map)), (ssize_t)strlen(map));
	alloc_labelled("inside", PAGE);
	list_all();
	CHECK_EQ(nr_records, 2);
	CHECK_EQ(strcmp(record[0].label, "outside"), 0);
	CHECK_EQ(record[0].creator_uid, 0);
	CHECK_EQ(strcmp(record[1].label, "inside"), 0);
	CHECK_EQ(record[1].creator_uid, 0);
	CHECK_EQ(record[1].account_uid, 0);
}

TEST(list, root_of_a_namespace_sees_its_users)
{
	int status;

	alloc_labelled("root's", PAGE);
	status = in_child(list_in_namespace, NULL);
	if (status == NO_NAMESPACES)
		test_skip("no user namespaces in this kernel");
	CHECK_EQ(status, 0);
}

/* ---- Arguments ---- */

TEST(list, bad_arguments)
{
	struct pbuddy_list good = {
		.size = sizeof(good), .records_ptr = (uintptr_t)record, .nr_records = 4,
		.record_size = sizeof(record[0]),
	}, l;

	alloc_buffer(PAGE);
	l = good;
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_LIST, &l), 0);
	CHECK_EQ(l.nr_records, 1);
	l = good;
	l.record_size = PBUDDY_BUFFER_INFO_SIZE_VER0 - 1;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_LIST, &l), EINVAL);
	l.record_size = PAGE + 1;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_LIST, &l), E2BIG);
	l = good;
	l.reserved0 = 1;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_LIST, &l), EINVAL);
	l = good;
	l.nr_nodes = 1;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_LIST, &l), EINVAL);
	l.node_bytes_ptr = (uintptr_t)on_node;
	l.nr_nodes = PBUDDY_LIST_NODES_MAX + 1;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_LIST, &l), EINVAL);
	l.nr_nodes = 0;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_LIST, &l), EINVAL);
	l.nr_nodes = 1;
	l.node_bytes_ptr = 8;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_LIST, &l), EFAULT);
	l = good;
	l.records_ptr = 8;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_LIST, &l), EFAULT);
	l = good;
	l.records_ptr = 0;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_LIST, &l), EINVAL);
	l = good;
	l.cursor = UINT64_MAX;
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_LIST, &l), 0);
	CHECK_EQ(l.nr_records, 0);
	CHECK_EQ(l.cursor, UINT64_MAX);
}

/* A caller with a newer header gets zeroes, also on nodes that do not exist. */
TEST(list, longer_elements)
{
	struct { struct pbuddy_buffer_info known; uint64_t newer[2]; } longer[2];
	uint64_t nodes[2][128];
	struct pbuddy_list l = {
		.size = sizeof(l), .records_ptr = (uintptr_t)longer, .nr_records = 2,
		.record_size = sizeof(longer[0]),
		.node_bytes_ptr = (uintptr_t)nodes, .nr_nodes = 128,
	};
	uint64_t sum = 0;
	int i;

	memset(longer, 0x5a, sizeof(longer));
	memset(nodes, 0x5a, sizeof(nodes));
	alloc_buffer(2 * PAGE);
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_LIST, &l), 0);
	CHECK_EQ(l.nr_records, 1);
	CHECK_EQ(longer[0].known.bytes, 2 * PAGE);
	CHECK_EQ(longer[0].newer[0] | longer[0].newer[1], 0);
	CHECK_EQ(longer[1].newer[0], 0x5a5a5a5a5a5a5a5aULL);
	for (i = 0; i < 128; i++)
		sum += nodes[0][i];
	CHECK_EQ(sum, 2 * PAGE);
	CHECK_EQ(nodes[1][0], 0x5a5a5a5a5a5a5a5aULL);
}
