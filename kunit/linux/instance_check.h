/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For suites that use the memory of the loaded module: after each case no page is missing and no
 * misuse was reported that the case did not expect. test->priv has the state before the case.
 */
#ifndef PT_INSTANCE_CHECK_H
#define PT_INSTANCE_CHECK_H

struct kunit;

/* init and exit of such a suite. */
int pt_instance_begin(struct kunit *test);
void pt_instance_end(struct kunit *test);

/*
 * Pages that are allocated now and were not before the case, with those that a node thread holds
 * for a moment.
 */
unsigned long pt_instance_used(struct kunit *test);
/* Expects this number of them, without those of node threads. */
void pt_expect_used(struct kunit *test, unsigned long pages);

/* The case has caused @nr misuses since the last call. */
void pt_expect_bad_frees(struct kunit *test, unsigned long nr);

#endif /* PT_INSTANCE_CHECK_H */
