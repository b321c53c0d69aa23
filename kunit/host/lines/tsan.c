// SPDX-License-Identifier: GPL-2.0-only
/*
 * The runtime that -fsanitize=thread calls, in place of ThreadSanitizer's. Each function first lets
 * the scheduler switch to another CPU, reports the access to the model and then makes it. The
 * compiled code itself makes plain accesses. Stacks, thread-local variables and constant tables are
 * not in the arena: no other CPU changes them.
 */
#include "predict.h"
#include "sched.h"

void __tsan_init(void)
{
}

u8 pb_peek(const u8 *p)
{
	return *(const volatile u8 *)p;
}

u64 pb_peek_word(const u64 *p)
{
	return *(const volatile u64 *)p;
}

/* smp_mb(): a locked instruction on the stack */
void lines_fence(void)
{
	if (!lines_running())
		return;
	mesi_counts.fences++;
	predict_fence(pb_host_cpu);
}

static void note(const void *p, size_t bytes, enum mesi_access how)
{
	if (lines_offset(p) >= LINES_ARENA_SIZE || !lines_running())
		return;
	lines_step();
	predict_access(pb_host_cpu, mesi_access(pb_host_cpu, p, bytes, how), how);
}

#define PLAIN(bytes)								\
void __tsan_read##bytes(void *p) { note(p, bytes, MESI_LOAD); }			\
void __tsan_unaligned_read##bytes(void *p) { note(p, bytes, MESI_LOAD); }	\
void __tsan_write##bytes(void *p) { note(p, bytes, MESI_STORE); }		\
void __tsan_unaligned_write##bytes(void *p) { note(p, bytes, MESI_STORE); }

PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

void __tsan_read_range(void *p, size_t bytes)
{
	note(p, bytes, MESI_LOAD);
}

void __tsan_write_range(void *p, size_t bytes)
{
	note(p, bytes, MESI_STORE);
}

#define RMW(bits, name, expr)							\
u##bits __tsan_atomic##bits##_##name(u##bits *p, u##bits v, int mo)		\
{										\
	u##bits old;								\
										\
	note(p, bits / 8, MESI_RMW);						\
	old = *p;								\
	*p = expr;								\
	return old;								\
}

#define ATOMIC(bits)								\
u##bits __tsan_atomic##bits##_load(const u##bits *p, int mo)			\
{										\
	note(p, bits / 8, MESI_LOAD);						\
	return *p;								\
}										\
void __tsan_atomic##bits##_store(u##bits *p, u##bits v, int mo)		\
{										\
	note(p, bits / 8, MESI_STORE);						\
	*p = v;									\
}										\
RMW(bits, exchange, v)								\
RMW(bits, fetch_add, old + v)							\
RMW(bits, fetch_sub, old - v)							\
RMW(bits, fetch_or, old | v)							\
RMW(bits, fetch_and, old & v)							\
RMW(bits, fetch_xor, old ^ v)							\
int __tsan_atomic##bits##_compare_exchange_strong(u##bits *p, u##bits *old,	\
						  u##bits v, int mo, int fail)	\
{										\
	u##bits was;								\
										\
	note(p, bits / 8, MESI_RMW);						\
	was = *p;								\
	if (was == *old) {							\
		*p = v;								\
		return 1;							\
	}									\
	*old = was;								\
	return 0;								\
}

ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)
