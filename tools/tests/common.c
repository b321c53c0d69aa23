// SPDX-License-Identifier: GPL-2.0-only
/* Functions that the user-space tests share; common.h describes them. */
#include <ctype.h>
#include <dirent.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "common.h"

int dev = -1;

uint64_t set_aside(void)
{
	static const char name[] = "\nnr_hwpoison_pages ";
	static char text[8192];
	const char *line = read_file(DEBUGFS "/vmstat", text, sizeof(text)) ? strstr(text, name) :
									       NULL;

	return line ? strtoull(line + sizeof(name) - 1, NULL, 10) * PAGE : 0;
}

void read_usage(struct usage *usage)
{
	struct pbuddy_info info = {
		.size = sizeof(info),
		.nodes_ptr = (uintptr_t)usage->node,
		.nr_nodes = sizeof(usage->node) / sizeof(usage->node[0]),
		.node_size = sizeof(usage->node[0]),
	};
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	uint32_t i;

	*usage = (struct usage) { 0 };
	if (fd < 0 || ioctl(fd, PBUDDY_IOCTL_GET_INFO, &info)) {
		printf("Bail out! %s: %s\n", DEVICE, strerror(errno));
		exit(1);
	}
	close(fd);
	usage->quarantine = info.quarantine_bytes;
	usage->nr_nodes = info.nr_nodes;
	for (i = 0; i < info.nr_nodes; i++) {
		usage->total += usage->node[i].total_bytes;
		usage->free += usage->node[i].free_bytes + usage->node[i].pcp_bytes;
	}
	usage->allocated = usage->total - usage->free - set_aside();
}

void read_settled_usage(struct usage *usage)
{
	int i, same = 0;
	uint64_t last;

	read_usage(usage);
	for (i = 0; i < 1000 && same < 2; i++) {
		last = usage->allocated;
		usleep(1000);
		read_usage(usage);
		same = usage->allocated == last ? same + 1 : 0;
	}
}

bool more_patience(struct patience *wait)
{
	struct timespec now;
	int64_t ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = now.tv_sec * 1000LL + now.tv_nsec / 1000000;
	if (!wait->end_ms)
		wait->end_ms = ms + PATIENCE * 1000LL;
	else
		usleep(10000);
	return ms < wait->end_ms;
}

int resize_patiently(struct pbuddy_resize *r)
{
	const struct pbuddy_resize request = *r;
	struct patience wait = { 0 };
	int ret;

	do {
		*r = request;
		ret = ioctl(dev, PBUDDY_IOCTL_RESIZE, r);
	} while (ret && r->reason == PBUDDY_RESIZE_SOURCE && more_patience(&wait));
	return ret;
}

#define NODE_THREAD	"pbuddyd/"
#define NODES_MAX	64

/* The state of a process as in /proc/PID/stat, or 0 when it is no node thread. */
static char state_of_thread(int pid)
{
	char path[32], text[512], *name, *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!read_file(path, text, sizeof(text)))
		return 0;
	name = strchr(text, '(');
	end = strrchr(text, ')');
	if (!name || !end || strncmp(name + 1, NODE_THREAD, strlen(NODE_THREAD)))
		return 0;
	return end[1] ? end[2] : 0;
}

static int find_node_threads(int *pid)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int nr = 0;

	while (dir && nr < NODES_MAX && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    state_of_thread(atoi(entry->d_name)))
			pid[nr++] = atoi(entry->d_name);
	if (dir)
		closedir(dir);
	return nr;
}

void wait_for_node_threads(void)
{
	static int pid[NODES_MAX], nr;
	struct patience wait = { 0 };
	char state = 0;
	int i;

	while (more_patience(&wait)) {
		for (i = 0; i < nr && (state = state_of_thread(pid[i])) == 'S'; i++)
			;
		if (nr && i == nr)
			return;
		if (!nr || !state) {
			nr = find_node_threads(pid);
			if (!nr)
				return;
		}
	}
	test_note("a node thread does not sleep");
}

/* Reads the usage until @number in it is as expected. */
static void read_until(struct usage *usage, const uint64_t *number, uint64_t bytes)
{
	struct patience wait = { 0 };

	while (more_patience(&wait)) {
		read_usage(usage);
		if (*number == bytes)
			return;
	}
}

uint64_t wait_for_allocated(uint64_t bytes)
{
	struct usage usage;

	read_until(&usage, &usage.allocated, bytes);
	return usage.allocated;
}

void wait_for_quarantine(uint64_t bytes)
{
	struct usage usage;

	read_until(&usage, &usage.quarantine, bytes);
	CHECK_EQ(usage.quarantine, bytes);
}

