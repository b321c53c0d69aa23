// SPDX-License-Identifier: GPL-2.0-only
/*
 * Permissions: an unprivileged process can neither open the device nor learn a physical or kernel
 * address from it. Lifetime: a buffer is not freed while a mapping or descriptor refers to it, nor
 * when a program makes as many of them as the kernel allows.
 */
#include <ctype.h>
#include <dirent.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common.h"

#define PARAM	"/sys/module/pbuddy/parameters/"

static void open_unprivileged(void *arg)
{
	(void)arg;
	drop_privileges();
	CHECK_FAILS(open(DEVICE, O_RDWR), EACCES);
	CHECK_FAILS(open(DEVICE, O_RDONLY), EACCES);
	CHECK_FAILS(open(DEVICE, O_WRONLY), EACCES);
}

/* CVE-2012-6422 (exynos-mem): any process could map physical memory. */
TEST(security, unprivileged_open_is_refused_cve_2012_6422)
{
	struct stat st;

	CHECK_EQ(stat(DEVICE, &st), 0);
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_mode & 07777, 0660);
	CHECK_EQ(in_child(open_unprivileged, NULL), 0);
}

static void query_unprivileged(void *arg)
{
	static struct pbuddy_extent ext[256];
	struct pbuddy_query q;
	int fd = *(int *)arg;
	uint32_t i, nr;

	drop_privileges();
	nr = query_extents(fd, &q, ext, 256);
	CHECK(nr >= 1 && nr <= 256);
	for (i = 0; i < nr; i++) {
		CHECK(ext[i].bytes > 0);
		CHECK_EQ(ext[i].phys, 0);
	}
}

TEST(security, physical_addresses_need_cap_sys_admin)
{
	struct pbuddy_extent ext;
	struct pbuddy_query q;
	int fd = alloc_buffer(2 * MIB);

	query_extents(fd, &q, &ext, 1);
	CHECK(ext.phys != 0);
	CHECK_EQ(in_child(query_unprivileged, &fd), 0);
}

static void debugfs_unprivileged(void *arg)
{
	(void)arg;
	drop_privileges();
	CHECK(open(DEBUGFS, O_RDONLY | O_DIRECTORY) < 0);
	CHECK(open(DEBUGFS "/buddyinfo", O_RDONLY) < 0);
	CHECK(open(DEBUGFS "/owners", O_RDONLY) < 0);
	CHECK(open(DEBUGFS "/drain", O_WRONLY) < 0);
}

TEST(security, debugfs_is_for_root)
{
	if (access(DEBUGFS, F_OK))
		test_skip("no debugfs");
	CHECK_EQ(in_child(debugfs_unprivileged, NULL), 0);
}

static void parameters_unprivileged(void *arg)
{
	(void)arg;
	drop_privileges();
	CHECK_FAILS(open(PARAM "pool", O_RDONLY), EACCES);
	CHECK_FAILS(open(PARAM "mirrored_ranges", O_RDONLY), EACCES);
	CHECK_FAILS(open(PARAM "max_address", O_RDONLY), EACCES);
	CHECK(open(PARAM "min_free_kbytes", O_RDONLY) >= 0);
}

/* As pool=0:1G@reserve=0x100000000 has them. */
TEST(security, parameters_with_addresses_are_for_root)
{
	CHECK_EQ(in_child(parameters_unprivileged, NULL), 0);
}

/* ---- Unprivileged processes read no PFN and no pointer (CVE-2022-36449, CVE-2022-33917) ---- */

/* Where the buffer under test is in physical memory. */
static uint64_t secret_phys, secret_bytes;

/* Whether a value is a kernel address, or a physical address or PFN of the buffer. */

static bool is_secret(uint64_t value)
{
	if (value >= 0xffff800000000000ULL && value != UINT64_MAX)
		return true;
	if (value >= secret_phys && value < secret_phys + secret_bytes)
		return true;
	return value >= secret_phys / PAGE && value < (secret_phys + secret_bytes) / PAGE;
}

/* Checks every number in a text, read as hexadecimal and as decimal. */
static void scan_text(const char *where, const char *text)
{
	const char *s;

	for (s = text; *s; s++) {
		uint64_t hex, dec;
		char *end;

		if (!isxdigit((unsigned char)*s) || (s > text && isalnum((unsigned char)s[-1])))
			continue;
		hex = strtoull(s, &end, 16);
		if (end - s >= 5 && is_secret(hex))
			test_fail(__FILE__, __LINE__, "%s shows %llx", where,
				  (unsigned long long)hex);
		dec = strtoull(s, NULL, 10);
		if (is_secret(dec))
			test_fail(__FILE__, __LINE__, "%s shows %llu", where,
				  (unsigned long long)dec);
	}
}

static void scan_file(const char *path)
{
	static char text[1 << 20];

	if (read_file(path, text, sizeof(text)))
		scan_text(path, text);
}

static void scan_dir(const char *path, int depth)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char name[512];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (entry->d_type == DT_DIR && depth)
			scan_dir(name, depth - 1);
		else if (entry->d_type == DT_REG)
			scan_file(name);
	}
	if (dir)
		closedir(dir);
}

