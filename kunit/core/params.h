/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a run of the suites can be told: module parameters seed= and rounds= in the kernel, the
 * environment's PB_SEED, PB_ROUNDS and PB_CPUS on the host.
 */
#ifndef PT_PARAMS_H
#define PT_PARAMS_H

/* Of every random sequence; chosen at load when 0, and printed by each test that uses it. */
extern unsigned long pt_seed;
/* Thousands of operations in each random or concurrent test. */
extern unsigned long pt_rounds;

#ifndef __KERNEL__
void pt_params_from_env(void);
#endif

#endif /* PT_PARAMS_H */
