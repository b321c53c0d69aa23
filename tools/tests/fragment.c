// SPDX-License-Identifier: GPL-2.0-only
/* Fragmented nodes, for tests of compaction: see fragment.h. */
#include <errno.h>

#include "common.h"
#include "fragment.h"

uint64_t *map_of[MOST];
int nr_maps;
static unsigned long moved_before;

struct pbuddy_alloc request_of_order(uint64_t bytes, unsigned int order)
{
	struct pbuddy_alloc rq = request_on_node(bytes);

	rq.order = order;
	return rq;
}

uint64_t *map_and_close(int fd, size_t bytes)
{
	uint64_t *p = map_buffer(fd, bytes);

	CHECK_EQ(close(fd), 0);
	return p;
}

/* Half of the buffers; of those of a pageblock none beside another one. */
static bool is_freed(int i, size_t bytes)
{
	return (bytes == HUGE ? pfn_of(map_of[i]) / (HUGE / PAGE) : (uint64_t)i) & 1;
}

void fragment(size_t bytes, unsigned int order)
{
	int i;

	for (nr_maps = 0; nr_maps < MOST; nr_maps++) {
		struct pbuddy_alloc rq = request_of_order(bytes, order);

		if (ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq))
			break;
		map_of[nr_maps] = map_and_close(rq.fd, bytes);
		stamp(map_of[nr_maps], bytes, (uint64_t)nr_maps);
	}
	CHECK(nr_maps > 8);
	CHECK_EQ(errno, ENOMEM);
	moved_before = pages_moved();
	for (i = 0; i < nr_maps; i++) {
		if (!is_freed(i, bytes))
			continue;
		CHECK_EQ(munmap(map_of[i], bytes), 0);
		map_of[i] = NULL;
	}
}

void expect_intact(size_t bytes)
{
	int i;

	for (i = 0; i < nr_maps; i++)
		if (map_of[i])
			CHECK_EQ(stamp_broken(map_of[i], bytes, (uint64_t)i), -1);
}

unsigned long pages_moved(void)
{
	return vmstat_event("pgmigrate_success");
}

bool has_moved(void)
{
	unsigned long before = moved_before;

	moved_before = pages_moved();
	return moved_before > before;
}

void expect_kept(const uint64_t *pfn)
{
	int i;

	compact_all();
	CHECK(has_moved());
	for (i = 0; i < NR_KEPT; i++)
		CHECK_EQ(pfn_of(map_of[8 * i]), pfn[i]);
	expect_intact(SMALL);
}

void replace_some(int (*prepare)(int fd))
{
	int i;

	for (i = 0; i < NR_KEPT; i++) {
		struct pbuddy_alloc rq = request_on_node(SMALL);
		int fd;

		CHECK_EQ(munmap(map_of[8 * i], SMALL), 0);
		fd = alloc_as(&rq);
		map_of[8 * i] = map_buffer(fd, SMALL);
		stamp(map_of[8 * i], SMALL, 8 * (uint64_t)i);
		CHECK(prepare(fd) >= 0);
	}
}

/* ---- Buffers that come and go ---- */

int churned[NR_CHURN];

int alloc_small(void)
{
	struct pbuddy_alloc rq = request_on_node(SMALL);

	return ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq) ? -1 : rq.fd;
}

void churn(const volatile uint32_t *stop)
{
	uint64_t random = 88172645463325252ULL;
	unsigned int i;

	while (!*stop) {
		for (i = 0; i < NR_CHURN; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			if (random >> 63 && churned[i] >= 0) {
				close(churned[i]);
				churned[i] = -1;
			}
		}
		usleep(50000);
		for (i = 0; i < NR_CHURN; i++)
			if (churned[i] < 0)
				churned[i] = alloc_small();
	}
}

void close_churned(void)
{
	int i;

	for (i = 0; i < NR_CHURN; i++)
		close(churned[i]);
}
