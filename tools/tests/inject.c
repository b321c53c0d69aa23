// SPDX-License-Identifier: GPL-2.0-only
/* The n-th operation in a system call that fault injection can make fail, fails; see inject.h. */
#include "common.h"
#include "inject.h"

void inject_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, text, strlen(text));
	close(fd);
}

void inject_prepare(void)
{
	static const char *const fault[] = {
		"failslab", "fail_page_alloc", "fail_usercopy", "pbuddy/fail_pbuddy",
	};
	char path[128];
	size_t i;

	if (access(INJECT_NTH, W_OK))
		test_skip("no fault injection in this kernel");
	for (i = 0; i < sizeof(fault) / sizeof(fault[0]); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/ignore-gfp-wait", fault[i]);
		inject_write(path, "N");
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/ignore-gfp-highmem", fault[i]);
		inject_write(path, "N");
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/min-order", fault[i]);
		inject_write(path, "0");
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/verbose", fault[i]);
		inject_write(path, "0");
	}
}

void inject_start(int fd, int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", n);
	CHECK_EQ(pwrite(fd, text, strlen(text), 0), strlen(text));
}

bool inject_stop(int fd)
{
	char left[16] = "";
	bool injected = pread(fd, left, sizeof(left) - 1, 0) > 0 && !atoi(left);

	while (pwrite(fd, "0", 1, 0) != 1)
		;
	return injected;
}

void inject_each(int (*fn)(void), void (*undo)(void))
{
	struct usage before;
	int fd, n, err, failures = 0;
	bool injected = true;

	inject_prepare();
	fd = open(INJECT_NTH, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	read_settled_usage(&before);
	for (n = 1; n < INJECT_ATTEMPTS && injected; n++) {
		inject_start(fd, n);
		err = fn();
		injected = inject_stop(fd);
		if (err) {
			failures++;
			CHECK(err == ENOMEM || err == EFAULT || err == ENFILE);
		} else if (undo) {
			undo();
		}
		wait_for_quarantine(0);
		CHECK_ALLOCATED(before.allocated);
	}
	/* In the last call there was no n-th failure to inject. */
	CHECK(!injected);
	test_note("%d of %d injections made the call fail", failures, n - 2);
	CHECK(failures > 0);
	close(fd);
}
