/* SPDX-License-Identifier: GPL-2.0-only */
/* The workloads of kunit/host/lines. See workloads.c. */
#ifndef PB_LINES_WORKLOADS_H
#define PB_LINES_WORKLOADS_H

#define WORKLOAD_PARTS	2

struct workload {
	const char	*name;
	const char	*part[WORKLOAD_PARTS];	/* counted parts, as scripts/bench names them */
	const char	*text;
	void		(*round)(void);
};

extern const struct workload workloads[];	/* the last one has no name */

/* Blocks that each CPU holds at most. */
extern unsigned long workload_blocks;

/* Called when a part has been counted: its number, its operations, the CPUs that made them. */
typedef void (*workload_counted)(unsigned int part, unsigned long nr_ops, unsigned int nr_active);

/*
 * Runs a workload on CPUs 0 to nr_cpus - 1. Calls @counted after each part of the last round, when
 * caches and lists are warm.
 */
void workload_run(const struct workload *w, unsigned int order, unsigned int nr_cpus,
		  workload_counted counted);

#endif /* PB_LINES_WORKLOADS_H */
