/* SPDX-License-Identifier: GPL-2.0-only */
/* Walks everything and checks every invariant. */
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
 * The pool must be quiescent: no CPU inside the core (other CPUs stopped, or a test that has joined
 * its threads). Returns the number of errors.
 */
unsigned long pb_verify(struct pb_pool *pool, struct pb_verify *out);

#endif /* PB_VERIFY_H */
