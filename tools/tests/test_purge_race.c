// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs advise, access and check buffers while others fill the node, so that buffers are purged
 * at any moment. Contents are as they were stored or all zero. PBUDDY_RACE_SECONDS is the duration.
 */
#include <sched.h>
#include <time.h>

#include "advise.h"

#define NR_USERS	3
#define NR_EACH		6
#define SMALL		(96 * PAGE)

/* The contents are as they were stored, or all zero. */
static void check_contents(const uint64_t *p, uint64_t id, bool retained)
{
	CHECK_EQ(retained ? stamp_broken(p, SMALL, id) : first_nonzero(p, SMALL), -1);
}

/* fill_and_empty() may have the whole node. */
static int alloc_patiently(void)
{
	struct pbuddy_alloc rq = request_on_node(SMALL);

	while (ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq)) {
		CHECK_EQ(errno, ENOMEM);
		usleep(1000);
	}
	return rq.fd;
}

static void exit_with_mapping(void *p)
{
	(void)*(volatile uint64_t *)p;
}

static void advise_and_check(unsigned int nr, const volatile uint32_t *stop)
{
	uint64_t *p[NR_EACH], round;
	unsigned long lost = 0;
	int fd[NR_EACH], i;

	for (i = 0; i < NR_EACH; i++) {
		fd[i] = alloc_patiently();
		p[i] = map_buffer(fd[i], SMALL);
	}
	for (round = 0; !*stop; round++) {
		for (i = 0; i < NR_EACH; i++) {
			stamp(p[i], SMALL, round + (uint64_t)i);
			dontneed(fd[i]);
		}
		if (nr == 0 && round % 16 == 0)
			CHECK_EQ(in_child(exit_with_mapping, p[0]), 0);
		sched_yield();
		for (i = 0; i < NR_EACH; i++) {
			bool retained;

			while (advise(fd[i], PBUDDY_ADVICE_WILLNEED))
				CHECK_EQ(errno, ENOMEM);
			retained = last_advice.retained;
			check_contents(p[i], round + (uint64_t)i, retained);
			lost += !retained;
		}
	}
	test_note("%llu rounds, %lu buffers purged", (unsigned long long)round, lost);
}

/* Accesses a buffer that is always purgeable. Only zeroes and its own stores are there. */
static void access_purgeable(const volatile uint32_t *stop)
{
	int fd = alloc_patiently();
	uint64_t *p = map_buffer(fd, SMALL), n;
	size_t i;

	dontneed(fd);
	for (n = 1; !*stop; n++) {
		for (i = 0; i < SMALL / PAGE; i++) {
			volatile uint64_t *word = p + 512 * i;

			CHECK(*word < n);
			*word = n;
		}
	}
}

static void fill_and_empty(const volatile uint32_t *stop)
{
	struct buffer_set set;

	while (!*stop) {
		try_fill_node(&set);
		close_buffers(&set);
		usleep(2000);
	}
}

static void run(unsigned int nr, const volatile uint32_t *stop)
{
	if (nr < NR_USERS)
		advise_and_check(nr, stop);
	else if (nr == NR_USERS)
		access_purgeable(stop);
	else
		fill_and_empty(stop);
}

TEST_TIMEOUT(purge, under_running_users, 1200)
{
	unsigned long before = vmstat_event("pgpurge");
	struct children children;
	time_t end;

	start_children(&children, NR_USERS + 2, run);
	for (end = time(NULL) + race_seconds(5);
	     time(NULL) < end ||
	     vmstat_event("pgpurge") - before < 16 * SMALL / PAGE; usleep(10000))
		compact_all();
	stop_children(&children);
}
