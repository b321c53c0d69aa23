/* SPDX-License-Identifier: GPL-2.0-only */
/* Gives memory back when the system is short of it. See pool_shrinker.c. */
#ifndef PB_POOL_SHRINKER_H
#define PB_POOL_SHRINKER_H

unsigned long pb_pool_shrinker_give(int nid, unsigned long nr_pages);
int pb_pool_shrinker_init(void);
void pb_pool_shrinker_exit(void);

#endif /* PB_POOL_SHRINKER_H */
