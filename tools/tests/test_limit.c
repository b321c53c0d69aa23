// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of users: the default share of a user without privilege, the part of the pool that is left
 * to the kernel, what a small buffer with a large order is charged, and the users of a namespace.
 *
 * Each test runs in children that change their user, and sets parameters of the module for that
 * long. A buffer is charged to the user that allocates it, not to the one that opened the device.
 */
#include <sched.h>
#include <sys/wait.h>

#include "common.h"

#define LIMIT		"account_limit_kbytes"
#define RESERVE		"kernel_reserve"
#define FIRST_USER	65533
#define SECOND_USER	65532

/* Runs @fn in a child while a parameter has a value. */
static void with_parameter(const char *name, const char *value, const char *usual,
			   void (*fn)(void *arg), void *arg)
{
	int status;

	set_parameter(name, value);
	status = in_child(fn, arg);
	set_parameter(name, usual);
	CHECK_EQ(status, 0);
}

/* Changes the user; root can be had again, but its capabilities are not effective. */
static void become(uid_t uid)
{
	CHECK_EQ(setresuid(-1, 0, -1), 0);
	CHECK_EQ(setresuid(uid, uid, 0), 0);
}

static int try_alloc(uint64_t bytes)
{
	struct pbuddy_alloc rq = request(bytes);

	if (!ioctl(dev, PBUDDY_IOCTL_ALLOC, &rq))
		return rq.fd;
	CHECK_EQ(errno, EDQUOT);
	CHECK_EQ(rq.reason, PBUDDY_REASON_LIMIT);
	return -1;
}

/* How many buffers of a size the calling process can allocate until its limit, at most @most. */
static int count_allocs(struct pbuddy_alloc *rq, int most)
{
	struct pbuddy_alloc copy;
	int nr;

	for (nr = 0; nr < most; nr++) {
		copy = *rq;
		if (!ioctl(dev, PBUDDY_IOCTL_ALLOC, &copy))
			continue;
		CHECK_EQ(errno, EDQUOT);
		CHECK_EQ(copy.reason, PBUDDY_REASON_LIMIT);
		break;
	}
	return nr;
}

/* ---- The default share ---- */

static void take_share(void *arg)
{
	struct usage *usage = arg;
	int fd;

	become(FIRST_USER);
	CHECK_EQ(try_alloc(usage->total / 2 + PAGE), -1);
	fd = try_alloc(usage->total / 2);
	CHECK(fd >= 0);
	CHECK_EQ(try_alloc(PAGE), -1);
	CHECK_FAILS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dev, 0), EDQUOT);
	close(fd);
	CHECK(try_alloc(usage->total / 2) >= 0);
}

TEST(limit, user_has_half_of_the_pool)
{
	struct usage usage;
	int fd;

	read_usage(&usage);
	CHECK_EQ(in_child(take_share, &usage), 0);
	/* Root is exempt from the default. */
	fd = alloc_buffer(usage.free - 4 * MIB);
	close(fd);
}

static void take_more_than_share(void *arg)
{
	struct usage *usage = arg;

	become(FIRST_USER);
	CHECK(try_alloc(usage->total / 2 + PAGE) >= 0);
}

TEST(limit, unlimited_user_has_more)
{
	struct usage usage;

	read_usage(&usage);
	with_parameter(LIMIT, "unlimited", "default", take_more_than_share, &usage);
}

static void take_set_limit(void *arg)
{
	(void)arg;
	CHECK_EQ(try_alloc(4 * MIB + PAGE), -1);
	CHECK(try_alloc(4 * MIB) >= 0);
	become(FIRST_USER);
	CHECK_EQ(try_alloc(4 * MIB + PAGE), -1);
	CHECK(try_alloc(4 * MIB) >= 0);
}

TEST(limit, set_limit_holds_for_root_too)
{
	with_parameter(LIMIT, "4096", "default", take_set_limit, NULL);
}

/* ---- The kernel's reserve ---- */

static void take_all_but_reserve(void *arg)
{
	struct usage *usage = arg;
	uint64_t left = usage->total - usage->total / 2;

	become(FIRST_USER);
	CHECK(try_alloc(usage->total / 2) >= 0);
	become(SECOND_USER);
	CHECK_EQ(try_alloc(left - usage->total / 20), -1);
	CHECK(try_alloc(left - usage->total / 10) >= 0);
	CHECK_EQ(try_alloc(usage->total / 20), -1);
	/* Root may use the rest; so may the kernel, whose allocations are not charged. */
	CHECK_EQ(setresuid(0, 0, 0), 0);
	CHECK(try_alloc(usage->total / 20) >= 0);
}

TEST(limit, programs_leave_the_kernel_a_reserve)
{
	struct usage usage;

	read_usage(&usage);
	CHECK_EQ(in_child(take_all_but_reserve, &usage), 0);
}

static void take_all(void *arg)
{
	struct usage *usage = arg;

	become(FIRST_USER);
	CHECK(try_alloc(usage->total / 2) >= 0);
	become(SECOND_USER);
	CHECK(try_alloc(usage->free - usage->total / 2 - usage->total / 32) >= 0);
}

TEST(limit, reserve_can_be_zero)
{
	struct usage usage;

	read_usage(&usage);
	with_parameter(RESERVE, "0", "6", take_all, &usage);
}

/* ---- Small buffers with a large order ---- */

