// SPDX-License-Identifier: GPL-2.0-only
/* Results as tables for people and as JSON for programs. */
#include "names.h"
#include "report.h"

unsigned int report_top = 5;

/* ---- collecting ---- */

static void add_named(struct result *r, const char *name, u64 transfers)
{
	unsigned int i;

	for (i = 0; i < r->nr_named && r->named[i].name != name; i++)
		;
	if (i == REPORT_MAX_NAMES)
		abort();
	if (i == r->nr_named)
		r->named[r->nr_named++] = (struct named){ .name = name };
	r->named[i].transfers += transfers;
}

static int by_transfers(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	if (x->transfers == y->transfers)
		return strcmp(x->name, y->name);
	return x->transfers < y->transfers ? 1 : -1;
}

static void collect_names(struct result *r)
{
	size_t word;

	for (word = 0; word < LINES_NR_WORDS; word++)
		if (mesi_word_counts[word])
			add_named(r, names_of(word * 8), mesi_word_counts[word]);
	qsort(r->named, r->nr_named, sizeof(*r->named), by_transfers);
}

static u64 line_transfers(size_t line)
{
	u64 n = 0;
	unsigned int kind;

	for (kind = 0; kind < MESI_NR_TRANSFERS; kind++)
		n += mesi_line_counts[line][kind];
	return n;
}

/* The name of the word of a line that causes most of its transfers. */
static void name_line(size_t line, char *name, size_t size)
{
	size_t word, first = line << (LINES_SHIFT - 3), most = first;

	for (word = first; word < first + 8; word++)
		if (mesi_word_counts[word] > mesi_word_counts[most])
			most = word;
	names_print(most * 8, name, size);
}

static void insert_top(struct result *r, size_t line, double demand)
{
	unsigned int at = r->nr_top;

	if (at == REPORT_MAX_TOP && demand <= r->top[at - 1].demand)
		return;
	if (at == REPORT_MAX_TOP)
		at--;
	else
		r->nr_top++;
	for (; at && r->top[at - 1].demand < demand; at--)
		r->top[at] = r->top[at - 1];
	r->top[at] = (struct top_line){ .transfers = line_transfers(line), .demand = demand };
	name_line(line, r->top[at].name, sizeof(r->top[at].name));
}

static void collect_top(struct result *r)
{
	double demand;
	size_t line;

	for (line = 0; line < LINES_NR; line++) {
		demand = predict_demand(line, r->nr_ops);
		if (demand > 0)
			insert_top(r, line, demand);
	}
}

void report_collect(struct result *r, unsigned int nr_cpus, unsigned long nr_ops,
		    unsigned int nr_active)
{
	*r = (struct result){
		.nr_cpus = nr_cpus, .nr_active = nr_active, .nr_ops = nr_ops,
		.counts = mesi_counts, .predicted = predict(nr_ops, nr_active),
	};
	collect_names(r);
	collect_top(r);
}

/* ---- printing ---- */

static double per_op(const struct result *r, u64 n)
{
	return (double)n / r->nr_ops;
}

static double accesses(const struct result *r)
{
	return per_op(r, r->counts.access[MESI_LOAD] + r->counts.access[MESI_STORE] +
			 r->counts.access[MESI_RMW]);
}

static double locked(const struct result *r)
{
	return per_op(r, r->counts.access[MESI_RMW] + r->counts.fences);
}

/* Transfers of a kind, near and far. */
static double of_kind(const struct result *r, enum mesi_transfer near)
{
	return per_op(r, r->counts.transfer[near] + r->counts.transfer[near + 1]);
}

static double far_ones(const struct result *r)
{
	return per_op(r, r->counts.transfer[MESI_CLEAN_FAR] + r->counts.transfer[MESI_DIRTY_FAR] +
			 r->counts.transfer[MESI_INVALIDATE_FAR]);
}

