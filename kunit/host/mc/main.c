// SPDX-License-Identifier: GPL-2.0-only
/* Runs scenarios and prints KTAP; scripts/host describes the options. */
#include <ctype.h>
#include <getopt.h>
#include <time.h>
#include "arena.h"
#include "mutant.h"
#include "replay.h"
#include "scenario.h"

#define DEFAULT_BOUND	2

static const struct mc_group * const groups[] = {
	&mc_index_group, &mc_zone_group, &mc_grow_group, &mc_cache_group, &mc_irq_group,
	&mc_compact_group, &mc_blocks_group, &mc_move_group,
};

static struct {
	int		bound;
	unsigned long	random;
	unsigned long	seed;
	const char	*replay;
	const char	*mutant;
	bool		mutants;
	bool		list;
	bool		strict;
	bool		share;
} opt = { .bound = DEFAULT_BOUND };

static int nr_tests, nr_failed;

static void print_failure(const struct mc_scenario *s, const struct mc_subject *subject,
			  struct mc_result *result)
{
	char text[1024];

	mc_minimise(subject, &result->schedule);
	mc_schedule_print(&result->schedule, text, sizeof(text));
	printf("# %s: %s\n", s->name, result->what);
	printf("# replay: scripts/host mc%s%s%s --replay '%s' %s\n", mc_tso ? " --tso" : "",
	       pb_mutant ? " --mutant " : "", pb_mutant ? mc_mutants[pb_mutant - 1].name : "", text,
	       s->name);
}

static void print_result(const struct mc_scenario *s, bool failed)
{
	const char *known = opt.strict || opt.replay ? NULL : s->known;

	nr_tests++;
	if (failed && known) {
		printf("ok %d %s # SKIP known fault: %s\n", nr_tests, s->name, known);
		return;
	}
	/* A lower bound need not find the fault. */
	if (known && opt.bound >= DEFAULT_BOUND) {
		printf("# %s passes: remove the mark \"%s\" from its row\n", s->name, known);
		failed = true;
	}
	nr_failed += failed;
	printf("%sok %d %s\n", failed ? "not " : "", nr_tests, s->name);
}

/* The set-up is made without the mutant. */
static void prepare(const struct mc_scenario *s, struct mc_subject *subject)
{
	int mutant = pb_mutant;

	pb_mutant = 0;
	mc_scenario_prepare(s, subject);
	pb_mutant = mutant;
}

static void run_scenario(const struct mc_scenario *s)
{
	struct mc_subject subject;
	struct mc_result result = {};
	struct mc_schedule schedule;
	double start = mc_cpu_seconds();

	prepare(s, &subject);
	if (opt.replay) {
		if (!mc_schedule_parse(opt.replay, &schedule)) {
			fprintf(stderr, "mc: not a schedule: %s\n", opt.replay);
			exit(2);
		}
		mc_every_access = true;
		result.failed = mc_try(&subject, &schedule);
		if (result.failed)
			printf("# %s: %s\n", s->name, mc_run.violation);
		print_result(s, result.failed);
		return;
	}
	mc_search_bounded(&subject, opt.bound, &result);
	if (!result.failed && result.bound < opt.bound)
		printf("# %s: only bound %d was searched whole\n", s->name, result.bound);
	if (opt.random && !result.failed)
		mc_search_random(&subject, opt.random, opt.seed, &result);
	printf("# %s: %lu runs, at most %d steps, %.2f s\n", s->name, result.runs,
	       result.most_steps, mc_cpu_seconds() - start);
	if (result.failed)
		print_failure(s, &subject, &result);
	print_result(s, result.failed);
	fflush(stdout);
}

static bool wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++)
		if (!strcmp(name, argv[i]))
			return true;
	return !argc;
}

typedef void (*mc_scenario_fn)(const struct mc_scenario *s);

/* Calls fn for the scenarios that the command line names; returns how many. */
static int run_wanted(int argc, char **argv, mc_scenario_fn fn)
{
	unsigned int g, i;
	int n = 0;

	for (g = 0; g < ARRAY_SIZE(groups); g++) {
		for (i = 0; i < groups[g]->nr; i++) {
			if (!wanted(groups[g]->row[i].name, argc, argv))
				continue;
			n++;
			if (fn)
				fn(&groups[g]->row[i]);
		}
	}
	return n;
}

static void list_scenario(const struct mc_scenario *s)
{
	printf("%s%s%s\n", s->name, s->known ? "  # known fault: " : "", s->known ?: "");
}

