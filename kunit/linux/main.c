// SPDX-License-Identifier: GPL-2.0-only
/* pbuddy_kunit.ko: the parameters of a run. Suites register themselves with KUnit. */
#include <linux/module.h>
#include <linux/pbuddy.h>
#include <linux/random.h>

#include "params.h"

unsigned long pt_seed;
module_param_named(seed, pt_seed, ulong, 0444);
MODULE_PARM_DESC(seed, "Seed of all random sequences; 0 (default): chosen at load and printed");

unsigned long pt_rounds = 5;
module_param_named(rounds, pt_rounds, ulong, 0444);
MODULE_PARM_DESC(rounds, "Thousands of operations of each random or concurrent test (default 5)");

static int __init pbuddy_kunit_init(void)
{
	if (!pt_seed)
		pt_seed = get_random_u32();
	pr_info("pbuddy_kunit: seed=%lu rounds=%lu\n", pt_seed, pt_rounds);
	return 0;
}
module_init(pbuddy_kunit_init);

static void __exit pbuddy_kunit_exit(void)
{
}
module_exit(pbuddy_kunit_exit);

PBUDDY_IMPORT_API();
MODULE_DESCRIPTION("KUnit suites of pbuddy");
MODULE_LICENSE("GPL");
