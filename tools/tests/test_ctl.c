// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddyctl leaks finds the buffers that no process holds, and no others; doctor names the
 * processes that hold the module. A shell script could not hold buffers in these ways.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "common.h"

#define NO_LEAKS	0
#define LEAKS		4
#define LABEL		"leaked-or-not"

/* The exit code of a command; fails the test if its output lacks a word. */
static int run(const char *command, const char *word)
{
	FILE *output = popen(command, "re");
	char text[4096];
	size_t len;
	int status;

	CHECK(output);
	len = fread(text, 1, sizeof(text) - 1, output);
	text[len] = 0;
	status = pclose(output);
	CHECK(WIFEXITED(status));
	if (!strstr(text, word))
		test_fail(__FILE__, __LINE__, "no \"%s\" in: %s", word, text);
	return WEXITSTATUS(status);
}

static int leaks(const char *word)
{
	return run("pbuddyctl leaks", word);
}

static int alloc_labelled(void)
{
	struct pbuddy_alloc rq = request(4 * PAGE);

	strcpy(rq.label, LABEL);
	return alloc_as(&rq);
}

static int export(int fd)
{
	struct pbuddy_export_dmabuf e = { .size = sizeof(e), .fd_flags = O_RDWR };

	if (ioctl(fd, PBUDDY_IOCTL_EXPORT_DMABUF, &e))
		test_skip("no dma-bufs in this kernel");
	return e.fd;
}

TEST(ctl, descriptor_is_no_leak)
{
	alloc_labelled();
	CHECK_EQ(leaks(""), NO_LEAKS);
}

TEST(ctl, mapping_is_no_leak)
{
	int fd = alloc_labelled();

	map_buffer(fd, 4 * PAGE);
	CHECK_EQ(close(fd), 0);
	map_device(4 * PAGE);
	CHECK_EQ(leaks(""), NO_LEAKS);
}

TEST(ctl, dmabuf_is_no_leak)
{
	int fd = alloc_labelled(), dmabuf = export(fd);

	CHECK_EQ(close(fd), 0);
	CHECK_EQ(leaks(""), NO_LEAKS);
	/* Only mapped, through a file that is not the buffer's. */
	map_buffer(dmabuf, 4 * PAGE);
	CHECK_EQ(close(dmabuf), 0);
	CHECK_EQ(leaks(""), NO_LEAKS);
}

static int thread_fd;
static pthread_barrier_t barrier;

/* Has a table of descriptors of its own. */
static void *keep_fd(void *arg)
{
	(void)arg;
	CHECK_EQ(unshare(CLONE_FILES), 0);
	pthread_barrier_wait(&barrier);		/* the other thread closes its descriptor */
	pthread_barrier_wait(&barrier);
	return NULL;
}

TEST(ctl, descriptor_of_a_thread_is_no_leak)
{
	pthread_t thread;

	thread_fd = alloc_labelled();
	CHECK_EQ(pthread_barrier_init(&barrier, NULL, 2), 0);
	CHECK_EQ(pthread_create(&thread, NULL, keep_fd, NULL), 0);
	pthread_barrier_wait(&barrier);
	CHECK_EQ(close(thread_fd), 0);
	CHECK_EQ(leaks(""), NO_LEAKS);
	pthread_barrier_wait(&barrier);
	CHECK_EQ(pthread_join(thread, NULL), 0);
}

TEST(ctl, in_flight_is_a_leak)
{
	int fd = alloc_labelled(), sock[2];

	alloc_buffer(PAGE);			/* is held */
	make_sockets(sock);
	send_fd(sock[0], fd);
	CHECK_EQ(leaks(""), NO_LEAKS);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(leaks(LABEL), LEAKS);
	CHECK_EQ(leaks("socket"), LEAKS);
}

TEST(ctl, dmabuf_in_flight_is_a_leak)
{
	int fd = alloc_labelled(), dmabuf = export(fd), sock[2];

	make_sockets(sock);
	send_fd(sock[0], dmabuf);
	CHECK_EQ(close(fd) | close(dmabuf), 0);
	CHECK_EQ(leaks("dma-buf"), LEAKS);
}

