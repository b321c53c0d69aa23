/* SPDX-License-Identifier: GPL-2.0-only */
/* Find the switch points of a loop that retries although no memory has changed. See repeat.c. */
#ifndef PB_MC_REPEAT_H
#define PB_MC_REPEAT_H

void mc_repeat_reset(void);

/* Memory has changed. */
void mc_repeat_changed(void);

/* Where the access that follows comes from. */
void mc_repeat_at(const void *pc, const void *frame);

/* Whether the actor has made this access several times, and no memory has changed since. */
bool mc_repeat_seen(int actor, const void *p);

#endif /* PB_MC_REPEAT_H */