static void take_broken_blocks(void *arg)
{
	struct pbuddy_alloc rq = request(PAGE);

	(void)arg;
	rq.order = 9;
	rq.flags = PBUDDY_ALLOC_CONTIG;
	CHECK_EQ(count_allocs(&rq, 100), 4);
}

static void take_broken_tails(void *arg)
{
	struct pbuddy_alloc rq = request(2 * MIB + PAGE);

	(void)arg;
	rq.order = 9;
	CHECK_EQ(count_allocs(&rq, 100), 2);
}

TEST(limit, small_buffer_is_charged_the_block_it_breaks)
{
	with_parameter(LIMIT, "8192", "default", take_broken_blocks, NULL);
	with_parameter(LIMIT, "8192", "default", take_broken_tails, NULL);
	/* The whole charge went back. */
	with_parameter(LIMIT, "8192", "default", take_broken_blocks, NULL);
}

/* ---- Users of a namespace ---- */

#define NR_IDS		20
#define NO_NAMESPACES	77	/* exit status */
#define MAPPER		"/dev/pbuddy_mapper"

/* Makes a namespace as an ordinary user; its ids are mapped as newuidmap does. */
static void enter_namespace(const int *ready, const int *mapped)
{
	char byte = 'x';

	drop_privileges();
	if (unshare(CLONE_NEWUSER))
		byte = '-';
	CHECK_EQ(write(ready[1], &byte, 1), 1);
	if (byte == '-')
		_exit(0);
	CHECK_EQ(read(mapped[0], &byte, 1), 1);
}

/* Each id takes all it can get; together they get what their owner may have. */
static void take_as_every_id(void)
{
	struct pbuddy_alloc rq = request(MIB);
	int nr = 0;
	uid_t id;

	for (id = 0; id < NR_IDS; id++) {
		become(id);
		nr += count_allocs(&rq, 100);
	}
	CHECK_EQ(nr, 4);
}

static void map_ids(pid_t pid)
{
	char path[64], map[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	snprintf(map, sizeof(map), "0 100000 %d\n", NR_IDS);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(write(fd, map, strlen(map)), (ssize_t)strlen(map));
	close(fd);
}

/* Exits with 1 when the kernel has no user namespaces. */
static void take_in_namespace(void *arg)
{
	int ready[2], mapped[2], status;
	char byte;
	pid_t pid;

	(void)arg;
	CHECK_EQ(pipe(ready), 0);
	CHECK_EQ(pipe(mapped), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		enter_namespace(ready, mapped);
		take_as_every_id();
		fflush(stdout);
		_exit(0);
	}
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	if (byte == '-')
		_exit(NO_NAMESPACES);
	map_ids(pid);
	CHECK_EQ(write(mapped[1], "x", 1), 1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

TEST(limit, ids_of_a_namespace_share_their_owners_limit)
{
	int status;

	set_parameter(LIMIT, "4096");
	status = in_child(take_in_namespace, NULL);
	set_parameter(LIMIT, "default");
	if (status == NO_NAMESPACES)
		test_skip("no user namespaces in this kernel");
	CHECK_EQ(status, 0);
}

/* Pages of the ordinary user in the account that begins so. */
static unsigned long pages_of(const char *account)
{
	char text[4096], *at;

	CHECK(read_file(DEBUGFS "/accounts", text, sizeof(text)));
	at = strstr(text, account);
	return at ? strtoul(at + strlen(account), NULL, 10) : 0;
}

/* Exits with a page that a driver charges to the user; the parent looks at it meanwhile. */
static void hold_page(bool in_namespace, const int *ready, const int *seen)
{
	char byte;
	int fd;

	drop_privileges();
	if (in_namespace && unshare(CLONE_NEWUSER))
		_exit(NO_NAMESPACES);
	fd = open(MAPPER, O_RDWR | O_CLOEXEC);
	if (fd < 0 || write(fd, "account 0", 9) != 9)
		_exit(1);
	CHECK_EQ(write(ready[1], "x", 1), 1);
	CHECK_EQ(read(seen[0], &byte, 1), 1);
	_exit(0);
}

static void expect_charged(bool in_namespace)
{
	int ready[2], seen[2], status;
	unsigned long user, inner;
	char byte;
	pid_t pid;

	CHECK_EQ(pipe(ready), 0);
	CHECK_EQ(pipe(seen), 0);
	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid)
		hold_page(in_namespace, ready, seen);
	close(ready[1]);
	if (read(ready[0], &byte, 1) == 1)
		test_note("%s", in_namespace ? "in a namespace" : "outside");
	user = pages_of("\nuser 65534 - ");
	inner = pages_of("\nuser 65534 65534 ");
	CHECK_EQ(write(seen[1], "x", 1), 1);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_NAMESPACES)
		test_skip("no user namespaces in this kernel");
	CHECK_EQ(status, 0);
	CHECK_EQ(user, 1);
	CHECK_EQ(inner, in_namespace);
	close(ready[0]);
	close(seen[0]);
	close(seen[1]);
}

/* What a CPU has in stock of a user is not for the same user in a namespace, nor the other way. */
TEST(limit, namespaces_do_not_share_a_stock)
{
	cpu_set_t first;
	int i;

	if (access(MAPPER, F_OK))
		test_skip("pbuddy_mapper is not loaded");
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	CHECK_EQ(sched_setaffinity(0, sizeof(first), &first), 0);
	for (i = 0; i < 4; i++)
		expect_charged(i % 2);
}
