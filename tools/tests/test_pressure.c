// SPDX-License-Identifier: GPL-2.0-only
/* PBUDDY_IOCTL_PRESSURE: events before memory runs out, their rate, and bad arguments. */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include "common.h"

#define MIN_FREE	"/sys/module/pbuddy/parameters/min_free_kbytes"
#define STEP		(256UL << 10)

static struct pbuddy_pressure trigger(uint32_t kinds, int node)
{
	return (struct pbuddy_pressure) {
		.size = sizeof(struct pbuddy_pressure), .flags = kinds, .node = node, .eventfd = -1,
	};
}

/* Returns the descriptor of a trigger, or fails the test. */
static int watch(struct pbuddy_pressure *p)
{
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_PRESSURE, p), 0);
	return p->fd;
}

#define LATE_MS	(PATIENCE * 1000)	/* for events of a timer, or that another CPU reports */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool event(int fd, int ms)
{
	struct pollfd poller = { .fd = fd, .events = POLLPRI };
	int nr = poll(&poller, 1, ms);

	CHECK(nr >= 0 && !(poller.revents & ~POLLPRI));
	return nr;
}

static void write_min_free(const char *kbytes)
{
	int fd = open(MIN_FREE, O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, kbytes, strlen(kbytes)), strlen(kbytes));
	close(fd);
}

static uint64_t free_on(uint32_t nr)
{
	struct usage usage;

	read_settled_usage(&usage);
	CHECK(nr < usage.nr_nodes);
	return usage.node[nr].free_bytes + usage.node[nr].pcp_bytes;
}

/* A node's memory in small steps; false: there is none left. */
static bool take(int node)
{
	struct pbuddy_alloc rq = request(STEP);

	rq.flags = PBUDDY_ALLOC_STRICT_NODE;
	rq.node = node;
	return !ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq);
}

/* Takes node 0 until an event or the first failure; returns whether the event was first. */
static bool event_before_failure(int fd)
{
	int nr = 0;

	while (take(0)) {
		nr++;
		if (event(fd, 0))
			return true;
	}
	test_note("%d allocations", nr);
	return false;
}

TEST(pressure, low_before_first_failure)
{
	struct pbuddy_pressure p = trigger(PBUDDY_PRESSURE_LOW, 0);
	struct pbuddy_pressure other = trigger(PBUDDY_PRESSURE_LOW, 1);
	struct pbuddy_pressure any = trigger(PBUDDY_PRESSURE_LOW, PBUDDY_NODE_ANY);
	bool before;

	write_min_free("8192");
	watch(&p);
	watch(&any);
	if (free_on(1))
		watch(&other);
	CHECK(!event(p.fd, 0));
	before = event_before_failure(p.fd);
	write_min_free("0");
	CHECK(before);
	CHECK(event(any.fd, LATE_MS));
	CHECK(!event(other.fd, 0));
	CHECK(take(0));		/* there was some left */
}

/* The event is there at once for a program that asks when a node is low already. */
TEST(pressure, low_already)
{
	struct pbuddy_pressure p = trigger(PBUDDY_PRESSURE_LOW, 0);
	bool at_once;

	while (take(0))
		;
	write_min_free("8192");
	watch(&p);
	at_once = event(p.fd, 0);
	write_min_free("0");
	CHECK(at_once);
}

/*
 * Whether there was one event, after as many steps as the threshold says, and no second one in the
 * window. *@late is set when the window has ended before the last look.
 */
