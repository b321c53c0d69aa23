// SPDX-License-Identifier: GPL-2.0-only
/* Parses a request; logs which word is wrong. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/nodemask.h>
#include <linux/pbuddy.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "bench.h"

/**
 * bench_can_run - whether a subject can run a workload
 * @w: the workload
 * @s: the subject
 */
bool bench_can_run(const struct bench_workload *w, const struct bench_subject *s)
{
	if (s->clears_only)
		return w->kind == BENCH_CLEARS;
	switch (w->kind) {
	case BENCH_BULK_CALLS:
		return s->loops->alloc_bulk;
	case BENCH_NODE_CALLS:
		return s->loops->pairs_node;
	case BENCH_NODEMASK_CALLS:
		return s->loops->pairs_nodemask;
	case BENCH_PAGES:
	case BENCH_CLEARS:
		return s->takes_gfp && s->max_order;
	case BENCH_SIZES:
		return s->resize;
	case BENCH_SHAPES:
		return s->free_pageblocks;
	default:
		return s->max_order;
	}
}

static int parse_workload(struct bench_request *r, const char *value)
{
	const struct bench_workload *w;
	unsigned int part;

	for (w = bench_workloads; w->name; w++) {
		r->workload = w;
		r->only_part = -1;
		if (!strcmp(w->name, value))
			return 0;
		for (part = 0; part < BENCH_MAX_PARTS && w->part[part].name; part++) {
			r->only_part = part;
			if (!strcmp(w->part[part].name, value))
				return 0;
		}
	}
	pr_err("unknown workload '%s'\n", value);
	return -EINVAL;
}

static int parse_subjects(struct bench_request *r, char *value)
{
	const struct bench_subject *const *s;
	char *name;

	r->nr_subjects = 0;
	while ((name = strsep(&value, ","))) {
		for (s = bench_subjects; *s && strcmp((*s)->name, name); s++)
			;
		if (!*s) {
			pr_err("unknown subject '%s'\n", name);
			return -EINVAL;
		}
		if (r->nr_subjects == BENCH_MAX_SUBJECTS) {
			pr_err("too many subjects at '%s'\n", name);
			return -EINVAL;
		}
		r->subject[r->nr_subjects++] = *s;
	}
	return 0;
}

/* Accounting exempts kernel threads; memory policies and cpusets are a task's own. */
static int parse_task(struct bench_request *r, const char *value)
{
	if (strcmp(value, "thread") && strcmp(value, "writer")) {
		pr_err("task='%s' is neither thread nor writer\n", value);
		return -EINVAL;
	}
	r->writer = !strcmp(value, "writer");
	return 0;
}

static int parse_number(const char *word, const char *value, u64 min, u64 max, u64 *n)
{
	if (!kstrtou64(value, 0, n) && *n >= min && *n <= max)
		return 0;
	pr_err("%s='%s' is not a number from %llu to %llu\n", word, value, min, max);
	return -EINVAL;
}

static int parse_word(struct bench_request *r, const char *word, char *value)
{
	u64 n;
	int err;

	if (!strcmp(word, "workload"))
		return parse_workload(r, value);
	if (!strcmp(word, "subjects"))
		return parse_subjects(r, value);
	if (!strcmp(word, "gfp"))
		return bench_parse_gfp(value, &r->gfp);
	if (!strcmp(word, "task"))
		return parse_task(r, value);
	if (!strcmp(word, "order")) {
		err = parse_number(word, value, 0, PBUDDY_MAX_PAGE_ORDER, &n);
		r->order = n;
	} else if (!strcmp(word, "threads")) {
		err = parse_number(word, value, 1, num_online_cpus(), &n);
		r->threads = n;
	} else if (!strcmp(word, "rounds")) {
		err = parse_number(word, value, 1, BENCH_MAX_ROUNDS, &n);
		r->rounds = n;
	} else if (!strcmp(word, "iterations")) {
		err = parse_number(word, value, 1, BENCH_MAX_ROUNDS, &n);
		r->iterations = n;
	} else if (!strcmp(word, "count")) {
		err = parse_number(word, value, 1, BENCH_MAX_COUNT, &n);
		r->count = n;
	} else if (!strcmp(word, "seed")) {
		err = parse_number(word, value, 0, U64_MAX, &n);
		r->seed = n;
	} else {
		pr_err("unknown word '%s'\n", word);
		err = -EINVAL;
	}
	return err;
}

