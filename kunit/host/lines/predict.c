// SPDX-License-Identifier: GPL-2.0-only
/*
 * The time of an operation.
 *
 * For each CPU the times at which accesses begin and end are computed. They are issued in order,
 * one every prices.hit. A load that needs a transfer holds back the access that is a window later,
 * because the reorder buffer is full until then. A plain store goes to the store buffer, which it
 * leaves in order, when its line is there; only a full buffer holds back later accesses. A locked
 * instruction and a full barrier wait for all before them, the stores too, and what follows waits
 * for them. Of the price of a transfer a share (prices.busy) overlaps with nothing else. That a
 * load may depend on an earlier one is left out, and so are the sizes of the caches, the TLB and
 * instructions that access no memory of the core: one price of an access stands for all of them.
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
 * The prices of transfers and locked instructions and the size of the store buffer are published.
 * hit: an operation of one CPU takes as long as scripts/bench measures (repeat in README.md: 9.8 ns
 * for 34 accesses). window: a pair of 117 instructions makes 34 accesses, so 100 of them are 344
 * instructions; reorder buffers have 224 (Skylake) to 448 entries (Zen 5). busy: measured on AMD
 * Zen 4 with two CPUs that only store, each to random ones of 512 lines of which the other CPU has
 * half: a transfer takes 27 ns where it takes 79 ns alone (6 of 13.7 when the CPUs are near).
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
	.busy = 0.35,
	.window = 100,
	.store_buffer = 56,
};

const char prices_source[] =
"Lines: Intel Memory Latency Checker 3.10, two Xeon Gold 6240 (Cascade Lake): L2 to L2 of a\n"
"clean line 48.8 ns, of a modified one 49.3, from the other socket 114.1, memory 80.8\n"
"(github.com/gjbex/Code-optimization, info/cascadelake_mlc.txt). For a clean line of the other\n"
"socket and for an invalidation it has no figure: the price is that of a modified line.\n"
"P. McKenney's perfbook supports the latter (CodeSamples/cpu/data/hps.2020.02.24a, Xeon Platinum\n"
"8176): a blind compare-exchange of another core's line takes 47.5 ns, one after a load 102. The\n"
"same data has the locked instruction on an own line: 7.1 ns. Store buffer of 56 entries, Skylake\n"
"(T. Downs, Performance Speed Limits). Measured here: 0.35 of the price of a transfer overlaps with\n"
"nothing; 0.29 ns for an access that hits. The window is 100 accesses, about 344 instructions.\n";

static double demand[LINES_NR], queue[LINES_NR], most_queued[LINES_NR];

#define MOST_STORES	256

/* Times are in ns since predict_start(). */
struct cpu_state {
	u64	accesses, nr_stores;
	double	now;			/* when the next access is issued */
	double	retired;		/* when the last one is complete, and all before it */
	double	stored;			/* when the last store has left the store buffer */
	double	window[PREDICT_MOST_WINDOW];	/* the same as retired, of the last accesses */
	double	stores[MOST_STORES];	/* the same as stored, of the last stores */
};

static struct cpu_state cpu_state[PB_HOST_MAX_CPUS];

void predict_start(void)
{
	mesi_start_counting();
	memset(cpu_state, 0, sizeof(cpu_state));
}

/* When the line of an access is there; a transfer begins at @from or later. */
static double line_there(struct cpu_state *c, enum mesi_transfer kind, double from)
{
	double price;

	if (kind == MESI_HIT)
		return from;
	price = prices.transfer[kind];
	c->now += price * prices.busy;
	return max(from + price, c->now + price * (1 - prices.busy));
}

static void load(struct cpu_state *c, enum mesi_transfer kind)
{
	c->retired = max(c->retired, line_there(c, kind, c->now));
}

/* Retires at once; leaves the store buffer in order, when its line is there. */
static void store(struct cpu_state *c, enum mesi_transfer kind)
{
	double *oldest = &c->stores[c->nr_stores++ % prices.store_buffer];

	c->now = max(c->now, *oldest);
	c->stored = max(c->stored, line_there(c, kind, max(c->now, c->retired)));
	*oldest = c->stored;
}

/* Begins when all before it is complete, also the stores; what follows it waits for it. */
static void rmw(struct cpu_state *c, enum mesi_transfer kind)
{
	double from = max(max(c->now, c->retired), c->stored);

	c->retired = line_there(c, kind, from) + prices.rmw;
	c->now = c->retired;
}

void predict_access(unsigned int cpu, enum mesi_transfer kind, enum mesi_access how)
{
	struct cpu_state *c = &cpu_state[cpu];
	double *oldest = &c->window[c->accesses++ % prices.window];

	/* The access leaves the window that is as many accesses older. */
	c->now = max(c->now, *oldest) + prices.hit;
	c->retired = max(c->retired, c->now);
	if (how == MESI_LOAD)
		load(c, kind);
	else if (how == MESI_STORE)
		store(c, kind);
	else
		rmw(c, kind);
	*oldest = c->retired;
}

void predict_fence(unsigned int cpu)
{
	struct cpu_state *c = &cpu_state[cpu];

	c->retired = max(max(c->now, c->retired), c->stored) + prices.rmw;
	c->now = c->retired;
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
	double ns = 0;
	unsigned int cpu;

	for (cpu = 0; cpu < PB_HOST_MAX_CPUS; cpu++)
		ns += max(cpu_state[cpu].retired, cpu_state[cpu].stored);
	return ns / nr_ops;
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
