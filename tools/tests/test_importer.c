// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drivers that import buffers (kunit/samples/pbuddy_importer.c), while compaction moves buffers. A
 * dynamic importer is notified, and finds the contents at the new place. A buffer that an importer
 * has pinned, or still uses, stays. PBUDDY_RACE_SECONDS is the duration of the stress.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "common.h"
#include "fragment.h"

#define IMPORTER	"/dev/pbuddy_importer"
#define WORD		9	/* of each page, which the device counts up */

/* Older kernels pin a buffer while a dynamic importer has it mapped, as Debian configures them. */
static bool mapping_pins(void)
{
	return !kernel_has_reached(7, 1);
}

static int open_importer(void)
{
	int fd = open(IMPORTER, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		test_skip("pbuddy_importer is not loaded");
	CHECK(fd >= 0);
	return fd;
}

static int try_command(int importer, const char *line)
{
	return write(importer, line, strlen(line)) == (ssize_t)strlen(line) ? 0 : -errno;
}

static void command(int importer, const char *line)
{
	CHECK_EQ(try_command(importer, line), 0);
}

static int import(const char *kind, int dmabuf)
{
	int importer = open_importer();
	char line[32];

	snprintf(line, sizeof(line), "%s %d", kind, dmabuf);
	command(importer, line);
	return importer;
}

struct numbers {
	unsigned int	notified;
	unsigned int	mapped;
	int		nested_err;
};

static struct numbers numbers_of(int importer)
{
	struct numbers n;
	char line[64] = "";

	CHECK(pread(importer, line, sizeof(line) - 1, 0) > 0);
	if (sscanf(line, "%u %u %d", &n.notified, &n.mapped, &n.nested_err) != 3)
		CHECK(false);
	return n;
}

/* ---- Contents that a program and a device share ---- */

static uint64_t word_of(size_t i, uint64_t id)
{
	return i % (PAGE / 8) == WORD ? 0 : id << 32 | i;
}

static void fill(uint64_t *p, size_t bytes, uint64_t id)
{
	size_t i;

	for (i = 0; i < bytes / 8; i++)
		p[i] = word_of(i, id);
}

/* The device has used it @count times. */
static void expect_filled(const uint64_t *p, size_t bytes, uint64_t id, uint64_t count)
{
	size_t i;

	for (i = 0; i < bytes / 8; i++)
		CHECK_EQ(p[i], i % (PAGE / 8) == WORD ? count : word_of(i, id));
}

/* ---- A set of imported buffers, among others that are moved ---- */

static struct {
	int		importer;
	uint64_t	*p;
	uint64_t	pfn;
} set[NR_KEPT];
static int nr_set;
static const char *set_kind;

static int import_and_use(int fd)
{
	int dmabuf = export_buffer(fd), importer = import(set_kind, dmabuf);

	CHECK_EQ(close(dmabuf) | close(fd), 0);
	set[nr_set++].importer = importer;
	return importer;
}

/* Buffers of the set are not stamped, but filled; expect_intact() passes over them. */
static void make_set(const char *kind)
{
	int i;

	fragment(SMALL, 0);
	set_kind = kind;
	replace_some(import_and_use);
	for (i = 0; i < nr_set; i++) {
		set[i].p = map_of[8 * i];
		map_of[8 * i] = NULL;
		fill(set[i].p, SMALL, (uint64_t)i);
		command(set[i].importer, "use");
		set[i].pfn = pfn_of(set[i].p);
	}
}

/* Compacts; returns how many of the set were moved. */
static int nr_moved(void)
{
	int i, nr = 0;

	compact_all();
	CHECK(has_moved());
	expect_intact(SMALL);
	for (i = 0; i < nr_set; i++)
		nr += pfn_of(set[i].p) != set[i].pfn;
	test_note("%d of %d moved", nr, nr_set);
	return nr;
}

/*
 * The same where some have to move. The other buffers may have filled the pageblocks of the set,
 * and then nothing is gained by a move, so they are freed.
 */
static void expect_moved(void)
{
	int i;

	for (i = 0; i < nr_maps; i++) {
		if (map_of[i])
			CHECK_EQ(munmap(map_of[i], SMALL), 0);
		map_of[i] = NULL;
	}
	CHECK(nr_moved() > 0);
}

static void command_all(const char *line)
{
	int i;

	for (i = 0; i < nr_set; i++)
		command(set[i].importer, line);
}

static void expect_set(uint64_t count)
{
	int i;

	for (i = 0; i < nr_set; i++)
		expect_filled(set[i].p, SMALL, (uint64_t)i, count);
}

TEST_TIMEOUT(importer, follows_a_buffer_that_moves, 900)
{
	make_set("dynamic");
	if (mapping_pins()) {
		CHECK_EQ(nr_moved(), 0);
		command_all("unmap");
	}
	expect_moved();
	command_all("use");
	expect_set(2);
}

TEST_TIMEOUT(importer, is_notified_if_it_has_the_buffer_mapped, 900)
{
	unsigned int i, notified = 0;

	if (mapping_pins())
		test_skip("this kernel pins what is mapped");
	make_set("dynamic");
	expect_moved();
	for (i = 0; i < NR_KEPT; i++) {
		struct numbers n = numbers_of(set[i].importer);

		CHECK_EQ(n.mapped, 1);
		CHECK(n.notified || pfn_of(set[i].p) == set[i].pfn);
		/* It cannot map the buffer before that has moved. */
		CHECK_EQ(n.nested_err, n.notified ? -EBUSY : 0);
		notified += n.notified;
		CHECK_EQ(try_command(set[i].importer, "use"), 0);
		CHECK_EQ(numbers_of(set[i].importer).mapped, n.notified ? 2 : 1);
	}
	CHECK(notified > 0);
	expect_set(2);
}

/* One that does not unmap keeps the buffer, until it does. */
TEST_TIMEOUT(importer, that_stays_mapped, 900)
{
	unsigned int i, notified = 0;

	make_set("lazy");
	CHECK_EQ(nr_moved(), 0);
	for (i = 0; i < NR_KEPT; i++)
		notified += numbers_of(set[i].importer).notified;
	CHECK(mapping_pins() || notified > 0);
	command_all("use");
	command_all("unmap");
	expect_moved();
	command_all("use");
	expect_set(3);
}

TEST_TIMEOUT(importer, that_is_static, 900)
{
	make_set("static");
	CHECK_EQ(nr_moved(), 0);
	command_all("use");
	expect_set(2);
}

static void expect_kept_by(const char *begin, const char *end)
{
	make_set("dynamic");
	command_all("unmap");
	command_all(begin);
	CHECK_EQ(nr_moved(), 0);
	command_all(end);
	expect_moved();
	command_all("use");
	expect_set(2);
}

TEST_TIMEOUT(importer, that_pins, 900)
{
	expect_kept_by("pin", "unpin");
}

TEST_TIMEOUT(importer, with_a_kernel_mapping, 900)
{
	expect_kept_by("vmap", "vunmap");
}

/* A device that has not completed its work. */
TEST_TIMEOUT(importer, with_a_fence, 900)
{
	expect_kept_by("fence", "signal");
}

static int import_to_read(int fd)
{
	struct pbuddy_export_dmabuf e = { .size = sizeof(e), .fd_flags = O_RDONLY };
	int importer;

	CHECK_EQ(ioctl(fd, PBUDDY_IOCTL_EXPORT_DMABUF, &e), 0);
	importer = import("static", e.fd);
	CHECK_EQ(close(e.fd) | close(fd), 0);
	CHECK_EQ(try_command(importer, "map both"), -EACCES);
	command(importer, "map to_device");
	set[nr_set++].importer = importer;
	return importer;
}

/* A device may read a read-only dma-buf, and the buffer stays while it has it mapped. */
TEST_TIMEOUT(importer, that_only_reads, 900)
{
	int i;

	fragment(SMALL, 0);
	replace_some(import_to_read);
	for (i = 0; i < nr_set; i++) {
		set[i].p = map_of[8 * i];
		map_of[8 * i] = NULL;
		set[i].pfn = pfn_of(set[i].p);
	}
	CHECK_EQ(nr_moved(), 0);
	command_all("unmap");
	expect_moved();
	for (i = 0; i < nr_set; i++)
		CHECK_EQ(stamp_broken(set[i].p, SMALL, 8 * (uint64_t)i), -1);
}

#define BUFINFO		"/sys/kernel/debug/dma_buf/bufinfo"
#define NR_EXPORTS	300

/* A reader of the list locks each dma-buf under a mutex that an export takes, too. */
TEST(importer, in_the_list_of_the_kernel)
{
	static char text[1 << 16];
	int dmabuf = export_buffer(alloc_buffer(PAGE));

	import("static", dmabuf);
	CHECK(read_file(BUFINFO, text, sizeof(text)));
	CHECK(strstr(text, "pbuddy:"));
}

static int mapping_importer;

/* Child 0 reads the list, child 1 maps the buffer for a device. */
static void read_or_map(unsigned int nr, const volatile uint32_t *stop)
{
	static char text[1 << 16];

	while (!*stop) {
		if (!nr) {
			CHECK(read_file(BUFINFO, text, sizeof(text)));
			continue;
		}
		command(mapping_importer, "map both");
		command(mapping_importer, "unmap");
	}
}

/* If an export waited for the list with a lock that a mapping takes, the three would deadlock. */
TEST(importer, exported_while_the_list_is_read)
{
	struct children children;
	int fd = alloc_buffer(PAGE), i;

	mapping_importer = import("dynamic", export_buffer(fd));
	start_children(&children, 2, read_or_map);
	for (i = 0; i < NR_EXPORTS; i++)
		CHECK_EQ(close(export_buffer(fd)), 0);
	stop_children(&children);
}

/* ---- Stress: devices and programs write while compaction moves what they write to ---- */

#define NR_DEVICES	24
#define NR_USERS	2

static struct {
	int		importer;
	uint64_t	*p;
	uint64_t	*q;	/* through the dma-buf */
	uint64_t	pfn;
} shared[NR_DEVICES];

static void share_buffers(void)
{
	int i, k, nr = 0;

	for (i = 0; i < NR_DEVICES; i++) {
		int fd = alloc_small(), dmabuf;

		CHECK(fd >= 0);
		dmabuf = export_buffer(fd);
		shared[i].importer = import("dynamic", dmabuf);
		shared[i].p = map_and_close(fd, SMALL);
		shared[i].q = map_and_close(dmabuf, SMALL);
		fill(shared[i].p, SMALL, (uint64_t)i);
		shared[i].pfn = pfn_of(shared[i].p);
		for (k = 0; k < NR_CHURN / NR_DEVICES; k++)
			churned[nr++] = alloc_small();
	}
	while (nr < NR_CHURN)
		churned[nr++] = -1;
}

/* Child @nr has every second device, and looks at what the program sees after each use. */
static void use_devices(unsigned int nr, const volatile uint32_t *stop)
{
	uint64_t count;
	unsigned int i;

	/* Once at least, also in a child that begins late. */
	for (count = 1; count == 1 || !*stop; count++) {
		for (i = nr; i < NR_DEVICES; i += NR_USERS) {
			command(shared[i].importer, "use");
			if (mapping_pins() || count % 4 == 0)
				command(shared[i].importer, "unmap");
			expect_filled(count & 1 ? shared[i].p : shared[i].q, SMALL, i, count);
		}
	}
}

static void run(unsigned int nr, const volatile uint32_t *stop)
{
	if (nr == NR_USERS) {
		churn(stop);
		return;
	}
	close_churned();
	use_devices(nr, stop);
}

static unsigned long nr_elsewhere(void)
{
	unsigned long nr = 0;
	unsigned int i;

	for (i = 0; i < NR_DEVICES; i++)
		nr += pfn_of(shared[i].p) != shared[i].pfn;
	return nr;
}

TEST_TIMEOUT(importer, under_running_devices, 1200)
{
	unsigned long before = pages_moved(), rounds = 0, moved = 0;
	struct patience wait = { 0 };
	struct children children;
	time_t end;

	share_buffers();
	start_children(&children, NR_USERS + 1, run);
	close_churned();
	/* There is something to move once the child has run that frees. */
	for (end = time(NULL) + race_seconds(3); time(NULL) < end || rounds < 4 ||
	     (!(pages_moved() > before && (moved || mapping_pins())) && more_patience(&wait));
	     rounds++) {
		compact_all();
		moved += nr_elsewhere();
	}
	stop_children(&children);
	moved += nr_elsewhere();
	test_note("%lu compactions, %lu pages moved, shared buffers %lu times at another place",
		  rounds, pages_moved() - before, moved);
	CHECK(pages_moved() > before);
	CHECK(moved > 0 || mapping_pins());
}
