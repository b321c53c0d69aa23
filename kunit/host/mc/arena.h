/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory that actors share: a pool and its metadata. It is restored before each run. */
#ifndef PB_MC_ARENA_H
#define PB_MC_ARENA_H

void mc_arena_clear(void);
void mc_arena_save(void);
void mc_arena_restore(void);

/* Accesses to this memory are no switch points. */
void mc_arena_ignore(const void *p, size_t bytes);

/*
 * Notes an access by an actor. Returns whether it is a switch point: one that conflicts with an
 * access of another actor that mc_arena_freeze() has seen.
 */
bool mc_arena_access(const void *p, int actor, bool write);
bool mc_arena_contains(const void *p);

/* Makes the conflicting accesses seen so far switch points. Returns whether there are new ones. */
bool mc_arena_freeze(void);

#endif /* PB_MC_ARENA_H */
