// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time of an operation.
 *
 * A CPU executes out of order: a transfer overlaps with those that follow it within the reorder
 * buffer, here a window of accesses. The first one of a window costs its price, the others only
 * what their price is higher. A transfer for a locked instruction ends the window, because later
 * loads wait for it. That a load may depend on an earlier one is left out.
 *
 * A line can be moved to one writer at a time, so CPUs queue for it. With D[k] the time for which
 * an operation has line k moved, and Z the time of an operation without queues, mean value analysis
 * of a closed network (Reiser and Lavenberg, 1980) gives the time T(n) with n CPUs:
 *
 *	T(n) = Z + the sum of D[k] * Q[k]
 *	Q[k] = n * D[k] * (1 + Q[k]) / T(n)
 *
 * Q[k] is the number of CPUs at line k, as it is while n - 1 CPUs run; at most all that use the
 * line but one. Loads of a line that no CPU has modified are served side by side: no queue.
 */
#include "predict.h"

/*
 * The prices of transfers and locked instructions are published, the other two follow from
 * measurements. hit: an operation of one CPU takes as long as scripts/bench measures (repeat in
 * README.md: 9.8 ns for 34 accesses). window: so do the five workloads that scripts/host bench has
 * with one and two CPUs, within 15 % (--validate). A pair of 117 instructions makes 34 accesses, so
 * 100 of them are 344 instructions; reorder buffers have 224 (Skylake) to 448 entries (Zen 5).
 */
struct prices prices = {
	.hit = 0.29,
	.rmw = 7.1,
	.transfer = {
		[MESI_CLEAN] = 48.8, [MESI_CLEAN_FAR] = 114.1,
		[MESI_DIRTY] = 49.3, [MESI_DIRTY_FAR] = 114.1,
		[MESI_INVALIDATE] = 49.3, [MESI_INVALIDATE_FAR] = 114.1,
		[MESI_MEMORY] = 80.8,
	},
	.window = 100,
};

const char prices_source[] =
"Lines: Intel Memory Latency Checker 3.10, two Xeon Gold 6240 (Cascade Lake): L2 to L2 of a\n"
"clean line 48.8 ns, of a modified one 49.3, from the other socket 114.1, memory 80.8\n"
"(github.com/gjbex/Code-optimization, info/cascadelake_mlc.txt). For a clean line of the other\n"
"socket and for an invalidation it has no figure: the price is that of a modified line.\n"
"P. McKenney's perfbook supports the latter (CodeSamples/cpu/data/hps.2020.02.24a, Xeon Platinum\n"
"8176): a blind compare-exchange of another core's line takes 47.5 ns, one after a load 102. The\n"
"same data has the locked instruction on an own line: 7.1 ns. The window of 100 accesses that a CPU\n"
"overlaps, and 0.29 ns for an access that hits, were fitted to scripts/bench.\n";

static double demand[LINES_NR], queue[LINES_NR], most_queued[LINES_NR];

static struct {
	u64	accesses;
	u64	end;		/* of the window */
	double	paid;		/* in this window */
} cpu_state[PB_HOST_MAX_CPUS];

static double stalled;		/* ns, of all CPUs */

void predict_start(void)
{
	mesi_start_counting();
	memset(cpu_state, 0, sizeof(cpu_state));
	stalled = 0;
}

void predict_access(unsigned int cpu, enum mesi_transfer kind, enum mesi_access how)
{
	double price;

	cpu_state[cpu].accesses++;
	if (kind == MESI_HIT)
		return;
	if (cpu_state[cpu].accesses > cpu_state[cpu].end) {
		cpu_state[cpu].end = cpu_state[cpu].accesses + prices.window - 1;
		cpu_state[cpu].paid = 0;
	}
	price = prices.transfer[kind];
	if (price <= cpu_state[cpu].paid)
		return;
	stalled += price - cpu_state[cpu].paid;
	cpu_state[cpu].paid = price;
	if (how == MESI_RMW)
		cpu_state[cpu].end = cpu_state[cpu].accesses;
}

static bool queues(enum mesi_transfer kind)
{
	return kind == MESI_DIRTY || kind == MESI_DIRTY_FAR || kind == MESI_INVALIDATE ||
	       kind == MESI_INVALIDATE_FAR;
}

double predict_demand(size_t line, unsigned long nr_ops)
{
	double ns = 0;
	unsigned int kind;

	for (kind = 0; kind < MESI_NR_TRANSFERS; kind++)
		if (queues(kind))
			ns += mesi_line_counts[line][kind] * prices.transfer[kind];
	return ns / nr_ops;
}

static double time_alone(unsigned long nr_ops)
{
	const struct mesi_counts *c = &mesi_counts;
	u64 accesses = c->access[MESI_LOAD] + c->access[MESI_STORE] + c->access[MESI_RMW];

	return (accesses * prices.hit + (c->access[MESI_RMW] + c->fences) * prices.rmw + stalled) /
	       nr_ops;
}

/* The demands of the lines that are moved at all; returns how many. */
static unsigned int collect(unsigned long nr_ops, double *most)
{
	unsigned int nr = 0;
	size_t line;

	for (line = 0; line < LINES_NR; line++) {
		demand[nr] = predict_demand(line, nr_ops);
		if (!demand[nr])
			continue;
		*most = max(*most, demand[nr]);
		most_queued[nr] = hweight64(mesi_line_cpus[line][0]) +
				  hweight64(mesi_line_cpus[line][1]) - 1.0;
		queue[nr++] = 0;
	}
	return nr;
}

struct prediction predict(unsigned long nr_ops, unsigned int nr_cpus)
{
	struct prediction p = { .alone = time_alone(nr_ops) };
	unsigned int nr = collect(nr_ops, &p.busy), n, k;

	p.ns = p.alone;
	for (n = 1; nr && n <= nr_cpus; n++) {
		p.ns = p.alone;
		for (k = 0; k < nr; k++)
			p.ns += demand[k] * queue[k];
		for (k = 0; k < nr; k++)
			queue[k] = min(n * demand[k] * (1 + queue[k]) / p.ns, most_queued[k]);
	}
	/* The CPUs that use the line may be slower than the others. */
	p.busy = min(p.busy * nr_cpus / p.ns, 1.0);
	return p;
}
