// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of the host: CPU numbers, the running task, what tests count; and functions of the
 * kernel that the core calls. Every program on the host links it.
 */
#include <unistd.h>
#include <stdarg.h>
#include "platform.h"

int pb_host_nr_cpus = 4;
int pb_host_nr_nodes = 1;
__thread int pb_host_cpu;
__thread int pb_host_warn_expected;
__thread unsigned int pb_host_warnings;
__thread unsigned long pb_host_visits;
#ifdef PB_HOST_SECTIONS
__thread int pb_host_preempt_count;
__thread unsigned long pb_host_section_start, pb_host_section_most;
#endif
__thread unsigned int pb_host_task;

bool pb_host_need_resched;
bool pb_host_fatal_signal;

/* For programs where no warning is expected. kunit.c and mc/sched.c override it. */
__attribute__((weak)) void pb_host_warn(const char *file, int line, const char *what)
{
	fprintf(stderr, "WARNING at %s:%d: %s\n", file, line, what);
	abort();
}

/* mc/sched.c overrides both. */
__attribute__((weak, __noinline__, __no_sanitize_thread__)) u8 pb_peek(const u8 *p)
{
	return *(const volatile u8 *)p;
}

__attribute__((weak, __noinline__, __no_sanitize_thread__)) u64 pb_peek_word(const u64 *p)
{
	return *(const volatile u64 *)p;
}

/*
 * Sleeps, as the kernel does: a thread that the caller waits for may not run for as long as the
 * host runs other programs.
 */
void pb_host_wait_tick(void)
{
	usleep(1000);
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return size ? min_t(int, n, size - 1) : 0;
}
