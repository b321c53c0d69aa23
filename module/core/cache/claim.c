// SPDX-License-Identifier: GPL-2.0-only
/*
 * Draining the cache of another CPU without its help: without an interrupt, and without an atomic
 * or a barrier in that CPU's pcp section.
 *
 *	this task				the CPU, preemption off
 *	---------				-----------------------
 *	pb_pcp_claim: 0 -> CLAIMED		pb_pcp_enter: busy is 0?
 *	wait for an RCU grace period		busy = 1
 *	pb_pcp_drain_claimed: still CLAIMED?	... lists ...
 *	... lists ...				pb_pcp_leave: busy = 0
 *	busy = 0
 *
 * The CPU does not see the claim when it has read busy before; then its plain store overwrites the
 * claim, and pb_pcp_leave() leaves busy 0. A grace period waits for every section with preemption
 * off that began before it, so after it such a section has ended, and busy tells whether there
 * was one. A section that begins later sees the claim and bypasses the cache. So a claim that is
 * still there after the grace period excludes the CPU until busy is cleared.
 *
 * One task at a time claims caches: a second one could take the claim of the first for its own.
 *
 * Litmus test: pcp-claim.
 */
#include "core/cache/claim.h"
#include "core/cache/drain.h"
#include "core/cache/pcp.h"

/**
 * pb_pcp_claim - begin to drain the cache of another CPU
 * @pcp: the cache
 *
 * After an RCU grace period, call pb_pcp_drain_claimed(), or at any time pb_pcp_unclaim().
 *
 * Context: any; one task at a time. The CPU does not go offline before the end of the claim.
 * Return: false when the CPU is inside its pcp section; then nothing has changed.
 */
bool pb_pcp_claim(struct pb_pcp *pcp)
{
	u8 busy = 0;

	return try_cmpxchg(&pcp->busy, &busy, PB_PCP_CLAIMED);
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_claim);

/**
 * pb_pcp_drain_claimed - drain a cache, unless its CPU has used it since pb_pcp_claim() began
 * @pcp: a claimed cache, an RCU grace period later
 *
 * Ends the claim. Context: any.
 * Return: whether it was drained.
 */
bool pb_pcp_drain_claimed(struct pb_pcp *pcp)
{
	if (READ_ONCE(pcp->busy) != PB_PCP_CLAIMED)
		return false;
	preempt_disable();
	pb_pcp_drain_lists(pcp);
	/* The CPU's next pcp section sees the lists as they are now. */
	smp_store_release(&pcp->busy, 0);
	preempt_enable();
	return true;
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_drain_claimed);

/**
 * pb_pcp_unclaim - end a claim without a drain
 * @pcp: a claimed cache
 *
 * Context: any.
 */
void pb_pcp_unclaim(struct pb_pcp *pcp)
{
	u8 busy = PB_PCP_CLAIMED;

	try_cmpxchg(&pcp->busy, &busy, 0);
}
EXPORT_SYMBOL_PB_TEST(pb_pcp_unclaim);
