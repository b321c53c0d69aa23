// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program pays for a buffer: to allocate it, map it, touch each page, and release it, for
 * pbuddy and its peers in the same boot.
 *
 * usage: pbuddy-buffer-bench [-r ROUNDS] [-s SUBJECT[,SUBJECT]...] WORKLOAD...
 *
 * A workload is buffer-2m, buffer-64m or buffer-1g. The subjects take turns, and a figure is the
 * median of the rounds in nanoseconds a page. Column "net" is the median less what clearing a page
 * costs by the loop that the kernel has for CPUs without fast string operations. Boot with
 * clearcpuid=rep_good,erms,fsrm, so that the kernel clears pages by this loop: under -icount the
 * instructions of a rep stos are not counted like others. Column "touched" is the part of the
 * median until all pages are touched, clearing included. Subjects without memory are left out, with
 * a line on stderr.
 *
 * Subjects named -prezeroed run only when -s names them: the whole pool is cleared before each of
 * their rounds, so the others would find clear memory. Their column "net" is the median.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/dma-heap.h>
#include <linux/pbuddy.h>

#define MIB	(1UL << 20)
#define PAGE	4096UL
#define MAX_ROUNDS	99

static int device = -1, heap = -1;

#define PREZERO		"/sys/module/pbuddy/parameters/prezero"
#define DEBUG		"/sys/kernel/debug/pbuddy/"

/* A buffer that a subject has mapped. */
struct mapping {
	int	fd;
	char	*p;
};

static bool map_fd(struct mapping *m, size_t bytes)
{
	m->p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	return m->p != MAP_FAILED;
}

/* ---- Subjects ---- */

static bool by_ioctl(struct mapping *m, size_t bytes)
{
	struct pbuddy_alloc rq = {
		.size = sizeof(rq), .bytes = bytes, .node = PBUDDY_NODE_ANY, .fd_flags = O_RDWR,
		.label = "bench",
	};

	if (ioctl(device, PBUDDY_IOCTL_ALLOC, &rq))
		return false;
	m->fd = rq.fd;
	return map_fd(m, bytes);
}

static bool by_device(struct mapping *m, size_t bytes)
{
	m->p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
	return m->p != MAP_FAILED;
}

static bool by_heap(struct mapping *m, size_t bytes)
{
	struct dma_heap_allocation_data data = { .len = bytes, .fd_flags = O_RDWR | O_CLOEXEC };

	if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data))
		return false;
	m->fd = (int)data.fd;
	return map_fd(m, bytes);
}

static bool by_hugetlb(struct mapping *m, size_t bytes)
{
	m->fd = memfd_create("bench", MFD_HUGETLB | MFD_CLOEXEC);
	return m->fd >= 0 && !ftruncate(m->fd, (off_t)bytes) && map_fd(m, bytes);
}

