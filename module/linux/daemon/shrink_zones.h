/* SPDX-License-Identifier: GPL-2.0-only */
/* Direct reclaim: a request in the slow path queries the reclaimers for its nodes. */
#ifndef PB_SHRINK_ZONES_H
#define PB_SHRINK_ZONES_H

struct pb_pool;
struct pb_request;
struct pb_zone;

unsigned long pb_shrink_zones(struct pb_pool *pool, const struct pb_request *rq, int priority,
			      unsigned long nr_pages);
void pb_shrink_zones_end(struct pb_pool *pool, unsigned long freed);
unsigned long pb_shrinkable_pages(struct pb_zone *zone);

#endif /* PB_SHRINK_ZONES_H */
