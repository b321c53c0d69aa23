// SPDX-License-Identifier: GPL-2.0-only
/* Functions that the tests of purgeable buffers share; advise.h describes them. */
#include <sys/stat.h>
#include <time.h>

#include "advise.h"

struct pbuddy_advise last_advice;

int advise(int fd, uint32_t advice)
{
	last_advice = (struct pbuddy_advise) {
		.size = sizeof(last_advice), .advice = advice, .retained = 7,
	};
	return ioctl(fd, PBUDDY_IOCTL_ADVISE, &last_advice);
}

int pageout_patiently(int fd)
{
	time_t end = time(NULL) + 60;
	int err;

	do {
		err = advise(fd, PBUDDY_ADVICE_PAGEOUT);
	} while (err && last_advice.reason == PBUDDY_SWAP_NO_MEMORY && time(NULL) < end);
	return err;
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

int alloc_swappable(uint64_t bytes)
{
	int fd = alloc_on_node(bytes);

	CHECK_EQ(advise(fd, PBUDDY_ADVICE_SWAP), 0);
	return fd;
}

void pageout(int fd)
{
	CHECK_EQ(pageout_patiently(fd), 0);
	CHECK_EQ(last_advice.reason, PBUDDY_SWAP_NONE);
	CHECK(info_of(fd).flags & PBUDDY_BUFFER_SWAPPED);
}

void expect_fdinfo(int fd, const char *key, uint64_t bytes)
{
	char path[64], text[1024], line[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	CHECK(read_file(path, text, sizeof(text)));
	snprintf(line, sizeof(line), "pbuddy-%s:\t%llu KiB\n", key,
		 (unsigned long long)bytes >> 10);
	CHECK(strstr(text, line));
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

#define LARGEST	(32 * MIB)

/* What others free meanwhile may be as large as before, so larger buffers are tried again. */
static void fill_more(struct buffer_set *set)
{
	uint64_t bytes = LARGEST;

	while (bytes >= PAGE && set->nr < BUFFER_SET_MAX) {
		struct pbuddy_alloc rq = on_node(bytes, PBUDDY_CLASS_UNMOVABLE);

		if (!ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq)) {
			set->fd[set->nr++] = rq.fd;
			bytes = bytes < LARGEST ? 2 * bytes : LARGEST;
			continue;
		}
		CHECK_EQ(errno, ENOMEM);
		bytes /= 2;
	}
}

void try_fill_node(struct buffer_set *set)
{
	set->nr = 0;
	fill_more(set);
}

void fill_node(struct buffer_set *set)
{
	int before;

	/* A request fails while a thread is late to free what it purges. */
	set->nr = 0;
	do {
		before = set->nr;
		fill_more(set);
		CHECK(set->nr < BUFFER_SET_MAX);
		wait_for_node_threads();
	} while (set->nr > before);
}

struct pbuddy_buffer_info info_of(int fd)
{
	struct pbuddy_buffer_info info;
	struct stat st;
	struct pbuddy_list l = {
		.size = sizeof(l), .records_ptr = (uintptr_t)&info, .nr_records = 1,
		.record_size = sizeof(info),
	};

	CHECK_EQ(fstat(fd, &st), 0);
	l.cursor = st.st_ino - 1;
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_LIST, &l), 0);
	CHECK_EQ(l.nr_records, 1);
	CHECK_EQ(info.id, st.st_ino);
	return info;
}

pid_t touch_in_child(const volatile uint64_t *p, struct buffer_set *set)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		close_buffers(set);
		(void)*p;
		_exit(0);
	}
	CHECK(pid > 0);
	return pid;
}

uint64_t node_bytes(void)
{
	struct usage usage;

	read_usage(&usage);
	return usage.node[0].total_bytes;
}

void resize_node(uint64_t bytes)
{
	struct pbuddy_resize r = { .size = sizeof(r), .node = on_node(PAGE, 0).node };
	struct patience wait = { 0 };

	/* An idle buffer whose store took too long is idle again only after a while. */
	while (more_patience(&wait)) {
		r.bytes = bytes;
		r.max_bytes = 0;
		if (!ioctl(dev, PBUDDY_IOCTL_RESIZE, &r))
			break;
		test_note("%s: reason %u, %llu bytes left, %llu pinned", strerror(errno), r.reason,
			  (unsigned long long)r.bytes, (unsigned long long)r.pinned_bytes);
		CHECK(errno == EBUSY || r.reason == PBUDDY_RESIZE_SOURCE);
		usleep(100000);
	}
	CHECK_EQ(node_bytes(), bytes);
}
