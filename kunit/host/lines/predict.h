/* SPDX-License-Identifier: GPL-2.0-only */
/* Prices of accesses, and the time of an operation that follows. See predict.c. */
#ifndef PB_LINES_PREDICT_H
#define PB_LINES_PREDICT_H

#include "mesi.h"

#define PREDICT_MOST_WINDOW	1024

struct prices {
	double	hit;		/* ns of an access that the CPU's own cache serves */
	double	rmw;		/* what a locked instruction adds */
	double	transfer[MESI_NR_TRANSFERS];	/* ns */
	double	busy;			/* share of a transfer that overlaps with nothing */
	unsigned int window;			/* accesses that a CPU overlaps */
	unsigned int store_buffer;		/* stores that wait for their lines */
};

extern struct prices prices;
/* Where the prices are from, a text of several lines. */
extern const char prices_source[];

struct prediction {
	double	alone;		/* ns of an operation when no CPU waits for a line */
	double	ns;		/* when CPUs wait for lines that are being moved */
	double	busy;		/* share of the time in which the hottest line is being moved */
};

/* Sets all counts to 0. */
void predict_start(void);

/* An access of a CPU that needs this transfer, or MESI_HIT. */
void predict_access(unsigned int cpu, enum mesi_transfer kind, enum mesi_access how);

/* A full barrier. */
void predict_fence(unsigned int cpu);

/* From the counts, for @nr_ops operations by @nr_cpus CPUs. */
struct prediction predict(unsigned long nr_ops, unsigned int nr_cpus);

/* The time that a line is being moved for an operation. */
double predict_demand(size_t line, unsigned long nr_ops);

#endif /* PB_LINES_PREDICT_H */
