/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices that are compatible with the kernel's DMA-BUF heaps. See heap.c. */
#ifndef PB_HEAP_H
#define PB_HEAP_H

#ifdef CONFIG_DMA_SHARED_BUFFER
int pb_heap_init(void);
void pb_heap_exit(void);
#else
static inline int pb_heap_init(void)
{
	return 0;
}

static inline void pb_heap_exit(void)
{
}
#endif

#endif /* PB_HEAP_H */