struct pbuddy_alloc request(uint64_t bytes)
{
	return (struct pbuddy_alloc) {
		.size = sizeof(struct pbuddy_alloc),
		.bytes = bytes,
		.node = PBUDDY_NODE_ANY,
		.fd_flags = O_RDWR,
		.label = "test",
	};
}

struct pbuddy_alloc request_on_node(uint64_t bytes)
{
	struct pbuddy_alloc rq = request(bytes);
	struct usage usage;

	read_usage(&usage);
	rq.node = usage.node[0].node;
	rq.flags = PBUDDY_ALLOC_STRICT_NODE;
	return rq;
}

int alloc_as(struct pbuddy_alloc *rq)
{
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_ALLOC, rq), 0);
	CHECK(rq->fd >= 0);
	return rq->fd;
}

int alloc_buffer(uint64_t bytes)
{
	struct pbuddy_alloc rq = request(bytes);

	return alloc_as(&rq);
}

uint64_t *map_buffer(int fd, size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

uint64_t *map_device(size_t bytes)
{
	return map_buffer(dev, bytes);
}

uint32_t query_extents(int fd, struct pbuddy_query *q, struct pbuddy_extent *ext, uint32_t nr)
{
	*q = (struct pbuddy_query) {
		.size = sizeof(*q),
		.extents_ptr = (uintptr_t)ext,
		.nr_extents = nr,
		.extent_size = sizeof(*ext),
	};
	CHECK_EQ(ioctl(fd, PBUDDY_IOCTL_QUERY, q), 0);
	return q->nr_extents;
}

void alloc_all_free(struct buffer_set *set)
{
	struct usage usage;
	uint64_t bytes;

	set->nr = 0;
	wait_for_node_threads();
	read_settled_usage(&usage);
	for (bytes = usage.free; bytes >= PAGE && set->nr < BUFFER_SET_MAX; ) {
		struct pbuddy_alloc rq = request(bytes);

		if (ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq)) {
			CHECK_EQ(errno, ENOMEM);
			/* The watermarks keep some pages: try a little less each time. */
			bytes -= bytes >= 64 * PAGE ? bytes / 32 : PAGE;
			continue;
		}
		set->fd[set->nr] = rq.fd;
		set->bytes[set->nr++] = rq.bytes;
		read_settled_usage(&usage);
		if (bytes > usage.free)
			bytes = usage.free;
	}
	CHECK(set->nr > 0);
}

void close_buffers(struct buffer_set *set)
{
	while (set->nr)
		close(set->fd[--set->nr]);
}

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err = errno;
	close(fd);
	return err;
}

bool try_set_parameter(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/pbuddy/parameters/%s", name);
	return !write_file(path, value);
}

void set_parameter(const char *name, const char *value)
{
	CHECK(try_set_parameter(name, value));
}

uint64_t pfn_of(const void *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry;

	if (fd < 0)
		test_skip("no /proc/self/pagemap in this kernel");
	(void)*(const volatile char *)p;	/* the entry may be gone */
	CHECK_EQ(pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)p / PAGE * sizeof(entry))),
		 sizeof(entry));
	close(fd);
	CHECK(entry >> 63 && entry << 9);
	return entry & ((1ULL << 55) - 1);
}

int export_buffer(int fd)
{
	struct pbuddy_export_dmabuf e = { .size = sizeof(e), .fd_flags = O_RDWR };

	if (!ioctl(fd, PBUDDY_IOCTL_EXPORT_DMABUF, &e))
		return e.fd;
	if (errno == EOPNOTSUPP)
		test_skip("no dma-bufs in this kernel");
	CHECK_EQ(errno, 0);
	return -1;
}

uint64_t phys_of(int fd)
{
	struct pbuddy_extent ext;
	struct pbuddy_query q;

	query_extents(fd, &q, &ext, 1);
	CHECK(ext.phys);
	return ext.phys;
}

/* Allocates all free memory; returns how many of these bytes are in it. */
static uint64_t allocated_of(uint64_t phys, size_t bytes)
{
	static struct pbuddy_extent ext[16384];
	struct pbuddy_query q;
	uint64_t start, end, found = 0;
	struct buffer_set set;
	uint32_t k, nr;
	int i;

	alloc_all_free(&set);
	for (i = 0; i < set.nr; i++) {
		nr = query_extents(set.fd[i], &q, ext, 16384);
		CHECK(nr <= 16384);
		for (k = 0; k < nr; k++) {
			start = ext[k].phys > phys ? ext[k].phys : phys;
			end = ext[k].phys + ext[k].bytes;
			end = end < phys + bytes ? end : phys + bytes;
			found += start < end ? end - start : 0;
		}
	}
	close_buffers(&set);
	return found;
}

