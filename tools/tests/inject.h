/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Failures in system calls of the tests test_inject*.c, by /proc/thread-self/fail-nth: allocations,
 * and copies from or to user space.
 */
#ifndef INJECT_H
#define INJECT_H

#include <stdbool.h>

#define INJECT_NTH	"/proc/thread-self/fail-nth"
#define INJECT_ATTEMPTS	3000

/* Writes to a file, if there is one. */
void inject_write(const char *path, const char *text);
/*
 * Lets allocations of any order fail, those that may sleep too; logs no stack traces. Skips the
 * test in a kernel without fault injection.
 */
void inject_prepare(void);
/* Makes the @n-th operation of the next call fail. @fd is of INJECT_NTH. */
void inject_start(int fd, int n);
/*
 * Ends the injection; returns whether the call under test had its failure. pread() and pwrite()
 * copy from and to user space, so the failure may also hit one of them: then the call had none.
 */
bool inject_stop(int fd);
/*
 * Calls @fn, which returns 0 or an errno, with its n-th failure injected, for all n. A call may
 * succeed in spite of the failure; @undo then frees what it allocated.
 */
void inject_each(int (*fn)(void), void (*undo)(void));

#endif /* INJECT_H */
