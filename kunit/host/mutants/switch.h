/* SPDX-License-Identifier: GPL-2.0-only */
/* The mutant that is on, by its number in the tables; 0: none. Included before everything else. */
#ifndef PB_MUTANT_H
#define PB_MUTANT_H

extern int pb_mutant;

#endif /* PB_MUTANT_H */
