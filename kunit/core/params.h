/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parameters of a run: the module parameters seed= and rounds= in the kernel; on the host the
 * environment variables PB_SEED, PB_ROUNDS and PB_CPUS.
 */
#ifndef PT_PARAMS_H
#define PT_PARAMS_H

/* Seed of every random sequence; chosen at load if 0. Each test that uses it prints it. */
extern unsigned long pt_seed;
/* Each random or concurrent test does so many thousand operations. */
extern unsigned long pt_rounds;

#ifndef __KERNEL__
void pt_params_from_env(void);
#endif

#endif /* PT_PARAMS_H */
