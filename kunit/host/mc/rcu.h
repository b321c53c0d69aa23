/* SPDX-License-Identifier: GPL-2.0-only */
/* Grace periods of RCU for actors. See rcu.c. */
#ifndef PB_MC_RCU_H
#define PB_MC_RCU_H

void mc_rcu_reset(void);
void mc_synchronize_rcu(void);

#endif /* PB_MC_RCU_H */
