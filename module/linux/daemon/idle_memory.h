/* SPDX-License-Identifier: GPL-2.0-only */
/* Gives memory back that was free for some time. See idle_memory.c. */
#ifndef PB_IDLE_MEMORY_H
#define PB_IDLE_MEMORY_H

int pb_idle_memory_init(void);
void pb_idle_memory_exit(void);

#endif /* PB_IDLE_MEMORY_H */
