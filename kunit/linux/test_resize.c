// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resizing a node of the loaded module: pageblocks whose free pages have other users, or a memory
 * error, stay in the pool, unchanged. While a node is resized, others can use the parameters.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/page-flags.h>
#include <linux/workqueue.h>

#include "api/resize.h"
#include "core/base/pfn.h"
#include "core/zone/zone.h"
#include "instance.h"
#include "instance_check.h"

static int pool_node(void)
{
	int nid;

	for_each_online_node(nid)
		if (pb_instance_has_memory(nid))
			return nid;
	return NUMA_NO_NODE;
}

static void call_for_pageblocks(int nid, void (*fn)(struct page *page))
{
	struct pb_zone *zone;
	unsigned long i;

	pb_for_each_node_zone(zone, &pb_instance, nid)
		for (i = 0; i < zone->nr_pageblocks; i++)
			if (pb_zone_dir_entry(zone, i))
				fn(pfn_to_page(pb_pageblock_pfn(zone, i)));
}

static unsigned long size_of(int nid)
{
	return pb_node_present_pages(&pb_instance, nid);
}

static void reference(struct page *page)
{
	get_page(page);
}

static void drop(struct page *page)
{
	put_page(page);
}

static void poison(struct page *page)
{
	SetPageHWPoison(page);
}

static void unpoison(struct page *page)
{
	ClearPageHWPoison(page);
}

static void expect_nothing_given(struct kunit *test, void (*mark)(struct page *page),
				 void (*unmark)(struct page *page))
{
	struct pb_resize resize = { .nid = pool_node(), .pages = PB_PAGEBLOCK_NR };
	unsigned long before = size_of(resize.nid);

	call_for_pageblocks(resize.nid, mark);
	KUNIT_EXPECT_EQ(test, pb_resize_node(&resize), -EBUSY);
	call_for_pageblocks(resize.nid, unmark);
	KUNIT_EXPECT_EQ(test, resize.reason, PBUDDY_RESIZE_BUSY);
	KUNIT_EXPECT_EQ(test, resize.now, before);
	KUNIT_EXPECT_GE(test, resize.busy, before / 2);
	KUNIT_EXPECT_EQ(test, size_of(resize.nid), before);
}

/* As for a moment by compaction of the kernel, which takes references to pages that it finds. */
static void test_referenced(struct kunit *test)
{
	expect_nothing_given(test, reference, drop);
}

/* The page is set aside when its error is reported; until then it is free. */
static void test_memory_error(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_MEMORY_FAILURE))
		kunit_skip(test, "pages have no flag for an error in this kernel");
	expect_nothing_given(test, poison, unpoison);
}

/* Down to a pageblock less and up again. */
static void test_there_and_back(struct kunit *test)
{
	struct pb_resize resize = { .nid = pool_node() };
	unsigned long before = size_of(resize.nid);
	int ret;

	resize.pages = before - PB_PAGEBLOCK_NR;
	KUNIT_ASSERT_EQ(test, pb_resize_node(&resize), 0);
	KUNIT_EXPECT_EQ(test, resize.before, before);
	KUNIT_EXPECT_EQ(test, size_of(resize.nid), before - PB_PAGEBLOCK_NR);
	KUNIT_EXPECT_EQ(test, pt_instance_used(test), 0UL);
	resize.pages = before;
	ret = pb_resize_node(&resize);
	if (ret == -ENOMEM && resize.reason == PBUDDY_RESIZE_SOURCE)
		kunit_skip(test, "the system has no pageblock to spare");
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, size_of(resize.nid), before);
}

#define PARAMETERS	"/sys/module/pbuddy/parameters/"

/* A write to resize=, and reads of parameters in another thread. */
struct access {
	struct work_struct	work;
	struct completion	done;
	struct file		*file[2];
	unsigned int		nr_files;
	char			text[32];	/* to be written; reads if it is empty */
	ssize_t			result;
};

static void access(struct work_struct *work)
{
	struct access *a = container_of(work, struct access, work);
	char text[256];
	unsigned int i;
	loff_t pos;

	for (i = 0; i < a->nr_files; i++) {
		pos = 0;
		a->result = a->text[0] ?
			kernel_write(a->file[i], a->text, strlen(a->text), &pos) :
			kernel_read(a->file[i], text, sizeof(text), &pos);
	}
	complete(&a->done);
}

static void open_file(struct kunit *test, struct access *a, const char *path, int flags)
{
	struct file *file = filp_open(path, flags, 0);

	if (IS_ERR(file))
		kunit_skip(test, "%s: %pe", path, file);
	a->file[a->nr_files++] = file;
}

static void start(struct access *a)
{
	init_completion(&a->done);
	INIT_WORK(&a->work, access);
	queue_work(system_unbound_wq, &a->work);
}

static void end(struct access *a)
{
	flush_work(&a->work);
	while (a->nr_files)
		fput(a->file[--a->nr_files]);
}

/* The resize waits for the lock of the size, which this case holds. */
static void test_parameters_are_readable(struct kunit *test)
{
	static struct access writer, reader;
	int nid = pool_node();

	writer = (struct access) {};
	reader = (struct access) {};
	open_file(test, &writer, PARAMETERS "resize", O_WRONLY);
	open_file(test, &reader, PARAMETERS "resize", O_RDONLY);
	open_file(test, &reader, PARAMETERS "prezero", O_RDONLY);
	snprintf(writer.text, sizeof(writer.text), "%d:%luK\n", nid,
		 size_of(nid) << (PAGE_SHIFT - 10));
	KUNIT_ASSERT_EQ(test, pb_instance_lock_size(), 0);
	start(&writer);
	msleep(200);
	KUNIT_EXPECT_FALSE(test, completion_done(&writer.done));
	start(&reader);
	KUNIT_EXPECT_GT(test, wait_for_completion_timeout(&reader.done, 10 * HZ), 0UL);
	pb_instance_unlock_size();
	end(&writer);
	end(&reader);
	KUNIT_EXPECT_EQ(test, writer.result, (ssize_t)strlen(writer.text));
	KUNIT_EXPECT_GT(test, reader.result, (ssize_t)0);
}

static struct kunit_case resize_cases[] = {
	KUNIT_CASE(test_referenced),
	KUNIT_CASE(test_memory_error),
	KUNIT_CASE(test_there_and_back),
	KUNIT_CASE(test_parameters_are_readable),
	{}
};

static struct kunit_suite resize_suite = {
	.name = "pbuddy_resize",
	.init = pt_instance_begin,
	.exit = pt_instance_end,
	.test_cases = resize_cases,
};

kunit_test_suite(resize_suite);
