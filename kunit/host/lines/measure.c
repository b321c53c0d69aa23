// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two threads pass a line to and fro: each waits for the other's value and stores its own. A pass
 * takes two transfers: the store invalidates the other's copy, and the other loads the line again.
 */
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include "measure.h"

#define PASSES		1000000
#define TRANSFERS	2	/* of a pass */
#define ROUNDS		3

static struct {
	int value;
} ____cacheline_aligned line;

static int cpu[2];

static void *pass(void *arg)
{
	int me = arg ? 1 : 0, i;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu[me], &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (i = 0; i < PASSES; i++) {
		while (__atomic_load_n(&line.value, __ATOMIC_ACQUIRE) != me)
			;
		__atomic_store_n(&line.value, !me, __ATOMIC_RELEASE);
	}
	return NULL;
}

static double round_ns(void)
{
	struct timespec start, end;
	pthread_t thread;

	clock_gettime(CLOCK_MONOTONIC, &start);
	if (pthread_create(&thread, NULL, pass, &line))
		return 0;
	pass(NULL);
	pthread_join(thread, NULL);
	clock_gettime(CLOCK_MONOTONIC, &end);
	return ((end.tv_sec - start.tv_sec) * 1e9 + end.tv_nsec - start.tv_nsec) /
	       (2.0 * PASSES * TRANSFERS);
}

double measure_transfer(void)
{
	double ns, best = 0;
	int i, nr = 0, round;
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	for (i = 0; i < CPU_SETSIZE && nr < 2; i++)
		if (CPU_ISSET(i, &set))
			cpu[nr++] = i;
	if (nr < 2)
		return 0;
	for (round = 0; round < ROUNDS; round++) {
		ns = round_ns();
		best = round && best < ns ? best : ns;
	}
	return best;
}
