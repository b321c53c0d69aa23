/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's version of module/core/base/platform.h: every name that module/core/ uses from the
 * kernel, implemented with C11 atomics, thread-local CPU numbers and libc memory. The compiler
 * includes this file before every source (-include), and its include guard replaces the module's
 * header, so the core compiles unchanged.
 *
 * Memory ordering is the kernel's: an RMW operation that returns a value is fully ordered, one
 * that does not is relaxed, READ_ONCE() and WRITE_ONCE() are relaxed. ThreadSanitizer does not
 * understand fences: for it every RMW operation is sequentially consistent, and smp_mb() is an
 * instruction that it does not see.
 */
#ifndef PB_PLATFORM_H
#define PB_PLATFORM_H

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef uint8_t __u8;
typedef uint16_t __u16;
typedef uint32_t __u32;
typedef uint64_t __u64;

/* Compiler */
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define barrier()		__asm__ volatile("" ::: "memory")
#define OPTIMIZER_HIDE_VAR(var)	__asm__ ("" : "=r" (var) : "0" (var))
#define noinline		__attribute__((__noinline__))
#ifndef __always_inline
#define __always_inline		inline __attribute__((__always_inline__))
#endif
#define __maybe_unused		__attribute__((__unused__))
#define __used			__attribute__((__used__))
#define __must_check		__attribute__((__warn_unused_result__))
#define __cold			__attribute__((__cold__))
#define __printf(a, b)		__attribute__((__format__(printf, a, b)))
#define __aligned(x)		__attribute__((__aligned__(x)))
#define __read_mostly
#define __init
#define __exit
#define __percpu
#define __bitwise
#define __force
#define fallthrough		__attribute__((__fallthrough__))
#define SMP_CACHE_BYTES		64
#define L1_CACHE_BYTES		64
#define ____cacheline_aligned	__attribute__((__aligned__(SMP_CACHE_BYTES)))
#define ____cacheline_aligned_in_smp ____cacheline_aligned
#define __force
#define __rcu
#define __user
#define __acquires(x)
#define __releases(x)
#define IS_ENABLED(x)		0

/* Arithmetic */
#define BITS_PER_LONG		64
#define BITS_PER_BYTE		8
#define BITS_PER_LONG_LONG	64
#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define BIT_MASK(n)		(1UL << ((n) % BITS_PER_LONG))
#define BIT_WORD(n)		((n) / BITS_PER_LONG)
#define GENMASK(h, l)		((~0UL << (l)) & (~0UL >> (BITS_PER_LONG - 1 - (h))))
#define GENMASK_ULL(h, l)	((~0ULL << (l)) & (~0ULL >> (63 - (h))))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define BITS_TO_LONGS(n)	DIV_ROUND_UP(n, BITS_PER_LONG)
#define BITMAP_FIRST_WORD_MASK(s) (~0UL << ((s) & (BITS_PER_LONG - 1)))
#define BITMAP_LAST_WORD_MASK(n) (~0UL >> (-(n) & (BITS_PER_LONG - 1)))
#define DECLARE_BITMAP(name, n)	unsigned long name[BITS_TO_LONGS(n)]
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define ALIGN(x, a)		(((x) + ((typeof(x))(a) - 1)) & ~((typeof(x))(a) - 1))
#define ALIGN_DOWN(x, a)	((x) & ~((typeof(x))(a) - 1))
#define IS_ALIGNED(x, a)	(((x) & ((typeof(x))(a) - 1)) == 0)
#define round_up(x, y)		((((x) - 1) | ((typeof(x))(y) - 1)) + 1)
#define round_down(x, y)	((x) & ~((typeof(x))(y) - 1))
#define roundup(x, y)		((((x) + (y) - 1) / (y)) * (y))
#define rounddown(x, y)		((x) - (x) % (y))
#define min(a, b)		({ typeof(a) _a = (a); typeof(b) _b = (b); _a < _b ? _a : _b; })
#define max(a, b)		({ typeof(a) _a = (a); typeof(b) _b = (b); _a > _b ? _a : _b; })
#define min_t(t, a, b)		({ t _a = (t)(a); t _b = (t)(b); _a < _b ? _a : _b; })
#define max_t(t, a, b)		({ t _a = (t)(a); t _b = (t)(b); _a > _b ? _a : _b; })
#define min3(a, b, c)		min(min(a, b), c)
#define max3(a, b, c)		max(max(a, b), c)
#define clamp(v, lo, hi)	min(max(v, lo), hi)
#define clamp_t(t, v, lo, hi)	min_t(t, max_t(t, v, lo), hi)
#define swap(a, b)		do { typeof(a) _s = (a); (a) = (b); (b) = _s; } while (0)
#define container_of(p, t, m)	((t *)((char *)(p) - offsetof(t, m)))
#define sizeof_field(t, m)	sizeof(((t *)0)->m)
#define struct_size(p, m, n)	(sizeof(*(p)) + sizeof((p)->m[0]) * (n))
#define array_size(a, b)	((size_t)(a) * (b))
#define mult_frac(x, n, d)	((x) / (d) * (n) + (x) % (d) * (n) / (d))
#define check_add_overflow(a, b, d) __builtin_add_overflow(a, b, d)
#define check_mul_overflow(a, b, d) __builtin_mul_overflow(a, b, d)

