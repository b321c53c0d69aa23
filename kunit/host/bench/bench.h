/* SPDX-License-Identifier: GPL-2.0-only */
/* The two subjects of the host's benchmark. */
#ifndef HOST_BENCH_H
#define HOST_BENCH_H

#include "bench/thread.h"

/* The core, as the in-kernel API calls it. */
extern const struct bench_loops core_loops;
/* The least that an allocator with the same interface does: a stack of block numbers. */
extern const struct bench_loops floor_loops;

/* A pool of so many pages; misuse reports end the program. */
void core_open(unsigned long nr_pages);
/* Everything is free and sound; ends the program if not. */
void core_close(void);

/* A stack for each thread, of so many blocks. */
void floor_open(unsigned int nr_threads, unsigned long nr_blocks);
void floor_close(void);

void bench_die(const char *what);

#endif /* HOST_BENCH_H */
