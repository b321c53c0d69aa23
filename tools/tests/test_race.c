// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads and processes that use descriptors, mappings and memory at the same time. Each mapping is
 * stamped with its own id and checked before it is unmapped, which finds memory that was allocated
 * twice or freed too early. PBUDDY_RACE_SECONDS is the duration of each test (default 2),
 * PBUDDY_SEED the seed of the random numbers (default: the time).
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#include "common.h"

#define NR_THREADS	4
#define NR_SHARED_FDS	16

static atomic_bool stop;
static atomic_ulong operations;
static atomic_ulong next_id;

/* A thread, with the state of its random numbers (xorshift64). */
struct worker {
	pthread_t	thread;
	uint64_t	random;
};

static uint64_t random_next(struct worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random;
}

static uint64_t seed(void)
{
	const char *text = getenv("PBUDDY_SEED");
	uint64_t value = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);

	test_note("PBUDDY_SEED=%llu", (unsigned long long)value);
	return value;
}

static void run_threads(void *(*fn)(void *), unsigned int nr)
{
	struct worker worker[NR_THREADS];
	struct patience wait = { 0 };
	uint64_t start = seed();
	unsigned int i;

	for (i = 0; i < nr; i++) {
		worker[i].random = start * 0x9e3779b97f4a7c15ULL + i + 1;
		CHECK_EQ(pthread_create(&worker[i].thread, NULL, fn, &worker[i]), 0);
	}
	sleep(race_seconds(2));
	while (!operations && more_patience(&wait))
		;
	stop = true;
	for (i = 0; i < nr; i++)
		CHECK_EQ(pthread_join(worker[i].thread, NULL), 0);
	test_note("%lu operations", (unsigned long)operations);
	CHECK(operations > 0);
}

/* ---- Threads allocate, map, query and close the same descriptors ---- */

static atomic_int shared_fds[NR_SHARED_FDS];

/* Maps and unmaps a buffer, or new memory of the device. No other thread writes to the latter. */
static void use_mapping(struct worker *w, int fd, size_t bytes)
{
	uint64_t id = ++next_id;
	uint64_t *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	/* Another thread may have closed the descriptor, or opened another file at its number. */
	if (p == MAP_FAILED)
		return;
	if (fd == dev) {
		CHECK_EQ(first_nonzero(p, bytes), -1);
		stamp(p, bytes, id);
		if (random_next(w) % 4 == 0)
			sched_yield();
		CHECK_EQ(stamp_broken(p, bytes, id), -1);
		if (random_next(w) % 8 == 0 && bytes > PAGE) {
			CHECK_EQ(munmap((char *)p + PAGE, bytes - PAGE), 0);
			bytes = PAGE;
			CHECK_EQ(stamp_broken(p, bytes, id), -1);
		}
	} else {
		p[0] = id;
	}
	CHECK_EQ(munmap(p, bytes), 0);
}

static void *use_shared_fds(void *arg)
{
	struct worker *w = arg;

	while (!stop) {
		uint64_t r = random_next(w);
		size_t bytes = (1 + (r >> 16) % 64) * PAGE;
		atomic_int *s = &shared_fds[(r >> 8) % NR_SHARED_FDS];
		struct pbuddy_alloc rq = request(bytes);
		struct pbuddy_query q = { .size = sizeof(q) };
		int fd;

		switch (r % 6) {
		case 0:
		case 1:
			rq.flags = (r >> 32) & PBUDDY_ALLOC_CONTIG;
			if (ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq))
				break;
			fd = atomic_exchange(s, rq.fd);
			if (fd >= 0)
				close(fd);
			break;
		case 2:
			fd = atomic_exchange(s, -1);
			if (fd >= 0)
				close(fd);
			break;
		case 3:
			fd = *s;
			if (fd >= 0)
				use_mapping(w, fd, PAGE);
			break;
		case 4:
			use_mapping(w, dev, bytes);
			break;
		case 5:
			fd = *s;
			if (fd >= 0)
				(void)!ioctl(fd, PBUDDY_IOCTL_QUERY, &q);
			break;
		}
		operations++;
	}
	return NULL;
}

TEST_TIMEOUT(race, alloc_map_unmap_close, 900)
{
	int i;

	for (i = 0; i < NR_SHARED_FDS; i++)
		shared_fds[i] = -1;
	run_threads(use_shared_fds, NR_THREADS);
}

/* ---- CVE-2022-50417 (panfrost): freeing a guessed handle before its creation had finished ---- */

static int guess_from;

static void *close_guessed_fd(void *arg)
{
	struct worker *w = arg;

	while (!stop) {
		int fd = guess_from + (int)(random_next(w) % 8);

		if (random_next(w) % 2)
			close(fd);
		else
			dup2(dev, fd);		/* EBUSY while it is reserved */
	}
	return NULL;
}

