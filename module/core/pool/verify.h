/* SPDX-License-Identifier: GPL-2.0-only */
/* Check every invariant of a quiescent pool. */
#ifndef PB_VERIFY_H
#define PB_VERIFY_H

struct pb_pool;

struct pb_verify {
	unsigned long	errors;		/* 0: all invariants hold */
	unsigned long	free_pages;	/* in the bitmaps */
	unsigned long	pcp_pages;
	unsigned long	allocated_pages;
	char		first[160];	/* the first broken invariant, in words */
};

/*
 * The pool must be quiescent: no CPU is inside the core, because other CPUs are stopped or a test
 * has joined its threads. Returns the number of errors.
 */
unsigned long pb_verify(struct pb_pool *pool, struct pb_verify *out);

#endif /* PB_VERIFY_H */
