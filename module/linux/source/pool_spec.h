/* SPDX-License-Identifier: GPL-2.0-only */
/* Parser of the module parameter pool=. See pool_spec.c. */
#ifndef PB_POOL_SPEC_H
#define PB_POOL_SPEC_H

#include <linux/nodemask.h>

#include "source/source.h"

#define PB_POOL_SPECS_MAX	64	/* elements in pool= */

int pb_pool_spec_parse_max_address(void);
unsigned long pb_pool_spec_max_pfn(void);
int pb_parse_bytes(const char *token, u64 *bytes);
int pb_parse_nodes(const char *param, const char *text, nodemask_t *nodes);
int pb_pool_spec_parse(const char *text, struct pb_pool_spec *specs, unsigned int max);
int pb_pool_spec_default(struct pb_pool_spec *specs, unsigned int max);

unsigned long pb_pool_spec_pages(const struct pb_pool_spec *specs, unsigned int nr);
int pb_pool_spec_add_min_free(struct pb_pool_spec *specs, unsigned int nr,
			      unsigned long min_free_pages);

#endif /* PB_POOL_SPEC_H */