static void *alloc_and_use(void *arg)
{
	struct worker *w = arg;

	if (w->random % 2)
		return close_guessed_fd(arg);
	while (!stop) {
		struct pbuddy_alloc rq = request(2 * PAGE);
		struct pbuddy_query q = { .size = sizeof(q) };

		if (ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq))
			continue;
		/* Another thread may have closed it. An unfinished buffer must never be visible. */
		if (!ioctl(rq.fd, PBUDDY_IOCTL_QUERY, &q))
			CHECK_EQ(q.bytes, 2 * PAGE);
		else
			CHECK(errno == EBADF || errno == ENOTTY);
		close(rq.fd);
		operations++;
	}
	return NULL;
}

TEST_TIMEOUT(race, guess_and_free_cve_2022_50417, 900)
{
	guess_from = dev + 1;
	/* Seeds are odd and even in turn: half of the threads close guessed descriptors. */
	run_threads(alloc_and_use, NR_THREADS);
}

/* ---- CVE-2018-18281: mremap() flushed the TLB too late, programs could access freed pages ---- */

static void *remap_and_check(void *arg)
{
	struct worker *w = arg;
	const size_t bytes = 32 * PAGE;
	char *a, *b;

	while (!stop) {
		uint64_t id = ++next_id;
		uint64_t *p = map_device(bytes);

		a = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(a != MAP_FAILED);
		CHECK_EQ(first_nonzero(p, bytes), -1);
		stamp(p, bytes, id);
		b = mremap(p, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, a);
		CHECK(b == a);
		CHECK_EQ(stamp_broken((uint64_t *)b, bytes, id), -1);
		if (random_next(w) % 2)
			madvise(b, bytes, MADV_DONTNEED);
		CHECK_EQ(stamp_broken((uint64_t *)b, bytes, id), -1);
		CHECK_EQ(munmap(b, bytes), 0);
		operations++;
	}
	return NULL;
}

TEST_TIMEOUT(race, mremap_against_free_cve_2018_18281, 900)
{
	run_threads(remap_and_check, NR_THREADS);
}

/* ---- Faults against unmapping, in one address space ---- */

static atomic_uintptr_t shared_map;

static void *fault_or_zap(void *arg)
{
	struct worker *w = arg;

	while (!stop) {
		uint64_t *p = (uint64_t *)shared_map;
		uint64_t r = random_next(w);

		if (r % 4 == 0)
			madvise(p + 512 * (r / 4 % 32), 32 * PAGE, MADV_DONTNEED);
		else
			CHECK_EQ(p[512 * (r / 4 % 64)], 1 + r / 4 % 64);
		operations++;
	}
	return NULL;
}

TEST_TIMEOUT(race, fault_against_zap, 900)
{
	uint64_t *p = map_buffer(alloc_buffer(64 * PAGE), 64 * PAGE);
	size_t i;

	for (i = 0; i < 64; i++)
		p[512 * i] = i + 1;
	shared_map = (uintptr_t)p;
	run_threads(fault_or_zap, NR_THREADS);
}

/* ---- Processes ---- */

static void *fork_and_unmap(void *arg)
{
	struct worker *w = arg;

	while (!stop) {
		uint64_t id = ++next_id;
		bool first = random_next(w) % 2;
		uint64_t *p = map_device(8 * PAGE);
		int status;
		pid_t pid;

		stamp(p, 8 * PAGE, id);
		pid = fork();
		if (!pid)
			_exit(stamp_broken(p, 8 * PAGE, id) != -1);
		CHECK(pid > 0);
		if (first)
			CHECK_EQ(munmap(p, 8 * PAGE), 0);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(status, 0);
		if (!first)
			CHECK_EQ(munmap(p, 8 * PAGE), 0);
		operations++;
	}
	return NULL;
}

TEST_TIMEOUT(race, fork_against_unmap, 900)
{
	run_threads(fork_and_unmap, 2);
}

static void alloc_until_killed(void)
{
	struct usage usage;

	read_usage(&usage);
	for (;;) {
		struct pbuddy_alloc rq = request(usage.total / 2);

		if (!ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq)) {
			(void)!mmap(NULL, rq.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, rq.fd, 0);
			close(rq.fd);
			munmap(mmap(NULL, rq.bytes, PROT_READ, MAP_SHARED, dev, 0), rq.bytes);
		}
	}
}

/* A fatal signal ends a long allocation, and frees what it had allocated. */
TEST_TIMEOUT(race, killed_while_allocating, 900)
{
	struct usage before;
	int i;

	read_settled_usage(&before);
	fflush(stdout);
	for (i = 0; i < 20; i++) {
		pid_t pid = fork();
		int status;

		if (!pid)
			alloc_until_killed();
		CHECK(pid > 0);
		usleep(3000 * (1 + (useconds_t)i));
		CHECK_EQ(kill(pid, SIGKILL), 0);
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK_EQ(WTERMSIG(status), SIGKILL);
	}
}

/* ---- A label that changes while others read it ---- */

static int labelled_fd;
static const char letters[] = "abcdefgh";