#define hweight64(x)		((unsigned int)__builtin_popcountll(x))
#define hweight_long(x)		((unsigned int)__builtin_popcountl(x))
#define hweight32(x)		((unsigned int)__builtin_popcount(x))
#define __ffs(x)		((unsigned long)__builtin_ctzl(x))
#define __ffs64(x)		((unsigned long)__builtin_ctzll(x))
#define __fls(x)		((unsigned long)(63 - __builtin_clzl(x)))
#define ffz(x)			__ffs(~(x))
#define ffs(x)			__builtin_ffs(x)
#define fls64(x)		((u64)(x) ? 64 - __builtin_clzll(x) : 0)
#define fls(x)			((u32)(x) ? 32 - __builtin_clz(x) : 0)
#define fls_long(x)		((unsigned int)fls64(x))
#define ilog2(x)		((int)fls64(x) - 1)
#define is_power_of_2(x)	((x) != 0 && ((x) & ((x) - 1)) == 0)
#define order_base_2(x)		((x) > 1 ? (unsigned int)fls64((u64)(x) - 1) : 0)
#define roundup_pow_of_two(x)	(1UL << order_base_2(x))
#define rounddown_pow_of_two(x)	(1UL << ilog2(x))

static inline unsigned long rol64(u64 w, unsigned int s)
{
	return (w << (s & 63)) | (w >> (-s & 63));
}

static inline u64 ror64(u64 w, unsigned int s)
{
	return (w >> (s & 63)) | (w << (-s & 63));
}

/* The first byte that is not @c, or NULL; eight at a time where they are aligned, as in lib/. */
static inline void *memchr_inv(const void *start, int c, size_t n)
{
	u64 word = (u8)c * 0x0101010101010101ULL;
	const u8 *p = start;

	while (n && *p == (u8)c) {
		size_t step = n >= 8 && !((uintptr_t)p & 7) && *(const u64 *)p == word ? 8 : 1;

		p += step;
		n -= step;
	}
	return n ? (void *)p : NULL;
}

/* Warnings: an unexpected one fails the case (kunit.c). */
void pb_host_warn(const char *file, int line, const char *what);
extern __thread int pb_host_warn_expected;
extern __thread unsigned int pb_host_warnings;	/* expected ones so far */

#define WARN_ON(c) ({								\
	bool _w = !!(c);							\
	if (unlikely(_w))							\
		pb_host_warn(__FILE__, __LINE__, #c);				\
	unlikely(_w);								\
})
#define WARN_ON_ONCE(c)		WARN_ON(c)
#define WARN(c, ...)		WARN_ON(c)
#define WARN_ONCE(c, ...)	WARN_ON(c)
#define BUILD_BUG_ON(c)		_Static_assert(!(c), #c)
#define BUILD_BUG_ON_ZERO(c)	((int)sizeof(struct { int : (-!!(c)); }))
#define BUILD_BUG_ON_NOT_POWER_OF_2(n) BUILD_BUG_ON((n) == 0 || ((n) & ((n) - 1)))
#ifndef static_assert
#define static_assert(c, ...)	_Static_assert(c, #c)
#endif

#define pr_err(...)		printf("# " __VA_ARGS__)
#define pr_warn(...)		printf("# " __VA_ARGS__)
#define pr_info(...)		printf("# " __VA_ARGS__)
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* Atomics */
#ifdef __SANITIZE_THREAD__
#define PB_HOST_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PB_HOST_TSAN 1
#endif
#endif