static bool one_event_below_threshold(bool *late)
{
	struct pbuddy_pressure p = trigger(PBUDDY_PRESSURE_FREE, 0);
	uint64_t count = 0, none;
	double start = now();
	int nr = 0;
	bool again;

	p.free_bytes = free_on(0) - 8 * MIB;
	p.eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p.window_us = PBUDDY_PRESSURE_WINDOW_MAX_US;
	watch(&p);
	while (nr < 64 && !event(p.fd, 0)) {
		start = now();
		CHECK(take(0));
		nr++;
	}
	CHECK_EQ(read(p.eventfd, &count, sizeof(count)), sizeof(count));
	CHECK(take(0));
	again = event(p.fd, 0) || read(p.eventfd, &none, sizeof(none)) != -1;
	*late = (now() - start) * 1e6 >= PBUDDY_PRESSURE_WINDOW_MAX_US;
	CHECK_EQ(close(p.fd) | close(p.eventfd), 0);
	test_note("%llu after %d steps of 256 KiB%s%s", (unsigned long long)count, nr,
		  again ? ", and again" : "", *late ? ", too late" : "");
	return nr >= 31 && nr <= 34 && count == 1 && !again;
}

/*
 * Pages that move from a cache to the zone may be counted in neither for a moment, and a task that
 * does not run for the length of the window gets a second event.
 */
TEST(pressure, free_below_threshold)
{
	bool late = false, good = false;
	int tries;

	for (tries = 0; tries < 5 && (!good || late); tries++)
		good = one_event_below_threshold(&late);
	CHECK(good);
}

/* The threshold is in bytes, not in pages that are rounded down. */
TEST(pressure, free_threshold_in_bytes)
{
	struct pbuddy_pressure p;
	bool quiet = false;
	int tries;

	/* Pages that move from a cache to the zone may be counted in neither for a moment. */
	for (tries = 0; tries < 5 && !quiet; tries++) {
		p = trigger(PBUDDY_PRESSURE_FREE, 0);
		p.free_bytes = free_on(0);
		watch(&p);
		quiet = !event(p.fd, 1000);
		CHECK_EQ(close(p.fd), 0);
	}
	CHECK(quiet);
	p = trigger(PBUDDY_PRESSURE_FREE, 0);
	p.free_bytes = free_on(0) + 1;
	watch(&p);
	CHECK(event(p.fd, LATE_MS));
}

/* Again after a window, though nothing is allocated in it, and no more when memory is free. */
TEST(pressure, free_again_after_window)
{
	struct pbuddy_pressure p = trigger(PBUDDY_PRESSURE_FREE, PBUDDY_NODE_ANY);
	int buffer = alloc_buffer(16 * MIB), tries;
	struct usage usage;

	read_settled_usage(&usage);
	p.free_bytes = usage.free + MIB;
	p.window_us = PBUDDY_PRESSURE_WINDOW_MIN_US;
	watch(&p);
	CHECK(event(p.fd, LATE_MS));
	CHECK(event(p.fd, LATE_MS));
	CHECK_EQ(close(buffer), 0);
	/* One may have come before the close, or be on its way. */
	for (tries = 0; tries < 5 && event(p.fd, 1500); tries++)
		;
	CHECK(tries < 5);
}

/* Requests that fail compact and reclaim, which takes time. */
TEST(pressure, stall)
{
	struct pbuddy_pressure p = trigger(PBUDDY_PRESSURE_STALL, 0);
	struct pbuddy_pressure other = trigger(PBUDDY_PRESSURE_STALL, 1);
	int tries;

	while (take(0))
		;
	p.stall_us = 1;
	other.stall_us = 1;
	watch(&p);
	if (free_on(1))
		watch(&other);
	CHECK(!event(p.fd, 0));
	for (tries = 0; tries < 1000 && !event(p.fd, 0); tries++) {
		struct pbuddy_alloc rq = request(2 * MIB);

		rq.flags = PBUDDY_ALLOC_STRICT_NODE | PBUDDY_ALLOC_CONTIG;
		rq.node = 0;
		CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq), ENOMEM);
	}
	test_note("after %d failures", tries);
	CHECK(tries < 1000);
	CHECK(!event(other.fd, 0));
}