/* Searches a scenario, with or without the mutant. */
static void search(const struct mc_scenario *s, struct mc_subject *subject,
		   struct mc_result *result, int mutant)
{
	memset(result, 0, sizeof(*result));
	pb_mutant = mutant;
	prepare(s, subject);
	mc_search_bounded(subject, opt.bound, result);
}

static void run_mutant(const struct mc_scenario *s)
{
	const struct mc_mutant *m = &mc_mutants[pb_mutant - 1];
	double start = mc_cpu_seconds();
	struct mc_subject subject;
	struct mc_result result;
	int mutant = pb_mutant;
	bool right;

	mc_tso = m->tso;
	search(s, &subject, &result, 0);
	right = !result.failed;
	if (right)
		search(s, &subject, &result, mutant);
	printf("# %s: %lu runs, %.2f s\n", m->name, result.runs, mc_cpu_seconds() - start);
	if (result.failed)
		print_failure(s, &subject, &result);
	right &= result.failed;
	nr_failed += !right;
	printf("%sok %d mutant_%s\n", right ? "" : "not ", ++nr_tests, m->name);
	fflush(stdout);
}

/* Demands that each mutant makes its scenario fail, which passes without. */
static int run_mutants(void)
{
	const struct mc_mutant *m;
	char *killer;

	for (m = mc_mutants; m->name; m++)
		;
	printf("KTAP version 1\n1..%d\n", (int)(m - mc_mutants));
	for (m = mc_mutants; m->name; m++) {
		killer = (char *)m->killer;
		pb_mutant = m - mc_mutants + 1;
		if (run_wanted(1, &killer, run_mutant))
			continue;
		fprintf(stderr, "mc: mutant %s: no scenario %s\n", m->name, killer);
		return 2;
	}
	return nr_failed > 0;
}

/* Switches a mutant on. Returns the scenario that finds it. */
static const char *select_mutant(const char *name)
{
	const struct mc_mutant *m;

	for (m = mc_mutants; m->name && strcmp(m->name, name); m++)
		;
	if (!m->name) {
		fprintf(stderr, "mc: no mutant %s\n", name);
		exit(2);
	}
	pb_mutant = m - mc_mutants + 1;
	mc_tso |= m->tso;
	return m->killer;
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 0);

	if (isdigit((unsigned char)*text) && !*end)
		return n;
	fprintf(stderr, "mc: bad number '%s'; see scripts/host --help\n", text);
	exit(2);
}

static void parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "bound", required_argument, NULL, 'b' },
		{ "random", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 'c' },
		{ "replay", required_argument, NULL, 'p' },
		{ "tso", no_argument, NULL, 't' },
		{ "list", no_argument, NULL, 'l' },
		{ "share", no_argument, NULL, 'h' },
		{ "strict", no_argument, NULL, 'S' },
		{ "mutant", required_argument, NULL, 'm' },
		{ "mutants", no_argument, NULL, 'M' },
		{},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case 'b':
			opt.bound = number(optarg);
			break;
		case 'r':
			opt.random = number(optarg);
			break;
		case 's':
			opt.seed = number(optarg);
			break;
		case 'c':
			mc_seconds = number(optarg);
			break;
		case 'p':
			opt.replay = optarg;
			break;
		case 't':
			mc_tso = true;
			break;
		case 'l':
			opt.list = true;
			break;
		case 'h':
			opt.share = true;
			break;
		case 'S':
			opt.strict = true;
			break;
		case 'm':
			opt.mutant = optarg;
			break;
		case 'M':
			opt.mutants = true;
			break;
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	char *killer;
	int n;

	pb_host_nr_cpus = MC_NR_FIBERS;
	parse_options(argc, argv);
	argc -= optind;
	argv += optind;
	if (opt.mutants)
		return run_mutants();
	if (opt.mutant) {
		killer = (char *)select_mutant(opt.mutant);
		if (!argc) {
			argc = 1;
			argv = &killer;
		}
	}
	if (opt.list) {
		run_wanted(argc, argv, list_scenario);
		return 0;
	}
	n = run_wanted(argc, argv, NULL);
	if (!n || (argc && n != argc)) {
		fprintf(stderr, "mc: no such scenario (see --list)\n");
		return 2;
	}
	if (opt.share)
		opt.random = DIV_ROUND_UP(opt.random, n);
	if (!opt.seed)
		opt.seed = time(NULL);
	printf("KTAP version 1\n1..%d\n", n);
	if (opt.random)
		printf("# seed %lu\n", opt.seed);
	run_wanted(argc, argv, run_scenario);
	return nr_failed > 0;
}
