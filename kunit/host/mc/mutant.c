// SPDX-License-Identifier: GPL-2.0-only
/* The list of mutants of a build without any. */
#include "mutant.h"

int pb_mutant;

const struct mc_mutant mc_mutants[1] __attribute__((weak)) = {};
