/* SPDX-License-Identifier: GPL-2.0-only */
/* Parameters that may be changed while the module runs. See tunables.c. */
#ifndef PB_TUNABLES_H
#define PB_TUNABLES_H

unsigned long pb_tunables_min_free_pages(unsigned long lowmem_pages);
int pb_tunables_init(void);
void pb_tunables_exit(void);
void pb_tunables_resized(void);

#endif /* PB_TUNABLES_H */
