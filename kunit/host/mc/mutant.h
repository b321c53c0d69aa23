/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mutants: planted bugs of the core, each of which a scenario must find. scripts/lib/mutants
 * compiles them in, from kunit/host/mutants/mc.table. Other builds have none.
 */
#ifndef PB_MC_MUTANT_H
#define PB_MC_MUTANT_H

/* The mutant that is on: 1 + its place in mc_mutants[]; 0: none. */
extern int pb_mutant;

/* @killer: the scenario that must fail; @tso: when stores may be delayed */
struct mc_mutant {
	const char	*name;
	const char	*killer;
	int		tso;
};

/* The last one has no name. */
extern const struct mc_mutant mc_mutants[];

#endif /* PB_MC_MUTANT_H */
