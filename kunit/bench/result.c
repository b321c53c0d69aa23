// SPDX-License-Identifier: GPL-2.0-only
/* Rows: the median of the rounds, with minimum and maximum; printed as a table. */
#include <linux/errno.h>
#include <linux/math64.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "bench.h"

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/**
 * bench_add_row - adds a measurement to the results
 * @run: its results get the row, which takes order and threads from its request
 * @row: the other fields, copied; @row->rounds is the number of @samples
 * @samples: in hundredths; sorted on return
 *
 * Return: 0 or -ENOMEM.
 */
int bench_add_row(struct bench_run *run, const struct bench_row *row, u64 *samples)
{
	struct bench_row *new = kmemdup(row, sizeof(*row), GFP_KERNEL);
	unsigned int n = row->rounds;

	if (!new)
		return -ENOMEM;
	sort(samples, n, sizeof(*samples), compare, NULL);
	new->order = run->request.order;
	new->threads = run->request.threads;
	new->min = samples[0];
	new->max = samples[n - 1];
	new->median = n % 2 ? samples[n / 2] : (samples[n / 2 - 1] + samples[n / 2]) / 2;
	list_add_tail(&new->list, run->results);
	return 0;
}

void bench_free_rows(struct list_head *results)
{
	struct bench_row *row, *next;

	list_for_each_entry_safe(row, next, results, list) {
		list_del(&row->list);
		kfree(row);
	}
}

static void show_hundredths(struct seq_file *m, u64 value)
{
	u32 rest;
	u64 whole = div_u64_rem(value, 100, &rest);

	seq_printf(m, "\t%llu.%02u", whole, rest);
}

void bench_show_rows(struct seq_file *m, struct list_head *results)
{
	const struct bench_row *row = list_first_entry_or_null(results, struct bench_row, list);

	seq_puts(m, "workload\torder\tthreads\tsubject\tunit\tmedian\tmin\tmax\trounds");
	if (row && row->extra)
		seq_printf(m, "\t%s", row->extra);
	seq_putc(m, '\n');
	list_for_each_entry(row, results, list) {
		seq_printf(m, "%s\t%u\t%u\t%s\t%s", row->workload, row->order, row->threads,
			   row->subject, row->unit);
		show_hundredths(m, row->median);
		show_hundredths(m, row->min);
		show_hundredths(m, row->max);
		seq_printf(m, "\t%u", row->rounds);
		if (row->extra)
			seq_printf(m, "\t%lu", row->extra_value);
		seq_putc(m, '\n');
	}
}
