/* SPDX-License-Identifier: GPL-2.0-only */
/* The pool= module parameter: what it says, as a list of wishes. */
#ifndef PB_POOL_SPEC_H
#define PB_POOL_SPEC_H

#include <linux/types.h>

struct pb_source_ops;

#define PB_POOL_SPECS_MAX	64	/* elements in pool= */
#define PB_POOL_LABEL_LEN	32	/* bytes of a label, with the terminating NUL */

/**
 * struct pb_pool_spec - one element of pool=: NODE:SIZE[-MAX][@SOURCE[=LABEL]]
 * @nid: NUMA node, which has memory
 * @nr_pages: how much, a multiple of PB_PAGEBLOCK_NR
 * @max_pages: how much it may grow to, a multiple of PB_PAGEBLOCK_NR; not above @nr_pages: it does
 *	not
 * @source: where from
 * @label: argument of the source, empty when there is none
 * @implied: made by pb_pool_spec_default(), not asked for
 */
struct pb_pool_spec {
	int				nid;
	unsigned long			nr_pages;
	unsigned long			max_pages;
	const struct pb_source_ops	*source;
	char				label[PB_POOL_LABEL_LEN];
	bool				implied;
};

int pb_pool_spec_parse(const char *text, struct pb_pool_spec *specs, unsigned int max);
int pb_pool_spec_default(struct pb_pool_spec *specs, unsigned int max);

#endif /* PB_POOL_SPEC_H */
