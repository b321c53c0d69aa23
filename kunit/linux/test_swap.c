// SPDX-License-Identifier: GPL-2.0-only
/* user/swap.c: its start. tools/tests/test_swap.c has what programs see. */
#include <kunit/test.h>

#include "faults.h"
#include "user/swap.h"

#define MOST	200	/* allocations of a start, in any kernel */

/* A start that fails undoes what it did, so the next one begins anew; the last one succeeds. */
static void test_undo(struct kunit *test)
{
	int nth, err = 0, failed = 0;

	if (!pt_can_fail())
		kunit_skip(test, "a kernel without fault injection");
	pb_swap_exit();
	for (nth = 1; nth <= MOST; nth++) {
		pt_fail_nth(nth);
		err = pb_swap_init();
		if (pt_fail_left())
			break;
		if (err) {
			KUNIT_EXPECT_EQ(test, err, -ENOMEM);
			failed++;
		} else {
			pb_swap_exit();
		}
	}
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_LE(test, nth, MOST);
	/* The work queue, and the record of the reclaimer. */
	KUNIT_EXPECT_GE(test, failed, 2);
}

static struct kunit_case swap_cases[] = {
	KUNIT_CASE(test_undo),
	{}
};

static struct kunit_suite swap_suite = {
	.name = "pbuddy_swap",
	.test_cases = swap_cases,
};

kunit_test_suite(swap_suite);
