// SPDX-License-Identifier: GPL-2.0-only
/* hooks/pressure.c: its static key. tools/tests/test_pressure.c has what programs see. */
#include <kunit/test.h>
#include <linux/jiffies.h>

#include "hooks/pressure.h"

#define TRIES	100

/* Whether the key is on after the end of a trigger; @late: for so long that it may be off. */
static bool is_on_after(struct kunit *test, struct pb_trigger *trigger, bool *late)
{
	unsigned long begin;
	bool on;

	KUNIT_ASSERT_EQ(test, pb_trigger_add(trigger), 0);
	KUNIT_EXPECT_TRUE(test, pb_pressure_is_on());
	begin = jiffies;
	pb_trigger_remove(trigger);
	on = pb_pressure_is_on();
	*late = time_after_eq(jiffies, begin + HZ);
	return on;
}

/* A trigger that is made and closed again and again does not have code patched each time. */
static void test_key(struct kunit *test)
{
	static struct pb_trigger trigger = {
		.user = KUIDT_INIT(-2), .node = PBUDDY_NODE_ANY, .kinds = PBUDDY_PRESSURE_STALL,
		.stall_us = USEC_PER_SEC, .window_us = USEC_PER_SEC,
	};
	unsigned int tries = 0;
	bool on, late;

	if (!IS_ENABLED(CONFIG_JUMP_LABEL))
		kunit_skip(test, "a kernel that patches no code");
	do {
		on = is_on_after(test, &trigger, &late);
	} while (!on && late && ++tries < TRIES);
	KUNIT_EXPECT_TRUE(test, on);
	pb_pressure_exit();
	KUNIT_EXPECT_FALSE(test, pb_pressure_is_on());
}

static struct kunit_case pressure_cases[] = {
	KUNIT_CASE(test_key),
	{}
};

static struct kunit_suite pressure_suite = {
	.name = "pbuddy_pressure",
	.test_cases = pressure_cases,
};

kunit_test_suite(pressure_suite);
