// SPDX-License-Identifier: GPL-2.0-only
/*
 * pbuddy_bench: compares allocators of this kernel in one boot, on request.
 *
 *	/sys/kernel/debug/pbuddy_bench/workloads	the table of workloads, by rows
 *	/sys/kernel/debug/pbuddy_bench/run		write a request, read its rows
 *
 * Columns of workloads, separated by tabs: name of the row, orders, subjects, threads (1, 2, or
 * 1 and all), workload (the request that makes the row), unit, rounds when the request gives no
 * number (- where any number will do), trailing column of the row (or -), NUMA nodes that it
 * needs, what to set up for the request (or -), the operation. The set-ups are
 *
 *	memcg		the writer is in a memory cgroup other than the root
 *	bind		the writer has this memory policy for the other node
 *	interleave	the writer has this memory policy for all nodes
 *	cpuset		the writer is in a cpuset with the other node
 *	prezero		the parameter prezero of pbuddy is 100
 *
 * A request is one line of WORD=VALUE: workload=NAME order=N threads=N rounds=N count=N
 * subjects=A,B seed=N iterations=N gfp=FLAG+FLAG task=thread|writer; only the workload is
 * mandatory. The rounds run in kernel threads, or with task=writer in the task that writes the
 * request. The write returns when it has run. A malformed request fails with -EINVAL and one line
 * in the kernel log that names the word.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pbuddy.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "bench.h"

PBUDDY_IMPORT_API();

#define MAX_LINE	512

static struct dentry *dir;
static DEFINE_MUTEX(lock);	/* one request at a time; guards results */
static LIST_HEAD(results);

static int run_show(struct seq_file *m, void *v)
{
	int err = mutex_lock_interruptible(&lock);

	if (err)
		return err;
	bench_show_rows(m, &results);
	mutex_unlock(&lock);
	return 0;
}

static int run_open(struct inode *inode, struct file *file)
{
	return single_open(file, run_show, NULL);
}

static int run_line(char *line)
{
	struct bench_request *request;
	int err;

	request = kzalloc(sizeof(*request), GFP_KERNEL);
	if (!request)
		return -ENOMEM;
	err = bench_parse(line, request);
	if (!err) {
		bench_free_rows(&results);
		err = bench_execute(request, &results);
		if (err)
			bench_free_rows(&results);
	}
	kfree(request);
	return err;
}

static ssize_t run_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	char *line;
	int err;

	if (len >= MAX_LINE)
		return -EINVAL;
	line = memdup_user_nul(buf, len);
	if (IS_ERR(line))
		return PTR_ERR(line);
	err = mutex_lock_interruptible(&lock);
	if (!err) {
		err = run_line(line);
		mutex_unlock(&lock);
	}
	kfree(line);
	return err ?: len;
}

static const struct file_operations run_fops = {
	.owner		= THIS_MODULE,
	.open		= run_open,
	.read		= seq_read,
	.write		= run_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

static void show_subjects(struct seq_file *m, const struct bench_workload *w)
{
	const struct bench_subject *const *s;
	const char *comma = "";

	for (s = bench_subjects; *s; s++) {
		if ((*s)->hidden || !bench_can_run(w, *s))
			continue;
		seq_printf(m, "%s%s", comma, (*s)->name);
		comma = ",";
	}
}

static void show_row(struct seq_file *m, const struct bench_workload *w, unsigned int part)
{
	seq_printf(m, "%s\t%s\t", w->part[part].name, w->orders);
	show_subjects(m, w);
	seq_printf(m, "\t%s\t%s\t%s\t",
		   w->threads == 2 ? "2" : w->writer || w->threads ? "1" : "1,all", w->name,
		   bench_unit(w));
	if (w->rounds)
		seq_printf(m, "%u", w->rounds);
	else
		seq_putc(m, '-');
	seq_printf(m, "\t%s\t%u\t%s\t%s\n", bench_extra(w) ?: "-", w->nodes ?: 1, w->setup ?: "-",
		   w->part[part].op);
}

static int workloads_show(struct seq_file *m, void *v)
{
	const struct bench_workload *w;
	unsigned int part;

	for (w = bench_workloads; w->name; w++)
		for (part = 0; part < BENCH_MAX_PARTS && w->part[part].name; part++)
			show_row(m, w, part);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(workloads);

static int __init bench_init(void)
{
	dir = debugfs_create_dir("pbuddy_bench", NULL);
	debugfs_create_file("run", 0600, dir, NULL, &run_fops);
	debugfs_create_file("workloads", 0400, dir, NULL, &workloads_fops);
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove_recursive(dir);
	bench_free_rows(&results);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("Compares pbuddy with the kernel's own allocators");
MODULE_LICENSE("GPL");
