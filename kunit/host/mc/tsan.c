// SPDX-License-Identifier: GPL-2.0-only
/*
 * The runtime that -fsanitize=thread calls, in place of ThreadSanitizer's. Each function reports
 * the access to the scheduler and then makes it. The compiled code itself makes plain accesses.
 */
#include "platform.h"
#include "arena.h"
#include "repeat.h"
#include "sched.h"
#include "tso.h"

void __tsan_init(void)
{
}

void mc_fence(void)
{
	if (mc_running())
		mc_tso_flush(pb_host_cpu);
}

/* The place in the core that made the call. */
#define CALLER() mc_repeat_at(__builtin_return_address(0), __builtin_frame_address(0))

static void plain_read(const void *p, unsigned int bytes)
{
	u64 value;

	mc_access(p, false);
	/* The code reads memory after this, not the buffer. */
	if (mc_tso_load(p, bytes, &value))
		mc_tso_flush(pb_host_cpu);
}

static void plain_write(const void *p)
{
	mc_access(p, true);
	if (mc_arena_contains(p))
		mc_repeat_changed();
	if (mc_running())
		mc_tso_flush(pb_host_cpu);
}

#define PLAIN(bytes)								\
void __tsan_read##bytes(void *p) { CALLER(); plain_read(p, bytes); }			\
void __tsan_write##bytes(void *p) { CALLER(); plain_write(p); }				\
void __tsan_unaligned_read##bytes(void *p) { CALLER(); plain_read(p, bytes); }		\
void __tsan_unaligned_write##bytes(void *p) { CALLER(); plain_write(p); }

PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

void __tsan_read_range(void *p, size_t bytes)
{
	CALLER();
	plain_read(p, bytes);
}

void __tsan_write_range(void *p, size_t bytes)
{
	CALLER();
	plain_write(p);
}

/* A locked instruction: nothing of this CPU stays in its buffer. */
static void locked(const void *p)
{
	mc_access(p, true);
	mc_fence();
}

/*
 * @news: whether another value is a change for repeat.c. Update counts are not: a retry increments
 * them while an updater is stopped.
 */
#define RMW(bits, name, expr, news)						\
u##bits __tsan_atomic##bits##_##name(u##bits *p, u##bits v, int mo)		\
{										\
	u##bits old;								\
										\
	CALLER();								\
	locked(p);								\
	old = *p;								\
	*p = expr;								\
	if (news && *p != old)							\
		mc_repeat_changed();						\
	return old;								\
}

#define ATOMIC(bits)								\
u##bits __tsan_atomic##bits##_load(const u##bits *p, int mo)			\
{										\
	u64 value;								\
										\
	CALLER();								\
	mc_access(p, false);							\
	return mc_tso_load(p, bits / 8, &value) ? value : *(const volatile u##bits *)p; \
}										\
void __tsan_atomic##bits##_store(u##bits *p, u##bits v, int mo)		\
{										\
	CALLER();								\
	mc_access(p, true);							\
	mc_repeat_changed();							\
	mc_tso_store(p, v, bits / 8);						\
}										\
RMW(bits, exchange, v, true)								\
RMW(bits, fetch_add, old + v, bits != 32)							\
RMW(bits, fetch_sub, old - v, true)							\
RMW(bits, fetch_or, old | v, true)							\
RMW(bits, fetch_and, old & v, true)							\
RMW(bits, fetch_xor, old ^ v, true)							\
int __tsan_atomic##bits##_compare_exchange_strong(u##bits *p, u##bits *old,	\
						  u##bits v, int mo, int fail)	\
{										\
	u##bits was;								\
										\
	CALLER();								\
	locked(p);								\
	was = *p;								\
	if (was == *old) {							\
		*p = v;								\
		mc_repeat_changed();						\
		return 1;							\
	}									\
	*old = was;								\
	return 0;								\
}

ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)