/* Anonymous memory at an address that is aligned to 2 MiB. */
static bool map_anon(struct mapping *m, size_t bytes, int advice)
{
	char *p = mmap(NULL, bytes + 2 * MIB, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t skip = -(uintptr_t)p % (2 * MIB);

	if (p == MAP_FAILED)
		return false;
	m->p = p + skip;
	return (!skip || !munmap(p, skip)) && !munmap(m->p + bytes, 2 * MIB - skip) &&
	       !madvise(m->p, bytes, advice);
}

static bool by_anon(struct mapping *m, size_t bytes)
{
	return map_anon(m, bytes, MADV_NOHUGEPAGE);
}

static bool by_anon_thp(struct mapping *m, size_t bytes)
{
	return map_anon(m, bytes, MADV_HUGEPAGE);
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return done;
}

/* Has the free memory of the pool cleared. */
static bool prezero(void)
{
	return write_file(PREZERO, "100") && write_file(DEBUG "drain", "1") &&
	       write_file(DEBUG "prezero", "1") && write_file(PREZERO, "0");
}

/* @prepare is called before each round, or NULL. */
static const struct subject {
	const char	*name;
	bool		(*map)(struct mapping *m, size_t bytes);
	bool		(*prepare)(void);
} subjects[] = {
	{ "pbuddy-ioctl", by_ioctl, NULL },
	{ "pbuddy-mmap", by_device, NULL },
	{ "dma-heap-system", by_heap, NULL },
	{ "memfd-hugetlb", by_hugetlb, NULL },
	{ "anon", by_anon, NULL },
	{ "anon-thp", by_anon_thp, NULL },
	{ "pbuddy-ioctl-prezeroed", by_ioctl, prezero },
	{ "pbuddy-mmap-prezeroed", by_device, prezero },
};

#define NR_SUBJECTS (sizeof(subjects) / sizeof(subjects[0]))

static const struct workload {
	const char	*name;
	size_t		bytes;
} workloads[] = {
	{ "buffer-2m", 2 * MIB }, { "buffer-64m", 64 * MIB }, { "buffer-1g", 1024 * MIB },
};

#define NR_WORKLOADS (sizeof(workloads) / sizeof(workloads[0]))

/* ---- Measuring ---- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds, those until all pages are touched in @touched, or a negative errno. */
static double measure(const struct subject *s, size_t bytes, double *touched)
{
	struct mapping m = { -1, MAP_FAILED };
	double start;
	size_t i;

	errno = 0;
	if (s->prepare && !s->prepare())
		return -(errno ? errno : EINVAL);
	start = now();
	if (!s->map(&m, bytes))
		return -(errno ? errno : EINVAL);
	for (i = 0; i < bytes; i += PAGE)
		*(volatile char *)(m.p + i) = 1;
	*touched = now() - start;
	munmap(m.p, bytes);
	if (m.fd >= 0)
		close(m.fd);
	return now() - start;
}

/* The loop of clear_page_orig() of the kernel: 64 bytes a turn, eight stores. */
static double measure_clear(void)
{
	static char page[PAGE] __attribute__((aligned(4096)));
	double start;
	int i;

	memset(page, 1, sizeof(page));
	start = now();
	for (i = 0; i < 100; i++) {
		char *to = page;
		long n = PAGE / 64;

		asm volatile("1:\n\t"
			     "decl %%ecx\n\t"
			     "movq %%rax, (%0)\n\t"
			     "movq %%rax, 8(%0)\n\t"
			     "movq %%rax, 16(%0)\n\t"
			     "movq %%rax, 24(%0)\n\t"
			     "movq %%rax, 32(%0)\n\t"
			     "movq %%rax, 40(%0)\n\t"
			     "movq %%rax, 48(%0)\n\t"
			     "movq %%rax, 56(%0)\n\t"
			     "leaq 64(%0), %0\n\t"
			     "jnz 1b\n\t"
			     : "+D" (to), "+c" (n) : "a" (0UL) : "memory", "cc");
	}
	return (now() - start) / 100;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool wanted(const char *list, const struct subject *s)
{
	const char *name = s->name, *at = list;
	size_t len = strlen(name);

	if (!list)
		return !s->prepare;
	while ((at = strstr(at, name))) {
		if ((at == list || at[-1] == ',') && (!at[len] || at[len] == ','))
			return true;
		at += len;
	}
	return false;
}

static void run(const struct workload *w, const char *list, int rounds, double clear)
{
	static double ns[NR_SUBJECTS][MAX_ROUNDS], begin[NR_SUBJECTS][MAX_ROUNDS];
	double nr_pages = (double)(w->bytes / PAGE);
	int failed[NR_SUBJECTS] = { 0 }, r;
	size_t s;

	for (r = -1; r < rounds; r++)		/* the first round warms up */
		for (s = 0; s < NR_SUBJECTS; s++) {
			double took, touched = 0;

			if (!wanted(list, &subjects[s]) || failed[s])
				continue;
			took = measure(&subjects[s], w->bytes, &touched);
			if (took < 0) {
				failed[s] = (int)-took;
			} else if (r >= 0) {
				ns[s][r] = took / nr_pages;
				begin[s][r] = touched / nr_pages;
			}
		}
	for (s = 0; s < NR_SUBJECTS; s++) {
		if (!wanted(list, &subjects[s]))
			continue;
		if (failed[s]) {
			fprintf(stderr, "%s: %s: %s\n", w->name, subjects[s].name,
				strerror(failed[s]));
			continue;
		}
		qsort(ns[s], (size_t)rounds, sizeof(double), compare);
		qsort(begin[s], (size_t)rounds, sizeof(double), compare);
		printf("%s\t%s\t%.1f\t%.1f\t%.1f\t%d\t%.1f\t%.1f\n", w->name, subjects[s].name,
		       ns[s][rounds / 2], ns[s][0], ns[s][rounds - 1], rounds,
		       ns[s][rounds / 2] - (subjects[s].prepare ? 0 : clear),
		       begin[s][rounds / 2]);
	}
}

int main(int argc, char **argv)
{
	const char *list = NULL;
	int rounds = 3, opt;
	double clear;
	size_t w;

	while ((opt = getopt(argc, argv, "r:s:")) != -1) {
		if (opt == 'r')
			rounds = atoi(optarg);
		else if (opt == 's')
			list = optarg;
		else
			return 2;
	}
	if (rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "pbuddy-buffer-bench: rounds: 1 to %d\n", MAX_ROUNDS);
		return 2;
	}
	device = open("/dev/pbuddy", O_RDWR | O_CLOEXEC);
	heap = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC);
	clear = measure_clear();
	printf("workload\tsubject\tmedian\tmin\tmax\trounds\tnet\ttouched\n");
	for (; optind < argc; optind++) {
		for (w = 0; w < NR_WORKLOADS && strcmp(workloads[w].name, argv[optind]); w++)
			;
		if (w == NR_WORKLOADS) {
			fprintf(stderr, "pbuddy-buffer-bench: no workload %s\n", argv[optind]);
			return 2;
		}
		run(&workloads[w], list, rounds, clear);
	}
	return 0;
}