#ifdef PB_HOST_TSAN
#define PB_HOST_RMW		__ATOMIC_SEQ_CST
#define smp_mb()		__asm__ volatile("lock; addl $0,-4(%%rsp)" ::: "memory", "cc")
#else
#define PB_HOST_RMW		__ATOMIC_RELAXED
#define smp_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif
#define mb()			smp_mb()
#define smp_rmb()		smp_mb()
#define smp_wmb()		smp_mb()
#define smp_mb__before_atomic()	smp_mb()
#define smp_mb__after_atomic()	smp_mb()
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define smp_store_mb(x, v)	do { WRITE_ONCE(x, v); smp_mb(); } while (0)

#define READ_ONCE(x)		__atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)	__atomic_store_n(&(x), (typeof(x))(v), __ATOMIC_RELAXED)
#ifdef PB_HOST_TSAN
/* The accesses of this thread between the two are not checked; atomics still order others. */
void __tsan_ignore_thread_begin(void);
void __tsan_ignore_thread_end(void);
#define data_race(x) ({								\
	__tsan_ignore_thread_begin();						\
	__auto_type _value = (x);						\
	__tsan_ignore_thread_end();						\
	_value;									\
})
#else
#define data_race(x)		(x)
#endif
#define ASSERT_EXCLUSIVE_WRITER(x) do { } while (0)

/*
 * Whether atomics of several sizes are used on the same bytes. ThreadSanitizer takes these for
 * unordered, as it knows an order of atomics on the same address alone.
 */
#ifdef PB_HOST_ONE_SIZE
#define pb_mixed_sizes()	false
#else
#define pb_mixed_sizes()	true
#endif

#define PB_HOST_CMPXCHG(p, o, n, ok) ({					\
	typeof(*(p)) _old = (typeof(*(p)))(o);					\
	__atomic_compare_exchange_n(p, &_old, (typeof(*(p)))(n), false, ok,	\
				    __ATOMIC_RELAXED);				\
	_old;									\
})
#define PB_HOST_TRY_CMPXCHG(p, po, n, ok)					\
	__atomic_compare_exchange_n(p, po, n, false, ok, __ATOMIC_RELAXED)

#define cmpxchg(p, o, n)		PB_HOST_CMPXCHG(p, o, n, __ATOMIC_SEQ_CST)
#define cmpxchg64(p, o, n)		cmpxchg(p, o, n)
#define cmpxchg_acquire(p, o, n)	PB_HOST_CMPXCHG(p, o, n, __ATOMIC_ACQUIRE)
#define cmpxchg_release(p, o, n)	PB_HOST_CMPXCHG(p, o, n, __ATOMIC_RELEASE)
#define cmpxchg_relaxed(p, o, n)	PB_HOST_CMPXCHG(p, o, n, PB_HOST_RMW)
#define try_cmpxchg(p, po, n)		PB_HOST_TRY_CMPXCHG(p, po, n, __ATOMIC_SEQ_CST)
#define try_cmpxchg64(p, po, n)		try_cmpxchg(p, po, n)
#define try_cmpxchg_acquire(p, po, n)	PB_HOST_TRY_CMPXCHG(p, po, n, __ATOMIC_ACQUIRE)
#define try_cmpxchg_release(p, po, n)	PB_HOST_TRY_CMPXCHG(p, po, n, __ATOMIC_RELEASE)
#define try_cmpxchg_relaxed(p, po, n)	PB_HOST_TRY_CMPXCHG(p, po, n, PB_HOST_RMW)
#define xchg(p, n)			__atomic_exchange_n(p, n, __ATOMIC_SEQ_CST)
#define xchg_acquire(p, n)		__atomic_exchange_n(p, n, __ATOMIC_ACQUIRE)
#define xchg_release(p, n)		__atomic_exchange_n(p, n, __ATOMIC_RELEASE)
#define xchg_relaxed(p, n)		__atomic_exchange_n(p, n, PB_HOST_RMW)

typedef struct { int counter; } atomic_t;
typedef struct { long counter; } atomic_long_t;
typedef struct { s64 counter; } atomic64_t;
#define ATOMIC_INIT(i)		{ (i) }
#define ATOMIC_LONG_INIT(i)	{ (i) }
#define ATOMIC64_INIT(i)	{ (i) }

