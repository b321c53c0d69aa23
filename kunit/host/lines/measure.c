// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two threads pass a line to and fro: each waits for the other's value and stores its own. A pass
 * takes two transfers: the store invalidates the other's copy, and the other loads the line again.
 * A round in which other work had one of the CPUs says nothing. The median of the others counts.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>
#include "measure.h"

#define PASSES		2000
#define TRANSFERS	2	/* of a pass */
#define ROUNDS		101	/* that are wanted, */
#define LEAST_ROUNDS	15	/* that are enough, */
#define MOST_ROUNDS	300	/* and that are tried */

static struct {
	int value;
} ____cacheline_aligned line;

static int cpu[2];
static double round_ns[MOST_ROUNDS];
static bool preempted[2][MOST_ROUNDS];

static long switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nvcsw + usage.ru_nivcsw;
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

static void pass(int me)
{
	int i;

	for (i = 0; i < PASSES; i++) {
		while (__atomic_load_n(&line.value, __ATOMIC_ACQUIRE) != me)
			;
		__atomic_store_n(&line.value, !me, __ATOMIC_RELEASE);
	}
}

static void *rounds(void *arg)
{
	int me = arg ? 1 : 0, round;
	cpu_set_t set;
	double start;
	long before;

	CPU_ZERO(&set);
	CPU_SET(cpu[me], &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (round = 0; round < MOST_ROUNDS; round++) {
		before = switches();
		start = now_ns();
		pass(me);
		if (!me)
			round_ns[round] = (now_ns() - start) / (2.0 * PASSES * TRANSFERS);
		preempted[me][round] = switches() != before;
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* The median of the rounds in which both threads kept their CPUs; 0: too few. */
static double median(void)
{
	int round, nr = 0;

	for (round = 0; round < MOST_ROUNDS && nr < ROUNDS; round++)
		if (!preempted[0][round] && !preempted[1][round])
			round_ns[nr++] = round_ns[round];
	if (nr < LEAST_ROUNDS)
		return 0;
	qsort(round_ns, nr, sizeof(*round_ns), compare);
	return round_ns[nr / 2];
}

double measure_transfer(void)
{
	pthread_t thread;
	cpu_set_t set;
	int i, nr = 0;

	sched_getaffinity(0, sizeof(set), &set);
	for (i = 0; i < CPU_SETSIZE && nr < 2; i++)
		if (CPU_ISSET(i, &set))
			cpu[nr++] = i;
	if (nr < 2)
		return 0;
	if (pthread_create(&thread, NULL, rounds, &line))
		return 0;
	rounds(NULL);
	pthread_join(thread, NULL);
	return median();
}
