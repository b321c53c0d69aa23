/* SPDX-License-Identifier: GPL-2.0-only */
/* The planted bugs: one function for each detector that has to report it. */
#ifndef PBUDDY_PLANTED_H
#define PBUDDY_PLANTED_H

/* memory.c */
void plant_kasan(void);
void plant_ubsan(void);
void plant_kmemleak(void);
void plant_warn(void);
void plant_oops(void);

/* locking.c */
void plant_lockdep(void);
void plant_atomic_sleep(void);

/* stuck.c */
void plant_hang(void);
void plant_hung_task(void);
void plant_soft_lockup(void);

#endif
