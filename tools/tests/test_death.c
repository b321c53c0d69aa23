// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that is killed or that calls exec() loses its buffers, however it held them. 10,000
 * programs end so, one after another, and leave no page allocated and none charged.
 *
 * Most of them are children of vfork(), which share the memory of the test and are cheap. Such a
 * child has a table of descriptors of its own, and only makes system calls. PBUDDY_DEATHS is the
 * number of programs, where 10,000 take too long.
 */
#include <sys/wait.h>

#include "common.h"

#define DEATHS		10000
#define CHECK_EVERY	1000
#define BAD		99	/* exit status of a child that could not allocate */

/* ---- What a program does before it ends ---- */

static void hold_descriptor(void)
{
	struct pbuddy_alloc rq = request(3 * PAGE);

	if (ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq))
		_exit(BAD);
}

static void hold_batch(void)
{
	struct pbuddy_alloc_batch batch = {
		.size = sizeof(batch), .count = 4, .each = request(PAGE),
	};
	int32_t fds[4];

	batch.fds_ptr = (uintptr_t)fds;
	if (ioctl(dev, PBUDDY_IOCTL_ALLOC_BATCH, &batch))
		_exit(BAD);
}

static void hold_in_flight(void)
{
	struct pbuddy_alloc rq = request(PAGE);
	int sock[2];

	make_sockets(sock);
	if (ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq))
		_exit(BAD);
	send_fd(sock[0], rq.fd);
	close(rq.fd);
}

static void hold_dmabuf(void)
{
	struct pbuddy_export_dmabuf e = { .size = sizeof(e), .fd_flags = O_RDWR };
	struct pbuddy_alloc rq = request(PAGE);

	if (ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq))
		_exit(BAD);
	if (!ioctl(rq.fd, PBUDDY_IOCTL_EXPORT_DMABUF, &e))
		close(rq.fd);
}

/* Not in a child of vfork(): the mapping would be the test's. */
static void hold_mapping(void)
{
	char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, dev, 0);

	if (p == MAP_FAILED)
		_exit(BAD);
	p[PAGE] = 1;
}

/* ---- How it ends ---- */

static void be_killed(void)
{
	kill(getpid(), SIGKILL);
	_exit(BAD);
}

/* The new program exits with 1 if the buffer's descriptor is closed. */
static void call_exec(void)
{
	struct pbuddy_alloc rq = request(PAGE);
	char number[16];

	if (ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq))
		_exit(BAD);
	snprintf(number, sizeof(number), "%d", rq.fd);
	execl("/proc/self/exe", "pbuddy-test", CHECK_FD_OPTION, number, NULL);
	_exit(BAD);
}

static int wait_for(pid_t pid)
{
	int status;

	CHECK(pid > 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* Ends as status -SIGKILL. */
static int vfork_and_kill(void (*hold)(void))
{
	pid_t pid = vfork();

	if (!pid) {
		hold();
		be_killed();
	}
	return wait_for(pid);
}

static int fork_and_kill(void (*hold)(void))
{
	pid_t pid = fork();

	if (!pid) {
		hold();
		be_killed();
	}
	return wait_for(pid);
}

static int vfork_and_exec(void)
{
	pid_t pid = vfork();

	if (!pid)
		call_exec();
	return wait_for(pid);
}

static int fork_and_exec(void)
{
	pid_t pid = fork();

	if (!pid) {
		hold_mapping();
		call_exec();
	}
	return wait_for(pid);
}

/* Most programs are the cheapest ones: in an emulator exec() takes ten times as long. */
static void end_one(unsigned int nr)
{
	static void (*const hold[10])(void) = {
		hold_descriptor, hold_batch, hold_in_flight, hold_dmabuf, hold_descriptor,
		hold_descriptor, hold_descriptor, hold_descriptor, hold_descriptor, hold_descriptor,
	};

	switch (nr % 200) {
	case 0:
		CHECK_EQ(fork_and_exec(), 1);
		break;
	case 100:
		CHECK_EQ(vfork_and_exec(), 1);
		break;
	case 50:
	case 150:
		CHECK_EQ(fork_and_kill(hold_mapping), -SIGKILL);
		break;
	default:
		CHECK_EQ(vfork_and_kill(hold[nr % 10]), -SIGKILL);
	}
}

/* ---- The test ---- */

static unsigned long charged(void)
{
	unsigned long pages;
	char text[16384];

	CHECK(read_file(DEBUGFS "/accounts", text, sizeof(text)));
	CHECK_EQ(sscanf(text, "all - - %lu", &pages), 1);
	return pages;
}

static uint32_t count_buffers(void)
{
	struct pbuddy_buffer_info record[4];
	struct pbuddy_list l = {
		.size = sizeof(l), .records_ptr = (uintptr_t)record, .nr_records = 4,
		.record_size = sizeof(record[0]),
	};

	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_LIST, &l), 0);
	return l.nr_records;
}

TEST_TIMEOUT(death, returns_everything_10000_times, 600)
{
	const char *text = getenv("PBUDDY_DEATHS");
	unsigned int deaths = text ? (unsigned int)atoi(text) : DEATHS, nr;
	unsigned long charged_before = charged();
	struct patience wait;
	struct usage before;
	int sock[2];

	make_sockets(sock);		/* skips the test here, not in a child */
	read_settled_usage(&before);
	for (nr = 0; nr < deaths; nr++) {
		end_one(nr);
		if ((nr + 1) % CHECK_EVERY && nr + 1 < deaths)
			continue;
		wait_for_quarantine(0);
		CHECK_ALLOCATED(before.allocated);
		/* Memory is free before it is uncharged, if another task ends a buffer. */
		wait = (struct patience) { 0 };
		while ((charged() != charged_before || count_buffers()) && more_patience(&wait))
			;
		CHECK_EQ(charged(), charged_before);
		CHECK_EQ(count_buffers(), 0);
	}
	test_note("%u programs", nr);
}
