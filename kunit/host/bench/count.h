/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * platform.h with a counter of locked instructions: every atomic read-modify-write and every full
 * barrier of the core increments pb_host_rmws. Force-included in place of platform.h. It wraps
 * the compiler's builtins, which all atomics of platform.h use; a macro is not expanded inside
 * itself, so the name in its body is the builtin.
 *
 * The counts are those of x86, whatever the memory order: a read-modify-write is a locked
 * instruction; a barrier between loads, or between stores, is no instruction.
 */
#ifndef PB_COUNT_H
#define PB_COUNT_H

extern __thread unsigned long pb_host_rmws;

#define __atomic_compare_exchange_n(...) (pb_host_rmws++, __atomic_compare_exchange_n(__VA_ARGS__))
#define __atomic_exchange_n(...)	(pb_host_rmws++, __atomic_exchange_n(__VA_ARGS__))
#define __atomic_add_fetch(...)		(pb_host_rmws++, __atomic_add_fetch(__VA_ARGS__))
#define __atomic_sub_fetch(...)		(pb_host_rmws++, __atomic_sub_fetch(__VA_ARGS__))
#define __atomic_fetch_add(...)		(pb_host_rmws++, __atomic_fetch_add(__VA_ARGS__))
#define __atomic_fetch_sub(...)		(pb_host_rmws++, __atomic_fetch_sub(__VA_ARGS__))
#define __atomic_fetch_or(...)		(pb_host_rmws++, __atomic_fetch_or(__VA_ARGS__))
#define __atomic_fetch_and(...)		(pb_host_rmws++, __atomic_fetch_and(__VA_ARGS__))
#define __atomic_fetch_xor(...)		(pb_host_rmws++, __atomic_fetch_xor(__VA_ARGS__))
#define __atomic_thread_fence(...)	(pb_host_rmws++, __atomic_thread_fence(__VA_ARGS__))

#include "../platform.h"

#undef smp_rmb
#undef smp_wmb
#undef smp_mb__before_atomic
#undef smp_mb__after_atomic
#define smp_rmb()			barrier()
#define smp_wmb()			barrier()
#define smp_mb__before_atomic()		barrier()
#define smp_mb__after_atomic()		barrier()

#endif /* PB_COUNT_H */
