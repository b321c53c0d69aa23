// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs store to buffers and check them while another one swaps them out, so that their memory
 * goes at any moment. PBUDDY_RACE_SECONDS is the duration. The script is that of test_swap.c.
 */
#include <sys/uio.h>
#include <time.h>

#include "advise.h"

#define NR_USERS	3
#define SMALL		(96 * PAGE)

static void exit_with_mapping(void *p)
{
	CHECK_EQ(stamp_broken(p, SMALL, *(uint64_t *)p), stamp_broken(p, SMALL, *(uint64_t *)p));
}

/* Stores, checks, forks and unmaps, while another process swaps the buffer out. */
static void store_and_check(unsigned int nr, int fd, const volatile uint32_t *stop)
{
	uint64_t round, *p = map_buffer(fd, SMALL), *other;
	struct iovec iov = { p + 512, PAGE };
	int pipe_fd[2];
	char text[PAGE];

	CHECK_EQ(pipe2(pipe_fd, O_CLOEXEC), 0);
	for (round = 0; !*stop; round++) {
		stamp(p, SMALL, round);
		if (round % 8 == nr)
			CHECK_EQ(in_child(exit_with_mapping, p), 0);
		if (round % 4 == nr) {
			CHECK_EQ(vmsplice(pipe_fd[1], &iov, 1, 0), PAGE);
			CHECK_EQ(read(pipe_fd[0], text, PAGE), PAGE);
			CHECK_EQ(memcmp(text, iov.iov_base, PAGE), 0);
		}
		other = map_buffer(fd, SMALL);
		CHECK_EQ(stamp_broken(other, SMALL, round), -1);
		CHECK_EQ(munmap(other, SMALL), 0);
		CHECK_EQ(stamp_broken(p, SMALL, round), -1);
	}
	test_note("%llu rounds", (unsigned long long)round);
}

static int race_fd[NR_USERS];

/* The store is given up after a second, as the tasks of store_and_check() wait for it. */
static bool may_fail(void)
{
	return (errno == EBUSY && last_advice.reason == PBUDDY_SWAP_PINNED) ||
	       (errno == ENOMEM && last_advice.reason == PBUDDY_SWAP_NO_MEMORY);
}

static void run(unsigned int nr, const volatile uint32_t *stop)
{
	int i;

	if (nr < NR_USERS)
		store_and_check(nr, race_fd[nr], stop);
	while (!*stop)
		for (i = 0; i < NR_USERS; i++)
			if (advise(race_fd[i], PBUDDY_ADVICE_PAGEOUT))
				CHECK(may_fail());
}

TEST_TIMEOUT(swap, under_running_users, 1200)
{
	unsigned long before = vmstat_event("pswpout");
	struct children children;
	unsigned int i;
	time_t end;

	for (i = 0; i < NR_USERS; i++)
		race_fd[i] = alloc_swappable(SMALL);
	start_children(&children, NR_USERS + 1, run);
	for (end = time(NULL) + race_seconds(4);
	     time(NULL) < end || (vmstat_event("pswpout") == before && time(NULL) < end + 120);
	     usleep(10000)) {
		compact_all();
		write_file(SWAP_CGROUP "memory.reclaim", "1M");
	}
	stop_children(&children);
	test_note("%lu pages swapped out", vmstat_event("pswpout") - before);
	CHECK(vmstat_event("pswpout") > before);
}
