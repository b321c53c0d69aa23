// SPDX-License-Identifier: GPL-2.0-only
/* Selects the mutant that is on, from the environment. scripts/lib/mutants describes mutants. */
#include "switch.h"

int pb_mutant;

__attribute__((constructor)) static void read_mutant(void)
{
	const char *value = getenv("PB_MUTANT");

	pb_mutant = value ? atoi(value) : 0;
}
