/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that is declared to be mirrored. See mirrored.c. */
#ifndef PB_MIRRORED_H
#define PB_MIRRORED_H

#include <linux/types.h>

struct pb_zone;

/* Whether any memory is declared. */
extern bool pb_mirrored_declared;

int pb_mirrored_parse_nodes(const char *text);
int pb_mirrored_parse_ranges(const char *text);
int pb_mirrored_show_nodes(char *buf);
int pb_mirrored_show_ranges(char *buf);
void pb_mirrored_adding(const struct pb_zone *zone, unsigned long start_pfn,
			unsigned long nr_pages);
bool pb_mirrored_zone(struct pb_zone *zone, bool warn);

#endif /* PB_MIRRORED_H */
