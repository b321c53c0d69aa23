/* SPDX-License-Identifier: GPL-2.0-only */
/* The memory of the core's metadata, whose cache lines the model follows. See arena.c. */
#ifndef PB_LINES_ARENA_H
#define PB_LINES_ARENA_H

#define LINES_ARENA_SIZE	(128UL << 20)
#define LINES_SHIFT		6
#define LINES_NR		(LINES_ARENA_SIZE >> LINES_SHIFT)
#define LINES_NR_WORDS		(LINES_ARENA_SIZE / 8)

extern char *lines_arena;

/* The place of an address in the arena; at least LINES_ARENA_SIZE: it is not there. */
static inline size_t lines_offset(const void *p)
{
	return (const char *)p - lines_arena;
}

/* The whole arena is free again. */
void lines_arena_reset(void);

/* The CPU to whose unit of the per-CPU memory an address belongs, or -1; its place in *at. */
int lines_percpu_cpu(const void *p, size_t *at);

/* The same place of a per-CPU variable, as pb_alloc_percpu() returned it. */
size_t lines_percpu_place(const void *var);

#endif /* PB_LINES_ARENA_H */
