/* SPDX-License-Identifier: GPL-2.0-only */
/* Migratetypes of pageblocks and requests. */
#ifndef PB_MIGRATETYPE_H
#define PB_MIGRATETYPE_H

/* As in mm/: the first three have pcp lists and fall back to one another. */
enum pb_migratetype {
	PB_UNMOVABLE,
	PB_MOVABLE,
	PB_RECLAIMABLE,
	PB_PCPTYPES,
	PB_HIGHATOMIC = PB_PCPTYPES,
	PB_CMA,
	PB_INDEXED_TYPES,		/* isolated pageblocks are in no index bitmap */
	PB_ISOLATE = PB_INDEXED_TYPES,
	PB_NR_MIGRATETYPES,
};

#endif /* PB_MIGRATETYPE_H */