#define PB_HOST_ATOMIC_RETURNING(pfx, type, val, sfx, mo)			\
static inline val pfx##_add_return##sfx(val i, type *v)				\
{ return __atomic_add_fetch(&v->counter, i, mo); }				\
static inline val pfx##_sub_return##sfx(val i, type *v)				\
{ return __atomic_sub_fetch(&v->counter, i, mo); }				\
static inline val pfx##_inc_return##sfx(type *v)				\
{ return __atomic_add_fetch(&v->counter, 1, mo); }				\
static inline val pfx##_dec_return##sfx(type *v)				\
{ return __atomic_sub_fetch(&v->counter, 1, mo); }				\
static inline val pfx##_fetch_add##sfx(val i, type *v)				\
{ return __atomic_fetch_add(&v->counter, i, mo); }				\
static inline val pfx##_fetch_sub##sfx(val i, type *v)				\
{ return __atomic_fetch_sub(&v->counter, i, mo); }				\
static inline val pfx##_fetch_inc##sfx(type *v)					\
{ return __atomic_fetch_add(&v->counter, 1, mo); }				\
static inline val pfx##_fetch_dec##sfx(type *v)					\
{ return __atomic_fetch_sub(&v->counter, 1, mo); }				\
static inline val pfx##_fetch_or##sfx(val i, type *v)				\
{ return __atomic_fetch_or(&v->counter, i, mo); }				\
static inline val pfx##_fetch_and##sfx(val i, type *v)				\
{ return __atomic_fetch_and(&v->counter, i, mo); }				\
static inline val pfx##_fetch_andnot##sfx(val i, type *v)			\
{ return __atomic_fetch_and(&v->counter, ~i, mo); }				\
static inline val pfx##_fetch_xor##sfx(val i, type *v)				\
{ return __atomic_fetch_xor(&v->counter, i, mo); }				\
static inline val pfx##_xchg##sfx(type *v, val n)				\
{ return __atomic_exchange_n(&v->counter, n, mo); }				\
static inline val pfx##_cmpxchg##sfx(type *v, val o, val n)			\
{ return PB_HOST_CMPXCHG(&v->counter, o, n, mo); }				\
static inline bool pfx##_try_cmpxchg##sfx(type *v, val *o, val n)		\
{ return PB_HOST_TRY_CMPXCHG(&v->counter, o, n, mo); }

