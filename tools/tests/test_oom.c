// SPDX-License-Identifier: GPL-2.0-only
/*
 * OOM policy "kill": the user that holds most of the pool loses a process, and processes of other
 * users that hold less do not, however the user hides what it holds: in mappings of an address
 * space that is always locked, in descriptors in flight in a socket, in the hands of a child.
 *
 * In each test one user hides 56 of 128 MiB, another has 24 MiB, and root asks for 64 MiB.
 */
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "common.h"

#define POLICY		"/sys/module/pbuddy/parameters/oom"
#define ATTACKER	65533
#define BYSTANDER	65532
#define HIDDEN		(56 * MIB)
#define NR_PARTS	7
#define STUCK_SECONDS	10	/* a victim that has not exited by then is not the only one */
#define TRIES		5

static void set_policy(const char *value)
{
	int fd = open(POLICY, O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, value, strlen(value)), (ssize_t)strlen(value));
	close(fd);
}

static void become(uid_t uid)
{
	CHECK_EQ(setresuid(uid, uid, uid), 0);
}

/* A child that runs @fn as a user, says that it is ready, and waits to be killed. */
static pid_t start(uid_t uid, void (*fn)(void *arg), void *arg)
{
	int ready[2];
	char byte;
	pid_t pid;

	CHECK_EQ(pipe(ready), 0);
	fflush(stdout);
	pid = fork();
	CHECK(pid >= 0);
	if (!pid) {
		become(uid);
		close(ready[0]);
		fn(arg);
		CHECK_EQ(write(ready[1], "x", 1), 1);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static void hold_some(void *arg)
{
	int sock[2];

	(void)arg;
	make_sockets(sock);
	alloc_buffer(12 * MIB);
	map_device(12 * MIB);
}

static void ask(void *arg)
{
	(void)arg;
	alloc_buffer(64 * MIB);
}

static bool alive(pid_t pid)
{
	return !waitpid(pid, NULL, WNOHANG);
}

/* A victim may have freed its memory before it has exited. */
static bool ends_soon(pid_t pid)
{
	struct patience wait = { 0 };

	while (more_patience(&wait))
		if (!alive(pid))
			return true;
	return false;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

/*
 * Root gets its memory, @hider was killed for it, and the bystander was not. Returns false when
 * this took so long that the module may have selected a second victim: then it says nothing.
 */
static bool check_victim_once(pid_t hider)
{
	pid_t bystander = start(BYSTANDER, hold_some, NULL);
	time_t begin = time(NULL);
	int got, status = 0;
	bool spared, late;

	set_policy("kill");
	got = in_child(ask, NULL);
	set_policy("fail");
	late = time(NULL) - begin >= STUCK_SECONDS;
	spared = alive(bystander);
	if (spared)
		end(bystander);
	if (ends_soon(hider))
		status = SIGKILL;
	else
		end(hider);
	if (late)
		return false;
	CHECK(spared);
	CHECK_EQ(got, 0);
	CHECK_EQ(status, SIGKILL);
	return true;
}

/* The same for what @hide starts, again while the victim is late to exit. */
static void check_victim(pid_t (*hide)(void))
{
	int tries;

	for (tries = 0; tries < TRIES && !check_victim_once(hide()); tries++)
		test_note("the victim is late");
	CHECK(tries < TRIES);
}

/* ---- Mappings, with the address space locked ---- */

static void *lock_address_space(void *arg)
{
	(void)arg;
	for (;;) {
		void *p = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (p != MAP_FAILED)
			munmap(p, 64 * MIB);
	}
	return NULL;
}

static void hide_in_mappings(void *arg)
{
	pthread_t thread;
	int i;

	(void)arg;
	map_device(HIDDEN);
	for (i = 0; i < 2; i++)
		CHECK_EQ(pthread_create(&thread, NULL, lock_address_space, NULL), 0);
}

static pid_t start_with_mappings(void)
{
	return start(ATTACKER, hide_in_mappings, NULL);
}

TEST(oom, mappings_in_a_locked_address_space)
{
	check_victim(start_with_mappings);
}

/* ---- Descriptors in flight ---- */

static void keep_socket(void *arg)
{
	close(((int *)arg)[1]);
}

static void send_buffers(void *arg)
{
	int *sock = arg, i, fd;

	become(ATTACKER);
	for (i = 0; i < NR_PARTS; i++) {
		fd = alloc_buffer(HIDDEN / NR_PARTS);
		send_fd(sock[1], fd);
		close(fd);
	}
}

static pid_t start_with_socket(void)
{
	int sock[2];
	pid_t keeper;

	make_sockets(sock);
	keeper = start(ATTACKER, keep_socket, sock);
	CHECK_EQ(in_child(send_buffers, sock), 0);
	close(sock[0]);
	close(sock[1]);
	return keeper;
}

TEST(oom, descriptors_in_flight_without_their_creator)
{
	check_victim(start_with_socket);
}

/* ---- Children of the creator ---- */

static pid_t *heir;

static void nothing_more(void *arg)
{
	(void)arg;
}

static void leave_to_child(void *arg)
{
	(void)arg;
	become(ATTACKER);
	alloc_buffer(HIDDEN / 2);
	map_device(HIDDEN / 2);
	*heir = start(ATTACKER, nothing_more, NULL);
}

static pid_t start_heir(void)
{
	CHECK_EQ(in_child(leave_to_child, NULL), 0);
	return *heir;
}

TEST(oom, descriptors_and_mappings_of_a_child)
{
	heir = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(heir != MAP_FAILED);
	CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	check_victim(start_heir);
}

/* ---- More processes than the policy looks at in one go ---- */

#define NR_SMALL	150

static void hold_page(void *arg)
{
	(void)arg;
	alloc_buffer(PAGE);
}

static void hold_most(void *arg)
{
	(void)arg;
	alloc_buffer(HIDDEN);
}

static pid_t small[NR_SMALL];

static pid_t start_many(void)
{
	pid_t hider;
	int i;

	for (i = 0; i < NR_SMALL / 2; i++)
		small[i] = start(ATTACKER, hold_page, NULL);
	hider = start(ATTACKER, hold_most, NULL);
	for (; i < NR_SMALL; i++)
		small[i] = start(ATTACKER, hold_page, NULL);
	return hider;
}

static int end_spared(void)
{
	int i, nr = 0;

	for (i = 0; i < NR_SMALL; i++) {
		if (!alive(small[i]))
			continue;
		nr++;
		end(small[i]);
	}
	return nr;
}

TEST(oom, largest_of_many_processes)
{
	bool good = false;
	int tries, nr = 0;

	for (tries = 0; tries < TRIES && !good; tries++) {
		good = check_victim_once(start_many());
		nr = end_spared();
	}
	CHECK(good);
	CHECK_EQ(nr, NR_SMALL);
}
