// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random system calls on descriptors of /dev/pbuddy, whose arguments are mostly what a program
 * would pass: all ioctls of the device and of buffers, dma-bufs, mappings, fork(), and descriptors
 * that are duplicated, closed, and sent through a socket. Several processes do this at once. What a
 * call returns is not checked; the harness checks that nothing is lost, and the kernel that nothing
 * is wrong.
 *
 * Step n of a process is chosen by a hash of the seed, the process and n, so the same seed makes
 * the same choices again, whatever the calls return. PBUDDY_SEED=N repeats a run, PBUDDY_SECONDS=N
 * sets how long it takes. random_ioctl.c has the ioctls.
 */
#include <limits.h>
#include <setjmp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "common.h"
#include "random.h"

#define SECONDS		10
#define LATE_MS		10000
#define PROCESSES	3
#define NR_FDS		24
#define NR_MAPS		12
#define BLOCK		(2 * MIB)

/* ---- Random numbers ---- */

static uint64_t seed, state;

static uint64_t mix(uint64_t x)		/* of splitmix64 */
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

uint64_t number(void)
{
	return mix(state += 0x9e3779b97f4a7c15ULL);
}

unsigned int below(unsigned int end)
{
	return (unsigned int)(number() % end);
}

bool one_in(unsigned int n)
{
	return !below(n);
}

/* ---- What a process has ---- */

static struct held_fd held[NR_FDS];

static struct mapping {
	char		*address;	/* NULL: none */
	size_t		bytes;
} maps[NR_MAPS];

static int sock[2];

void keep(int fd, enum kind kind)
{
	struct held_fd *slot = &held[1 + below(NR_FDS - 1)];	/* the first is the device */

	if (fd < 0)
		return;
	if (slot->fd >= 0)
		close(slot->fd);
	*slot = (struct held_fd) { .fd = fd, .kind = kind };
}

struct held_fd *any_fd(void)
{
	return &held[below(NR_FDS)];
}

int fd_of(enum kind kind)
{
	unsigned int i, first = below(NR_FDS);

	for (i = 0; i < NR_FDS; i++)
		if (held[(first + i) % NR_FDS].kind == kind && held[(first + i) % NR_FDS].fd >= 0)
			return held[(first + i) % NR_FDS].fd;
	return dev;
}

/* ---- Other calls ---- */

static struct mapping *any_map(void)
{
	return &maps[below(NR_MAPS)];
}

static void unmap(struct mapping *map)
{
	if (map->address)
		munmap(map->address, map->bytes);
	map->address = NULL;
}

static void do_mmap(void)
{
	struct mapping *map = any_map();
	size_t bytes = (1 + below(one_in(4) ? 1024 : 40)) * PAGE;
	int prot = one_in(4) ? PROT_READ : PROT_READ | PROT_WRITE;
	int flags = (one_in(10) ? MAP_PRIVATE : MAP_SHARED) | (one_in(4) ? MAP_POPULATE : 0);
	off_t offset = one_in(3) ? (off_t)(below(16) * PAGE) : 0;

	unmap(map);
	map->bytes = bytes;
	map->address = mmap(NULL, bytes, prot, flags, any_fd()->fd, offset);
	if (map->address == MAP_FAILED)
		map->address = NULL;
}

static void do_munmap(void)
{
	struct mapping *map = any_map();
	size_t part = PAGE * below((unsigned int)(map->bytes / PAGE) + 1);

	if (map->address && part && part < map->bytes && one_in(2)) {
		munmap(map->address, part);
		map->address += part;
		map->bytes -= part;
	} else {
		unmap(map);
	}
}

static void do_mremap(void)
{
	struct mapping *map = any_map();
	size_t bytes = (1 + below(64)) * PAGE;
	void *address;

	if (!map->address)
		return;
	address = mremap(map->address, map->bytes, bytes, MREMAP_MAYMOVE);
	if (address == MAP_FAILED)
		return;
	map->address = address;
	map->bytes = bytes;
}

static sigjmp_buf fault;

static void on_fault(int sig)
{
	siglongjmp(fault, sig);
}

/* Reads and writes words; a fault that the kernel cannot serve is a signal. */
static void do_touch(void)
{
	const struct mapping *map = any_map();
	volatile char *p;
	unsigned int i;

	if (!map->address || sigsetjmp(fault, 1))
		return;
	for (i = 0; i < 16; i++) {
		p = map->address + number() % map->bytes;
		if (one_in(2))
			*p = (char)i;
		else
			(void)*p;
	}
}

static void do_madvise(void)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_WILLNEED, MADV_DONTFORK, MADV_DOFORK, MADV_HUGEPAGE,
		22 /* MADV_POPULATE_READ */, 23 /* MADV_POPULATE_WRITE */,
	};
	const struct mapping *map = any_map();

	if (map->address)
		madvise(map->address, map->bytes,
			advice[below(sizeof(advice) / sizeof(advice[0]))]);
}

static void do_close(void)
{
	struct held_fd *slot = &held[1 + below(NR_FDS - 1)];

	if (slot->fd >= 0)
		close(slot->fd);
	slot->fd = -1;
}

static void do_dup(void)
{
	const struct held_fd *from = any_fd();

	if (from->fd >= 0)
		keep(fcntl(from->fd, F_DUPFD_CLOEXEC, 0), from->kind);
}

static void do_open(void)
{
	static const int mode[] = { O_RDWR, O_RDONLY, O_WRONLY };

	keep(open(DEVICE, mode[below(3)] | O_CLOEXEC), DEVICE_FD);
}

