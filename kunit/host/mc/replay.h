/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Schedules as text: choices separated by commas. ACTOR@ACCESS>TO switches to another actor before
 * this access of the actor, ACTOR@end>TO after its end, start@0>TO at the beginning, and
 * ACTOR@ACCESS>d leaves the store in the CPU's buffer. "-" is the default schedule.
 */
#ifndef PB_MC_REPLAY_H
#define PB_MC_REPLAY_H

#include "sched.h"

void mc_schedule_print(const struct mc_schedule *schedule, char *buf, size_t size);
/* False when the text is not a schedule. */
bool mc_schedule_parse(const char *text, struct mc_schedule *schedule);

#endif /* PB_MC_REPLAY_H */
