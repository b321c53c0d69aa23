/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the subjects' files: memory sizes, drains, numbers of free pageblocks. */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

/* Pages of pbuddy that GFP_KERNEL may use. */
unsigned long bench_pbuddy_pages(void);

unsigned long bench_pbuddy_capacity(unsigned int order);
unsigned long bench_pbuddy_reserve(void);
void bench_pbuddy_drain(void);
int bench_pbuddy_prezero(void);
unsigned long bench_pbuddy_free_pageblocks(unsigned long *free_pages);

unsigned long bench_kernel_capacity(unsigned int order);
unsigned long bench_kernel_reserve(void);
void bench_kernel_drain(void);
unsigned long bench_kernel_free_pageblocks(unsigned long *free_pages);

#endif /* BENCH_SUBJECT_H */
