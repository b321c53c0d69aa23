/* SPDX-License-Identifier: GPL-2.0-only */
/* Parameters that may be changed while the module runs. See tunables.c. */
#ifndef PB_TUNABLES_H
#define PB_TUNABLES_H

#include <linux/module.h>

/*
 * Around what may take long in the function that sets a parameter: all users may read parameters,
 * and would wait for the lock of the parameters. rmmod waits for the write.
 */
static inline void pb_param_begin_long(void)
{
	kernel_param_unlock(THIS_MODULE);
}

static inline void pb_param_end_long(void)
{
	kernel_param_lock(THIS_MODULE);
}

int pb_check_admin(const char *name);
unsigned long pb_tunables_min_free_pages(unsigned long lowmem_pages);
int pb_tunables_init(void);
void pb_tunables_exit(void);
void pb_tunables_resized(void);
void pb_tunables_try_resized(void);

#endif /* PB_TUNABLES_H */
