// SPDX-License-Identifier: GPL-2.0-only
/* The pages and misuses of the loaded module before and after a case. */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/stop_machine.h>

#include "core/pool/stat.h"
#include "core/pool/verify.h"
#include "instance.h"
#include "instance_check.h"

/* The instance before a case. */
struct instance_state {
	unsigned long	allocated;
	unsigned long	bad_frees;
};

static unsigned long left;	/* pages that cases which failed have left allocated */

static int verify_stopped(void *v)
{
	pb_verify(&pb_instance, v);
	return 0;
}

static unsigned long verify_instance(struct kunit *test)
{
	struct pb_verify *v = kunit_kzalloc(test, sizeof(*v), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, v);
	stop_machine(verify_stopped, v, NULL);
	KUNIT_EXPECT_EQ_MSG(test, v->errors, 0UL, "verify: %s", v->first);
	return v->allocated_pages;
}

/*
 * The number of allocated pages. A node thread holds a pageblock while it zeroes or compacts:
 * wait for that while there are more pages than expected.
 */
static unsigned long settled(struct kunit *test, unsigned long expected)
{
	unsigned long allocated = verify_instance(test);
	unsigned int tries;

	for (tries = 0; tries < 3000 && allocated > expected; tries++) {
		msleep(20);
		allocated = verify_instance(test);
	}
	return allocated;
}

int pt_instance_begin(struct kunit *test)
{
	struct instance_state *state = kunit_kzalloc(test, sizeof(*state), GFP_KERNEL);

	if (!state)
		return -ENOMEM;
	if (!pb_instance.all_zones || !pb_instance.all_zones->nr)
		kunit_skip(test, "pbuddy has no memory");
	test->priv = state;
	state->allocated = settled(test, left);
	state->bad_frees = pb_pool_event(&pb_instance, PB_BAD_FREE);
	return 0;
}

void pt_instance_end(struct kunit *test)
{
	struct instance_state *state = test->priv;

	if (!state)
		return;
	left = settled(test, state->allocated);
	KUNIT_EXPECT_EQ(test, left, state->allocated);
	KUNIT_EXPECT_EQ(test, pb_pool_event(&pb_instance, PB_BAD_FREE), state->bad_frees);
}

unsigned long pt_instance_used(struct kunit *test)
{
	struct instance_state *state = test->priv;

	return verify_instance(test) - state->allocated;
}

void pt_expect_used(struct kunit *test, unsigned long pages)
{
	struct instance_state *state = test->priv;
	unsigned long expected = state->allocated + pages;

	KUNIT_EXPECT_EQ(test, settled(test, expected), expected);
}

void pt_expect_bad_frees(struct kunit *test, unsigned long nr)
{
	struct instance_state *state = test->priv;

	KUNIT_EXPECT_EQ(test, pb_pool_event(&pb_instance, PB_BAD_FREE) - state->bad_frees, nr);
	state->bad_frees += nr;
}