TEST(ctl, pinned_pages_are_a_leak)
{
	int fd = alloc_labelled(), pipe_fd[2];
	uint64_t *p = map_buffer(fd, 4 * PAGE);
	struct iovec iov = { .iov_base = p, .iov_len = PAGE };

	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	p[0] = 1;
	CHECK_EQ(vmsplice(pipe_fd[1], &iov, 1, 0), PAGE);
	CHECK_EQ(munmap(p, 4 * PAGE) | close(fd), 0);
	wait_for_quarantine(PAGE);
	CHECK_EQ(leaks("pinned pages"), LEAKS);
	CHECK_EQ(leaks(" 4K "), LEAKS);
	CHECK_EQ(close(pipe_fd[0]) | close(pipe_fd[1]), 0);
	wait_for_quarantine(0);
	CHECK_EQ(leaks(""), NO_LEAKS);
}

static void advise(int fd, uint32_t advice)
{
	struct pbuddy_advise a = { .size = sizeof(a), .advice = advice };

	CHECK_EQ(ioctl(fd, PBUDDY_IOCTL_ADVISE, &a), 0);
}

/* Whether a request takes the memory of purgeable buffers, and gets it. */
static bool purges(void)
{
	struct pbuddy_alloc other;
	struct usage usage;
	bool done;

	read_settled_usage(&usage);
	other = request(usage.free + 2 * PAGE);
	done = !ioctl(dev, PBUDDY_IOCTL_ALLOC, &other);
	CHECK(done || errno == ENOMEM);
	if (done)
		CHECK_EQ(close(other.fd), 0);
	wait_for_node_threads();
	return done;
}

/* STATE is the last column. */
TEST(ctl, list_shows_purgeable)
{
	int fd = alloc_labelled(), tries;

	CHECK_EQ(run("pbuddyctl list", " -\n"), 0);
	advise(fd, PBUDDY_ADVICE_DONTNEED);
	CHECK_EQ(run("pbuddyctl list", " purgeable\n"), 0);
	CHECK_EQ(run("pbuddyctl list --json", "\"purgeable_bytes\": 16384"), 0);
	/* The request waits for a short time only while the node thread has the buffer. */
	for (tries = 0; tries < 5 && !purges(); tries++) {
		advise(fd, PBUDDY_ADVICE_WILLNEED);
		advise(fd, PBUDDY_ADVICE_DONTNEED);
	}
	CHECK(tries < 5);
	CHECK_EQ(run("pbuddyctl list", " purged\n"), 0);
	CHECK_EQ(run("pbuddyctl list --json", "\"purged\": true"), 0);
	advise(fd, PBUDDY_ADVICE_WILLNEED);
	CHECK_EQ(run("pbuddyctl list", " -\n"), 0);
}

/* No node swaps in this guest. user-swap.sh has a buffer that is swapped out. */
TEST(ctl, list_shows_swappable)
{
	int fd = alloc_labelled();
	struct pbuddy_advise a = { .size = sizeof(a), .advice = PBUDDY_ADVICE_PAGEOUT };

	advise(fd, PBUDDY_ADVICE_SWAP);
	CHECK_EQ(run("pbuddyctl list", " swappable\n"), 0);
	CHECK_FAILS(ioctl(fd, PBUDDY_IOCTL_ADVISE, &a), EPERM);
	CHECK_EQ(run("pbuddyctl list", " swappable(node)\n"), 0);
	CHECK_EQ(run("pbuddyctl list --json", "\"swap_reason\": \"node\""), 0);
	CHECK_EQ(run("pbuddyctl list --json", "\"swapped\": false"), 0);
	advise(fd, PBUDDY_ADVICE_NOSWAP);
	CHECK_EQ(run("pbuddyctl list", " -\n"), 0);
}

static void set_swap(const char *nodes)
{
	int fd = open("/sys/module/pbuddy/parameters/swap", O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, nodes, strlen(nodes)), (ssize_t)strlen(nodes));
	CHECK_EQ(close(fd), 0);
}

/* A buffer of a process that has exited, which had the descriptors of this one. */
static int alloc_and_exit(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	int status;

	CHECK(pid >= 0);
	if (!pid)
		_exit(alloc_labelled());
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) > STDERR_FILENO);
	return WEXITSTATUS(status);
}

