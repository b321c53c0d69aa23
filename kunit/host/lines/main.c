// SPDX-License-Identifier: GPL-2.0-only
/* Runs workloads with each number of CPUs; scripts/host describes the options. */
#include <getopt.h>
#include "measure.h"
#include "names.h"
#include "report.h"
#include "sched.h"
#include "subject.h"
#include "test.h"
#include "workloads.h"

#define MAX_LIST	16
#define PAGES_PER_CPU	BIT(17)		/* 512 MiB */

struct list {
	unsigned int	nr;
	unsigned long	value[MAX_LIST];
};

static struct {
	struct list	cpus, orders;
	unsigned int	socket_cpus;
	unsigned long	blocks;
	bool		json;
} opt = {
	.cpus = { 7, { 1, 2, 4, 8, 16, 64, 128 } },
	.orders = { 3, { 0, 3, 9 } },
	.socket_cpus = 64,
	.blocks = 2048,
};

static void usage(const char *what)
{
	fprintf(stderr, "lines: %s; see scripts/host --help\n", what);
	exit(2);
}

/* ---- runs ---- */

static struct result result[WORKLOAD_PARTS][MAX_LIST];
static unsigned int run_cpus, run_nr;

static void counted(unsigned int part, unsigned long nr_ops, unsigned int nr_active)
{
	report_collect(&result[part][run_nr], run_cpus, nr_ops, nr_active);
}

void lines_run_workload(const struct workload *w, unsigned int order, unsigned int nr_cpus,
			workload_counted fn)
{
	pb_host_nr_cpus = nr_cpus;
	names_init(subject_open(nr_cpus * PAGES_PER_CPU));
	mesi_reset(nr_cpus >= opt.socket_cpus ? nr_cpus / 2 : nr_cpus);
	workload_blocks = min(opt.blocks, PAGES_PER_CPU / 4 * 3 >> order);
	workload_run(w, order, nr_cpus, fn);
	subject_close();
}

static void run(const struct workload *w, unsigned int order)
{
	unsigned int part;

	for (run_nr = 0; run_nr < opt.cpus.nr; run_nr++) {
		run_cpus = opt.cpus.value[run_nr];
		lines_run_workload(w, order, run_cpus, counted);
		for (part = 0; opt.json && part < WORKLOAD_PARTS && w->part[part]; part++)
			report_json(w->part[part], order, &result[part][run_nr]);
	}
	for (part = 0; !opt.json && part < WORKLOAD_PARTS && w->part[part]; part++)
		report_table(w->part[part], w->text, order, result[part], opt.cpus.nr);
}

/* ---- options ---- */

static unsigned long number(const char *text, unsigned long least, unsigned long most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (!*text || *end || n < least || n > most)
		usage(text);
	return n;
}

static double price(const char *text)
{
	char *end;
	double ns = strtod(text, &end);

	if (!*text || *end || ns < 0)
		usage(text);
	return ns;
}

static void parse_list(char *text, struct list *list, unsigned long least, unsigned long most)
{
	char *word;

	list->nr = 0;
	for (word = strtok(text, ","); word; word = strtok(NULL, ",")) {
		if (list->nr == MAX_LIST)
			usage("too many numbers");
		list->value[list->nr++] = number(word, least, most);
	}
	if (!list->nr)
		usage("an empty list");
}

/* The price of lines of the same socket, and of another one. */
static void set_transfer(char *text)
{
	char *far = strchr(text, ',');
	unsigned int kind;

	if (far)
		*far++ = 0;
	for (kind = 0; kind < MESI_MEMORY; kind += 2) {
		prices.transfer[kind] = price(text);
		prices.transfer[kind + 1] = price(far ?: text);
	}
}

static bool wanted_workload(const struct workload *w, char **names, int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		if (!strcmp(names[i], w->name) || !strcmp(names[i], w->part[0]) ||
		    (w->part[1] && !strcmp(names[i], w->part[1])))
			return true;
	return !nr;
}

static void check_names(char **names, int nr)
{
	const struct workload *w;
	int i;

	for (i = 0; i < nr; i++) {
		for (w = workloads; w->name && !wanted_workload(w, names + i, 1); w++)
			;
		if (!w->name)
			usage(names[i]);
	}
}

static void list_workloads(void)
{
	const struct workload *w;

	for (w = workloads; w->name; w++)
		printf("%-10s %s\n", w->name, w->text);
}

static const struct option options[] = {
	{ "cpus", required_argument, NULL, 'c' },
	{ "order", required_argument, NULL, 'o' },
	{ "top", required_argument, NULL, 't' },
	{ "json", no_argument, NULL, 'j' },
	{ "socket-cpus", required_argument, NULL, 's' },
	{ "blocks", required_argument, NULL, 'b' },
	{ "quantum", required_argument, NULL, 'q' },
	{ "seed", required_argument, NULL, 'S' },
	{ "transfer", required_argument, NULL, 'T' },
	{ "window", required_argument, NULL, 'w' },
	{ "list", no_argument, NULL, 'l' },
	{ "measure", no_argument, NULL, 'm' },
	{ "test", no_argument, NULL, 'k' },
	{},
};

/* What is done in place of a run. */
static void other_verb(int c)
{
	double ns;

	switch (c) {
	case 'l':
		list_workloads();
		exit(0);
	case 'm':
		ns = measure_transfer();
		if (!ns)
			usage("fewer than two CPUs are free for long enough to measure a transfer");
		printf("%.1f\n", ns);
		exit(0);
	case 'k':
		exit(lines_test());
	}
	exit(2);
}

static void set_option(int c, char *value)
{
	switch (c) {
	case 'c':
		parse_list(value, &opt.cpus, 1, PB_HOST_MAX_CPUS);
		break;
	case 'o':
		parse_list(value, &opt.orders, 0, PB_PAGEBLOCK_ORDER + 1);
		break;
	case 't':
		report_top = number(value, 0, REPORT_MAX_TOP);
		break;
	case 'j':
		opt.json = true;
		break;
	case 's':
		opt.socket_cpus = number(value, 2, 1000);
		break;
	case 'b':
		opt.blocks = number(value, 2, BIT(17));
		break;
	case 'q':
		lines_quantum = number(value, 1, 1000000);
		break;
	case 'S':
		lines_seed = number(value, 0, ~0UL);
		break;
	case 'T':
		set_transfer(value);
		break;
	case 'w':
		prices.window = number(value, 1, PREDICT_MOST_WINDOW);
		break;
	default:
		other_verb(c);
	}
}

int main(int argc, char **argv)
{
	const struct workload *w;
	unsigned int i;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
		set_option(c, optarg);
	check_names(argv + optind, argc - optind);
	if (!opt.json)
		report_explain();
	for (i = 0; i < opt.orders.nr; i++)
		for (w = workloads; w->name; w++)
			if (wanted_workload(w, argv + optind, argc - optind))
				run(w, opt.orders.value[i]);
	if (opt.json)
		report_json_end();
	return 0;
}