/* Sends a descriptor, which the socket then holds, if it has space. */
static void do_send(void)
{
	const struct held_fd *from = any_fd();
	char byte = (char)('0' + from->kind), control[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&msg);

	if (from->fd < 0)
		return;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &from->fd, sizeof(int));
	(void)!sendmsg(sock[0], &msg, MSG_DONTWAIT);
}

static void do_receive(void)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	int fd;

	if (recvmsg(sock[1], &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1)
		return;
	header = CMSG_FIRSTHDR(&msg);
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return;
	memcpy(&fd, CMSG_DATA(header), sizeof(int));
	keep(fd, (enum kind)(byte - '0'));
}

static void do_read_write(void)
{
	static char bytes[64 * 1024];
	int fd = any_fd()->fd;

	if (one_in(2))
		(void)!pread(fd, bytes, below(sizeof(bytes)), (off_t)below(1 << 20));
	else
		(void)!pwrite(fd, bytes, below(sizeof(bytes)), (off_t)below(1 << 20));
}

static void do_fork(void);

/* How often a call is made, of the sum of all. */
static const struct {
	unsigned int	weight;
	void		(*fn)(void);
} calls[] = {
	{ 40, do_ioctl }, { 8, do_mmap }, { 6, do_munmap }, { 4, do_mremap }, { 12, do_touch },
	{ 3, do_madvise }, { 6, do_close }, { 3, do_dup }, { 2, do_open }, { 3, do_send },
	{ 3, do_receive }, { 1, do_read_write }, { 1, do_fork },
};

#define NR_CALLS (sizeof(calls) / sizeof(calls[0]))

static void (*choose(void))(void)
{
	unsigned int sum = 0, i;

	for (i = 0; i < NR_CALLS; i++)
		sum += calls[i].weight;
	sum = below(sum);
	for (i = 0; sum >= calls[i].weight; i++)
		sum -= calls[i].weight;
	return calls[i].fn;
}

/* A child inherits all, makes a few calls and ends. */
static void do_fork(void)
{
	void (*fn)(void);
	pid_t pid = fork();
	int i;

	if (pid < 0)
		return;
	if (pid) {
		waitpid(pid, NULL, 0);
		return;
	}
	for (i = 0; i < 8; i++) {
		fn = choose();
		if (fn != do_fork)
			fn();
	}
	_exit(0);
}

/* ---- The test ---- */

static uint64_t environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void run_process(unsigned int nr, uint64_t end_ms)
{
	struct sigaction action = { .sa_handler = on_fault };
	uint64_t step;
	int i;

	setpgid(0, 0);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	for (i = 0; i < NR_FDS; i++)
		held[i].fd = -1;
	held[0] = (struct held_fd) { .fd = dev, .kind = DEVICE_FD };
	make_sockets(sock);
	for (step = 0; now_ms() < end_ms; step++) {
		state = mix(seed ^ mix((uint64_t)nr << 48 | step));
		choose()();
	}
	test_note("process %u: %llu calls", nr, (unsigned long long)step);
	fflush(stdout);
	_exit(0);
}

/*
 * Gives the nodes the size that they had; what is pinned for a moment may keep them from it. The
 * kernel may also have given memory that it got to an owner that cannot move.
 */
static void restore_sizes(const struct usage *before)
{
	uint32_t i;

	for (i = 0; i < before->nr_nodes; i++) {
		struct pbuddy_resize r = { .size = sizeof(r), .node = before->node[i].node };
		struct patience wait = { 0 };
		int tries = 0;

		do {
			r.bytes = before->node[i].total_bytes;
			r.max_bytes = 0;
			if (!ioctl(dev, PBUDDY_IOCTL_RESIZE, &r))
				break;
			usleep(100000);
		} while (r.reason == PBUDDY_RESIZE_SOURCE ? ++tries < 50 : more_patience(&wait));
		if (r.reason != PBUDDY_RESIZE_SOURCE)
			CHECK_EQ(r.bytes, before->node[i].total_bytes);
	}
}

/*
 * Waits for a process. One that accesses a purged buffer waits until there is memory, which its own
 * buffers may have, so it is killed when it is late, with its children.
 */
static void await(pid_t pid, uint64_t end_ms)
{
	int status;
	pid_t got;

	while (!(got = waitpid(pid, &status, WNOHANG)) && now_ms() < end_ms + LATE_MS)
		usleep(50000);
	if (!got) {
		test_note("a process is late");
		CHECK_EQ(kill(-pid, SIGKILL), 0);
		got = waitpid(pid, &status, 0);
	}
	CHECK_EQ(got, pid);
	CHECK((WIFEXITED(status) && !WEXITSTATUS(status)) ||
	      (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && now_ms() > end_ms));
}

TEST_TIMEOUT(random, calls, UINT_MAX)
{
	uint64_t seconds = environment("PBUDDY_SECONDS", SECONDS), end;
	struct usage before;
	pid_t pid[PROCESSES];
	unsigned int i;

	seed = environment("PBUDDY_SEED", now_ms() ^ (uint64_t)getpid() << 32);
	test_note("PBUDDY_SEED=%llu PBUDDY_SECONDS=%llu", (unsigned long long)seed,
		  (unsigned long long)seconds);
	fflush(stdout);
	read_settled_usage(&before);
	for (i = 0; i < before.nr_nodes; i++)
		if (before.node[i].node < 4)
			full_bytes[before.node[i].node] = before.node[i].total_bytes;
	end = now_ms() + seconds * 1000;
	for (i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		CHECK(pid[i] >= 0);
		if (!pid[i])
			run_process(i, end);
		setpgid(pid[i], pid[i]);
	}
	for (i = 0; i < PROCESSES; i++)
		await(pid[i], end);
	wait_for_quarantine(0);
	restore_sizes(&before);
}
