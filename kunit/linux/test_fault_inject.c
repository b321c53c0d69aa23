// SPDX-License-Identifier: GPL-2.0-only
/* Fault injection: a request in an NMI is served, because the injection takes locks. */
#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pbuddy.h>

#include "hooks/fault_inject.h"
#include "instance_check.h"

#if defined(CONFIG_FAULT_INJECTION) && defined(CONFIG_X86_64) && !defined(CONFIG_UML)
#include <linux/nmi.h>

#define GFP	(GFP_NOWAIT | __GFP_NOWARN)
#define ORDER	1	/* the smallest that fails without a setting */

static struct page *allocated;
static bool wanted;

static int alloc_in_nmi(unsigned int type, struct pt_regs *regs)
{
	if (!wanted)
		return NMI_DONE;
	wanted = false;
	allocated = pbuddy_alloc_pages(GFP, ORDER);
	return NMI_HANDLED;
}

static void test_nmi(struct kunit *test)
{
	struct page *failed;

	KUNIT_ASSERT_EQ(test, register_nmi_handler(NMI_LOCAL, alloc_in_nmi, 0, "pbuddy_fault"), 0);
	pb_fault_set_probability(100);
	preempt_disable();
	wanted = true;
	/* Enters the NMI handler as the hardware does. */
	asm volatile("int $2" ::: "memory");
	preempt_enable();
	failed = pbuddy_alloc_pages(GFP, ORDER);
	pb_fault_set_probability(0);
	unregister_nmi_handler(NMI_LOCAL, "pbuddy_fault");
	KUNIT_EXPECT_FALSE(test, wanted);
	KUNIT_EXPECT_NOT_NULL(test, allocated);
	KUNIT_EXPECT_NULL(test, failed);
	pbuddy_free_pages(allocated, ORDER);
	pbuddy_free_pages(failed, ORDER);
}

static struct kunit_case fault_inject_cases[] = {
	KUNIT_CASE(test_nmi),
	{}
};

static struct kunit_suite fault_inject_suite = {
	.name = "pbuddy_fault_inject",
	.init = pt_instance_begin,
	.exit = pt_instance_end,
	.test_cases = fault_inject_cases,
};

kunit_test_suite(fault_inject_suite);
#endif