void expect_allocated(uint64_t phys, size_t bytes)
{
	CHECK_EQ(allocated_of(phys, bytes), bytes);
}

void expect_not_allocated(uint64_t phys, size_t bytes)
{
	CHECK_EQ(allocated_of(phys, bytes), 0U);
}

static uint64_t stamp_of(uint64_t id, size_t word)
{
	return (id + 1) * 0x9e3779b97f4a7c15ULL + word;
}

void stamp(uint64_t *p, size_t bytes, uint64_t id)
{
	size_t i;

	for (i = 0; i < bytes / sizeof(*p); i++)
		p[i] = stamp_of(id, i);
}

ssize_t stamp_broken(const uint64_t *p, size_t bytes, uint64_t id)
{
	size_t i;

	for (i = 0; i < bytes / sizeof(*p); i++)
		if (((volatile const uint64_t *)p)[i] != stamp_of(id, i))
			return (ssize_t)i;
	return -1;
}

ssize_t first_nonzero(const uint64_t *p, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes / sizeof(*p); i++)
		if (p[i])
			return (ssize_t)i;
	return -1;
}

void stamp_everything(uint64_t id)
{
	struct buffer_set set;
	int i;

	alloc_all_free(&set);
	for (i = 0; i < set.nr; i++) {
		uint64_t *p = map_buffer(set.fd[i], set.bytes[i]);

		stamp(p, set.bytes[i], id);
		CHECK_EQ(munmap(p, set.bytes[i]), 0);
	}
	close_buffers(&set);
	wait_for_quarantine(0);
}

int in_child(void (*fn)(void *arg), void *arg)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		fn(arg);
		fflush(stdout);
		_exit(0);
	}
	CHECK(pid > 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void drop_privileges(void)
{
	CHECK_EQ(setgroups(0, NULL), 0);
	CHECK_EQ(setresgid(65534, 65534, 65534), 0);
	CHECK_EQ(setresuid(65534, 65534, 65534), 0);
}

void make_sockets(int sock[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock))
		test_skip("no unix sockets in this kernel: %s", strerror(errno));
}

void send_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 'x';
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	CHECK_EQ(sendmsg(sock, &msg, 0), 1);
}

unsigned long vmstat_event(const char *name)
{
	char word[64] = "";
	unsigned long nr = 0;
	FILE *f = fopen(DEBUGFS "/vmstat", "re");

	CHECK(f);
	while (fscanf(f, "%63s %lu", word, &nr) == 2)
		if (!strcmp(word, name))
			break;
	CHECK_EQ(strcmp(word, name), 0);
	fclose(f);
	return nr;
}

void compact_all(void)
{
	int fd = open(DEBUGFS "/compact", O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, "1", 1), 1);
	close(fd);
}

void start_children(struct children *children, unsigned int nr,
		    void (*fn)(unsigned int nr, const volatile uint32_t *stop))
{
	CHECK(nr <= CHILDREN_MAX);
	children->stop = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			      -1, 0);
	CHECK(children->stop != MAP_FAILED);
	for (children->nr = 0; children->nr < nr; children->nr++) {
		pid_t pid;

		fflush(stdout);
		pid = fork();
		CHECK(pid >= 0);
		if (!pid) {
			fn(children->nr, children->stop);
			fflush(stdout);
			_exit(0);
		}
		children->pid[children->nr] = pid;
	}
}

void stop_children(struct children *children)
{
	unsigned int i;
	int status;

	*children->stop = 1;
	for (i = 0; i < children->nr; i++) {
		CHECK_EQ(waitpid(children->pid[i], &status, 0), children->pid[i]);
		CHECK_EQ(status, 0);
	}
}

unsigned int race_seconds(unsigned int otherwise)
{
	const char *text = getenv("PBUDDY_RACE_SECONDS");

	return text ? (unsigned int)atoi(text) : otherwise;
}

bool kernel_has_reached(unsigned int major, unsigned int minor)
{
	unsigned int x, y;
	struct utsname name;

	CHECK_EQ(uname(&name), 0);
	CHECK_EQ(sscanf(name.release, "%u.%u", &x, &y), 2);
	return x > major || (x == major && y >= minor);
}

bool read_file(const char *path, char *buf, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t done = 0;
	ssize_t n;

	if (fd < 0)
		return false;
	while (done < len - 1 && (n = read(fd, buf + done, len - 1 - done)) > 0)
		done += (size_t)n;
	buf[done] = 0;
	close(fd);
	return true;
}

int check_fd(int fd)
{
	struct pbuddy_query q = { .size = sizeof(q) };

	return ioctl(fd, PBUDDY_IOCTL_QUERY, &q) ? 1 : 0;
}
