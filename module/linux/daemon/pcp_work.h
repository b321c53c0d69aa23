/* SPDX-License-Identifier: GPL-2.0-only */
/* Works that drain and decay the per-CPU caches. */
#ifndef PB_PCP_WORK_H
#define PB_PCP_WORK_H

struct pb_pool;

bool pb_cpu_isolated(int cpu);
void pb_pcp_work_drain_node(int nid);
void pb_pcp_work_drain_all(struct pb_pool *pool);

int pb_pcp_work_init(void);
void pb_pcp_work_exit(void);

#endif /* PB_PCP_WORK_H */