static bool flags_allow(const struct bench_request *r, const struct bench_subject *s)
{
	return s->takes_gfp || r->gfp == BENCH_GFP;
}

/* When the request names none: every subject that can run it. */
static void default_subjects(struct bench_request *r)
{
	const struct bench_subject *const *s;

	for (s = bench_subjects; *s; s++)
		if (!(*s)->hidden && bench_can_run(r->workload, *s) && flags_allow(r, *s) &&
		    r->order >= max((*s)->default_order, (*s)->min_order) &&
		    r->order + r->workload->more_orders <= (*s)->max_order)
			r->subject[r->nr_subjects++] = *s;
}

static int check_subjects(const struct bench_request *r)
{
	const struct bench_subject *s;
	unsigned int i;

	for (i = 0; i < r->nr_subjects; i++) {
		s = r->subject[i];
		if (!bench_can_run(r->workload, s)) {
			pr_err("subject '%s' cannot run '%s'\n", s->name, r->workload->name);
			return -EINVAL;
		}
		if (!flags_allow(r, s)) {
			pr_err("subject '%s' takes no gfp flags\n", s->name);
			return -EINVAL;
		}
		if (r->order < s->min_order ||
		    r->order + r->workload->more_orders > s->max_order) {
			pr_err("subject '%s' cannot allocate order=%u\n", s->name, r->order);
			return -EINVAL;
		}
	}
	if (!r->nr_subjects) {
		pr_err("no subject can run '%s' with order=%u\n", r->workload->name, r->order);
		return -EINVAL;
	}
	return 0;
}

static int check_threads(struct bench_request *r)
{
	const struct bench_workload *w = r->workload;

	if (!r->threads)
		r->threads = w->threads ?: 1;
	if (w->threads && r->threads != w->threads) {
		pr_err("'%s' needs threads=%u\n", w->name, w->threads);
		return -EINVAL;
	}
	if (r->threads > num_online_cpus()) {
		pr_err("'%s' needs %u CPUs\n", w->name, r->threads);
		return -EINVAL;
	}
	if (r->writer && r->threads > 1) {
		pr_err("task=writer needs threads=1\n");
		return -EINVAL;
	}
	return 0;
}

/* Flags that request or workload give, and whether the task that runs the rounds suits them. */
static int check_gfp(struct bench_request *r)
{
	r->gfp = r->gfp ?: r->workload->gfp ?: BENCH_GFP;
	if (!(r->gfp & __GFP_ACCOUNT) || r->writer)
		return 0;
	pr_err("account needs task=writer: kernel threads are exempt\n");
	return -EINVAL;
}

static int check_request(struct bench_request *r)
{
	const struct bench_workload *w = r->workload;
	int err;

	if (!w) {
		pr_err("no workload= given\n");
		return -EINVAL;
	}
	if (r->order > w->max_order) {
		pr_err("'%s' is for orders up to %u, not order=%u\n", w->name, w->max_order,
		       r->order);
		return -EINVAL;
	}
	if (w->nodes > num_node_state(N_MEMORY)) {
		pr_err("'%s' needs %u nodes\n", w->name, w->nodes);
		return -EINVAL;
	}
	r->rounds = r->rounds ?: w->rounds ?: 9;
	r->writer |= w->writer;
	err = check_threads(r) ?: check_gfp(r);
	if (err)
		return err;
	if (!r->nr_subjects)
		default_subjects(r);
	return check_subjects(r);
}

/**
 * bench_parse - parses a request
 * @line: WORD=VALUE ...; modified
 * @r: zeroed
 *
 * Return: 0, or -EINVAL after one line in the kernel log.
 */
int bench_parse(char *line, struct bench_request *r)
{
	char *word, *value;
	int err;

	r->iterations = 100;
	r->seed = 1;
	while ((word = strsep(&line, " \t\n"))) {
		if (!*word)
			continue;
		value = strchr(word, '=');
		if (!value) {
			pr_err("'%s' is not WORD=VALUE\n", word);
			return -EINVAL;
		}
		*value++ = '\0';
		err = parse_word(r, word, value);
		if (err)
			return err;
	}
	return check_request(r);
}