static const char explanation[] =
"Cache lines that CPUs transfer for an operation of the core, counted on virtual CPUs by the\n"
"MESI protocol, and the time that follows. The caches are infinite; prefetching is not modelled.\n"
"struct page is not counted: the core does not touch it. Columns, for an operation:\n"
"  memory     accesses to the core's memory; locked: locked instructions\n"
"  clean      lines read that other CPUs have unmodified\n"
"  dirty      lines read or written that another CPU has modified\n"
"  inval      lines written that other CPUs have unmodified\n"
"  far        those of them that reach the other socket\n"
"  alone, ns  predicted time, without and with waiting for lines; x: of the first row's\n"
"  busy       share of the time in which the hottest line is being moved\n";

void report_explain(void)
{
	printf("%s%s\n", explanation, prices_source);
}

static void print_names(const struct result *r, unsigned int nr)
{
	const struct result *last = &r[nr - 1];
	unsigned int i, j, k;

	if (!last->nr_named)
		return;
	printf("  %-24s", "transfers of");
	for (i = 0; i < nr; i++)
		printf(" %8u", r[i].nr_cpus);
	putchar('\n');
	for (k = 0; k < last->nr_named; k++) {
		printf("    %-22s", last->named[k].name);
		for (i = 0; i < nr; i++) {
			for (j = 0; j < r[i].nr_named; j++)
				if (r[i].named[j].name == last->named[k].name)
					break;
			printf(" %8.4f",
			       j < r[i].nr_named ? per_op(&r[i], r[i].named[j].transfers) : 0);
		}
		putchar('\n');
	}
}

static void print_top(const struct result *r)
{
	unsigned int i;

	if (!r->nr_top || !report_top)
		return;
	printf("  %-48s %9s %6s\n", "hottest lines", "transfers", "busy");
	for (i = 0; i < min(r->nr_top, report_top); i++)
		printf("    %-46s %9.4f %5.1f%%\n", r->top[i].name,
		       per_op(r, r->top[i].transfers),
		       min(100 * r->top[i].demand * r->nr_active / r->predicted.ns, 100.0));
}

void report_table(const char *name, const char *text, unsigned int order, const struct result *r,
		  unsigned int nr)
{
	unsigned int i;

	printf("%s, order %u: %s\n", name, order, text);
	printf("  %4s %7s %7s %7s %7s %7s %7s %8s %8s %7s %5s\n", "CPUs", "memory", "locked",
	       "clean", "dirty", "inval", "far", "alone", "ns", "x", "busy");
	for (i = 0; i < nr; i++)
		printf("  %4u %7.1f %7.3f %7.4f %7.4f %7.4f %7.4f %8.1f %8.1f %7.2f %4.0f%%\n",
		       r[i].nr_cpus, accesses(&r[i]), locked(&r[i]), of_kind(&r[i], MESI_CLEAN),
		       of_kind(&r[i], MESI_DIRTY), of_kind(&r[i], MESI_INVALIDATE),
		       far_ones(&r[i]), r[i].predicted.alone, r[i].predicted.ns,
		       r[i].predicted.ns / r[0].predicted.ns, 100 * r[i].predicted.busy);
	print_names(r, nr);
	print_top(&r[nr - 1]);
	putchar('\n');
	fflush(stdout);
}

static bool json_begun;

void report_json(const char *name, unsigned int order, const struct result *r)
{
	unsigned int i;

	printf("%s\n{ \"workload\": \"%s\", \"order\": %u, \"threads\": %u,\n",
	       json_begun ? "," : "[", name, order, r->nr_cpus);
	printf("  \"accesses\": %.4f, \"locked\": %.4f,\n", accesses(r), locked(r));
	for (i = 0; i < MESI_NR_TRANSFERS; i++)
		printf("  \"%s\": %.6f,", mesi_transfer_name[i],
		       per_op(r, r->counts.transfer[i]));
	printf("\n  \"ns_alone\": %.3f, \"ns\": %.3f, \"transfers\": {", r->predicted.alone,
	       r->predicted.ns);
	for (i = 0; i < r->nr_named; i++)
		printf("%s \"%s\": %.6f", i ? "," : "", r->named[i].name,
		       per_op(r, r->named[i].transfers));
	printf(" } }");
	json_begun = true;
}

void report_json_end(void)
{
	printf("%s\n]\n", json_begun ? "" : "[");
}