#define PB_HOST_ATOMIC(pfx, type, val)						\
static inline val pfx##_read(const type *v)					\
{ return __atomic_load_n(&v->counter, __ATOMIC_RELAXED); }			\
static inline val pfx##_read_acquire(const type *v)				\
{ return __atomic_load_n(&v->counter, __ATOMIC_ACQUIRE); }			\
static inline void pfx##_set(type *v, val i)					\
{ __atomic_store_n(&v->counter, i, __ATOMIC_RELAXED); }				\
static inline void pfx##_set_release(type *v, val i)				\
{ __atomic_store_n(&v->counter, i, __ATOMIC_RELEASE); }				\
static inline void pfx##_add(val i, type *v)					\
{ __atomic_fetch_add(&v->counter, i, PB_HOST_RMW); }				\
static inline void pfx##_sub(val i, type *v)					\
{ __atomic_fetch_sub(&v->counter, i, PB_HOST_RMW); }				\
static inline void pfx##_inc(type *v) { pfx##_add(1, v); }			\
static inline void pfx##_dec(type *v) { pfx##_sub(1, v); }			\
static inline void pfx##_or(val i, type *v)					\
{ __atomic_fetch_or(&v->counter, i, PB_HOST_RMW); }				\
static inline void pfx##_and(val i, type *v)					\
{ __atomic_fetch_and(&v->counter, i, PB_HOST_RMW); }				\
static inline void pfx##_andnot(val i, type *v) { pfx##_and(~i, v); }		\
PB_HOST_ATOMIC_RETURNING(pfx, type, val, , __ATOMIC_SEQ_CST)			\
PB_HOST_ATOMIC_RETURNING(pfx, type, val, _acquire, __ATOMIC_ACQUIRE)		\
PB_HOST_ATOMIC_RETURNING(pfx, type, val, _release, __ATOMIC_RELEASE)		\
PB_HOST_ATOMIC_RETURNING(pfx, type, val, _relaxed, PB_HOST_RMW)			\
static inline bool pfx##_dec_and_test(type *v)					\
{ return pfx##_dec_return(v) == 0; }						\
static inline bool pfx##_inc_and_test(type *v)					\
{ return pfx##_inc_return(v) == 0; }						\
static inline bool pfx##_sub_and_test(val i, type *v)				\
{ return pfx##_sub_return(i, v) == 0; }

PB_HOST_ATOMIC(atomic, atomic_t, int)
PB_HOST_ATOMIC(atomic_long, atomic_long_t, long)
PB_HOST_ATOMIC(atomic64, atomic64_t, s64)

/* Bit operations on arrays of unsigned long */
static inline bool test_bit(unsigned long nr, const volatile unsigned long *p)
{
	return READ_ONCE(p[BIT_WORD(nr)]) & BIT_MASK(nr);
}

static inline bool test_bit_acquire(unsigned long nr, const volatile unsigned long *p)
{
	return smp_load_acquire(&p[BIT_WORD(nr)]) & BIT_MASK(nr);
}

static inline void set_bit(unsigned long nr, volatile unsigned long *p)
{
	__atomic_fetch_or(&p[BIT_WORD(nr)], BIT_MASK(nr), PB_HOST_RMW);
}

static inline void clear_bit(unsigned long nr, volatile unsigned long *p)
{
	__atomic_fetch_and(&p[BIT_WORD(nr)], ~BIT_MASK(nr), PB_HOST_RMW);
}

static inline bool test_and_set_bit(unsigned long nr, volatile unsigned long *p)
{
	return __atomic_fetch_or(&p[BIT_WORD(nr)], BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr);
}

static inline bool test_and_clear_bit(unsigned long nr, volatile unsigned long *p)
{
	return __atomic_fetch_and(&p[BIT_WORD(nr)], ~BIT_MASK(nr), __ATOMIC_SEQ_CST) & BIT_MASK(nr);
}

static inline void __set_bit(unsigned long nr, volatile unsigned long *p)
{
	p[BIT_WORD(nr)] |= BIT_MASK(nr);
}

static inline void __clear_bit(unsigned long nr, volatile unsigned long *p)
{
	p[BIT_WORD(nr)] &= ~BIT_MASK(nr);
}

static inline unsigned long find_next_bit(const unsigned long *p, unsigned long size,
					  unsigned long from)
{
	for (; from < size; from = round_down(from, 64UL) + 64) {
		unsigned long word = READ_ONCE(p[BIT_WORD(from)]) & BITMAP_FIRST_WORD_MASK(from);

		if (word)
			return min(round_down(from, 64UL) + __ffs(word), size);
	}
	return size;
}

static inline unsigned long find_next_zero_bit(const unsigned long *p, unsigned long size,
					       unsigned long from)
{
	while (from < size && test_bit(from, p))
		from++;
	return from;
}

#define find_first_bit(p, size)		find_next_bit(p, size, 0)
#define find_first_zero_bit(p, size)	find_next_zero_bit(p, size, 0)
#define for_each_set_bit(bit, p, size)						\
	for ((bit) = find_first_bit(p, size); (bit) < (size);			\
	     (bit) = find_next_bit(p, size, (bit) + 1))

/* Words of bitmaps that this thread has read; see test_scale.c. */
extern __thread unsigned long pb_host_visits;
#define pb_count_visit()	((void)pb_host_visits++)

/* CPUs: each thread has a number of its own, so nothing else runs on its CPU: no preemption. */
#define PB_HOST_MAX_CPUS	64
extern int pb_host_nr_cpus;
extern __thread int pb_host_cpu;

#ifdef PB_HOST_SECTIONS
/* Counts the words that the longest section with preemption off reads; see test_scale.c. */
extern __thread int pb_host_preempt_count;
extern __thread unsigned long pb_host_section_start, pb_host_section_most;

static inline void preempt_disable(void)
{
	if (!pb_host_preempt_count++)
		pb_host_section_start = pb_host_visits;
}

static inline void preempt_enable(void)
{
	unsigned long visits = pb_host_visits - pb_host_section_start;

	if (!--pb_host_preempt_count && visits > pb_host_section_most)
		pb_host_section_most = visits;
}
#else
#define preempt_disable()	barrier()
#define preempt_enable()	barrier()
#endif
#define preempt_enable_no_resched() preempt_enable()
#define preemptible()		true
#define in_nmi()		0
#define in_hardirq()		0
#define in_interrupt()		0
#define in_task()		1
#define might_sleep()		do { } while (0)
#define might_sleep_if(c)	do { (void)(c); } while (0)
#define cond_resched()		sched_yield()
#define cpu_relax()		__builtin_ia32_pause()
#define lockdep_assert_preemption_disabled() do { } while (0)
#define smp_processor_id()	pb_host_cpu
#define raw_smp_processor_id()	pb_host_cpu
#define num_possible_cpus()	((unsigned int)pb_host_nr_cpus)
#define num_online_cpus()	((unsigned int)pb_host_nr_cpus)
#define NUMA_NO_NODE		(-1)
/* CPUs belong to nodes in turn; there are as many nodes as the pool under test has. */
extern int pb_host_nr_nodes;
#define cpu_to_node(cpu)	((cpu) % pb_host_nr_nodes)
#define numa_node_id()		cpu_to_node(pb_host_cpu)
#define numa_mem_id()		numa_node_id()

#define pb_percpu
#define pb_for_each_cpu(cpu)	for ((cpu) = 0; (cpu) < pb_host_nr_cpus; (cpu)++)
#define pb_nr_cpus()		((unsigned int)pb_host_nr_cpus)
#define pb_cpu_id()		pb_host_cpu
#define pb_alloc_percpu(type)	((type *)pb_host_alloc(sizeof(type) * PB_HOST_MAX_CPUS))
#define pb_free_percpu(p)	pb_host_free(p)
#define pb_per_cpu_ptr(p, cpu)	(&(p)[cpu])
#define pb_this_cpu_ptr(p)	(&(p)[pb_host_cpu])
#define pb_raw_cpu_ptr(p)	pb_this_cpu_ptr(p)
#define pb_this_cpu_add(p, n)	WRITE_ONCE((p)[pb_host_cpu], READ_ONCE((p)[pb_host_cpu]) + (n))
#define pb_this_cpu_inc(p)	pb_this_cpu_add(p, 1)
#define pb_this_cpu()		pb_host_cpu
#define pb_cpu_ptr(p, cpu)	(&(p)[cpu])
#define pb_cpu_node(cpu)		cpu_to_node(cpu)
#define pb_node_has_cpu(nid)	((nid) < pb_host_nr_cpus)
/* What ends long operations; set by cases. */
extern bool pb_host_need_resched;
extern bool pb_host_fatal_signal;
#define pb_need_resched()	pb_host_need_resched
#define pb_fatal_signal()	pb_host_fatal_signal

/* Reads a byte that another thread may be writing, not instrumented by ThreadSanitizer. */
u8 pb_peek(const u8 *p);
u64 pb_peek_word(const u64 *p);
#define pb_hint(x)		data_race(READ_ONCE(x))

#define pb_assert_preempt_off()	do { } while (0)
#define pb_section_acquire()	do { } while (0)
#define pb_section_release()	do { } while (0)

/* Attributes of the running task: PB_HOST_ bits, set by cases; see kunit/core/task.h. */
#define PB_HOST_RECLAIMING	1
#define PB_HOST_KTHREAD		2
#define PB_HOST_DUMPS_CORE	4
extern __thread unsigned int pb_host_task;

#define pb_task_reclaiming()	((pb_host_task & PB_HOST_RECLAIMING) != 0)
#define pb_task_is_kthread()	((pb_host_task & PB_HOST_KTHREAD) != 0)
#define pb_task_dumps_core()	((pb_host_task & PB_HOST_DUMPS_CORE) != 0)
void pb_host_wait_tick(void);
#define pb_wait_tick()		pb_host_wait_tick()
#define pb_resched()		sched_yield()

static inline unsigned int pb_noreclaim_save(void)
{
	unsigned int was = pb_host_task & PB_HOST_RECLAIMING;

	pb_host_task |= PB_HOST_RECLAIMING;
	return was;
}

static inline void pb_noreclaim_restore(unsigned int was)
{
	pb_host_task = (pb_host_task & ~PB_HOST_RECLAIMING) | was;
}

/*
 * Memory: zeroed and aligned to a cache line. Large blocks are mapped, so pages never touched
 * are free.
 */
void *pb_host_alloc(size_t bytes);
void pb_host_free(void *p);
/* If n > 0, the nth allocation from now on fails. */
extern int pb_host_fail_nth;
/* Number of allocations not freed and their bytes, to detect leaks and measure metadata. */
extern long pb_host_allocs;
extern size_t pb_host_bytes;

static inline void *pb_meta_alloc(size_t bytes, int nid)
{
	(void)nid;
	return pb_host_alloc(bytes);
}

static inline void pb_meta_free(void *p)
{
	pb_host_free(p);
}

#define EXPORT_SYMBOL_GPL(sym)
#define EXPORT_SYMBOL_PB_TEST(sym)

#endif /* PB_PLATFORM_H */