/* Checks every 64-bit value in a struct, at each offset that is a multiple of 4. */
static void scan_words(const char *where, const void *data, size_t bytes)
{
	const unsigned char *p = data;
	size_t i;

	for (i = 0; i + sizeof(uint64_t) <= bytes; i += sizeof(uint32_t)) {
		uint64_t wide;

		memcpy(&wide, p + i, sizeof(wide));
		if (is_secret(wide))
			test_fail(__FILE__, __LINE__, "%s shows %#llx at byte %zu", where,
				  (unsigned long long)wide, i);
	}
}

static void scan_unprivileged(void *arg)
{
	static struct pbuddy_extent ext[256];
	struct pbuddy_info info = { .size = sizeof(info) };
	int fd = *(int *)arg;
	struct pbuddy_query q;
	struct usage usage;
	char path[64];

	read_usage(&usage);	/* opens the device, which needs privileges */
	drop_privileges();
	prctl(PR_SET_DUMPABLE, 1);
	scan_words("GET_INFO nodes", usage.node, sizeof(usage.node[0]) * usage.nr_nodes);
	CHECK_EQ(ioctl(dev, PBUDDY_IOCTL_GET_INFO, &info), 0);
	scan_words("GET_INFO", &info, sizeof(info));
	query_extents(fd, &q, ext, 256);
	q.extents_ptr = 0;
	scan_words("QUERY", &q, sizeof(q));
	scan_words("QUERY extents", ext, sizeof(ext));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	scan_file(path);
	scan_file("/proc/modules");
	scan_dir("/sys/module/pbuddy", 1);
	scan_dir("/sys/class/misc/pbuddy/", 1);
}

/* Whether a process without privileges finds the address of a new buffer, which stays. */
static bool shows_address(void)
{
	struct pbuddy_alloc rq = request(2 * MIB);
	struct pbuddy_extent ext;
	struct pbuddy_query q;
	uint64_t *p;

	rq.flags = PBUDDY_ALLOC_CONTIG;
	alloc_as(&rq);
	p = map_buffer(rq.fd, rq.bytes);
	stamp(p, PAGE, 1);
	query_extents(rq.fd, &q, &ext, 1);
	secret_phys = ext.phys;
	secret_bytes = ext.bytes;
	CHECK(is_secret(secret_phys) && is_secret(secret_phys / PAGE + 5));
	rq.bytes = 0;
	scan_words("ALLOC", &rq, sizeof(rq));
	return in_child(scan_unprivileged, &rq.fd);
}

/* A size may happen to be the PFN of a buffer, in decimal; not of each buffer. */
TEST(security, no_interface_shows_addresses_cve_2022_36449)
{
	int tries;

	for (tries = 0; tries < 3; tries++)
		if (!shows_address())
			return;
	test_fail(__FILE__, __LINE__, "the addresses of %d buffers are shown", tries);
}

/* ---- Freed only with the last reference ---- */

/* CVE-2024-0582 (io_uring): the kernel freed pages that were still mapped. */
TEST_TIMEOUT(security, free_while_mapped_cve_2024_0582, 900)
{
	int i, fd = alloc_buffer(MIB);
	uint64_t *p = map_buffer(fd, MIB);
	struct buffer_set set;

	stamp(p, MIB, 1);
	CHECK_EQ(close(fd), 0);
	/* Allocate and write all free memory: the mapped pages are not in it. */
	alloc_all_free(&set);
	for (i = 0; i < set.nr; i++) {
		uint64_t *q = map_buffer(set.fd[i], set.bytes[i]);

		stamp(q, set.bytes[i], 100 + (uint64_t)i);
		CHECK_EQ(munmap(q, set.bytes[i]), 0);
	}
	CHECK_EQ(stamp_broken(p, MIB, 1), -1);
	stamp(p, MIB, 2);
	for (i = 0; i < set.nr; i++) {
		uint64_t *q = map_buffer(set.fd[i], set.bytes[i]);

		CHECK_EQ(stamp_broken(q, set.bytes[i], 100 + (uint64_t)i), -1);
		CHECK_EQ(munmap(q, set.bytes[i]), 0);
	}
}

/* Android ION: a reference count overflowed. Here: as many mappings as the kernel allows. */
TEST_TIMEOUT(security, reference_flood_ion, 900)
{
	struct usage before;
	int fd = alloc_buffer(2 * PAGE), nr = 0;
	char *base = NULL, *p;

	read_settled_usage(&before);
	for (;;) {
		/* The same page each time, so that adjacent mappings do not merge. */
		p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (p == MAP_FAILED)
			break;
		base = p;
		nr++;
	}
	CHECK_EQ(errno, ENOMEM);
	CHECK(nr > 1000);
	test_note("%d mappings of one buffer", nr);
	*base = 1;
	CHECK_EQ(close(fd), 0);
	CHECK_ALLOCATED(before.allocated);
	/* The end of the process unmaps them; then the harness compares the usage. */
}

TEST(security, dup_flood_ion)
{
	int fd = alloc_buffer(PAGE), nr = 0;
	struct usage before;

	read_settled_usage(&before);
	while (dup(fd) >= 0)
		nr++;
	CHECK_EQ(errno, EMFILE);
	CHECK(nr > 100);
	CHECK_EQ(close_range(3, ~0U, 0), 0);
	wait_for_quarantine(0);
	CHECK_ALLOCATED(before.allocated - PAGE);
}
