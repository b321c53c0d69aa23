/* SPDX-License-Identifier: GPL-2.0-only */
/* Results of runs, and how they are printed. See report.c. */
#ifndef PB_LINES_REPORT_H
#define PB_LINES_REPORT_H

#include "predict.h"

#define REPORT_MAX_NAMES	32
#define REPORT_MAX_TOP		20

/* Transfers of what has one name. */
struct named {
	const char	*name;
	u64		transfers;
};

struct top_line {
	char	name[64];
	u64	transfers;
	double	demand;		/* ns of an operation */
};

/* A counted part of a workload with one number of CPUs. */
struct result {
	unsigned int		nr_cpus, nr_active;
	unsigned long		nr_ops;
	struct mesi_counts	counts;
	struct prediction	predicted;
	struct named		named[REPORT_MAX_NAMES];	/* most transfers first */
	unsigned int		nr_named;
	struct top_line		top[REPORT_MAX_TOP];	/* those that are moved longest */
	unsigned int		nr_top;
};

extern unsigned int report_top;		/* hottest lines to print */

/* Fills a result from the counts of the run that has just ended. */
void report_collect(struct result *r, unsigned int nr_cpus, unsigned long nr_ops,
		    unsigned int nr_active);

/* What the columns mean, and where the prices are from. */
void report_explain(void);
/* The results of a part by number of CPUs. */
void report_table(const char *name, const char *text, unsigned int order, const struct result *r,
		  unsigned int nr);
/* An object in an array; the first one begins the array, report_json_end() ends it. */
void report_json(const char *name, unsigned int order, const struct result *r);
void report_json_end(void);

#endif /* PB_LINES_REPORT_H */
