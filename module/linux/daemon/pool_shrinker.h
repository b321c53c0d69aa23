/* SPDX-License-Identifier: GPL-2.0-only */
/* Gives memory back when the system is short of it. See pool_shrinker.c. */
#ifndef PB_POOL_SHRINKER_H
#define PB_POOL_SHRINKER_H

int pb_pool_shrinker_init(void);
void pb_pool_shrinker_exit(void);

#endif /* PB_POOL_SHRINKER_H */
