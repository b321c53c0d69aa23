/* SPDX-License-Identifier: GPL-2.0-only */
/* Counts the transfers of cache lines between CPUs by the MESI protocol. See mesi.c. */
#ifndef PB_LINES_MESI_H
#define PB_LINES_MESI_H

#include "arena.h"

/* What a CPU does. A locked read-modify-write needs the line as a store does. */
enum mesi_access {
	MESI_LOAD,
	MESI_STORE,
	MESI_RMW,
	MESI_NR_ACCESSES,
};

/* What it needs other caches for; the second one of each pair reaches another socket. */
enum mesi_transfer {
	MESI_CLEAN,		/* load of a line that other caches have, unmodified */
	MESI_CLEAN_FAR,
	MESI_DIRTY,		/* load or store of a line that another cache has modified */
	MESI_DIRTY_FAR,
	MESI_INVALIDATE,	/* store to a line that other caches have, unmodified */
	MESI_INVALIDATE_FAR,
	MESI_MEMORY,		/* no cache has the line */
	MESI_NR_TRANSFERS,
	MESI_HIT = MESI_NR_TRANSFERS,
};

struct mesi_counts {
	u64	access[MESI_NR_ACCESSES];
	u64	fences;
	u64	transfer[MESI_NR_TRANSFERS];
};

/* Since mesi_start_counting(): all, of a line, and of the words whose accesses caused them. */
extern struct mesi_counts mesi_counts;
extern u32 mesi_line_counts[LINES_NR][MESI_NR_TRANSFERS];
extern u32 mesi_word_counts[LINES_NR_WORDS];
/* The CPUs that a line was transferred to, one bit each. */
extern u64 mesi_line_cpus[LINES_NR][PB_HOST_MAX_CPUS / 64];

extern const char * const mesi_transfer_name[MESI_NR_TRANSFERS];

/* All lines are in no cache. CPUs from @first_far on are on the other socket. */
void mesi_reset(unsigned int first_far);
/* Sets the counts to 0; the caches keep their lines. */
void mesi_start_counting(void);

/* Returns the transfer that it needs, the last one if there are several, or MESI_HIT. */
enum mesi_transfer mesi_access(unsigned int cpu, const void *p, size_t bytes, enum mesi_access how);

/* State of a line in the cache of a CPU: 'M', 'E', 'S' or 'I'. */
char mesi_state(unsigned int cpu, const void *p);

#endif /* PB_LINES_MESI_H */