TEST(pressure, descriptor)
{
	struct pbuddy_pressure p = trigger(PBUDDY_PRESSURE_LOW, PBUDDY_NODE_ANY);
	struct epoll_event ev = { .events = EPOLLPRI };
	int poller = epoll_create1(EPOLL_CLOEXEC);
	char byte;

	CHECK_EQ(fcntl(watch(&p), F_GETFD), FD_CLOEXEC);
	CHECK_EQ(epoll_ctl(poller, EPOLL_CTL_ADD, p.fd, &ev), 0);
	CHECK_EQ(close(p.fd), 0);		/* while an epoll has it */
	p.fd_flags = PBUDDY_FD_INHERIT;
	CHECK_EQ(fcntl(watch(&p), F_GETFD), 0);
	CHECK_EQ(read(p.fd, &byte, 1), -1);
	CHECK_EQ(ioctl(p.fd, PBUDDY_IOCTL_PRESSURE, &p), -1);
	/* An eventfd that was closed still is the trigger's. */
	p = trigger(PBUDDY_PRESSURE_FREE, PBUDDY_NODE_ANY);
	p.free_bytes = UINT64_MAX;
	p.eventfd = eventfd(0, EFD_CLOEXEC);
	watch(&p);
	CHECK_EQ(close(p.eventfd), 0);
	CHECK(event(p.fd, LATE_MS));
}

/* All users' triggers are looked at with interrupts off, so none has any number of them. */
TEST(pressure, one_user_has_so_many)
{
	struct pbuddy_pressure p = trigger(PBUDDY_PRESSURE_FREE, PBUDDY_NODE_ANY);
	int nr, first = -1;

	p.free_bytes = PAGE;
	for (nr = 0; nr <= PBUDDY_PRESSURE_USER_MAX; nr++) {
		p.node = nr % 2 ? 0 : PBUDDY_NODE_ANY;
		if (ioctl(dev, PBUDDY_IOCTL_PRESSURE, &p))
			break;
		if (!nr)
			first = p.fd;
	}
	test_note("%d triggers", nr);
	CHECK_EQ(errno, EDQUOT);
	CHECK_EQ(nr, PBUDDY_PRESSURE_USER_MAX);
	CHECK_EQ(close(first), 0);
	watch(&p);
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_PRESSURE, &p), EDQUOT);
	/* Another user still can. */
	drop_privileges();
	watch(&p);
}

#define EXPECT(field, value, err)						\
	do {									\
		struct pbuddy_pressure _p = trigger(PBUDDY_PRESSURE_LOW, 0);	\
		_p.field = (value);						\
		CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_PRESSURE, &_p), err);	\
	} while (0)

TEST(pressure, bad_values)
{
	struct pbuddy_pressure p;

	EXPECT(flags, 0, EINVAL);
	EXPECT(node, -2, EINVAL);
	EXPECT(node, 63, EINVAL);
	EXPECT(node, INT32_MAX, EINVAL);
	EXPECT(node, INT32_MIN, EINVAL);
	EXPECT(fd_flags, O_RDWR, EINVAL);
	EXPECT(fd_flags, O_CLOEXEC | PBUDDY_FD_INHERIT, EINVAL);
	EXPECT(window_us, PBUDDY_PRESSURE_WINDOW_MIN_US - 1, EINVAL);
	EXPECT(window_us, PBUDDY_PRESSURE_WINDOW_MAX_US + 1, EINVAL);
	EXPECT(free_bytes, PAGE, EINVAL);	/* without the kind */
	EXPECT(stall_us, 1, EINVAL);
	EXPECT(eventfd, -2, EINVAL);
	EXPECT(eventfd, 1000000, EBADF);
	EXPECT(eventfd, dev, EINVAL);		/* no eventfd */
	p = trigger(PBUDDY_PRESSURE_FREE, 0);	/* a kind without its threshold */
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_PRESSURE, &p), EINVAL);
	p = trigger(PBUDDY_PRESSURE_STALL, 0);
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_PRESSURE, &p), EINVAL);
	p.stall_us = PBUDDY_PRESSURE_WINDOW_MIN_US + 1;
	p.window_us = PBUDDY_PRESSURE_WINDOW_MIN_US;
	CHECK_FAILS(ioctl(dev, PBUDDY_IOCTL_PRESSURE, &p), EINVAL);
}
