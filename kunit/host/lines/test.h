/* SPDX-License-Identifier: GPL-2.0-only */
/* Tests of the model, which print KTAP. See test.c. */
#ifndef PB_LINES_TEST_H
#define PB_LINES_TEST_H

#include "workloads.h"

/* Exit status: whether a test failed. */
int lines_test(void);

/* Opens a pool, runs a workload, closes the pool. In main.c. */
void lines_run_workload(const struct workload *w, unsigned int order, unsigned int nr_cpus,
			workload_counted fn);

#endif /* PB_LINES_TEST_H */
