/* SPDX-License-Identifier: GPL-2.0-only */
/* Store buffers: what x86-TSO adds to sequential consistency. See tso.c. */
#ifndef PB_MC_TSO_H
#define PB_MC_TSO_H

/* Stores in order: to memory, or to the CPU's buffer while that is used. */
void mc_tso_store(void *p, u64 value, unsigned int bytes);

/* Whether the CPU's buffer has a value for this load; it is put into *value. */
bool mc_tso_load(const void *p, unsigned int bytes, u64 *value);

/* Writes the buffer of a CPU to memory. */
void mc_tso_flush(int cpu);

#endif /* PB_MC_TSO_H */
