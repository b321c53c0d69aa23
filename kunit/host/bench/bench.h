/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of the measuring program: see main.c. */
#ifndef HOST_BENCH_H
#define HOST_BENCH_H

typedef unsigned int gfp_t;	/* the core takes no gfp flags */

#include "bench/thread.h"

#define BASE_PFN	BIT(18)		/* first PFN of a pool */

void die(const char *what);

int bench_main(int argc, char **argv);
int rmw_main(int argc, char **argv);
int compact_main(int argc, char **argv);

/* ---- core.c: the core as a subject ---- */

struct pb_pool;

extern struct pb_pool core_pool;
/* Calls the core as the in-kernel API does. */
extern const struct bench_loops core_loops;

/*
 * Creates core_pool: one zone, whose PFNs have no memory. A misuse report ends the program. With
 * @migrate the pool can compact, on one thread.
 */
void core_open(unsigned long nr_pages,
	       void (*migrate)(struct pb_pool *pool, struct pb_migration *m));
void core_drain(struct pb_pool *pool);
/* Ends the program unless every page is free and the pool is consistent. */
void core_close(void);

/* ---- floor.c: the least work behind the same interface ---- */

extern const struct bench_loops floor_loops;

/* A stack of @nr_blocks for each thread. */
void floor_open(unsigned int nr_threads, unsigned long nr_blocks);
void floor_close(void);

#endif /* HOST_BENCH_H */
