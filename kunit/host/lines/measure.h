/* SPDX-License-Identifier: GPL-2.0-only */
/* Measures how long this machine takes to move a line from one CPU to another. */
#ifndef PB_LINES_MEASURE_H
#define PB_LINES_MEASURE_H

/*
 * In nanoseconds, between the first two CPUs that the program may use; 0: it has one only, or other
 * work uses them nearly all the time.
 */
double measure_transfer(void);

#endif /* PB_LINES_MEASURE_H */