/* The longest STATE is not cut. */
TEST(ctl, list_shows_all_states)
{
	struct pbuddy_advise a = { .size = sizeof(a), .advice = PBUDDY_ADVICE_PAGEOUT };
	int fd = alloc_and_exit();

	map_buffer(fd, 4 * PAGE);
	export(fd);
	advise(fd, PBUDDY_ADVICE_SWAP);
	set_swap("0:60,1:60");
	CHECK_FAILS(ioctl(fd, PBUDDY_IOCTL_ADVISE, &a), EBUSY);
	set_swap("\n");
	CHECK_EQ(run("pbuddyctl list", " mapped,exported,swappable(exported),exited\n"), 0);
}

TEST(ctl, top_shows_exited)
{
	const char *const command = "pbuddyctl top --iterations 1 --json";

	alloc_labelled();
	CHECK_EQ(run(command, "\"creator_exited\": false"), 0);
	alloc_and_exit();
	CHECK_EQ(run(command, "\"creator_exited\": true"), 0);
	CHECK_EQ(run("pbuddyctl top --iterations 1", " exited\n"), 0);
}

/* ---- What doctor says of this process, which has the device open ---- */

static void expect_doctor(const char *text)
{
	char line[160];

	snprintf(line, sizeof(line), "process %d (pbuddy-test): %s", getpid(), text);
	CHECK_EQ(run("pbuddyctl doctor --json | grep 'process .*pbuddy-test'", line), 0);
}

TEST(ctl, doctor_names_holder_of_a_dmabuf)
{
	int fd = alloc_labelled(), dmabuf = export(fd);

	expect_doctor("1 buffer of 16K (" LABEL "), 0 mapped, device open\"");
	CHECK_EQ(close(fd), 0);
	expect_doctor("1 buffer of 16K, 0 mapped, device open\"");
	if (access("/sys/kernel/debug/dma_buf/bufinfo", R_OK))
		test_skip("no debugfs of dma-bufs in this kernel");
	map_buffer(dmabuf, 4 * PAGE);
	CHECK_EQ(close(dmabuf), 0);
	expect_doctor("0 buffers of 0, 16K mapped, device open\"");
}

TEST(ctl, doctor_names_holder_of_a_heap)
{
	if (open("/dev/dma_heap/pbuddy-node0", O_RDWR | O_CLOEXEC) < 0)
		test_skip("no heaps in this kernel");
	expect_doctor("0 buffers of 0, 0 mapped, device open, heap open\"");
}

TEST(ctl, doctor_names_watcher_of_pressure)
{
	struct pbuddy_pressure p = {
		.size = sizeof(p), .flags = PBUDDY_PRESSURE_LOW, .node = PBUDDY_NODE_ANY,
		.eventfd = -1,
	};

	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_PRESSURE, &p), 0);
	expect_doctor("0 buffers of 0, 0 mapped, device open, watches the pressure\"");
}

/* Each is counted once, though one has two descriptors and the other is one of two threads. */
TEST(ctl, doctor_names_descriptor_of_a_thread)
{
	int twice = alloc_buffer(PAGE);
	pthread_t thread;

	CHECK(dup(twice) >= 0);
	thread_fd = alloc_buffer(2 * PAGE);
	CHECK_EQ(pthread_barrier_init(&barrier, NULL, 2), 0);
	CHECK_EQ(pthread_create(&thread, NULL, keep_fd, NULL), 0);
	pthread_barrier_wait(&barrier);
	CHECK_EQ(close(thread_fd), 0);
	expect_doctor("2 buffers of 12K (test), 0 mapped, device open\"");
	pthread_barrier_wait(&barrier);
	CHECK_EQ(pthread_join(thread, NULL), 0);
}

/* Half of each pageblock of a node is free, as one block. */
TEST(ctl, doctor_advises_to_compact)
{
	struct pbuddy_alloc rq = request(MIB);
	int upper[1024], nr = 0;
	struct usage usage;

	read_usage(&usage);
	rq.node = usage.node[0].node;
	rq.order = 8;
	rq.mclass = PBUDDY_CLASS_UNMOVABLE;
	rq.flags = PBUDDY_ALLOC_STRICT_NODE;
	while (!ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq)) {
		if (phys_of(rq.fd) & MIB) {
			CHECK(nr < 1024);
			upper[nr++] = rq.fd;
		}
	}
	CHECK_EQ(errno, ENOMEM);
	CHECK(nr > 2);
	while (nr--)
		CHECK_EQ(close(upper[nr]), 0);
	CHECK_EQ(run("pbuddyctl doctor", "=> fragmented: pbuddyctl compact"), 0);
}
