// SPDX-License-Identifier: GPL-2.0-only
/* Functions that the tests of purgeable buffers share; advise.h describes them. */
#include "advise.h"

struct pbuddy_advise last_advice;

int advise(int fd, uint32_t advice)
{
	last_advice = (struct pbuddy_advise) {
		.size = sizeof(last_advice), .advice = advice, .retained = 7,
	};
	return ioctl(fd, PBUDDY_IOCTL_ADVISE, &last_advice);
}

void dontneed(int fd)
{
	CHECK_EQ(advise(fd, PBUDDY_ADVICE_DONTNEED), 0);
}

bool willneed(int fd)
{
	CHECK_EQ(advise(fd, PBUDDY_ADVICE_WILLNEED), 0);
	CHECK(last_advice.retained <= 1);
	return last_advice.retained;
}

struct pbuddy_alloc on_node(uint64_t bytes, uint32_t mclass)
{
	struct pbuddy_alloc rq = request_on_node(bytes);

	rq.mclass = mclass;
	return rq;
}

int alloc_on_node(uint64_t bytes)
{
	struct pbuddy_alloc rq = on_node(bytes, PBUDDY_CLASS_MOVABLE);

	return alloc_as(&rq);
}

void try_fill_node(struct buffer_set *set)
{
	uint64_t bytes = 32 * MIB;

	set->nr = 0;
	while (bytes >= PAGE && set->nr < BUFFER_SET_MAX) {
		struct pbuddy_alloc rq = on_node(bytes, PBUDDY_CLASS_UNMOVABLE);

		if (!ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq)) {
			set->fd[set->nr++] = rq.fd;
			continue;
		}
		CHECK_EQ(errno, ENOMEM);
		bytes /= 2;
	}
}

void fill_node(struct buffer_set *set)
{
	try_fill_node(set);
	CHECK(set->nr < BUFFER_SET_MAX);
}