static void change_label(struct worker *w)
{
	struct pbuddy_set_label s = { .size = sizeof(s) };

	memset(s.label, letters[random_next(w) % (sizeof(letters) - 1)], sizeof(s.label) - 1);
	CHECK_EQ(ioctl(labelled_fd, PBUDDY_IOCTL_SET_LABEL, &s), 0);
}

/* A label is one letter, PBUDDY_LABEL_LEN - 1 times. */
static void check_label(const char *label)
{
	CHECK(label[0] && strchr(letters, label[0]));
	CHECK_EQ(strspn(label, (char []) { label[0], 0 }), PBUDDY_LABEL_LEN - 1);
}

static void read_fdinfo_label(void)
{
	static const char key[] = "pbuddy-label:\t";
	char path[64], text[1024], *label;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", labelled_fd);
	CHECK(read_file(path, text, sizeof(text)));
	label = strstr(text, key);
	CHECK(label);
	label += strlen(key);
	label[strcspn(label, "\n")] = 0;
	CHECK_EQ(strlen(label), PBUDDY_LABEL_LEN - 1);
	check_label(label);
}

static void *use_label(void *arg)
{
	struct pbuddy_query query;
	struct worker *w = arg;

	while (!stop) {
		uint64_t r = random_next(w);

		if (r & 1) {
			change_label(w);
		} else if (r & 14) {
			query_extents(labelled_fd, &query, NULL, 0);
			CHECK_EQ(query.label[PBUDDY_LABEL_LEN - 1], 0);
			check_label(query.label);
		} else {
			read_fdinfo_label();
		}
		operations++;
	}
	return NULL;
}

TEST_TIMEOUT(race, labels_are_whole, 900)
{
	struct pbuddy_alloc rq = request(PAGE);

	memset(rq.label, letters[0], sizeof(rq.label) - 1);
	labelled_fd = alloc_as(&rq);
	run_threads(use_label, NR_THREADS);
}

/* ---- The list, while buffers come and go and change their labels ---- */

static void check_list(unsigned int step)
{
	struct pbuddy_buffer_info record[16];
	struct pbuddy_list l = {
		.size = sizeof(l), .records_ptr = (uintptr_t)record,
		.record_size = sizeof(record[0]),
	};
	uint64_t last = 0;
	uint32_t i;

	do {
		l.nr_records = step;
		CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_LIST, &l), 0);
		for (i = 0; i < l.nr_records; i++) {
			CHECK(record[i].id > last);
			last = record[i].id;
			CHECK_EQ(record[i].creator_pid, getpid());
			CHECK_EQ(record[i].charged_bytes, record[i].bytes);
			check_label(record[i].label);
		}
	} while (l.nr_records == step);
}

static void replace_buffer(struct worker *w)
{
	struct pbuddy_alloc rq = request((1 + random_next(w) % 8) * PAGE);
	struct pbuddy_export_dmabuf e = { .size = sizeof(e), .fd_flags = O_RDWR };
	int fd;

	memset(rq.label, letters[random_next(w) % (sizeof(letters) - 1)], sizeof(rq.label) - 1);
	alloc_as(&rq);
	if (random_next(w) % 4 == 0 && !ioctl(rq.fd, PBUDDY_IOCTL_EXPORT_DMABUF, &e)) {
		close(rq.fd);
		rq.fd = e.fd;
	}
	fd = atomic_exchange(&shared_fds[random_next(w) % NR_SHARED_FDS], rq.fd);
	if (fd >= 0)
		close(fd);
}

static void *use_list(void *arg)
{
	struct worker *w = arg;

	while (!stop) {
		if (random_next(w) % 4)
			replace_buffer(w);
		else
			check_list(1 + random_next(w) % 16);
		if (random_next(w) % 4 == 0)
			change_label(w);
		operations++;
	}
	return NULL;
}

TEST_TIMEOUT(race, list_while_buffers_change, 900)
{
	struct pbuddy_alloc rq = request(PAGE);
	int i;

	for (i = 0; i < NR_SHARED_FDS; i++)
		shared_fds[i] = -1;
	memset(rq.label, letters[0], sizeof(rq.label) - 1);
	labelled_fd = alloc_as(&rq);
	run_threads(use_list, NR_THREADS);
	for (i = 0; i < NR_SHARED_FDS; i++)
		if (shared_fds[i] >= 0)
			close(shared_fds[i]);
}

/* ---- Shortage: the threads together ask for all of the memory ---- */

static void *alloc_quarter(void *arg)
{
	struct worker *w = arg;
	struct usage usage;

	read_usage(&usage);
	while (!stop) {
		struct pbuddy_alloc rq = request(usage.total / 4 + (random_next(w) % 512) * PAGE);

		rq.node = usage.node[random_next(w) % usage.nr_nodes].node;
		if (ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq)) {
			CHECK_EQ(errno, ENOMEM);
			CHECK(rq.reason != PBUDDY_REASON_NONE);
		} else {
			CHECK_EQ(close(rq.fd), 0);
		}
		operations++;
	}
	return NULL;
}

TEST_TIMEOUT(race, shortage, 900)
{
	run_threads(alloc_quarter, NR_THREADS);
}
